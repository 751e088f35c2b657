"""What a path's processes cost, by role: those of `Running.processes`."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bench.peers.records import Idle
from bench.process import fine_cpu_seconds, proportional_kib, voluntary_switches

_SETTLE = 1.0


class ProcessorTime:
    """The processor time of processes from now on."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self._before = self._now()

    def spent(self) -> dict[str, float]:
        """So far, in milliseconds."""
        return {role: now - self._before[role] for role, now in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {role: fine_cpu_seconds(pid) * 1e3 for role, pid in self._processes.items()}


def memory(processes: Mapping[str, int]) -> dict[str, int]:
    """PSS in KiB."""
    return {role: proportional_kib(pid) for role, pid in processes.items()}


def stand_still(processes: Mapping[str, int], seconds: float) -> Idle:
    """What they do while the guest draws nothing and nobody looks."""
    time.sleep(_SETTLE)
    switches, spent, began = _switches(processes), ProcessorTime(processes), time.monotonic()
    time.sleep(seconds)
    cpu, later = spent.spent(), _switches(processes)
    return Idle(time.monotonic() - began, cpu, {role: later[role] - switches[role] for role in later})


def _switches(processes: Mapping[str, int]) -> dict[str, int]:
    return {role: voluntary_switches(pid) for role, pid in processes.items()}
