"""Unix signals on the main loop.

libwayland can deliver signals itself, but blocks them in the process for that, and every child would inherit the mask. So Python's handlers
stay in charge: the wake-up file descriptor, a source of the loop, lets them run although the main thread sits in epoll.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

from wlvm.loop import EventLoop, Watch

#: What ends wlvm.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Notes each signal of ENDING, from the moment it is made until `close()`: nothing that is half made or half gone is left so.

    Make it before the first thing that must not be left behind, and `watch` once there is a loop.
    """

    def __init__(self) -> None:
        self._came = False
        self._stop: Callable[[], None] | None = None
        self._watch: Watch | None = None
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._previous_fd = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._previous = {number: signal.signal(number, self._raised) for number in ENDING}

    def watch(self, loop: EventLoop, stop: Callable[[], None]) -> None:
        """Call `stop` for each signal, those included that have come already."""
        self._watch = loop.watch(self._ours.fileno(), self._drain)
        self._stop = stop
        if self._came:
            stop()

    def _raised(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        if self._stop is not None:
            self._stop()

    def _drain(self) -> None:
        """The loop woke up: by running this, Python has run the handlers.

        One may have run just before the loop began, which knows nothing of it: so stop it from within.
        """
        with contextlib.suppress(BlockingIOError):
            self._ours.recv(4096)
        if self._came and self._stop is not None:
            self._stop()

    def unwatch(self) -> None:
        """Call nothing any more, and leave the loop, which is about to end. Signals are noted still."""
        self._stop = None
        if self._watch is not None:
            self._watch.remove()
            self._watch = None

    def close(self) -> None:
        """Put back what was there before."""
        self.unwatch()
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._ours.close()
        self._theirs.close()
