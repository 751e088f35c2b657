"""Pictures that go from one process to another in the memory behind a file descriptor."""

from __future__ import annotations

import fcntl
import os

from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import FramebufferError, fourcc
from wlvm.ipc.messages import Image

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


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
