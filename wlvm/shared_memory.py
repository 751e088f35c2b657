"""A framebuffer in shared memory that another process made, and may truncate while we read it.

A memory map of a file that shrinks kills whoever touches the lost pages (SIGBUS). So `read` copies them with pread(2), for which a missing page
is a short count, not a signal; `wlvm.shared_reader` has a map that is guarded.
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import Any

import numpy as np
from msgspec import Struct

from wlvm.fd import OwnedFd
from wlvm.framebuffer import (
    BYTES_PER_PIXEL,
    MAX_SIDE,
    FramebufferError,
    Rect,
    check_layout,
    check_size,
    fourcc_name,
)

#: A row's and a framebuffer's most bytes. The memory may be a file of holes, which costs its owner nothing, but us a copy that keeps
#: every guest waiting: 8192x8192 pixels take a tenth of a second.
MAX_STRIDE = 4 * MAX_SIDE
MAX_BYTES = 256 << 20


class TruncatedError(OSError):
    """Memory that was there when the framebuffer was announced is gone."""

    def __init__(self) -> None:
        super().__init__("the guest's framebuffer memory has been truncated")


class SharedFramebuffer(Struct, frozen=True):
    """`height` rows of `width` pixels (DRM `fourcc`) in the memory behind `fd`, `stride` bytes apart from byte `offset` on.

    Checked when made against the memory's size of that moment: FramebufferError (which closes nothing) if it cannot be
    true. It owns `fd`.
    """

    fd: OwnedFd
    width: int
    height: int
    stride: int
    offset: int
    fourcc: int

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if self.fourcc not in BYTES_PER_PIXEL:
            raise FramebufferError(f"pixel format {fourcc_name(self.fourcc)} is not one that wlvm shows")
        status = os.fstat(self.fd.fileno())
        if not stat.S_ISREG(status.st_mode) or not _is_memory(self.fd):
            raise FramebufferError("the file descriptor of a shared framebuffer is not of memory")
        if self.stride > MAX_STRIDE or self.stride * self.height > MAX_BYTES:
            raise FramebufferError(
                f"{self.width}x{self.height} with a stride of {self.stride} bytes is more than wlvm copies"
            )
        check_layout(
            width=self.width,
            height=self.height,
            stride=self.stride,
            offset=self.offset,
            bytes_per_pixel=BYTES_PER_PIXEL[self.fourcc],
            size=status.st_size,
        )

    def close(self) -> None:
        """Close the fd, once."""
        self.fd.close()

    def check_size(self) -> None:
        """TruncatedError when the memory has become too short for the framebuffer."""
        end = self.offset + (self.height - 1) * self.stride + self.width * BYTES_PER_PIXEL[self.fourcc]
        if os.fstat(self.fd.fileno()).st_size < end:
            raise TruncatedError

    def read(self, rect: Rect, into: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Copy `rect` into the same place of `into`: `height` rows of `stride` bytes, this framebuffer's own.

        What lies between the rectangle's rows comes along: a call for each row costs more (docs/performance.md).
        TruncatedError when the memory has become too short; what was read by then has been copied.
        """
        bytes_per_pixel = BYTES_PER_PIXEL[self.fourcc]
        left = rect.x * bytes_per_pixel
        right = left + rect.width * bytes_per_pixel + (rect.height - 1) * self.stride
        rows = into[rect.y : rect.y + rect.height].reshape(-1)
        target = rows.data[left:right]
        self._fill(target, self.offset + rect.y * self.stride + left)

    def span(self, rect: Rect) -> bytearray:
        """The bytes from the first pixel of `rect` to its last: its rows are `stride` bytes apart. TruncatedError as `read`."""
        bytes_per_pixel = BYTES_PER_PIXEL[self.fourcc]
        span = bytearray((rect.height - 1) * self.stride + rect.width * bytes_per_pixel)
        self._fill(memoryview(span), self.offset + rect.y * self.stride + rect.x * bytes_per_pixel)
        return span

    def _fill(self, target: memoryview, position: int) -> None:
        """Read from this place of the memory until `target` is full."""
        while target:
            count = os.preadv(self.fd.fileno(), [target], position)
            if count == 0:
                raise TruncatedError
            target = target[count:]
            position += count


def _is_memory(fd: OwnedFd) -> bool:
    """Whether reading it cannot wait: it is shared memory, which alone has seals (fcntl(2)), and open for reading.

    Files look the same otherwise, and a file system of the other side's making may keep a reader for ever.
    """
    try:
        fcntl.fcntl(fd.fileno(), fcntl.F_GET_SEALS)
        flags = fcntl.fcntl(fd.fileno(), fcntl.F_GETFL)
    except OSError:
        return False
    return flags & os.O_ACCMODE != os.O_WRONLY
