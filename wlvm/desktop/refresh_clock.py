"""RefreshClock: when an output that has no screen takes its next frame."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from wlvm.loop import EventLoop

#: A frame that begins so much later than it might have, as a part of the interval, follows nothing: it comes after a pause.
_PAUSE: Final = 0.25


class RefreshClock:
    """Frames that follow each other as closely as they may begin an interval apart, on average exactly.

    The headless backend (wlroots 0.16) lets a frame follow whole milliseconds after the end of the one before: what drawing takes is added to each
    interval, and 60 Hz become 56. A frame after a pause begins at once, and what follows that is left to the backend: a guest that draws more slowly
    than the output refreshes costs no wake-up.
    """

    def __init__(
        self, loop: EventLoop, tick: Callable[[], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`tick` is called when a frame may follow the one that was drawn last; `now` tells the seconds."""
        self._now = now
        self._timer = loop.timer(tick)
        #: When the next frame may begin.
        self._due = -math.inf
        #: Whether the last frame followed another one closely.
        self._beats = False

    def drew(self, began: float, interval: float) -> None:
        """A frame has been drawn, from `began` (seconds) on, and is committed; the next one may follow `interval` seconds later."""
        late = began - self._due
        if abs(late) > _PAUSE * interval:
            self._beats = False
            self._due = began + interval
            self._timer.disarm()
            return
        # One that begins late is not followed late, but for the first: the beat is that of what is drawn all the time, not of what it began with.
        # A timer counts whole milliseconds: one that begins a little early keeps the beat, too.
        self._due = interval + (self._due if self._beats else began)
        self._beats = True
        self._timer.arm(max(1, round(1000 * (self._due - self._now()))))

    def remove(self) -> None:
        """Tick no more."""
        self._timer.remove()
