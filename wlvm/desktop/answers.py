"""Which windows' programs answer: one that hangs is said to, and nobody waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from wlvm.desktop.toplevel import Toplevel
from wlvm.loop import EventLoop

log = logging.getLogger(__name__)

#: How often a program that does not answer is asked again, in milliseconds.
_AGAIN_MS = 1000


class Answers:
    """Hears of programs that do not answer when their windows get the keyboard or are clicked on (xdg_wm_base.ping)."""

    def __init__(self, loop: EventLoop, changed: Callable[[Toplevel], None]) -> None:
        """`changed` is called with each window whose `unresponsive` is another."""
        self._changed = changed
        #: The windows that do not answer, and whether they have been asked again.
        self._silent: dict[Toplevel, bool] = {}
        self._again = loop.timer(self._look)

    def close(self) -> None:
        self._again.remove()

    def watch(self, window: Toplevel) -> None:
        window.xdg.on_ping_timeout(lambda: self._timed_out(window))

    def forget(self, window: Toplevel) -> None:
        """The window is no more."""
        self._silent.pop(window, None)

    def _timed_out(self, window: Toplevel) -> None:
        """Raised for each window of a program that has not answered in time."""
        if window not in self._silent:
            log.warning("%s does not answer", window.title or window.app_id or "a window")
            self._set(window, True)
        self._silent[window] = False
        self._again.arm(_AGAIN_MS)

    def _look(self) -> None:
        for window, asked in list(self._silent.items()):
            if not asked:
                window.xdg.ping()
                self._silent[window] = True
            elif window.xdg.answered:
                del self._silent[window]
                log.info("%s answers again", window.title or window.app_id or "a window")
                self._set(window, False)
        if self._silent:
            self._again.arm(_AGAIN_MS)

    def _set(self, window: Toplevel, unresponsive: bool) -> None:
        window.unresponsive = unresponsive
        self._changed(window)
