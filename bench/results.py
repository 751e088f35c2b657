"""What a measurement found: rows of named values, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wlvm.latency import percentile

Value = float | int | str

#: More values than this make a table too wide.
_MANY = 8


@dataclass(frozen=True)
class Row:
    """One case of a measurement. A value's name ends in its unit."""

    case: str
    values: Mapping[str, Value]
    #: What was aimed at, and whether it came true; empty and None where nothing was.
    aim: str = ""
    met: bool | None = None
    #: What a plot is made of, in the unit that its name ends in.
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)


def spread(samples: Iterable[float], name: str, unit: str, scale: float = 1.0) -> dict[str, Value]:
    """The median and the 99th percentile of some samples, each multiplied by `scale`; nothing of no samples."""
    ordered = sorted(samples)
    if not ordered:
        return {}
    return {
        f"{name} p50 {unit}": rounded(percentile(ordered, 50) * scale),
        f"{name} p99 {unit}": rounded(percentile(ordered, 99) * scale),
    }


def rounded(value: float) -> float:
    """Three digits are more than any of this is good for."""
    return float(f"{value:.3g}")


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown: a line for each case, or for each value where there are more of those."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    aimed = any(row.aim for row in rows)
    lines = [["", *names, *(["aim"] if aimed else [])]]
    for row in rows:
        cells = [row.case, *(_cell(row.values.get(name, "")) for name in names)]
        lines.append([*cells, *([_verdict(row)] if aimed else [])])
    if len(names) > max(_MANY, len(rows)):
        lines = [list(column) for column in zip(*lines, strict=True)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * max(width, 3) for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _cell(value: Value) -> str:
    return f"{value:,.10g}" if isinstance(value, float | int) else value


def _verdict(row: Row) -> str:
    if row.met is None:
        return row.aim
    return f"{row.aim}: {'met' if row.met else 'MISSED'}"
