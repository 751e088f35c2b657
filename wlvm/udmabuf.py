"""udmabuf: the pages of a memfd as a dma-buf (the kernel's drivers/dma-buf/udmabuf.c and include/uapi/linux/udmabuf.h).

The pages are pinned for as long as the dma-buf lives: they neither move nor go, whoever else closes or truncates what.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from typing import Final

from wlvm.fd import OwnedFd
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, Plane
from wlvm.shared_memory import SharedFramebuffer

DEVICE: Final = "/dev/udmabuf"

_CREATE: Final = 0x4018_7542  # _IOW('u', 0x42, struct udmabuf_create)
_CLOEXEC: Final = 1


def make_udmabuf(memory: OwnedFd, offset: int, size: int) -> OwnedFd:
    """A dma-buf of `size` bytes of a memfd from `offset` on, both whole pages; the memfd stays the caller's.

    The memfd must be sealed against shrinking and not against writing. OSError when it is not, without the device or the right to open it,
    and for more than the kernel allows (64 MiB, if its parameter udmabuf.size_limit_mb says nothing else).
    """
    with OwnedFd(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)) as device:
        request = struct.pack("=IIQQ", memory.fileno(), _CLOEXEC, offset, size)
        return OwnedFd(fcntl.ioctl(device.fileno(), _CREATE, bytearray(request)))


def whole_pages(size: int) -> int:
    """`size` bytes, rounded up to whole pages."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def wrap(shared: SharedFramebuffer) -> DmabufDescriptor:
    """The same picture, in a dma-buf of the shared memory's own pages; the shared memory stays the caller's.

    The memory is sealed against shrinking, for ever. OSError, with a reason for a person in its `strerror`, when that cannot be.
    """
    memory = shared.fd.fileno()
    seals = fcntl.fcntl(memory, fcntl.F_GET_SEALS)
    if not seals & fcntl.F_SEAL_SHRINK:
        if seals & fcntl.F_SEAL_SEAL:
            raise PermissionError(errno.EPERM, "its owner has forbidden seals, so that it could shrink")
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    start = shared.offset // mmap.PAGESIZE * mmap.PAGESIZE
    within = shared.offset - start
    try:
        fd = make_udmabuf(shared.fd, start, whole_pages(within + shared.stride * shared.height))
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, f"this kernel has no {DEVICE}") from None
    except PermissionError:
        raise PermissionError(errno.EACCES, f"{DEVICE} is not yours to open") from None
    except OSError as error:
        raise OSError(error.errno, f"the kernel refuses a udmabuf of it ({error.strerror})") from None
    try:
        plane = Plane(fd, within, shared.stride)
        return DmabufDescriptor(shared.width, shared.height, shared.fourcc, MOD_LINEAR, (plane,))
    except BaseException:
        fd.close()
        raise
