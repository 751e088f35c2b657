"""Framebuffers in real dma-bufs, drawn into by a test in place of a guest: of memfds, of a dma-buf heap, of graphics cards."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import numpy as np

from tests.fake_qemu import LISTENER, LISTENER_DMABUF2, FakeListener
from tests.workstation.hardware import card
from wlvm.fd import OwnedFd
from wlvm.framebuffer import (
    ABGR8888,
    ARGB8888,
    BYTES_PER_PIXEL,
    RGB565,
    XBGR8888,
    XRGB8888,
    Rect,
)
from wlvm.linux_dmabuf import MOD_LINEAR
from wlvm.udmabuf import make_udmabuf, whole_pages

WIDTH, HEIGHT = 64, 48

RANDOM: Final = np.random.default_rng(11)

_HEAP: Final = "/dev/dma_heap/system"
_HEAP_ALLOC: Final = 0xC018_4800  # DMA_HEAP_IOCTL_ALLOC
_CREATE_DUMB: Final = 0xC020_64B2  # DRM_IOCTL_MODE_CREATE_DUMB
_PRIME_HANDLE_TO_FD: Final = 0xC00C_642D  # DRM_IOCTL_PRIME_HANDLE_TO_FD
_FENCE_ATTACH: Final = 0xC010_6441  # DRM_IOCTL_VGEM_FENCE_ATTACH
_FENCE_SIGNAL: Final = 0x4008_6442  # DRM_IOCTL_VGEM_FENCE_SIGNAL
_FENCE_WRITE: Final = 1

_SEALS: Final = fcntl.F_SEAL_SHRINK


class Exported(NamedTuple):
    """A dma-buf, and a map of its memory to draw into."""

    fd: OwnedFd
    memory: mmap.mmap


def memfd(size: int, seals: int = _SEALS, flags: int = os.MFD_ALLOW_SEALING) -> OwnedFd:
    """Shared memory, sealed so; without seals and flags, as QEMU makes it for its own pictures."""
    memory = OwnedFd(os.memfd_create("guest", os.MFD_CLOEXEC | flags))
    os.ftruncate(memory.fileno(), size)
    if seals:
        fcntl.fcntl(memory.fileno(), fcntl.F_ADD_SEALS, seals)
    return memory


def udmabuf(size: int) -> Exported:
    """Pages of guest memory, as QEMU exports a blob."""
    with memfd(whole_pages(size)) as memory:
        return Exported(
            make_udmabuf(memory, 0, whole_pages(size)), mmap.mmap(memory.fileno(), whole_pages(size))
        )


def heap(size: int) -> Exported:
    """A buffer of the system's dma-buf heap."""
    request = bytearray(struct.pack("=QIIQ", whole_pages(size), 0, os.O_RDWR | os.O_CLOEXEC, 0))
    with OwnedFd(os.open(_HEAP, os.O_RDWR | os.O_CLOEXEC)) as device:
        fcntl.ioctl(device.fileno(), _HEAP_ALLOC, request)
    fd = OwnedFd(struct.unpack("=QIIQ", request)[1])
    return Exported(fd, mmap.mmap(fd.fileno(), whole_pages(size)))


class Vgem:
    """A device that exports buffers, and whose fences are signalled when a test says so: a GPU without one."""

    def __init__(self) -> None:
        self._device = OwnedFd(os.open(card("vgem"), os.O_RDWR | os.O_CLOEXEC))
        self._handle = 0

    def buffer(self, size: int) -> Exported:
        """A buffer; `begin_drawing` is about the latest."""
        fd, self._handle, _stride = dumb_buffer(self._device, whole_pages(size) // 4, 1)
        return Exported(fd, mmap.mmap(fd.fileno(), size))

    def begin_drawing(self) -> int:
        """Draw into the buffer from now on, until `end_drawing`; the kernel ends it after ten seconds."""
        request = bytearray(struct.pack("=IIII", self._handle, _FENCE_WRITE, 0, 0))
        fcntl.ioctl(self._device.fileno(), _FENCE_ATTACH, request)
        fence: int = struct.unpack("=IIII", request)[2]
        return fence

    def end_drawing(self, fence: int) -> None:
        fcntl.ioctl(self._device.fileno(), _FENCE_SIGNAL, struct.pack("=II", fence, 0))

    def close(self) -> None:
        self._device.close()


class DumbBuffer(NamedTuple):
    """A card's own linear buffer as a dma-buf, its handle, and its stride in bytes (drm_mode.h)."""

    fd: OwnedFd
    handle: int
    stride: int


def dumb_buffer(device: OwnedFd, width: int, height: int, bits: int = 32) -> DumbBuffer:
    """A dma-buf of an open card's own."""
    request = bytearray(struct.pack("=IIIIIIQ", height, width, bits, 0, 0, 0, 0))
    fcntl.ioctl(device.fileno(), _CREATE_DUMB, request)
    _height, _width, _bits, _flags, handle, stride, _size = struct.unpack("=IIIIIIQ", request)
    request = bytearray(struct.pack("=IIi", handle, os.O_CLOEXEC | os.O_RDWR, -1))
    fcntl.ioctl(device.fileno(), _PRIME_HANDLE_TO_FD, request)
    return DumbBuffer(OwnedFd(struct.unpack("=IIi", request)[2]), handle, stride)


def card_buffer(node: Path) -> Callable[[int], Exported]:
    """Makes buffers of a card's own: its GPU imports these, whatever it thinks of others."""

    def make(size: int) -> Exported:
        with OwnedFd(os.open(node, os.O_RDWR | os.O_CLOEXEC)) as device:
            fd = dumb_buffer(device, whole_pages(size) // 4, 1).fd
        return Exported(fd, mmap.mmap(fd.fileno(), size))

    return make


class GuestMemory:
    """A framebuffer in a guest's memory: `pixels`, as their format has them, and the dma-buf that QEMU makes of it."""

    def __init__(
        self,
        width: int = WIDTH,
        height: int = HEIGHT,
        *,
        fourcc: int = XRGB8888,
        padding: int = 0,
        offset: int = 0,
        export: Callable[[int], Exported] = udmabuf,
    ) -> None:
        """`padding` is so many bytes between the rows, `offset` so many before the first; only ScanoutDMABUF2 can tell that one."""
        self.width, self.height, self.fourcc, self.offset = width, height, fourcc, offset
        size = BYTES_PER_PIXEL[fourcc]
        self.stride = width * size + padding
        self.dmabuf, memory = export(offset + self.stride * height)
        self.pixels: np.ndarray = np.ndarray(
            (height, width), f"<u{size}", memory, offset, (self.stride, size)
        )
        self.draw()

    def draw(self) -> None:
        """Another picture; what is no colour is junk."""
        top = 1 << 8 * self.pixels.itemsize
        self.pixels[:] = RANDOM.integers(0, top, self.pixels.shape).astype(self.pixels.dtype)

    @property
    def picture(self) -> np.ndarray:
        """The colours of `pixels`, 0x00RRGGBB."""
        pixels = self.pixels.astype(np.uint32)
        if self.fourcc in (XRGB8888, ARGB8888):
            return pixels & 0xFFFFFF
        if self.fourcc in (XBGR8888, ABGR8888):
            return (pixels & 0xFF) << 16 | pixels & 0xFF00 | pixels >> 16 & 0xFF
        assert self.fourcc == RGB565
        red, green, blue = pixels >> 11, pixels >> 5 & 63, pixels & 31
        return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | blue << 3 | blue >> 2

    def show(
        self,
        listener: FakeListener,
        part: Rect | None = None,
        bottom_first: bool = False,
        modifier: int = MOD_LINEAR,
    ) -> None:
        """Scan it out, or a part of it."""
        fd = self.dmabuf.fileno()
        if part is None and not self.offset:
            body = (fd, self.width, self.height, self.stride, self.fourcc, modifier, bottom_first)
            listener.tell(LISTENER, "ScanoutDMABUF", "huuuutb", body)
        else:
            whole = (self.width, self.height)
            crop = part or Rect(0, 0, *whole)
            body2 = (
                [fd], *crop, [self.offset], [self.stride], 1, self.fourcc, *whole, modifier, bottom_first,
            )  # fmt: skip
            listener.tell(LISTENER_DMABUF2, "ScanoutDMABUF2", "ahuuuuauauuuuutb", body2)

    @property
    def inode(self) -> int:
        return inode(self.dmabuf)

    def close(self) -> None:
        self.dmabuf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def inode(fd: OwnedFd) -> int:
    """The number that a dma-buf has in the kernel, whatever its fds are."""
    return os.fstat(fd.fileno()).st_ino


def is_held(number: int) -> bool:
    """Whether anybody at all, in user space or in the kernel, still holds the dma-buf of an inode."""
    for line in Path("/sys/kernel/debug/dma_buf/bufinfo").read_text().splitlines():
        columns = line.split()
        if len(columns) > 5 and columns[5].isdecimal() and int(columns[5]) == number:
            return True
    return False
