"""What the kernel knows of a process of the same user: its processor time, how often it slept, its memory (proc(5))."""

from __future__ import annotations

import time
from pathlib import Path

#: The kind of clock that clock_getcpuclockid(3) asks for, in its lowest bits.
_CPUCLOCK_SCHED = 2


def fine_cpu_seconds(pid: int) -> float:
    """The processor time of a process, all its threads, those that have ended too (clock_getcpuclockid(3)). OSError when it has ended."""
    return time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)


def voluntary_switches(pid: int) -> int:
    """How often a process's threads have gone to sleep: those that live."""
    files = Path(f"/proc/{pid}/task").glob("*/status")
    lines = [line for file in files for line in file.read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def proportional_kib(pid: int) -> int:
    """A process's memory (PSS) in KiB: what it shares with others is divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
