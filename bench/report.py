"""`python -m bench.report [JSON]`: docs/performance.md and its plot, from what was measured and performance.md.in.

In the template, `{{name}}` is the table of that measurement, or one of the texts of `_texts`. What other tools have measured stands there as prose.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from bench import document, plots
from bench.machine import told
from bench.one import MEASUREMENTS
from bench.record import Record
from bench.results import Row, table

_TEMPLATE = Path(__file__).with_name("performance.md.in")

#: What was measured last and committed.
RECORDED = Path(__file__).parent / "recorded" / "performance.json"

#: Of the histogram, in milliseconds: how wide a bar is, and the last one's end.
_BIN, _END = 1.0, 80.0


class Aim(Struct, frozen=True):
    """What is aimed at, in words: the measurement whose rows say whether it was met, and the value that tells how near it is, with its unit."""

    text: str
    measurement: str
    value: str
    unit: str


_AIMS = (
    Aim("an update: at most 100 us Python of the main thread, taking and drawing, median", "updates", "taking and drawing p50 us", "us"),
    Aim("a key: at most 1 ms more than bare QMP, median", "keys", "added p50 ms", "ms"),
    Aim("a key's pixel: in a frame for virtio-gpu, in three for a VGA, median", "key_to_pixel", "key to pixel p50 frames", "frames"),
    Aim("motion at 1000 Hz: the guest ends where the hand does", "motion", "last one after ms", "ms later"),
    Aim("the cursor moves in the next frame", "cursor", "frames p99", "frames"),
    Aim("four guests that stand still: no frame", "idle", "frames", "frames"),
    Aim("20 still views and a bar: only what its clock needs", "desktop", "frames", "frames"),
    Aim("ten guests: no pause of the garbage collector over 1 ms", "pauses", "longest ms", "ms"),
    Aim("no fd, no buffer and less than 1 MiB more after thousands of rounds and updates", "growth", "RSS KiB", "KiB"),
)  # fmt: skip


def main() -> None:
    """Write the document and the plot."""
    recorded = Path(sys.argv[1]) if sys.argv[1:] else RECORDED
    record = msgspec.json.decode(recorded.read_bytes(), type=Record)
    document.write(files(record))


def files(record: Record) -> dict[str, str]:
    """The texts by their names in docs/. ValueError when the record lacks a measurement."""
    if missing := MEASUREMENTS.keys() - record.measurements.keys():
        raise ValueError(f"not measured: {', '.join(sorted(missing))}")
    texts = _texts(record)
    delays = {row.case: row.samples for row in record.measurements["key_to_pixel"]}
    title = f"From a key to the changed pixel (the last bar: {_END:g} ms and more)"
    return {
        "performance.md": document.fill(_TEMPLATE, texts),
        "performance/key-to-pixel.svg": plots.histograms(title, "ms", delays, _BIN, _END),
    }


def _texts(record: Record) -> Mapping[str, str]:
    """What a place of the template becomes, by its name."""
    return {
        **{name: table(rows) for name, rows in record.measurements.items()},
        "names": " ".join(MEASUREMENTS),
        "aims": _aims(record),
        "measured": f"Measured {record.date}, on {told(record.machine)}.",
        "quick": "This was a quick run, of a little of each (`--quick`).\n" if record.quick else "",
    }


def _aims(record: Record) -> str:
    lines = ["| aim | measured | |", "| --- | --- | --- |"]
    for aim in _AIMS:
        rows = [row for row in record.measurements[aim.measurement] if row.met is not None]
        lines.append(f"| {aim.text} | {_range(rows, aim)} | {_verdict(rows)} |")
    return "\n".join(lines)


def _range(rows: list[Row], aim: Aim) -> str:
    """From the least to the most of a value."""
    values = [float(row.values[aim.value]) for row in rows]
    least, most = (f"{value:,.10g}" for value in (min(values), max(values)))
    return f"{least} {aim.unit}" if least == most else f"{least} to {most} {aim.unit}"


def _verdict(rows: list[Row]) -> str:
    missed = [row.case for row in rows if not row.met]
    if len(missed) == len(rows):
        return "MISSED"
    return f"MISSED: {'; '.join(missed)}" if missed else "met"


if __name__ == "__main__":
    main()
