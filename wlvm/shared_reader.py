"""Reading a guest's framebuffers in shared memory: from a guarded map, or with pread where there can be none.

Both are safe from memory that its owner truncates. A map costs a quarter of pread where the damage is small, more than half where it is the whole
picture (docs/performance.md), because it touches nothing between the rows of a rectangle, and each page without the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from wlvm.flip_cache import FlipCache
from wlvm.framebuffer import Rect
from wlvm.loop import EventLoop
from wlvm.shared_memory import SharedFramebuffer, TruncatedError
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.guarded_memory import GuardedMemory, LostError, UnmappableError


class SharedReader:
    """Reads one framebuffer at a time, which it owns. Its maps are known by the memory's inode, which the kernel gives once."""

    def __init__(self, loop: EventLoop, shared: SharedFramebuffer) -> None:
        self.shared = shared
        self._maps = FlipCache(loop, GuardedMemory.close)
        self._current = self._map()

    def show(self, shared: SharedFramebuffer) -> None:
        """Read this one from now on."""
        self.shared.close()
        self.shared = shared
        self._current = self._map()

    def read(self, rects: Iterable[Rect], into: StagingFramebuffer) -> None:
        """Copy parts of the framebuffer into the same places of `into`, which has its size and format.

        TruncatedError when its memory has become too short: nothing was copied, or, where it becomes so meanwhile, some of it as zeros.
        """
        self.shared.check_size()
        if self._current is None:
            for rect in rects:
                into.read(self.shared, rect)
            return
        shared = self.shared
        memory = self._current.begin()
        rows: np.ndarray[Any, np.dtype[np.uint8]] = memory[shared.offset :].reshape(
            shared.height, shared.stride
        )
        try:
            for rect in rects:
                into.copy(rows, rect)
        finally:
            try:
                self._current.end()
            except LostError as error:
                # What there still is of it is read with pread.
                self._maps.discard(self._current)
                self._current = None
                raise TruncatedError from error

    def _map(self) -> GuardedMemory | None:
        """The map of the framebuffer's memory: the one that is known, or a new one; None where there can be none."""
        size = self.shared.offset + self.shared.stride * self.shared.height
        status = os.fstat(self.shared.fd.fileno())
        identity = (status.st_dev, status.st_ino, size)
        try:
            return self._maps.take(identity, lambda: GuardedMemory(self.shared.fd, size))
        except UnmappableError:
            return None

    def close(self) -> None:
        """Give the framebuffer and all maps up."""
        self.shared.close()
        self._maps.close()
        self._current = None
