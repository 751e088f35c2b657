"""Words that every framebuffer shares: rectangles, pixel formats, limits, and the check of a layout against its memory.

Everything here is pure arithmetic on Python's unbounded integers, so no check can be defeated by an overflow.
"""

from __future__ import annotations

import enum
from typing import Any, Literal, NamedTuple, get_args

#: The widest and highest framebuffer wlvm accepts, in pixels (the largest that common GPUs sample and scan out).
MAX_SIDE = 16384

#: How an output's picture is turned on its way to the screen: counter-clockwise by so many degrees, after a flip around the vertical axis
#: where it says so. The order is that of wl_output.transform, so that a place in TRANSFORMS is the protocol's number.
Transform = Literal["normal", "90", "180", "270", "flipped", "flipped-90", "flipped-180", "flipped-270"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)


def is_sideways(transform: Transform) -> bool:
    """Whether an output's width is the height of its picture."""
    return TRANSFORMS.index(transform) % 2 == 1


class FramebufferError(ValueError):
    """Somebody described a framebuffer, a part of one, or a cursor that cannot be. The text says what is wrong."""


class Filter(enum.Enum):
    """Which of a picture's pixels make one of the screen's, where these are not the same."""

    NEAREST = "nearest"
    """The one that it lies in."""
    LINEAR = "linear"
    """The four around it, mixed."""


class Rect(NamedTuple):
    """A rectangle in pixels: `x`, `y` its top left corner, `width`, `height` both at least 1 unless said otherwise."""

    x: int
    y: int
    width: int
    height: int

    def clipped(self, width: int, height: int) -> Rect | None:
        """The part inside a `width` x `height` framebuffer, None if there is none."""
        left, top = max(self.x, 0), max(self.y, 0)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        if right <= left or bottom <= top:
            return None
        return Rect(left, top, right - left, bottom - top)

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rect(left, top, right - left, bottom - top)

    def overlaps(self, other: Rect) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def contains(self, other: Rect) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


class Pixels(NamedTuple):
    """Readable memory that holds rows of pixels: contiguous `memory` from its first byte on, `stride` in bytes, a DRM `fourcc`."""

    memory: Any
    fourcc: int
    stride: int


def fourcc(code: str) -> int:
    """The DRM format code of four characters (drm_fourcc.h), for example `fourcc("XR24")`."""
    a, b, c, d = code.encode("ascii")
    return a | b << 8 | c << 16 | d << 24


def fourcc_name(code: int) -> str:
    """The four characters of a DRM format code, or its number where they are not printable."""
    text = (code & 0xFFFFFFFF).to_bytes(4, "little")
    return text.decode("ascii") if all(32 < byte < 127 for byte in text) else f"0x{code:08x}"


XRGB8888 = fourcc("XR24")
ARGB8888 = fourcc("AR24")
XBGR8888 = fourcc("XB24")
ABGR8888 = fourcc("AB24")
BGRX8888 = fourcc("BX24")
BGRA8888 = fourcc("BA24")
RGBX8888 = fourcc("RX24")
RGBA8888 = fourcc("RA24")
RGB565 = fourcc("RG16")

#: Bytes a pixel of every single-plane format that guests show.
BYTES_PER_PIXEL = {
    XRGB8888: 4, ARGB8888: 4, XBGR8888: 4, ABGR8888: 4,
    BGRX8888: 4, BGRA8888: 4, RGBX8888: 4, RGBA8888: 4,
    RGB565: 2,
}  # fmt: skip

#: A guest's alpha channel holds junk: the format with the same bytes that ignores it.
OPAQUE = {ARGB8888: XRGB8888, ABGR8888: XBGR8888, BGRA8888: BGRX8888, RGBA8888: RGBX8888}

#: pixman's format codes (pixman.h; little-endian hosts), as QEMU sends them with Scanout, Update and ScanoutMap.
PIXMAN_FORMATS = {
    0x20020888: XRGB8888,
    0x20028888: ARGB8888,
    0x20030888: XBGR8888,
    0x20038888: ABGR8888,
    0x20080888: BGRX8888,
    0x20088888: BGRA8888,
    0x20090888: RGBX8888,
    0x20098888: RGBA8888,
    0x10020565: RGB565,
}


def opaque(code: int) -> int:
    """The DRM format that reads the same bytes and ignores alpha."""
    return OPAQUE.get(code, code)


def format_from_pixman(code: int) -> int:
    """The opaque DRM format of a pixman format code; FramebufferError for one that no guest should use."""
    try:
        return opaque(PIXMAN_FORMATS[code])
    except KeyError:
        raise FramebufferError(f"pixel format 0x{code:08x} (pixman's) is not one that wlvm shows") from None


def check_size(width: int, height: int) -> None:
    """Raise FramebufferError unless 1 <= width, height <= MAX_SIDE."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise FramebufferError(f"a framebuffer of {width}x{height}: each side must be 1 to {MAX_SIDE} pixels")


def check_layout(
    *, width: int, height: int, stride: int, offset: int, bytes_per_pixel: int, size: int
) -> None:
    """Raise FramebufferError unless `height` rows of `width` pixels, `stride` bytes apart from `offset` on, lie in `size` bytes."""
    if stride < width * bytes_per_pixel:
        raise FramebufferError(
            f"a stride of {stride} bytes is less than {width} pixels of {bytes_per_pixel} bytes"
        )
    end = offset + stride * (height - 1) + width * bytes_per_pixel
    if offset < 0 or end > size:
        raise FramebufferError(
            f"{width}x{height} at offset {offset}, stride {stride}, ends at byte {end} of {size}"
        )
