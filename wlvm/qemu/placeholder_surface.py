"""The picture that QEMU itself draws for a console that no guest draws to: a line of text on black (QEMU ui/console.c,
qemu_create_placeholder_surface).

Without GL there is no other sign of it: a head that the guest does not use, or has switched off, has this picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import numpy as np

from wlvm.framebuffer import BYTES_PER_PIXEL, Rect
from wlvm.qemu.messages import ScanoutBytes, ScanoutMap
from wlvm.shared_memory import TruncatedError

_LETTER: Final = (8, 16)

#: The texts, by how many letters they have: which of their pixels are set, row by row, as SHA-256. They are
#: "Guest has not initialized the display (yet)." and "Display output is not active.".
_TEXTS: Final = {
    44: "8470ddba648c161a0899ff00033a8141355e5cdd2e7a7e75bae248e46910f57c",
    29: "dfd53cb189121b85d9f407518cac19383fec47498be337e955946fedba4c69f9",
}
_COLOURS: Final = (0x000000, 0xAAAAAA)

_Read = Callable[[Rect], np.ndarray[tuple[int, int], np.dtype[np.uint32]]]


def is_placeholder(scanout: ScanoutBytes | ScanoutMap) -> bool:
    """Whether a scanout, which stays the caller's, is QEMU's own. Of what is none, no more than a row of pixels is read, as a rule."""
    fourcc = scanout.fourcc if isinstance(scanout, ScanoutBytes) else scanout.framebuffer.fourcc
    if BYTES_PER_PIXEL[fourcc] != 4:
        return False
    read = _reader(scanout)
    try:
        return any(
            _has_text(read, _place(scanout.width, scanout.height, letters), digest)
            and _is_black_but_for(read, scanout, _place(scanout.width, scanout.height, letters))
            for letters, digest in _TEXTS.items()
        )
    except TruncatedError:
        return False


def _place(width: int, height: int, letters: int) -> Rect:
    """Where a text is: in the middle, in whole letters."""
    across, down = _LETTER
    return Rect(
        (width // across - letters) // 2 * across, (height // down - 1) // 2 * down, letters * across, down
    )


def _has_text(read: _Read, place: Rect, digest: str) -> bool:
    if place.x < 0 or place.y < 0:
        return False
    middle = read(Rect(place.x, place.y + place.height // 2, place.width, 1))
    if not (middle.any() and np.isin(middle, _COLOURS).all()):
        return False
    pixels = read(place)
    if not np.isin(pixels, _COLOURS).all():
        return False
    return hashlib.sha256(np.packbits(pixels != 0).tobytes()).hexdigest() == digest


def _is_black_but_for(read: _Read, scanout: ScanoutBytes | ScanoutMap, place: Rect) -> bool:
    pixels = read(Rect(0, 0, scanout.width, scanout.height)).copy()
    pixels[place.y : place.y + place.height, place.x : place.x + place.width] = 0
    return not pixels.any()


def _reader(scanout: ScanoutBytes | ScanoutMap) -> _Read:
    """Reads a part of a scanout as colours, 0x00RRGGBB."""
    if isinstance(scanout, ScanoutBytes):
        stride, data = scanout.stride, scanout.data

        def rows(rect: Rect) -> bytearray | memoryview:
            return data[rect.y * stride + rect.x * 4 :]

    else:
        stride, shared = scanout.framebuffer.stride, scanout.framebuffer

        def rows(rect: Rect) -> bytearray | memoryview:
            return shared.span(rect)

    def read(rect: Rect) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
        pixels: np.ndarray[tuple[int, int], np.dtype[np.uint32]]
        pixels = np.ndarray((rect.height, rect.width), np.uint32, rows(rect), strides=(stride, 4))
        return pixels & np.uint32(0xFFFFFF)

    return read
