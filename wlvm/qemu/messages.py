"""What QEMU tells a display listener, checked: one function from a D-Bus message to each frozen value.

Sources: ui/dbus-display1.xml (signatures) and ui/dbus-listener.c (meaning) of QEMU. Every function here takes a message of the
member it is named after, raises FramebufferError and nothing else when the message is not believable, and leaves the message's
fds alone then; on return the value owns those it needs and the others are closed.

The hot messages have fixed signatures, so `struct` reads them in place: pixels are never copied here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from wlvm.fd import OwnedFd
from wlvm.framebuffer import (
    BYTES_PER_PIXEL,
    MAX_SIDE,
    FramebufferError,
    Rect,
    check_layout,
    check_size,
    format_from_pixman,
    opaque,
)
from wlvm.linux_dmabuf import MAX_PLANES, MOD_INVALID, MOD_LINEAR, DmabufDescriptor, Plane
from wlvm.qemu.dbus import MAX_ARRAY, Message
from wlvm.qemu.dbus_values import WireError
from wlvm.shared_memory import SharedFramebuffer

#: The widest and highest cursor wlvm accepts, in pixels.
MAX_CURSOR_SIDE: Final = 512
#: Cursor positions beyond this are as invisible as those at it. Keeps every later sum small.
_FAR: Final = 1 << 15


class ScanoutBytes(Struct, frozen=True):
    """A whole picture: `height` rows of `width` pixels (DRM `fourcc`), `stride` bytes apart, in `data` (read-only)."""

    width: int
    height: int
    stride: int
    fourcc: int
    data: memoryview


class UpdateBytes(Struct, frozen=True):
    """A part of the picture, `rect` of it in guest pixels: its rows are `stride` bytes apart in `data` (read-only).

    What a console gives to be taken has the format of the ScanoutBytes before it. But after a change of resolution that QEMU
    did not announce, `rect` may pass the last scanout's edges (see ConsoleChanges.size).
    """

    rect: Rect
    stride: int
    fourcc: int
    data: memoryview


class ScanoutMap(Struct, frozen=True):
    """The picture is in shared memory from now on. Owns it through `framebuffer`."""

    framebuffer: SharedFramebuffer

    @property
    def width(self) -> int:
        return self.framebuffer.width

    @property
    def height(self) -> int:
        return self.framebuffer.height

    def close(self) -> None:
        """Give the memory back, once."""
        self.framebuffer.close()


class ScanoutDmabuf(Struct, frozen=True):
    """The picture is in a dma-buf from now on. Owns it through `dmabuf`. Its size is that of the visible part."""

    dmabuf: DmabufDescriptor

    @property
    def width(self) -> int:
        return self.dmabuf.visible.width

    @property
    def height(self) -> int:
        return self.dmabuf.visible.height

    def close(self) -> None:
        """Close the dma-buf's fds, once."""
        self.dmabuf.close()


class Cursor(Struct, frozen=True):
    """The pointer's picture: `width * height` pixels of ARGB8888 without padding; the hotspot is a pixel inside it.

    QEMU does not say whether alpha is premultiplied: virtio-gpu's is, vmware's is not.
    """

    width: int
    height: int
    hot_x: int
    hot_y: int
    pixels: bytes


class CursorPosition(Struct, frozen=True):
    """Where the pointer's picture has its top left corner, in guest pixels (it may be negative), and whether it shows."""

    x: int
    y: int
    visible: bool


_SCANOUT: Final = struct.Struct("<5I")
_UPDATE: Final = struct.Struct("<4i3I")
_SCANOUT_MAP: Final = struct.Struct("<6I")
_SCANOUT_DMABUF: Final = struct.Struct("<5I4xQI")
_RECT: Final = struct.Struct("<4i")
_CURSOR: Final = struct.Struct("<4iI")
_MOUSE: Final = struct.Struct("<3i")


def scanout(message: Message) -> ScanoutBytes:
    """`Scanout(uuuuay)`: width, height, stride, pixman format, pixels."""
    width, height, stride, pixman, length = _head(message, "uuuuay", _SCANOUT)
    data = _pixels(message, _SCANOUT.size, length)
    code = _check_pixels(width, height, stride, pixman, len(data))
    return ScanoutBytes(width, height, stride, code, data)


def update(message: Message) -> UpdateBytes:
    """`Update(iiiiuuay)`: x, y, width, height, stride, pixman format, pixels."""
    x, y, width, height, stride, pixman, length = _head(message, "iiiiuuay", _UPDATE)
    data = _pixels(message, _UPDATE.size, length)
    code = _check_pixels(width, height, stride, pixman, len(data))
    if x < 0 or y < 0 or x + width > MAX_SIDE or y + height > MAX_SIDE:
        raise FramebufferError(f"an update at {x},{y} of {width}x{height} is in no framebuffer")
    return UpdateBytes(Rect(x, y, width, height), stride, code, data)


def scanout_map(message: Message) -> ScanoutMap:
    """`ScanoutMap(huuuuu)`: handle, offset, width, height, stride, pixman format. The offset need not be page-aligned."""
    handle, offset, width, height, stride, pixman = _whole(message, "huuuuu", _SCANOUT_MAP)
    fd = _fd(message, handle)
    framebuffer = SharedFramebuffer(fd, width, height, stride, offset, format_from_pixman(pixman))
    _keep(message, [fd])
    return ScanoutMap(framebuffer)


def scanout_dmabuf(message: Message) -> ScanoutDmabuf:
    """`ScanoutDMABUF(huuuutb)`: handle, width, height, stride, fourcc, modifier, y0_top.

    QEMU's y0_top means the contrary of its name: true is OpenGL's order, the bottom row first (ui/gtk-egl.c).
    """
    handle, width, height, stride, code, modifier, y0_top = _whole(message, "huuuutb", _SCANOUT_DMABUF)
    planes = (Plane(_fd(message, handle), 0, stride),)
    return _scanout_dmabuf(message, width, height, code, modifier, planes, _boolean(y0_top), None)


def scanout_dmabuf2(message: Message) -> ScanoutDmabuf:
    """`ScanoutDMABUF2(ahuuuuauauuuuutb)`, of QEMU 10.1: handles, x, y, width, height, offsets, strides, number of planes,
    fourcc, backing width, backing height, modifier, y0_top.

    Planes without a handle of their own lie in plane 0's dma-buf.
    """
    values = _values(message, "ahuuuuauauuuuutb")
    handles, x, y, width, height, offsets, strides, count, code, full_width, full_height, modifier, y0_top = (
        values
    )
    assert isinstance(handles, list)
    assert isinstance(offsets, list)
    assert isinstance(strides, list)
    numbers = (x, y, width, height, count, code, full_width, full_height, modifier)
    x, y, width, height, count, code, full_width, full_height, modifier = map(_integer, numbers)
    if not (1 <= count <= MAX_PLANES and 1 <= len(handles) <= count == len(offsets) == len(strides)):
        raise FramebufferError(
            f"{count} planes with {len(handles)} handles, {len(offsets)} offsets and {len(strides)} strides"
        )
    handles += handles[:1] * (count - len(handles))
    planes = tuple(
        Plane(_fd(message, _integer(handle)), _integer(offset), _integer(stride))
        for handle, offset, stride in zip(handles, offsets, strides, strict=True)
    )
    crop = Rect(x, y, width, height)
    whole = crop == (0, 0, full_width, full_height)
    return _scanout_dmabuf(
        message, full_width, full_height, code, modifier, planes, y0_top is True, None if whole else crop
    )


def _scanout_dmabuf(
    message: Message,
    width: int,
    height: int,
    code: int,
    modifier: int,
    planes: tuple[Plane, ...],
    y_inverted: bool,
    crop: Rect | None,
) -> ScanoutDmabuf:
    if modifier == MOD_INVALID and len(planes) == 1 and _from_udmabuf(planes[0].fd):
        # Guest memory: nothing tiled it, and QEMU only has no modifier to tell. Rows one after another, so check them as such.
        modifier = MOD_LINEAR
    dmabuf = DmabufDescriptor(width, height, opaque(code), modifier, planes, y_inverted, crop)
    _keep(message, [plane.fd for plane in planes])
    return ScanoutDmabuf(dmabuf)


def _from_udmabuf(fd: OwnedFd) -> bool:
    """Whether a dma-buf is ordinary memory: its exporter is named in /proc (Documentation/filesystems/proc.rst, fdinfo)."""
    try:
        with open(f"/proc/self/fdinfo/{fd.fileno()}", "rb") as info:
            return b"exp_name:\tudmabuf\n" in info.read(4096)
    except OSError:
        return False


def damage(message: Message) -> Rect:
    """`UpdateMap(iiii)` and `UpdateDMABUF(iiii)`: x, y, width, height, wherever they are: clip before use."""
    return Rect(*_whole(message, "iiii", _RECT))


def cursor(message: Message) -> Cursor:
    """`CursorDefine(iiiiay)`: width, height, hot_x, hot_y, pixels. vfio says -1 for a hotspot that it does not know: 0."""
    width, height, hot_x, hot_y, length = _head(message, "iiiiay", _CURSOR)
    data = _pixels(message, _CURSOR.size, length)
    if not (1 <= width <= MAX_CURSOR_SIDE and 1 <= height <= MAX_CURSOR_SIDE):
        raise FramebufferError(
            f"a cursor of {width}x{height}: each side must be 1 to {MAX_CURSOR_SIDE} pixels"
        )
    if len(data) != width * height * 4:
        raise FramebufferError(f"a cursor of {width}x{height} in {len(data)} bytes")
    return Cursor(width, height, min(max(hot_x, 0), width - 1), min(max(hot_y, 0), height - 1), bytes(data))


def cursor_position(message: Message) -> CursorPosition:
    """`MouseSet(iii)`: x, y, on."""
    x, y, on = _whole(message, "iii", _MOUSE)
    return CursorPosition(min(max(x, -_FAR), _FAR), min(max(y, -_FAR), _FAR), on != 0)


def _head(message: Message, signature: str, layout: struct.Struct) -> tuple[int, ...]:
    """The numbers at the body's start, the last of which is the length of the byte array that follows."""
    _check_signature(message, signature)
    if len(message.body) < layout.size:
        raise FramebufferError(f"{message.fields.member} ends after {len(message.body)} bytes")
    return layout.unpack_from(message.body)


def _whole(message: Message, signature: str, layout: struct.Struct) -> tuple[int, ...]:
    """The numbers that are the whole body."""
    _check_signature(message, signature)
    if len(message.body) != layout.size:
        raise FramebufferError(f"{message.fields.member} of {len(message.body)} bytes")
    return layout.unpack(message.body)


def _values(message: Message, signature: str) -> tuple[object, ...]:
    _check_signature(message, signature)
    try:
        return message.values()
    except WireError as error:
        raise FramebufferError(f"{message.fields.member}: {error}") from None


def _check_signature(message: Message, signature: str) -> None:
    if message.fields.signature != signature:
        raise FramebufferError(f"{message.fields.member}({message.fields.signature}) should have {signature}")


def _pixels(message: Message, start: int, length: int) -> memoryview:
    """The byte array that ends the body: all of it, and not longer than D-Bus allows."""
    data = message.body[start:]
    if len(data) != length or length > MAX_ARRAY:
        raise FramebufferError(
            f"{message.fields.member} with {length} bytes of pixels, {len(data)} of them there"
        )
    return data


def _check_pixels(width: int, height: int, stride: int, pixman: int, size: int) -> int:
    """The DRM format of pixels in a byte array of `size`, which holds the rows and no more."""
    code = format_from_pixman(pixman)
    check_size(width, height)
    check_layout(
        width=width, height=height, stride=stride, offset=0, bytes_per_pixel=BYTES_PER_PIXEL[code], size=size
    )
    if size > stride * height:
        raise FramebufferError(f"{size} bytes for {height} rows of {stride}")
    return code


def _fd(message: Message, handle: int) -> OwnedFd:
    if handle >= len(message.fds):
        raise FramebufferError(
            f"{message.fields.member} means file descriptor {handle} of {len(message.fds)}"
        )
    return message.fds[handle]


def _keep(message: Message, kept: Iterable[OwnedFd]) -> None:
    """Take these fds out of the message; nobody wants its others."""
    wanted = {id(fd) for fd in kept}
    message.fds[:] = [fd for fd in message.fds if id(fd) not in wanted]
    message.close()


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value


def _boolean(value: int) -> bool:
    if value not in (0, 1):
        raise FramebufferError(f"a boolean of {value}")
    return value == 1
