"""Heartbeat: whether QEMU answers."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.loop import EventLoop

#: QEMU is asked something this often, in milliseconds, so that one that is stopped or hung is noticed.
_INTERVAL = 2000
#: While nothing happens with the machine it is asked less and less often, down to this: who is still is not to be kept awake.
_LONGEST_INTERVAL = 64_000
#: Unanswered for so many heartbeats, it counts as unresponsive.
_MISSED = 2


class Heartbeat:
    """Asks QEMU something again and again, from `start()` to `close()`."""

    def __init__(self, loop: EventLoop, ask: Callable[[], None], responsive: Callable[[bool], None]) -> None:
        """`ask` asks QEMU something, whose answer is to be told with `answered()`; `responsive` hears when QEMU stops answering, and when it
        answers again.
        """
        self._ask = ask
        self._tell = responsive
        self._missed = 0
        self._responsive = True
        self._interval = _INTERVAL
        self._stirred = False
        self._started = False
        self._timer = loop.timer(self._beat)

    def start(self) -> None:
        self._started = True
        self._timer.arm(self._interval)

    def stir(self) -> None:
        """Something happens with the machine: whether QEMU is there is of interest now."""
        self._stirred = True
        if self._interval > _INTERVAL and self._started:
            self._interval = _INTERVAL
            self._timer.arm(self._interval)

    def answered(self) -> None:
        self._missed = 0
        if self._interval > _INTERVAL and self._started:
            self._timer.arm(self._interval)
        self._set_responsive(True)

    def close(self) -> None:
        """Ask no more. Harmless when repeated."""
        self._started = False
        self._timer.remove()

    def _set_responsive(self, responsive: bool) -> None:
        if responsive != self._responsive:
            self._responsive = responsive
            self._tell(responsive)

    def _beat(self) -> None:
        """A QEMU that has not answered for too long is asked no more, and answers what it was asked when it is back."""
        quiet = not self._stirred and not self._missed
        self._interval = min(2 * self._interval, _LONGEST_INTERVAL) if quiet else _INTERVAL
        self._stirred = False
        self._timer.arm(_INTERVAL)  # an answer puts it off
        if self._missed < _MISSED:
            self._missed += 1
            self._ask()
        else:
            self._set_responsive(False)
