"""Moving pixels, with nothing around it: what no program can do without."""

from __future__ import annotations

import ctypes

import numpy as np

from guests.testcard.model import Pixels

#: x, y, width, height.
Rectangle = tuple[int, int, int, int]

#: pixman's numbers for x8r8g8b8 and for the operator that replaces.
_X8R8G8B8 = 0x20020888
_SRC = 1


def pictures(size: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """Two of this size, each of one color."""
    width, height = size
    return np.ones((height, width), np.uint32), np.zeros((height, width), np.uint32)


class Compositor:
    """Two pictures of one size (rows of 0x00RRGGBB), the one to be copied or composed into the other. `close()` it."""

    def __init__(self, source: Pixels, target: Pixels) -> None:
        height, width = source.shape
        self._source, self._target = source, target
        self._pixman = ctypes.CDLL("libpixman-1.so.0")
        self._pixman.pixman_image_create_bits.restype = ctypes.c_void_p
        self._images = [
            ctypes.c_void_p(
                self._pixman.pixman_image_create_bits(
                    _X8R8G8B8, width, height, ctypes.c_void_p(pixels.ctypes.data), width * 4
                )
            )
            for pixels in (self._source, self._target)
        ]

    def copy(self, rectangle: Rectangle) -> None:
        """By numpy, which is memcpy a row."""
        x, y, width, height = rectangle
        self._target[y : y + height, x : x + width] = self._source[y : y + height, x : x + width]

    def compose(self, rectangle: Rectangle) -> None:
        """By pixman, as compositors do."""
        source, target = self._images
        place = rectangle[:2]
        self._pixman.pixman_image_composite32(
            _SRC, source, None, target, *place, 0, 0, *place, *rectangle[2:]
        )

    def close(self) -> None:
        """Give the images back."""
        while self._images:
            self._pixman.pixman_image_unref(self._images.pop())
