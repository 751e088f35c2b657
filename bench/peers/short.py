"""The short table: wlvm beside the best of its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.peers import summary
from bench.peers.records import Report
from bench.results import Row, Value, rounded

#: The columns that the short table has, by how the titles of their tables begin.
_SHORT = {
    "Event to pixel": ("p50 ms", "p95 ms"),
    "Processor time": ("ms",),
    "Memory": ("MiB",),
    "Standing still": ("ms in 10 s", "switches"),
}

#: How the names of peers end that are in wlvm, and so on its output.
_IN_OURS = "-wlvm"

#: Of the guest's rate: who shows less does not show the guest's frames.
_SHOWS = 0.9


def rows(report: Report, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
    """wlvm and the best of the peers, for each measure that has one number."""
    peers = [title for name, title in report.paths.items() if not name.startswith(summary.OURS)]
    alike = [title for name, title in report.paths.items() if name.endswith(_IN_OURS)]
    ours = report.paths[summary.OURS]
    found = []
    for title in tables:
        for begin, columns in _SHORT.items():
            for column in columns if title.startswith(begin) else ():
                what = f"{title}: {column}"
                found.append(Row(what, _beside(ours, peers, title, column, tables[title])))
                if title.startswith("Event to pixel") and alike:
                    values = _beside(ours, alike, title, column, tables[title])
                    found.append(Row(f"{what}, on the same output", values))
    return found


def _beside(
    ours: str, peers: Sequence[str], title: str, column: str, rows: Sequence[Row]
) -> dict[str, Value]:
    """A column's value of ours, and of the best of those peers that keep up."""
    found = {row.case: row.values for row in rows}
    there = [peer for peer in peers if column in found.get(peer, {})]
    able = [peer for peer in there if _shows(found[peer], title)] or there
    best = min(able, key=lambda peer: float(found[peer][column]))
    mine, theirs = float(found[ours][column]), float(found[best][column])
    return {
        "wlvm": mine,
        "best peer": theirs,
        "wlvm / best peer": rounded(mine / theirs) if theirs > 0 else "",
        "which": best,
    }


def _shows(values: Mapping[str, Value], title: str) -> bool:
    """Whether a path keeps up with a load, where the table is of one."""
    if "shown/s" not in values:
        return True
    rate = float(title.rpartition(" ")[2].removesuffix("/s"))
    return float(values["shown/s"]) >= _SHOWS * rate
