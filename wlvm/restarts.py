"""Restarts: notices a machine that restarts over and over."""

from __future__ import annotations

from collections import deque

#: So many restarts within so many seconds are a loop.
MANY = 5
WITHIN = 60.0


class Restarts:
    """Counts the restarts of one machine."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MANY)

    def add(self, now: float) -> bool:
        """It has restarted at `now` (monotonic seconds). Whether it does so over and over."""
        self._times.append(now)
        return self.looping(now)

    def looping(self, now: float) -> bool:
        """Whether it has, at `now`, restarted MANY times WITHIN so many seconds."""
        return len(self._times) == MANY and now - self._times[0] < WITHIN
