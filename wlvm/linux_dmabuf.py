"""dma-bufs as the kernel knows them: what describes one, what makes a description believable, and how the CPU may read one.

The kernel's documents behind this: Documentation/driver-api/dma-buf.rst (size by lseek, CPU access bracketed by
DMA_BUF_IOCTL_SYNC) and include/uapi/linux/dma-buf.h (the numbers).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import struct

from msgspec import Struct
from msgspec.structs import replace

from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import (
    BYTES_PER_PIXEL,
    FramebufferError,
    Pixels,
    Rect,
    check_layout,
    check_size,
    fourcc_name,
)

#: Modifiers (drm_fourcc.h). INVALID says "as the driver laid it out"; for memory no GPU tiled, that is LINEAR.
MOD_LINEAR = 0
MOD_INVALID = 0x00FF_FFFF_FFFF_FFFF

MAX_PLANES = 4

_SYNC_READ, _SYNC_START, _SYNC_END = 1, 0, 4
_IOCTL_SYNC = 0x4008_6200  # _IOW('b', 0, struct dma_buf_sync)


class Plane(Struct, frozen=True):
    """One plane of a dma-buf: `offset` and `stride` in bytes; the descriptor that holds the plane owns `fd`."""

    fd: OwnedFd
    offset: int
    stride: int


class DmabufDescriptor(Struct, frozen=True):
    """A framebuffer in dma-bufs, checked when made: no size, offset or stride in it reaches past its memory.

    `width`, `height` are the whole buffer's, in pixels; `crop` is the part to show, inside it, before `y_inverted` is
    applied. `y_inverted` says that the first row in memory is the bottom of the picture. `fourcc` and `modifier` are
    DRM's (drm_fourcc.h). The descriptor owns the planes' fds: `close()` closes each once.

    Raises FramebufferError (and closes nothing) when the description cannot be true.
    """

    width: int
    height: int
    fourcc: int
    modifier: int
    planes: tuple[Plane, ...]
    y_inverted: bool = False
    crop: Rect | None = None

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if not 1 <= len(self.planes) <= MAX_PLANES:
            raise FramebufferError(f"a dma-buf of {len(self.planes)} planes: there must be 1 to {MAX_PLANES}")
        if not 0 <= self.modifier < 1 << 64:
            raise FramebufferError(f"modifier {self.modifier:#x} is not a 64-bit number")
        if self.fourcc not in BYTES_PER_PIXEL:
            raise FramebufferError(f"pixel format {fourcc_name(self.fourcc)} is not one that wlvm shows")
        crop = self.crop
        if crop is not None and (
            crop.width < 1 or crop.height < 1 or not Rect(0, 0, self.width, self.height).contains(crop)
        ):
            raise FramebufferError(f"the visible part {tuple(crop)} is not inside {self.width}x{self.height}")
        for plane in self.planes:
            self._check_plane(plane)
        if self.linear:
            if len(self.planes) != 1:
                raise FramebufferError(
                    f"linear {fourcc_name(self.fourcc)} has one plane, not {len(self.planes)}"
                )
            (plane,) = self.planes
            check_layout(
                width=self.width,
                height=self.height,
                stride=plane.stride,
                offset=plane.offset,
                bytes_per_pixel=BYTES_PER_PIXEL[self.fourcc],
                size=dmabuf_size(plane.fd),
            )

    def _check_plane(self, plane: Plane) -> None:
        """What holds for every layout, tiled ones too: 32-bit fields (wlr_dmabuf_attributes) and a start inside the buffer."""
        if not (1 <= plane.stride < 1 << 32 and 0 <= plane.offset < 1 << 32):
            raise FramebufferError(
                f"a plane at offset {plane.offset}, stride {plane.stride}, is not possible"
            )
        size = dmabuf_size(plane.fd)
        if plane.offset >= size:
            raise FramebufferError(f"a plane starts at byte {plane.offset} of a buffer of {size}")

    @property
    def linear(self) -> bool:
        """Whether the rows lie in memory one after another. MOD_INVALID does not promise it."""
        return self.modifier == MOD_LINEAR

    @property
    def visible(self) -> Rect:
        """The part to show, in the buffer's pixels."""
        return self.crop or Rect(0, 0, self.width, self.height)

    def close(self) -> None:
        """Close every plane's fd (once, also where planes share one)."""
        for plane in self.planes:
            plane.fd.close()


def dmabuf_size(fd: OwnedFd) -> int:
    """The size in bytes of a dma-buf; FramebufferError when the descriptor is of something else.

    Only a dma-buf's link in /proc reads `/dmabuf:...`, and only its size is found by seeking: it has none in fstat.
    """
    try:
        link = os.readlink(f"/proc/self/fd/{fd.fileno()}")
    except OSError as error:
        raise FramebufferError(
            f"the file descriptor of a plane cannot be examined: {error.strerror}"
        ) from None
    if not link.startswith(("/dmabuf", "anon_inode:dmabuf")):
        raise FramebufferError(f"the file descriptor of a plane is no dma-buf but {link}")
    return os.lseek(fd.fileno(), 0, os.SEEK_END)


def is_ready(fd: OwnedFd) -> bool:
    """Whether a dma-buf, or a fence of one, is readable: nobody draws into it (any more). Does not wait."""
    poll = select.poll()
    poll.register(fd.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class DmabufMemory:
    """A dma-buf as a buffer to show (a `wlvm.wlr.buffer.BufferSource`): to a GPU as it is, to the CPU where its rows are linear.

    It owns the descriptor. The map is made at the first CPU access and lives as long as the memory; every access is bracketed by
    DMA_BUF_IOCTL_SYNC, so that caches agree with what the exporter's device wrote.
    """

    def __init__(self, descriptor: DmabufDescriptor, *, crops: bool = False) -> None:
        """`crops`: be a buffer of the visible part alone, for a renderer that cannot draw a part of one; only the CPU gets that."""
        self.descriptor = descriptor
        self._window = descriptor.visible if crops else Rect(0, 0, descriptor.width, descriptor.height)
        self.width = self._window.width
        self.height = self._window.height
        self._kept_from_gpu = False
        self._map: mmap.mmap | None = None
        self._bracketed = False

    @property
    def visible(self) -> Rect:
        """The part to show, in this buffer's pixels."""
        x, y, width, height = self.descriptor.visible
        return Rect(x - self._window.x, y - self._window.y, width, height)

    def show_part(self, crop: Rect | None, y_inverted: bool) -> None:
        """Another part of the same buffer is the picture from now on (see DmabufDescriptor)."""
        if (crop, y_inverted) != (self.descriptor.crop, self.descriptor.y_inverted):
            self.descriptor = replace(self.descriptor, crop=crop, y_inverted=y_inverted)

    def keep_from_gpu(self) -> None:
        """Offer the CPU's pixels alone: a GPU's driver has refused the dma-buf."""
        self._kept_from_gpu = True

    def dmabuf(self) -> DmabufDescriptor | None:
        whole = (self.width, self.height) == (self.descriptor.width, self.descriptor.height)
        return self.descriptor if whole and not self._kept_from_gpu else None

    resident = None

    def begin_access(self) -> Pixels | None:
        """Does not wait for who may be drawing: then what is there is read as it is, and what is drawn will be announced."""
        if not self.descriptor.linear:
            return None
        (plane,) = self.descriptor.planes
        if self._map is None:
            try:
                self._map = mmap.mmap(
                    plane.fd.fileno(), dmabuf_size(plane.fd), mmap.MAP_SHARED, mmap.PROT_READ
                )
            except OSError:
                return None  # an exporter may refuse to be mapped
        # The kernel waits for whoever draws before it brackets.
        self._bracketed = is_ready(plane.fd) and self._sync(_SYNC_START)
        fourcc = self.descriptor.fourcc
        start = plane.offset + self._window.y * plane.stride + self._window.x * BYTES_PER_PIXEL[fourcc]
        return Pixels(memoryview(self._map)[start:], fourcc, plane.stride)

    def end_access(self) -> None:
        if self._bracketed:
            self._sync(_SYNC_END)

    def frame(self) -> Frame | None:
        """The visible pixels as they are now, upright, copied; None where the CPU cannot read them."""
        pixels = self.begin_access()
        if pixels is None:
            return None
        try:
            frame = Frame.part_of(pixels, self.visible)
        finally:
            self.end_access()
        return frame.flipped() if self.descriptor.y_inverted else frame

    def unmap(self) -> None:
        """Give the CPU's map back; the next access makes another."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def close(self) -> None:
        """Unmap, and close the fds."""
        self.unmap()
        self.descriptor.close()

    def _sync(self, phase: int) -> bool:
        """Begin or end a bracket; False where the exporter cannot (its device is gone): its memory is still there to read."""
        request = struct.pack("=Q", _SYNC_READ | phase)
        try:
            fcntl.ioctl(self.descriptor.planes[0].fd.fileno(), _IOCTL_SYNC, request)
        except OSError:
            return False
        return True
