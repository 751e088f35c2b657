"""Tables of a report: medians over rounds, and ratios to wlvm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

from bench.peers import frames
from bench.peers.path import QEMU
from bench.peers.records import Idle, Load, Report, Trial, load_name
from bench.peers.trial import BUSY, LOADS, STILL
from bench.results import Row, Value, rounded, table
from wlvm.latency import percentile

#: The path that the others are compared with.
OURS = "wlvm"

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
        for rate in (rate for rate in rates if rate <= frames.REFRESH):
            title = f"Processor time per shown frame, {damage} damage, {rate}/s"
            found[title] = _cost(report, damage, load_name(damage, rate))
    found["Memory"] = _memory(report)
    found["Standing still"] = _idle(report)
    return found


def text(report: Report) -> str:
    """All of them in Markdown."""
    return "\n\n".join(f"## {title}\n\n{table(rows)}" for title, rows in tables(report).items())


def pooled_keys(report: Report, name: str, state: str) -> list[float]:
    """A path's delays of all rounds, in milliseconds."""
    return sorted(delay for trial in _trials(report, name) for delay in trial.keys[state])


def cost_per_frame(report: Report, name: str, load: str) -> float | None:
    """Processor time of everything but the guest for a frame that was shown, in milliseconds; None where none was."""
    costs = [
        frames.beyond_guest(load_.cpu, alone.cpu[QEMU], alone.drawn, load_.drawn) / load_.shown
        for load_, alone in _with_alone(report, name, load)
        if load_.shown
    ]
    return median(costs) if costs else None


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


def _ratio(value: float, ours: float | None) -> Value:
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
        return told | {f"p{each} to wlvm's": _ratio(found[each], ours.get(each)) for each in _PERCENTILES}

    return _rows(report, values)


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
    ours = cost_per_frame(report, OURS, load) if OURS in report.paths else None

    def values(name: str) -> dict[str, Value]:
        loads = _with_alone(report, name, load)
        cost = cost_per_frame(report, name, load)
        if cost is None:
            return {"shown/s": 0}
        parts: dict[str, Value] = {}
        for role in loads[0][0].cpu:
            alone = 1.0 if role == QEMU else 0.0
            each = [
                (load_.cpu[role] - alone * guest.cpu[QEMU] / guest.drawn * load_.drawn) / load_.shown
                for load_, guest in loads
                if load_.shown
            ]
            parts[role] = rounded(median(each))
        return {
            "ms": rounded(cost),
            "to wlvm's": _ratio(cost, ours),
            "shown/s": rounded(median(load_.shown / load_.seconds for load_, _ in loads)),
            "of which, in ms": ", ".join(f"{role} {value:g}" for role, value in parts.items()),
        }

    floor = sum(median(report.floors[f"{kind} {damage}"]) for kind in ("memcpy", "composition"))
    rows = _rows(report, values)
    rows.append(Row("one copy and one composition", {"ms": rounded(floor), "to wlvm's": _ratio(floor, ours)}))
    return rows


def _memory(report: Report) -> list[Row]:
    def held(name: str) -> tuple[float, float]:
        """Of all but QEMU, and QEMU's above that of the guest alone, in MiB."""
        version = report.qemus[name]
        pairs = [
            (trials[name].memory, alone[version].memory[QEMU])
            for trials, alone in zip(report.rounds, report.baselines, strict=True)
            if name in trials
        ]
        others = median(sum(memory.values()) - memory[QEMU] for memory, _ in pairs)
        return others / 1024, median(memory[QEMU] - alone for memory, alone in pairs) / 1024

    ours = sum(held(OURS)) if _trials(report, OURS) else None

    def values(name: str) -> dict[str, Value]:
        others, above = held(name)
        return {
            "all but QEMU MiB": rounded(others),
            "QEMU's above the guest alone MiB": rounded(above),
            "together MiB": rounded(others + above),
            "to wlvm's": _ratio(others + above, ours),
        }

    return _rows(report, values)


def _idle(report: Report) -> list[Row]:
    def found(name: str) -> tuple[float, float]:
        """Processor time in ms and context switches in ten seconds, without the guest's."""
        version = report.qemus[name]
        pairs = [
            (trials[name].idle, alone[version].idle)
            for trials, alone in zip(report.rounds, report.baselines, strict=True)
            if name in trials
        ]
        return median(_cpu(*pair) for pair in pairs), median(_switches(*pair) for pair in pairs)

    ours = found(OURS) if _trials(report, OURS) else (None, None)

    def values(name: str) -> dict[str, Value]:
        cpu, switches = found(name)
        return {
            "ms in 10 s": rounded(cpu),
            "to wlvm's": _ratio(cpu, ours[0]),
            "switches in 10 s": rounded(switches),
            "switches to wlvm's": _ratio(switches, ours[1]),
        }

    rows = _rows(report, values)
    for title, idle in report.many.items():
        seen = {role: cpu for role, cpu in idle.cpu.items() if role != QEMU}
        switches = sum(count for role, count in idle.switches.items() if role != QEMU)
        scale = _IDLE_SECONDS / idle.seconds
        rows.append(
            Row(
                title,
                {
                    "ms in 10 s": rounded(sum(seen.values()) * scale),
                    "switches in 10 s": rounded(switches * scale),
                },
            )
        )
    return rows


def _cpu(idle: Idle, alone: Idle) -> float:
    seen, guest = sum(idle.cpu.values()) / idle.seconds, alone.cpu[QEMU] / alone.seconds
    return (seen - guest) * _IDLE_SECONDS


def _switches(idle: Idle, alone: Idle) -> float:
    seen, guest = sum(idle.switches.values()) / idle.seconds, alone.switches[QEMU] / alone.seconds
    return (seen - guest) * _IDLE_SECONDS
