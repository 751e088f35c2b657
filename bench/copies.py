"""What copying a guest's pixels costs, by the shape of the damage: from a guarded map, and with pread."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from bench.effort import Effort
from bench.results import Row, Value, rounded
from bench.running import SIZE
from tests.loops import SelectorLoop
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.latency import percentile
from wlvm.shared_memory import SharedFramebuffer
from wlvm.shared_reader import SharedReader
from wlvm.staging import StagingFramebuffer

_HEIGHTS = (16, 256, SIZE[1])
#: The parts of the framebuffer's width that damage is measured at: one in so many.
_PARTS = (1, 5, 20)


def measure(effort: Effort) -> list[Row]:
    """Shared memory, then bytes, and what a plain copy takes."""
    width, height = SIZE
    memory = os.memfd_create("framebuffer", os.MFD_CLOEXEC)
    os.truncate(memory, width * height * 4)
    os.pwrite(memory, os.urandom(width * height * 4), 0)
    shared = SharedFramebuffer(OwnedFd(memory), width, height, width * 4, 0, XRGB8888)
    staging = StagingFramebuffer(width, height, width * 4, XRGB8888)
    rects = [Rect(0, 0, width // part, rows) for part in _PARTS for rows in _HEIGHTS]
    reader = SharedReader(SelectorLoop(), shared)
    rows = [_shared(rect, reader, staging, effort.copies) for rect in rects]
    rows += [_bytes(Rect(0, 0, *size), staging, effort.copies) for size in ((256, 256), SIZE)]
    source, target = np.ones((height, width), np.uint32), np.zeros((height, width), np.uint32)
    rows.append(
        Row(
            "numpy copy of all of it", {"us": _microseconds(lambda: np.copyto(target, source), effort.copies)}
        )
    )
    reader.close()
    return rows


def _shared(rect: Rect, reader: SharedReader, staging: StagingFramebuffer, count: int) -> Row:
    values: dict[str, Value] = {
        "mapped us": _microseconds(lambda: reader.read([rect], staging), count),
        "pread us": _microseconds(lambda: staging.read(reader.shared, rect), count),
    }
    return Row(f"shared memory, {rect.width}x{rect.height}", values)


def _bytes(rect: Rect, staging: StagingFramebuffer, count: int) -> Row:
    data = os.urandom(rect.width * rect.height * 4)
    took = _microseconds(lambda: staging.write(rect, data, rect.width * 4), count)
    return Row(f"bytes, {rect.width}x{rect.height}", {"us": took})


def _microseconds(copy: Callable[[], object], count: int) -> float:
    """The median processor time of a call."""
    samples = []
    for _ in range(count):
        start = time.thread_time_ns()
        copy()
        samples.append(time.thread_time_ns() - start)
    return rounded(percentile(sorted(samples), 50) / 1e3)
