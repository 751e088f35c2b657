"""udmabuf: the pages of a memfd as a dma-buf (the kernel's drivers/dma-buf/udmabuf.c and include/uapi/linux/udmabuf.h).

The pages are pinned for as long as the dma-buf lives: they neither move nor go, whoever else closes or truncates what.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from typing import Final

from wlvm.fd import OwnedFd

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
