"""File descriptors that are closed exactly once."""

from __future__ import annotations

import os
import warnings
from typing import Self


class OwnedFd:
    """A file descriptor and the duty to close it.

    Whoever holds the object may use `fileno()` while it holds it; `close()` may be called any number of times and closes
    once. An OwnedFd that is collected unclosed closes its descriptor and says so with a ResourceWarning.
    """

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        """Take ownership of `fd`, an open descriptor that nobody else will close."""
        if fd < 0:
            raise ValueError(f"not a file descriptor: {fd}")
        self._fd = fd

    def fileno(self) -> int:
        """The descriptor, still owned by this object. ValueError after close() or detach()."""
        if self._fd < 0:
            raise ValueError("this file descriptor is closed")
        return self._fd

    def dup(self) -> OwnedFd:
        """A second descriptor (close-on-exec) of the same open file, with an owner of its own."""
        return OwnedFd(os.dup(self.fileno()))

    def detach(self) -> int:
        """Hand the descriptor to the caller, who closes it from now on."""
        fd = self.fileno()
        self._fd = -1
        return fd

    def close(self) -> None:
        """Close the descriptor, if that has not happened yet."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    @property
    def closed(self) -> bool:
        return self._fd < 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._fd >= 0:
            warnings.warn(f"unclosed file descriptor {self._fd}", ResourceWarning, source=self, stacklevel=2)
            self.close()

    def __repr__(self) -> str:
        return f"OwnedFd({self._fd})" if self._fd >= 0 else "OwnedFd(closed)"
