"""Tables of a report: medians over rounds, and ratios to wlvm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

from bench.peers import frames
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.path import QEMU, REFRESH
from bench.peers.records import Idle, Load, Report, Trial
from bench.peers.search import STANDING
from bench.results import Row, Value, rounded
from wlvm.latency import percentile

#: The path that the others are compared with.
OURS = "wlvm"

#: One copy and one composition: as a compositor meets them, and as fast as they can be, by case and by how the record names them.
FLOOR = "one copy and one composition"
_FLOORS = {FLOOR: "paced ", f"{FLOOR}, in a loop": ""}

_PARTS = "of which, in ms"
_PERCENTILES = (50, 95, 99)
_IDLE_SECONDS = 10


def tables(report: Report) -> dict[str, list[Row]]:
    """By their titles; a row for each path."""
    found = {
        f"Event to pixel, guest {_words(state)}": _keys(report, state) for state in (STILL, load_name(*BUSY))
    }
    for rate in LOADS["full"]:
        found[f"Frames of a {rate} Hz guest, full damage"] = _frames(report, load_name("full", rate))
    for damage, rates in LOADS.items():
        for rate in (rate for rate in rates if rate <= REFRESH):
            title = f"Processor time per shown frame, {damage} damage, {rate}/s"
            found[title] = _cost(report, damage, load_name(damage, rate))
    found["Memory"] = _memory(report)
    found["Standing still"] = _idle(report)
    found[f"Standing still, {STANDING} guests"] = _still(report)
    return {title: rows for title, rows in found.items() if rows}


def pooled_keys(report: Report, name: str, state: str) -> list[float]:
    """A path's delays of all rounds, in milliseconds."""
    return sorted(delay for trial in _trials(report, name) for delay in trial.keys[state])


def cost_per_frame(report: Report, name: str, load: str) -> dict[str, float]:
    """Processor time for a frame that was shown, without the guest's, by role, in milliseconds; empty where none was shown."""
    found: dict[str, list[float]] = {}
    for load_, alone in _with_alone(report, name, load):
        spent = frames.beyond_guest(load_.cpu, alone.cpu, load_.drawn / alone.drawn)
        for role, milliseconds in spent.items() if load_.shown else ():
            found.setdefault(role, []).append(milliseconds / load_.shown)
    return {role: median(each) for role, each in found.items()}


def _trials(report: Report, name: str) -> list[Trial]:
    return [trials[name] for trials in report.rounds if name in trials]


def _with_alone(report: Report, name: str, load: str) -> list[tuple[Load, Load]]:
    """A path's load in each round, with that of the guest alone."""
    version = report.qemus[name]
    return [
        (trials[name].loads[load], alone[version].loads[load])
        for trials, alone in zip(report.rounds, report.baselines, strict=True)
        if name in trials
    ]


def _rows(report: Report, values: Callable[[str], Mapping[str, Value]]) -> list[Row]:
    return [Row(title, values(name)) for name, title in report.paths.items() if _trials(report, name)]


def ratio(value: float, ours: float | None) -> Value:
    """To wlvm's, where there is one that is not nothing."""
    return rounded(value / ours) if ours and ours > 0 else ""


def _words(state: str) -> str:
    return "still" if state == STILL else f"drawing ({state}/s)"


def _keys(report: Report, state: str) -> list[Row]:
    def spread(name: str) -> dict[int, float]:
        pooled = pooled_keys(report, name, state)
        of_rounds = median(percentile(sorted(trial.keys[state]), 50) for trial in _trials(report, name))
        return {50: of_rounds, **{each: percentile(pooled, each) for each in _PERCENTILES[1:]}}

    ours = spread(OURS) if _trials(report, OURS) else {}

    def values(name: str) -> dict[str, Value]:
        found = spread(name)
        told: dict[str, Value] = {f"p{each} ms": rounded(found[each]) for each in _PERCENTILES}
        return told | {f"p{each} to wlvm's": ratio(found[each], ours.get(each)) for each in _PERCENTILES}

    rows = _rows(report, values)
    if ours:
        version = report.qemus[OURS]
        alone = sorted(delay for guests in report.baselines for delay in guests[version].keys[state])
        told = {f"p{each} ms": rounded(percentile(alone, each)) for each in _PERCENTILES}
        rows.append(Row("the guest alone, from QMP to its word", told))
    return rows


def _frames(report: Report, load: str) -> list[Row]:
    def values(name: str) -> dict[str, Value]:
        loads = [trial.loads[load] for trial in _trials(report, name)]

        def rate(count: Callable[[Load], float]) -> float:
            return rounded(median(count(each) / each.seconds for each in loads))

        pooled = sorted(delay for each in loads for delay in each.flips)
        return {
            "drawn/s": rate(lambda each: each.drawn),
            "shown/s": rate(lambda each: each.shown),
            "lost/s": rate(lambda each: each.drawn - each.shown),
            "output's refreshes/s": rounded(median(each.refresh for each in loads)),
            "lost at best/s": rate(lambda each: each.lost_at_best),
            "repeated/s": rate(lambda each: each.repeated),
            **{
                f"flip to commit p{each} ms": rounded(percentile(pooled, each))
                for each in _PERCENTILES
                if pooled
            },
        }

    return _rows(report, values)


def _cost(report: Report, damage: str, load: str) -> list[Row]:
    ours = sum(cost_per_frame(report, OURS, load).values()) if OURS in report.paths else None

    def values(name: str) -> dict[str, Value]:
        cost = cost_per_frame(report, name, load)
        if not cost:
            return {"shown/s": 0}
        loads = [trial.loads[load] for trial in _trials(report, name)]
        return {
            "ms": rounded(sum(cost.values())),
            "to wlvm's": ratio(sum(cost.values()), ours),
            "shown/s": rounded(median(each.shown / each.seconds for each in loads)),
            _PARTS: parts(cost),
        }

    rows = _rows(report, values)
    for case, prefix in _FLOORS.items():
        floor = {
            kind: report.floors.get(f"{prefix}{kind} {damage}", []) for kind in ("memcpy", "composition")
        }
        if all(floor.values()):
            each = {kind: median(rounds) for kind, rounds in floor.items()}
            least = sum(each.values())
            told = {"ms": rounded(least), "to wlvm's": ratio(least, ours), _PARTS: parts(each)}
            rows.append(Row(case, told))
    return rows


def parts(values: Mapping[str, float]) -> str:
    """Of a whole, in one cell."""
    return ", ".join(f"{role} {rounded(value):g}" for role, value in values.items())


def _memory(report: Report) -> list[Row]:
    def held(name: str) -> dict[str, float]:
        """By role, in MiB; QEMU's is what it has more than with the guest alone."""
        version = report.qemus[name]
        seen = [
            trials[name].memory | {QEMU: trials[name].memory[QEMU] - alone[version].memory[QEMU]}
            for trials, alone in zip(report.rounds, report.baselines, strict=True)
            if name in trials
        ]
        return {role: median(memory[role] for memory in seen) / 1024 for role in seen[0]}

    ours = sum(held(OURS).values()) if _trials(report, OURS) else None

    def values(name: str) -> dict[str, Value]:
        memory = held(name)
        together = sum(memory.values())
        return {
            "MiB": rounded(together),
            "to wlvm's": ratio(together, ours),
            "of which, in MiB": parts(memory),
        }

    return _rows(report, values)


def _idle(report: Report) -> list[Row]:
    def found(name: str) -> Idle:
        """What happens in ten seconds, medians over rounds, without what QEMU does when nobody looks, and a compositor that has nothing in it."""
        version = report.qemus[name]
        idles = [
            _beyond(trials[name].idle, {QEMU: alone[version].idle, **report.empty})
            for trials, alone in zip(report.rounds, report.baselines, strict=True)
            if name in trials
        ]
        return Idle(
            _IDLE_SECONDS,
            {role: median(idle.cpu[role] for idle in idles) for role in idles[0].cpu},
            {role: round(median(idle.switches[role] for idle in idles)) for role in idles[0].cpu},
        )

    return _standing(report, {name: found(name) for name in report.paths if _trials(report, name)})


def _still(report: Report) -> list[Row]:
    """Many guests."""
    idles = {
        name: _beyond(idle, {QEMU: report.still_alone[report.qemus[name]], **report.empty})
        for name, idle in report.still.items()
    }
    return _standing(report, idles)


def _standing(report: Report, idles: Mapping[str, Idle]) -> list[Row]:
    """A row for each path, of what it does in ten seconds."""
    ours = idles.get(OURS)

    def values(idle: Idle) -> dict[str, Value]:
        cpu, switches = sum(idle.cpu.values()), sum(idle.switches.values())
        return {
            "ms in 10 s": rounded(cpu),
            "to wlvm's": ratio(cpu, None if ours is None else sum(ours.cpu.values())),
            _PARTS: parts(idle.cpu),
            "switches": switches,
            "switches to wlvm's": ratio(switches, None if ours is None else sum(ours.switches.values())),
            "of which": parts(idle.switches),
        }

    return [Row(report.paths[name], values(idle)) for name, idle in idles.items()]


def _in_ten_seconds(idle: Idle) -> Idle:
    scale = _IDLE_SECONDS / idle.seconds
    return Idle(
        _IDLE_SECONDS,
        {role: cpu * scale for role, cpu in idle.cpu.items()},
        {role: round(switches * scale) for role, switches in idle.switches.items()},
    )


def _beyond(idle: Idle, bases: Mapping[str, Idle]) -> Idle:
    """Without what some roles do when they have nothing to show, in ten seconds; no less than nothing is left."""
    seen = _in_ten_seconds(idle)
    known = {role: _in_ten_seconds(base) for role, base in bases.items() if role in seen.cpu}
    return Idle(
        _IDLE_SECONDS,
        seen.cpu | {role: max(0.0, seen.cpu[role] - base.cpu[role]) for role, base in known.items()},
        seen.switches
        | {role: max(0, seen.switches[role] - base.switches[role]) for role, base in known.items()},
    )
