"""What the kernel knows of a process: processor time, memory, file descriptors (proc(5)); besides what wlvm itself asks of it."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """The processor time of a process, all its threads, those that have ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def task_cpu_seconds(pid: int, thread: int) -> float:
    """The processor time of a thread of any process, by its number, to the last tick of the kernel's clock."""
    return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / 1e9


def thread_cpu_seconds(name: str) -> float:
    """The processor time of this process's thread of that name."""
    thread = next(each for each in threading.enumerate() if each.name == name)
    assert thread.native_id is not None
    return task_cpu_seconds(os.getpid(), thread.native_id)


def private_kib() -> int:
    """This process's own resident memory in KiB, without files and what clients share with it; garbage collected."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


@dataclass(frozen=True)
class Held:
    """What this process holds: open file descriptors, and resident memory in KiB, garbage collected."""

    fds: int
    rss: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(len(os.listdir("/proc/self/fd")), pages * _PAGE >> 10)
