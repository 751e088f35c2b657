"""Frame: the pixels of a guest, or of an output, for programs: numpy arrays and PNG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from PIL import Image

from wlvm.framebuffer import (
    ABGR8888,
    ARGB8888,
    BGRA8888,
    BGRX8888,
    BYTES_PER_PIXEL,
    RGB565,
    RGBA8888,
    RGBX8888,
    TRANSFORMS,
    XBGR8888,
    XRGB8888,
    FramebufferError,
    Pixels,
    Rect,
    Transform,
    check_layout,
    check_size,
    fourcc_name,
)


class _Channel(NamedTuple):
    """Where a channel lies in a pixel that was read as one little-endian number."""

    shift: int
    bits: int


def _eight_bits(red: int, green: int, blue: int) -> tuple[_Channel, ...]:
    return tuple(_Channel(shift, 8) for shift in (red, green, blue))


#: Red, green and blue of each format in BYTES_PER_PIXEL (drm_fourcc.h names them from the number's top bit down).
_CHANNELS = {
    XRGB8888: _eight_bits(16, 8, 0),
    ARGB8888: _eight_bits(16, 8, 0),
    XBGR8888: _eight_bits(0, 8, 16),
    ABGR8888: _eight_bits(0, 8, 16),
    RGBX8888: _eight_bits(24, 16, 8),
    RGBA8888: _eight_bits(24, 16, 8),
    BGRX8888: _eight_bits(8, 16, 24),
    BGRA8888: _eight_bits(8, 16, 24),
    RGB565: (_Channel(11, 5), _Channel(5, 6), _Channel(0, 5)),
}

_WORDS = {2: "<u2", 4: "<u4"}


class Frame(Struct, frozen=True):
    """A picture of `width` x `height` pixels (DRM `fourcc`), in rows from the top without a gap between them.

    FramebufferError when `pixels`, any contiguous memory, does not hold exactly that. Alpha is junk in a guest's framebuffer and is
    never looked at.
    """

    width: int
    height: int
    fourcc: int
    pixels: Any

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if self.fourcc not in BYTES_PER_PIXEL:
            raise FramebufferError(f"pixel format {fourcc_name(self.fourcc)} is not one that wlvm shows")
        size, wanted = memoryview(self.pixels).nbytes, self.stride * self.height
        if size != wanted:
            raise FramebufferError(f"a frame of {self.width}x{self.height} has {wanted} bytes, not {size}")

    @classmethod
    def from_rows(cls, width: int, height: int, fourcc: int, stride: int, memory: bytes | bytearray) -> Frame:
        """A frame of rows that lie `stride` bytes apart, from the first byte of `memory` on; what lies between them is dropped."""
        check_size(width, height)
        row = width * BYTES_PER_PIXEL.get(fourcc, 0)
        if stride == row and len(memory) == stride * height:
            return cls(width, height, fourcc, memory)
        check_layout(
            width=width, height=height, stride=stride, offset=0, bytes_per_pixel=BYTES_PER_PIXEL.get(fourcc, 0),
            size=len(memory),
        )  # fmt: skip
        rows = (memory[y * stride : y * stride + row] for y in range(height))
        return cls(width, height, fourcc, b"".join(rows))

    @classmethod
    def part_of(cls, pixels: Pixels, part: Rect) -> Frame:
        """A copy of `part`, which must lie inside `pixels`."""
        bytes_per_pixel = BYTES_PER_PIXEL[pixels.fourcc]
        rows = memoryview(pixels.memory).cast("B")
        start = part.x * bytes_per_pixel
        row = part.width * bytes_per_pixel
        data = b"".join(
            bytes(rows[y * pixels.stride + start : y * pixels.stride + start + row])
            for y in range(part.y, part.y + part.height)
        )
        return cls(part.width, part.height, pixels.fourcc, data)

    @property
    def stride(self) -> int:
        """Bytes from one row to the next: a row's own."""
        return self.width * BYTES_PER_PIXEL[self.fourcc]

    @property
    def array(self) -> np.ndarray[Any, np.dtype[np.uint32]]:
        """The picture as (height, width) numbers 0x00RRGGBB, a copy. A channel of fewer than 8 bits is widened so that full stays full."""
        words = self._words()
        result = np.zeros(words.shape, np.uint32)
        for channel, shift in zip(_CHANNELS[self.fourcc], (16, 8, 0), strict=True):
            result |= _widened(words, channel) << np.uint32(shift)
        return result

    def rgb(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The picture as (height, width, 3) bytes of red, green and blue, a copy."""
        words = self._words()
        result = np.empty((*words.shape, 3), np.uint8)
        for index, channel in enumerate(_CHANNELS[self.fourcc]):
            result[:, :, index] = _widened(words, channel)
        return result

    def flipped(self) -> Frame:
        """The picture upside down."""
        rows = self._words()[::-1]
        return Frame(self.width, self.height, self.fourcc, rows.tobytes())

    def upright(self, transform: Transform) -> Frame:
        """The picture as a person sees it on a screen that stands as `transform` says, from the pixels as the screen gets them."""
        if transform == "normal":
            return self
        number = TRANSFORMS.index(transform)
        words = np.rot90(self._words(), -(number % 4))
        if number >= TRANSFORMS.index("flipped"):
            words = words[:, ::-1]
        height, width = words.shape
        return Frame(width, height, self.fourcc, words.tobytes())

    def png(self) -> bytes:
        """The picture as a PNG file of 8-bit RGB: every pixel exactly as `rgb()` has it."""
        file = io.BytesIO()
        Image.fromarray(self.rgb()).save(file, format="PNG")
        return file.getvalue()

    def save_png(self, path: Path) -> None:
        """Write the picture to a PNG file. OSError when that fails."""
        path.write_bytes(self.png())

    def _words(self) -> np.ndarray[Any, Any]:
        """The pixels as they lie in memory, one number each."""
        words = np.frombuffer(self.pixels, _WORDS[BYTES_PER_PIXEL[self.fourcc]])
        return words.reshape(self.height, self.width)


def _widened(words: np.ndarray[Any, Any], channel: _Channel) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """One channel as numbers of 8 bits: a narrower one repeats its top bits below, as pixman does."""
    numbers: np.ndarray[Any, np.dtype[np.uint32]] = words.astype(np.uint32)
    value = (numbers >> np.uint32(channel.shift)) & np.uint32((1 << channel.bits) - 1)
    if channel.bits == 8:
        return value
    return (value << np.uint32(8 - channel.bits)) | (value >> np.uint32(2 * channel.bits - 8))
