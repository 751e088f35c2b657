"""Reading a guest's framebuffers in shared memory: from a guarded map, or with pread where there can be none.

Both are safe from memory that its owner truncates. A map costs a quarter of pread where the damage is small, more than half where it is the whole
picture (docs/performance.md), because it touches nothing between the rows of a rectangle, and each page without the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from wlvm.framebuffer import Rect
from wlvm.loop import EventLoop
from wlvm.shared_memory import SharedFramebuffer, TruncatedError
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.guarded_memory import GuardedMemory, LostError, UnmappableError

#: A guest flips between two or three framebuffers. The map of one that it does not come back to within this time is given up, in milliseconds.
_KNOWN: Final = 3
_FORGOTTEN_AFTER_MS: Final = 1000


class SharedReader:
    """Reads one framebuffer at a time, which it owns. Its maps are known by the memory's inode, which the kernel gives once."""

    def __init__(self, loop: EventLoop, shared: SharedFramebuffer) -> None:
        self.shared = shared
        self._maps: dict[object, GuardedMemory] = {}
        self._forgetting = loop.timer(self._forget)
        self._current = self._map()

    def show(self, shared: SharedFramebuffer) -> None:
        """Read this one from now on."""
        self.shared.close()
        self.shared = shared
        self._current = self._map()
        if len(self._maps) > 1:
            self._forgetting.arm(_FORGOTTEN_AFTER_MS)

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
                self._lose()
                raise TruncatedError from error

    def _map(self) -> GuardedMemory | None:
        """The map of the framebuffer's memory: the one that is known, or a new one; None where there can be none."""
        size = self.shared.offset + self.shared.stride * self.shared.height
        status = os.fstat(self.shared.fd.fileno())
        identity = (status.st_dev, status.st_ino, size)
        known = self._maps.pop(identity, None)
        if known is None:
            try:
                known = GuardedMemory(self.shared.fd, size)
            except UnmappableError:
                return None
            if len(self._maps) == _KNOWN:
                self._maps.pop(next(iter(self._maps))).close()
        self._maps[identity] = known
        return known

    def _lose(self) -> None:
        """The memory in use is gone: what there still is of it is read with pread."""
        for identity, known in list(self._maps.items()):
            if known is self._current:
                self._maps.pop(identity).close()
        self._current = None

    def _forget(self) -> None:
        for identity, known in list(self._maps.items()):
            if known is not self._current:
                self._maps.pop(identity).close()

    def close(self) -> None:
        """Give the framebuffer and all maps up."""
        self._forgetting.remove()
        self.shared.close()
        for known in self._maps.values():
            known.close()
        self._maps.clear()
        self._current = None
