"""An EventLoop for tests, on poll(2)."""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable


class SelectorWatch:
    def __init__(self, loop: SelectorLoop, fd: int, callback: Callable[[], None], events: int) -> None:
        self._loop = loop
        self.fd = fd
        self.callback = callback
        self.events = events

    def update(self, *, readable: bool, writable: bool) -> None:
        self.events = _events(readable, writable)

    def remove(self) -> None:
        self._loop.watches.discard(self)


class SelectorTimer:
    def __init__(self, loop: SelectorLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self.callback = callback
        self.due: float | None = None

    def arm(self, milliseconds: int) -> None:
        assert milliseconds >= 1
        if self in self._loop.timers:
            self.due = self._loop.now() + milliseconds / 1000

    def disarm(self) -> None:
        self.due = None

    def remove(self) -> None:
        self.due = None
        self._loop.timers.discard(self)


class SelectorLoop:
    """A `wlvm.loop.EventLoop`. What was watched or timed and not removed stays in `watches` and `timers` for a test to see."""

    def __init__(self) -> None:
        self.watches: set[SelectorWatch] = set()
        self.timers: set[SelectorTimer] = set()

    def watch(
        self, fd: int, callback: Callable[[], None], *, readable: bool = True, writable: bool = False
    ) -> SelectorWatch:
        watch = SelectorWatch(self, fd, callback, _events(readable, writable))
        self.watches.add(watch)
        return watch

    def timer(self, callback: Callable[[], None]) -> SelectorTimer:
        timer = SelectorTimer(self, callback)
        self.timers.add(timer)
        return timer

    def now(self) -> float:
        return time.monotonic()

    def turn(self, seconds: float) -> None:
        """Wait at most that long for something to happen, and call back for all that did."""
        dues = [timer.due for timer in self.timers if timer.due is not None]
        wait = max(0.0, min([seconds, *(due - self.now() for due in dues)]))
        for watch in self._ready(wait):
            if watch in self.watches:
                watch.callback()
        self.run_timers()

    def run_timers(self) -> None:
        for timer in list(self.timers):
            if timer.due is not None and timer.due <= self.now():
                timer.due = None
                timer.callback()

    def run_until(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Run until the predicate holds; TimeoutError when it does not within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not predicate():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {timeout} seconds")
            self.turn(left)

    def _ready(self, wait: float) -> list[SelectorWatch]:
        wanted: dict[int, int] = {}
        for watch in self.watches:
            wanted[watch.fd] = wanted.get(watch.fd, 0) | watch.events
        poll = select.poll()
        for fd, events in wanted.items():
            poll.register(fd, events)
        # Rounded up, or the loop would spin until a timer's last fraction of a millisecond is over.
        ready = dict(poll.poll(math.ceil(1000 * wait)))
        hung_up = select.POLLHUP | select.POLLERR
        return [watch for watch in self.watches if ready.get(watch.fd, 0) & (watch.events | hung_up)]


class ManualLoop(SelectorLoop):
    """A loop whose clock stands until `advance`."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def advance(self, milliseconds: int) -> None:
        """Let that much time pass, timers running out at their time."""
        end = self._now + milliseconds / 1000
        while True:
            dues = [timer.due for timer in self.timers if timer.due is not None and timer.due <= end]
            if not dues:
                break
            self._now = max(self._now, min(dues))
            self.run_timers()
        self._now = end


def _events(readable: bool, writable: bool) -> int:
    return readable * select.POLLIN | writable * select.POLLOUT
