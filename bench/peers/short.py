"""The short table: wlvm beside the best of its peers, and beside what nobody can do better; with what was aimed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.peers import summary
from bench.peers.path import REFRESH
from bench.peers.records import Report
from bench.results import Row, Value, rounded

#: A table, by its title, and its rows.
_Table = tuple[str, Sequence[Row]]


@dataclass(frozen=True)
class _Measure:
    """A column of the tables whose titles begin so; `aim` is what the ratio to the best peer is to be: at most, or at least, where more is better."""

    begin: str
    column: str
    aim: float | None = None
    more_is_better: bool = False

    def met(self, ratio: float) -> bool | None:
        if self.aim is None:
            return None
        return ratio >= self.aim if self.more_is_better else ratio <= self.aim

    def words(self) -> str:
        if self.aim is None:
            return ""
        return f"at {'least' if self.more_is_better else 'most'} {rounded(self.aim):g}"


_MEASURES = (
    _Measure("Event to pixel, guest still", "p50 ms", 1 / 2),
    _Measure("Event to pixel, guest still", "p95 ms", 1 / 2),
    _Measure("Event to pixel, guest drawing", "p50 ms"),
    _Measure("Event to pixel, guest drawing", "p95 ms", 1 / 3),
    _Measure("Processor time per shown frame, full", "ms", 1 / 4),
    _Measure("Processor time per shown frame, patch", "ms", 1 / 3),
    _Measure("Memory", "MiB"),
    _Measure("Standing still", "ms in 10 s"),
    _Measure("Standing still", "switches"),
    _Measure("Most guests", "guests", 2, more_is_better=True),
)

#: Beside the floor; and beside an output of which nothing is lost: its refresh takes so long, with what is allowed on top, in milliseconds.
_TO_FLOOR = _Measure("", "ms", 1.3)
_AT_ONCE = _Measure("", "flip to commit p99 ms", 1)
_ALLOWED = 1000 / REFRESH + 1

#: Of the frames that a guest draws: `lost at best` is a mean, from which so much is no difference.
_NO_DIFFERENCE = 0.01

#: How the names of peers end that are in wlvm, and so on its output.
_IN_OURS = "-wlvm"

#: Of the guest's rate: who shows less does not show the guest's frames.
_SHOWS = 0.9


def rows(report: Report, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
    """wlvm beside others, for each measure that has one number; those that are beyond comparison are left out."""
    ours = report.paths[summary.OURS]
    found: list[Row] = []
    for table in tables.items():
        for measure in _MEASURES:
            if table[0].startswith(measure.begin):
                found += _beside_peers(report, measure, table)
        if table[0].startswith("Frames of a"):
            found += _beside_nothing_lost(ours, table)
    return found


def _beside_peers(report: Report, measure: _Measure, table: _Table) -> list[Row]:
    ours = report.paths[summary.OURS]
    title, what = table[0], f"{table[0]}: {measure.column}"
    peers = [title for name, title in report.paths.items() if not name.startswith(summary.OURS)]
    found = _compared(what, measure, ours, _best(peers, measure, table), table)
    if title.startswith("Processor time"):
        found += _compared(f"{what}, to the least", _TO_FLOOR, ours, summary.FLOOR, table)
    if title.startswith("Event to pixel"):
        alike = [title for name, title in report.paths.items() if name.endswith(_IN_OURS)]
        there = _Measure(measure.begin, measure.column)
        found += _compared(f"{what}, on the same output", there, ours, _best(alike, there, table), table)
    return found


def _best(peers: Sequence[str], measure: _Measure, table: _Table) -> str:
    """The best of those peers that keep up; of all, where none does; none where none was measured."""
    title, rows = table
    found = {row.case: row.values for row in rows}
    there = [peer for peer in peers if measure.column in found.get(peer, {})]
    able = [peer for peer in there if _shows(found[peer], title)] or there
    best = max if measure.more_is_better else min
    return best(able, key=lambda peer: float(found[peer][measure.column]), default="")


def _compared(what: str, measure: _Measure, ours: str, other: str, table: _Table) -> list[Row]:
    """A row, where both have the measure's column."""
    found = {row.case: row.values.get(measure.column) for row in table[1]}
    mine, theirs = found.get(ours), found.get(other)
    if mine is None or theirs is None:
        return []
    return [_row(what, measure, float(mine), float(theirs), other)]


def _row(what: str, measure: _Measure, mine: float, theirs: float, other: str) -> Row:
    told: dict[str, Value] = {"wlvm": mine, "other": theirs, "wlvm / other": "", "the other is": other}
    if theirs <= 0:
        return Row(what, told)
    ratio = rounded(mine / theirs)
    return Row(what, told | {"wlvm / other": ratio}, measure.words(), measure.met(ratio))


def _beside_nothing_lost(ours: str, table: _Table) -> list[Row]:
    """Frames as soon as the output can show them, and as many of them."""
    title, rows = table
    values = next((row.values for row in rows if row.case == ours), {})
    if _AT_ONCE.column not in values:
        return []
    late = float(values[_AT_ONCE.column])
    lost, at_best, drawn = (float(values[name]) for name in ("lost/s", "lost at best/s", "drawn/s"))
    told: dict[str, Value] = {
        "wlvm": lost,
        "other": at_best,
        "the other is": "who looks at each refresh of wlvm's output",
    }
    return [
        _row(f"{title}: {_AT_ONCE.column}", _AT_ONCE, late, rounded(_ALLOWED), "a refresh and 1 ms"),
        Row(f"{title}: lost/s", told, "no more", lost - at_best <= _NO_DIFFERENCE * drawn),
    ]


def _shows(values: Mapping[str, Value], title: str) -> bool:
    """Whether a path keeps up with a load, where the table is of one."""
    if "shown/s" not in values:
        return True
    rate = float(title.rpartition(" ")[2].removesuffix("/s"))
    return float(values["shown/s"]) >= _SHOWS * rate
