"""Tables of guests beside each other: how many are shown, and what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.peers import frames
from bench.peers.path import QEMU
from bench.peers.records import Crowd, Report
from bench.peers.search import MOST, RATES, complete, keeps_rate
from bench.peers.summary import OURS, ratio
from bench.results import Row, Value, rounded

#: What takes processor time and memory is told at this rate.
RATE = RATES[0]


def tables(report: Report) -> dict[str, list[Row]]:
    """By their titles; none where no such guests were measured."""
    if not report.crowds:
        return {}
    found = {f"Most guests, {rate}/s each": _most(report, rate) for rate in RATES}
    for what, of in (("processor time, ms a second", processor_time), ("memory, MiB", memory)):
        found[f"Many guests, {RATE}/s each: {what}"] = _by_count(report, of)
    return found


def most(crowds: list[Crowd], rate: int) -> int:
    """The most guests that were shown at a rate."""
    return max((crowd.guests for crowd in crowds if crowd.rate == rate and complete(crowd)), default=0)


def processor_time(report: Report, name: str) -> dict[int, float]:
    """Milliseconds a second of all but the guests, by how many there are, as long as a path shows them."""

    def of(crowd: Crowd, alone: Crowd) -> float:
        spent = frames.beyond_guest(crowd.cpu, alone.cpu, crowd.drawn / alone.drawn)
        return sum(spent.values()) / crowd.seconds

    return _beyond(report, name, of)


def memory(report: Report, name: str) -> dict[int, float]:
    """MiB, likewise; QEMU's is what it has more than when nobody looks."""

    def of(crowd: Crowd, alone: Crowd) -> float:
        return (sum(crowd.memory.values()) - alone.memory[QEMU] * crowd.guests / alone.guests) / 1024

    return _beyond(report, name, of)


def _beyond(report: Report, name: str, of: Callable[[Crowd, Crowd], float]) -> dict[int, float]:
    """Of each crowd, with the largest of those that nobody looks at that is no larger."""
    alone = [crowd for crowd in report.crowds_alone.get(report.qemus[name], ()) if crowd.rate == RATE]
    found = {
        crowd.guests: of(crowd, max(known, key=lambda each: each.guests))
        for crowd in report.crowds[name]
        if crowd.rate == RATE
        and complete(crowd)
        and (known := [each for each in alone if each.guests <= crowd.guests])
    }
    return dict(sorted(found.items()))


def _most(report: Report, rate: int) -> list[Row]:
    ours = most(report.crowds.get(OURS, []), rate)

    def values(crowds: list[Crowd]) -> dict[str, Value]:
        enough = most(crowds, rate)
        return {"guests": enough, "to wlvm's": ratio(enough, ours), "with more": _fails(crowds, rate, enough)}

    rows = [Row(report.paths[name], values(crowds)) for name, crowds in report.crowds.items() if crowds]
    for version, crowds in report.crowds_alone.items():
        rows.append(Row(f"the guests alone, QEMU {version}", _ceiling(crowds, rate)))
    return rows


def _fails(crowds: list[Crowd], rate: int, enough: int) -> str:
    """What happens with the fewest guests that are not shown."""
    too_many = [crowd for crowd in crowds if crowd.rate == rate and not complete(crowd)]
    if not too_many:
        return "not tried" if enough == MOST else "could not be measured"
    crowd = min(too_many, key=lambda each: each.guests)
    drawn = crowd.drawn / crowd.seconds / crowd.guests
    lost = 1 - crowd.shown / crowd.drawn if crowd.drawn else 1.0
    return f"{crowd.guests}: each draws {rounded(drawn):g}/s, {rounded(lost * 100):g} % are missed"


def _ceiling(crowds: list[Crowd], rate: int) -> dict[str, Value]:
    """How many guests draw as often as they are to when nobody looks, of those numbers that were tried."""
    able = max((crowd.guests for crowd in crowds if crowd.rate == rate and keeps_rate(crowd)), default=0)
    unable = [crowd.guests for crowd in crowds if crowd.rate == rate and crowd.guests > able]
    return {
        "guests": able,
        "with more": f"{min(unable)}: they do not keep their rate" if unable else "not tried",
    }


def _by_count(report: Report, of: Callable[[Report, str], Mapping[int, float]]) -> list[Row]:
    found = {name: of(report, name) for name in report.crowds}
    counts = sorted({count for values in found.values() for count in values})
    return [
        Row(
            report.paths[name],
            {f"with {count}": rounded(values[count]) if count in values else "" for count in counts},
        )
        for name, values in found.items()
        if values
    ]
