"""Pictures that go from one process to another in the memory behind file descriptors."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import FramebufferError, Rect, fourcc, fourcc_name
from wlvm.ipc.messages import DmabufImage, DmabufPlane, Image
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, DmabufMemory, Plane
from wlvm.udmabuf import make_udmabuf, whole_pages

#: Rows so many bytes apart can be imported by every common GPU.
_ROW_ALIGNMENT = 256

#: F_SEAL_FUTURE_WRITE (linux/fcntl.h). Nothing has mapped a new picture: forbidding the future forbids all, without the wait of F_SEAL_WRITE
#: for pages that the kernel itself is holding, which can fail (EBUSY).
_NO_MORE_WRITING = 0x10

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | _NO_MORE_WRITING | fcntl.F_SEAL_SEAL


def image_of(frame: Frame) -> Image:
    """What is said of the memory that `put_frame` makes."""
    return Image(frame.width, frame.height, frame.stride, fourcc_name(frame.fourcc))


def put_frame(frame: Frame) -> OwnedFd:
    """The pixels of a frame in memory that nobody can change or shrink any more: whoever gets it may map it. OSError without memory."""
    fd = OwnedFd(os.memfd_create("wlvm-frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
    try:
        rest = memoryview(frame.pixels).cast("B")
        while rest:
            rest = rest[os.write(fd.fileno(), rest) :]
        # The receiver shares the file's position: one that simply reads begins at the first row.
        os.lseek(fd.fileno(), 0, os.SEEK_SET)
        fcntl.fcntl(fd.fileno(), fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        fd.close()
        raise
    return fd


def take_frame(image: Image, fd: OwnedFd) -> Frame:
    """The frame that `image` describes, read from `fd`, which stays the caller's. FramebufferError when it is not there."""
    size = image.stride * image.height
    if not 0 < size <= os.fstat(fd.fileno()).st_size:
        raise FramebufferError(
            f"{image.width}x{image.height} with a stride of {image.stride} is not in the memory"
        )
    memory = bytearray(size)
    rest = memoryview(memory)
    while rest:
        count = os.preadv(fd.fileno(), [rest], size - len(rest))
        if count == 0:
            raise FramebufferError("the memory of a picture has been truncated")
        rest = rest[count:]
    return Frame.from_rows(image.width, image.height, fourcc(image.fourcc), image.stride, memory)


def copy_to_dmabuf(frame: Frame) -> DmabufDescriptor:
    """The pixels of a frame in a new dma-buf, which is the caller's. OSError where the kernel makes none (see `wlvm.udmabuf`)."""
    stride = -(-frame.stride // _ROW_ALIGNMENT) * _ROW_ALIGNMENT
    size = whole_pages(stride * frame.height)
    rows = memoryview(frame.pixels).cast("B")
    with OwnedFd(os.memfd_create("wlvm-frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)) as memory:
        os.ftruncate(memory.fileno(), size)
        for y in range(frame.height):
            os.pwrite(memory.fileno(), rows[y * frame.stride : (y + 1) * frame.stride], y * stride)
        fcntl.fcntl(memory.fileno(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        plane = Plane(make_udmabuf(memory, 0, size), 0, stride)
    return DmabufDescriptor(frame.width, frame.height, frame.fourcc, MOD_LINEAR, (plane,))


def describe_dmabuf(descriptor: DmabufDescriptor, *, copied: bool, reason: str) -> DmabufImage:
    """What is said of a dma-buf to whoever gets its fds."""
    return DmabufImage(
        descriptor.width,
        descriptor.height,
        fourcc_name(descriptor.fourcc),
        f"{descriptor.modifier:#x}",
        descriptor.visible,
        descriptor.y_inverted,
        tuple(DmabufPlane(plane.offset, plane.stride) for plane in descriptor.planes),
        copied,
        reason,
    )


def description_for_child(dmabuf: ExportedDmabuf) -> str:
    """What is said of a dma-buf to a program that inherits its fds: the protocol's JSON, with the number of the `fd` at each plane."""
    image = describe_dmabuf(dmabuf.descriptor, copied=dmabuf.copied, reason=dmabuf.reason)
    description = msgspec.to_builtins(image)
    for plane, described in zip(dmabuf.descriptor.planes, description["planes"], strict=True):
        described["fd"] = plane.fd.fileno()
    return json.dumps(description)


def duplicate_planes(descriptor: DmabufDescriptor) -> list[OwnedFd]:
    """A new fd for each plane, the caller's. OSError, and none is left open, when there are no more fds to be had."""
    fds: list[OwnedFd] = []
    try:
        for plane in descriptor.planes:
            fds.append(plane.fd.dup())
    except OSError:
        for fd in fds:
            fd.close()
        raise
    return fds


class ExportedDmabuf(Struct, frozen=True):
    """A guest's picture in dma-bufs, in another program than wlvm. It owns the fds: `close()` it, or use it in a `with`.

    The memory stays for as long as the fds do. Unless it is `copied` it is the guest's own: the guest draws into it at any time, and shows
    another one sooner or later.
    """

    descriptor: DmabufDescriptor
    #: Whether it is a copy of the moment it was asked for, and why.
    copied: bool
    reason: str

    def frame(self) -> Frame | None:
        """The visible pixels as they are now, upright, copied; None where only a GPU can read them. OSError from the exporter."""
        memory = DmabufMemory(self.descriptor)
        try:
            return memory.frame()
        finally:
            memory.unmap()

    def close(self) -> None:
        """Close the fds. Harmless when repeated."""
        self.descriptor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def take_dmabuf(image: DmabufImage, fds: Sequence[OwnedFd]) -> ExportedDmabuf:
    """The dma-buf that `image` describes; takes the fds over. FramebufferError, and they stay the caller's, when it cannot be."""
    if len(fds) != len(image.planes):
        raise FramebufferError(f"{len(image.planes)} planes came with {len(fds)} file descriptors")
    planes = (Plane(fd, plane.offset, plane.stride) for fd, plane in zip(fds, image.planes, strict=True))
    descriptor = DmabufDescriptor(
        image.width,
        image.height,
        fourcc(image.fourcc),
        _modifier(image.modifier),
        tuple(planes),
        image.y_inverted,
        Rect(*image.visible),
    )
    return ExportedDmabuf(descriptor, image.copied, image.reason)


def _modifier(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise FramebufferError(f"{text!r} is no modifier") from None
