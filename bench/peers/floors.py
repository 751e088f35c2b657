"""What no program can do without: moving the damaged pixels once, and composing them once.

*Paced* is as a compositor meets it: another process has just written the pixels, so that they are in no cache of who copies them, a frame comes thirty
times a second, and the output has two buffers in shared memory. In a loop, with all of it in the caches, is as fast as it can be.
"""

from __future__ import annotations

import itertools
import mmap
import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection

import numpy as np

from bench.peers.path import SIZE
from bench.pixels import Compositor, Rectangle, pictures
from guests.testcard import model

_TIMES = 60

#: Frames a second, where they are paced; the first ones, which find their pages for the first time, do not count.
_RATE = 30
_FIRST = 6

#: Longer than this no frame is waited for, in seconds.
_DEADLINE = 5.0


def measure() -> dict[str, float]:
    """Medians in milliseconds, for the damage of a whole frame and of a small one."""
    full = [(0, 0, *SIZE)]
    patch = [
        model.moving_rect(*SIZE),
        model.counter_rect(*SIZE, bottom=False),
        model.counter_rect(*SIZE, bottom=True),
    ]
    found = {}
    for damage, rects in (("full", full), ("patch", patch)):
        for prefix, how in (("paced ", _paced), ("", _in_a_loop)):
            copying, composing = how(rects)
            found[f"{prefix}memcpy {damage}"] = _median(copying)
            found[f"{prefix}composition {damage}"] = _median(composing)
    return found


def _in_a_loop(rects: Sequence[model.Rect]) -> tuple[list[float], list[float]]:
    """What each copy and each composition takes, in milliseconds."""
    with closing(Compositor(*pictures(SIZE))) as moved:
        copies = [_took(moved.copy, rects) for _ in range(_TIMES)]
        return copies, [_took(moved.compose, rects) for _ in range(_TIMES)]


def _paced(rects: Sequence[model.Rect]) -> tuple[list[float], list[float]]:
    """Likewise."""
    source, own = _shared(), _shared()
    copies, compositions = [], []
    drawn, draws = multiprocessing.Pipe(duplex=False)
    # A fork: it has the source's memory, as QEMU has what it shares.
    guest = multiprocessing.get_context("fork").Process(
        target=_draw, args=(source, rects, draws), daemon=True
    )
    with ExitStack() as stack:
        copied = stack.enter_context(closing(Compositor(source, own)))
        outputs = [stack.enter_context(closing(Compositor(own, _shared()))) for _ in range(2)]
        guest.start()
        try:
            for output in itertools.islice(itertools.cycle(outputs), _FIRST + _TIMES):
                if not drawn.poll(_DEADLINE):
                    raise RuntimeError("no frame was drawn")
                drawn.recv_bytes()
                copies.append(_took(copied.copy, rects))
                compositions.append(_took(output.compose, rects))
        finally:
            guest.kill()
            guest.join()
    return copies[_FIRST:], compositions[_FIRST:]


def _draw(source: model.Pixels, rects: Sequence[model.Rect], draws: Connection) -> None:
    """Write other pixels so many times a second, and tell of it."""
    began = time.monotonic()
    for number in itertools.count(1):
        for x, y, width, height in rects:
            source[y : y + height, x : x + width] = number
        draws.send_bytes(b"frame")
        time.sleep(max(0.0, began + number / _RATE - time.monotonic()))


def _shared() -> model.Pixels:
    """A picture in memory that processes share."""
    width, height = SIZE
    pixels = np.frombuffer(mmap.mmap(-1, width * height * 4), np.uint32).reshape(height, width)
    pixels[:] = 1
    return pixels


def _took(move: Callable[[Rectangle], None], rects: Sequence[model.Rect]) -> float:
    """This thread's processor time, in milliseconds."""
    began = time.thread_time()
    for rect in rects:
        move(rect)
    return (time.thread_time() - began) * 1e3


def _median(took: Sequence[float]) -> float:
    return sorted(took)[len(took) // 2]
