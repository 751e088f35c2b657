"""What a path's processes cost, by role: those of `Running.processes`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench.peers.path import GUEST, QEMU, Processes, pids
from bench.peers.records import Idle
from bench.process import task_cpu_seconds
from guests.testcard.launch import TestCard
from wlvm.process_usage import fine_cpu_seconds, proportional_kib, voluntary_switches

_SETTLE = 1.0


#: The processor time of something so far, in milliseconds.
Clock = Callable[[], float]


def clocks(processes: Processes) -> dict[str, Clock]:
    """Of processes, by role."""
    return {role: partial(_time, each) for role, each in processes.items()}


def guest_clocks(cards: Sequence[TestCard]) -> dict[str, Clock]:
    """Of QEMUs: the threads in which the guests' instructions run, and all others."""
    guests = [(card.process.pid, _guest_thread(card)) for card in cards]

    def guest() -> float:
        return sum(task_cpu_seconds(pid, thread) for pid, thread in guests) * 1e3

    return {QEMU: lambda: _time(pids(cards)) - guest(), GUEST: guest}


def _guest_thread(card: TestCard) -> int:
    (processor,) = card.execute("query-cpus-fast")
    thread: int = processor["thread-id"]
    return thread


def _time(processes: Sequence[int]) -> float:
    return sum(map(fine_cpu_seconds, processes)) * 1e3


class ProcessorTime:
    """What clocks measure from now on."""

    def __init__(self, clocks: Mapping[str, Clock]) -> None:
        self._clocks = clocks
        self._before = self._now()

    def spent(self) -> dict[str, float]:
        """So far, in milliseconds."""
        return {role: round(now - self._before[role], 3) for role, now in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {role: clock() for role, clock in self._clocks.items()}


def memory(processes: Processes) -> dict[str, int]:
    """PSS in KiB."""
    return {role: sum(map(proportional_kib, each)) for role, each in processes.items()}


def stand_still(processes: Processes, seconds: float) -> Idle:
    """What they do while the guest draws nothing and nobody looks."""
    time.sleep(_SETTLE)
    switches, spent, began = _switches(processes), ProcessorTime(clocks(processes)), time.monotonic()
    time.sleep(seconds)
    cpu, later = spent.spent(), _switches(processes)
    return Idle(time.monotonic() - began, cpu, {role: later[role] - switches[role] for role in later})


def _switches(processes: Processes) -> dict[str, int]:
    return {role: sum(map(voluntary_switches, each)) for role, each in processes.items()}
