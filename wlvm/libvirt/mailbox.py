"""Mailbox: what other threads want done on the main loop."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable

from wlvm.loop import EventLoop

_log = logging.getLogger(__name__)


class Mailbox:
    """`post()` from any thread; what is posted is called on the main loop, in order. `close()` it before the loop goes."""

    def __init__(self, loop: EventLoop) -> None:
        self._letters: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._flag = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._watch = loop.watch(self._flag, self._deliver)

    def post(self, letter: Callable[[], None]) -> None:
        """Have this called on the main loop, soon. In a closed mailbox it is lost."""
        with self._lock:
            if not self._closed:
                self._letters.append(letter)
                os.eventfd_write(self._flag, 1)

    def close(self) -> None:
        """Deliver what has come, and what comes of that, and then nothing more. Harmless when repeated. Main thread."""
        if self._closed:
            return
        while self._letters:
            self._deliver_next()
        with self._lock:
            self._closed = True
        self._watch.remove()
        os.close(self._flag)

    def _deliver(self) -> None:
        os.eventfd_read(self._flag)
        for _ in range(len(self._letters)):
            if self._letters:  # One of them may have closed this.
                self._deliver_next()

    def _deliver_next(self) -> None:
        try:
            self._letters.popleft()()
        except Exception:  # noqa: BLE001
            _log.exception("what another thread wanted done on the main loop failed")
