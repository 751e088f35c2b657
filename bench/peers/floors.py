"""What no program can do without: moving the damaged pixels once, and composing them once."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

import numpy as np

from bench.peers.path import SIZE
from guests.testcard import model

_TIMES = 60

#: pixman's numbers for x8r8g8b8 and for the operator that replaces.
_X8R8G8B8 = 0x20020888
_SRC = 1


def measure() -> dict[str, float]:
    """Medians in milliseconds, for the damage of a whole frame and of a small one."""
    full = [(0, 0, *SIZE)]
    patch = [
        model.moving_rect(*SIZE),
        model.counter_rect(*SIZE, bottom=False),
        model.counter_rect(*SIZE, bottom=True),
    ]
    found = {}
    for name, rects in (("full", full), ("patch", patch)):
        found[f"memcpy {name}"] = _copying(rects)
        found[f"composition {name}"] = _composition(rects)
    return found


def _frames() -> tuple[model.Pixels, model.Pixels]:
    width, height = SIZE
    return np.ones((height, width), np.uint32), np.zeros((height, width), np.uint32)


def _copying(rects: list[model.Rect]) -> float:
    source, target = _frames()

    def copy() -> None:
        for x, y, width, height in rects:
            target[y : y + height, x : x + width] = source[y : y + height, x : x + width]

    return _median(copy)


def _composition(rects: list[model.Rect]) -> float:
    """By pixman, as the compositors do."""
    pixman = ctypes.CDLL("libpixman-1.so.0")
    pixman.pixman_image_create_bits.restype = ctypes.c_void_p
    width, height = SIZE
    pictures = _frames()
    images = [
        ctypes.c_void_p(
            pixman.pixman_image_create_bits(
                _X8R8G8B8, width, height, ctypes.c_void_p(pixels.ctypes.data), width * 4
            )
        )
        for pixels in pictures
    ]

    def compose() -> None:
        for rect in rects:
            place = rect[:2]
            pixman.pixman_image_composite32(_SRC, images[0], None, images[1], *place, 0, 0, *place, *rect[2:])

    median = _median(compose)
    for image in images:
        pixman.pixman_image_unref(image)
    return median


def _median(work: Callable[[], None]) -> float:
    took = []
    for _ in range(_TIMES):
        began = time.thread_time()
        work()
        took.append((time.thread_time() - began) * 1e3)
    return sorted(took)[_TIMES // 2]
