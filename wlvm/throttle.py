"""Throttle: something that is done at once, but not more often than so."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.loop import EventLoop


class Throttle:
    """Does it at once when asked, and then not before `milliseconds` have passed: what is asked for meanwhile is done once, after them.

    `remove()` it when done.
    """

    def __init__(self, loop: EventLoop, milliseconds: int, do: Callable[[], None]) -> None:
        self._milliseconds = milliseconds
        self._do = do
        self._rest = loop.timer(self._rested)
        #: Whether it rests, having done it just now; and whether it was asked again since.
        self._resting = self._again = False

    def ask(self) -> None:
        if self._resting:
            self._again = True
            return
        self._resting = True
        self._rest.arm(self._milliseconds)
        self._do()

    def remove(self) -> None:
        self._rest.remove()

    def _rested(self) -> None:
        again, self._resting, self._again = self._again, False, False
        if again:
            self.ask()
