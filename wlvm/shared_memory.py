"""A framebuffer in shared memory that another process made, and may truncate while we read it.

A memory map of a file that shrinks kills whoever touches the lost pages (SIGBUS). So the pages of a SharedFramebuffer are
never mapped: `read_rows` copies them with pread(2), for which a missing page is a short count, not a signal.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from wlvm.fd import OwnedFd
from wlvm.framebuffer import (
    BYTES_PER_PIXEL,
    FramebufferError,
    check_layout,
    check_size,
    fourcc_name,
)


@dataclass(frozen=True, slots=True)
class SharedFramebuffer:
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
        if not stat.S_ISREG(status.st_mode):
            raise FramebufferError("the file descriptor of a shared framebuffer is not of memory")
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
