"""Progress: the card of a guest that is on its way: what it waits for, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable

from wlvm.loop import EventLoop
from wlvm.placeholder import Card

#: Shorter waits are not counted on the card, in seconds.
_UNCOUNTED = 2

_EACH_MS = 1000


class Progress:
    """Shows the card anew each second while something is waited for. `remove()` it when done."""

    def __init__(self, loop: EventLoop, show: Callable[[Card], None]) -> None:
        self._show = show
        self._timer = loop.timer(self._tick)
        self._doing = ""
        self._since = 0.0

    def waiting(self, doing: str) -> None:
        """What is done or waited for from now on, as a sentence."""
        if not self._doing:
            self._since = time.monotonic()
        self._doing = doing
        self._tick()

    def over(self) -> None:
        """Nothing is waited for any more; another card may be shown. Harmless when repeated."""
        self._doing = ""
        self._timer.disarm()

    def remove(self) -> None:
        self._timer.remove()

    def _tick(self) -> None:
        seconds = int(time.monotonic() - self._since)
        lines = [self._doing, f"For {seconds} seconds so far."] if seconds >= _UNCOUNTED else [self._doing]
        self._show(Card("starting", lines))
        self._timer.arm(_EACH_MS)
