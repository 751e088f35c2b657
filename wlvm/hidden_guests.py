"""HiddenGuests: guests that nobody sees are paused, where their configuration says so, and go on as soon as they are seen."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from wlvm.guest import Guest
from wlvm.loop import EventLoop
from wlvm.vm.vm import PowerError, State

log = logging.getLogger(__name__)


class HiddenGuests:
    """Pauses and resumes guests by their `hidden` and `hidden_after`. What a person paused is never resumed here.

    `look()` at each change of what is seen; `close()` while the guests are still there.
    """

    def __init__(self, loop: EventLoop, seen: Callable[[Guest], bool]) -> None:
        """`seen` answers whether any console of a guest is on a screen that is lit."""
        self._loop = loop
        self._seen = seen
        self._watched: dict[Guest, _Hidden] = {}

    def add(self, guest: Guest) -> None:
        self._watched[guest] = _Hidden(self._loop, guest)

    def remove(self, guest: Guest) -> None:
        """The guest is left: it goes on."""
        self._watched.pop(guest).end()

    def close(self) -> None:
        for guest in list(self._watched):
            self.remove(guest)

    def look(self) -> None:
        """Something may be seen, or not seen any more."""
        for guest, hidden in self._watched.items():
            hidden.look(seen=self._seen(guest))

    def person_paused(self, guest: Guest) -> None:
        """A person has paused the guest: it stays so."""
        if guest in self._watched:
            self._watched[guest].person_paused()

    def person_resumed(self, guest: Guest) -> None:
        """A person has the guest go on: it does, until it has been seen and is hidden again."""
        if guest in self._watched:
            self._watched[guest].person_resumed()


class _Hidden:
    """What the rule does to one guest."""

    def __init__(self, loop: EventLoop, guest: Guest) -> None:
        self._guest = guest
        self._timer = loop.timer(self._pause)
        #: Whether it is about to be paused; and whether the rule has paused it.
        self._waiting = self._paused = False
        #: Whether a person has paused it; or has it go on, though nobody sees it.
        self._kept_paused = self._kept_running = False

    def look(self, *, seen: bool) -> None:
        if self._guest.state in (State.OFF, State.LOST):
            self._paused = self._kept_paused = self._kept_running = False
        if seen or self._guest.config.hidden == "run":
            self._stop_waiting()
            self._kept_running = False
            self._resume()
        elif not (self._waiting or self._paused or self._kept_paused or self._kept_running):
            self._waiting = True
            self._timer.arm(max(1, 1000 * self._guest.config.hidden_after))

    def person_paused(self) -> None:
        self._stop_waiting()
        self._paused, self._kept_paused = False, True

    def person_resumed(self) -> None:
        self._stop_waiting()
        self._paused, self._kept_paused, self._kept_running = False, False, True

    def _stop_waiting(self) -> None:
        self._timer.disarm()
        self._waiting = False

    def end(self) -> None:
        self._timer.remove()
        self._resume()

    def _pause(self) -> None:
        self._waiting = False
        if self._guest.state is State.RUNNING:  # else the next look begins anew
            with contextlib.suppress(PowerError):
                self._guest.pause()
                self._paused = True
                log.info("%s: paused: nobody sees it", self._guest.name)

    def _resume(self) -> None:
        paused, self._paused = self._paused, False
        # Its pause may have been asked for a moment ago only.
        if paused and self._guest.state in (State.RUNNING, State.PAUSED):
            with contextlib.suppress(PowerError):
                self._guest.resume()
                log.info("%s: it goes on", self._guest.name)
