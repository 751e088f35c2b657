"""What a path's processes cost, by role: those of `Running.processes`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from bench.peers.path import GUEST, QEMU
from bench.peers.records import Idle
from bench.process import task_cpu_seconds
from guests.testcard.launch import TestCard
from wlvm.process_usage import fine_cpu_seconds, proportional_kib, voluntary_switches

_SETTLE = 1.0


#: The processor time of something so far, in milliseconds.
Clock = Callable[[], float]


def clocks(processes: Mapping[str, int]) -> dict[str, Clock]:
    """Of processes, by role."""
    return {role: partial(_process_time, pid) for role, pid in processes.items()}


def guest_clocks(card: TestCard) -> dict[str, Clock]:
    """Of a QEMU: the thread in which the guest's instructions run, and all others."""
    pid = card.process.pid
    (processor,) = card.execute("query-cpus-fast")
    guest = partial(_thread_time, pid, processor["thread-id"])
    return {QEMU: lambda: _process_time(pid) - guest(), GUEST: guest}


def _process_time(pid: int) -> float:
    return fine_cpu_seconds(pid) * 1e3


def _thread_time(pid: int, thread: int) -> float:
    return task_cpu_seconds(pid, thread) * 1e3


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


def memory(processes: Mapping[str, int]) -> dict[str, int]:
    """PSS in KiB."""
    return {role: proportional_kib(pid) for role, pid in processes.items()}


def stand_still(processes: Mapping[str, int], seconds: float) -> Idle:
    """What they do while the guest draws nothing and nobody looks."""
    time.sleep(_SETTLE)
    switches, spent, began = _switches(processes), ProcessorTime(clocks(processes)), time.monotonic()
    time.sleep(seconds)
    cpu, later = spent.spent(), _switches(processes)
    return Idle(time.monotonic() - began, cpu, {role: later[role] - switches[role] for role in later})


def _switches(processes: Mapping[str, int]) -> dict[str, int]:
    return {role: voluntary_switches(pid) for role, pid in processes.items()}
