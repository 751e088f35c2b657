"""Idle: the screens go dark when nobody has touched the seat for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from wlvm.key_symbols import KeySymbols
from wlvm.loop import EventLoop
from wlvm.wlr.input import Scroll, SeatEvents
from wlvm.wlr.touch import TouchEvent


class Idle:
    """Stands between the devices and the seat (`wlvm.wlr.input.SeatEvents`), and passes on all that it hears.

    The event that wakes the screens is passed on as well.
    """

    def __init__(
        self,
        loop: EventLoop,
        events: SeatEvents,
        screen_off: int,
        switch: Callable[[bool], None],
        heard: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`switch` switches the screens off after `screen_off` seconds without an event (0: never), and on at the next event.

        `heard` is called at each sign that somebody is there. `now` is the clock of `loop`, in seconds.
        """
        self._events = events
        self._screen_off = screen_off
        self._switch = switch
        self._heard = heard
        self._on = True
        self._paused = False
        self._inhibited = False
        self._now = now
        self._last = now()
        self._timer = loop.timer(self._look)
        self._watch()

    @property
    def dark(self) -> bool:
        """Whether the screens are off because nobody was there."""
        return not self._on

    def close(self) -> None:
        self._timer.remove()

    def activity(self) -> None:
        """Somebody is there."""
        self._last = self._now()
        self._heard()
        if not self._on and not self._paused:
            self._on = True
            self._switch(True)
            self._watch()

    def set_screen_off(self, seconds: int) -> None:
        """Have another limit from now on (0: none); the time counts from now."""
        self._screen_off = seconds
        self._timer.disarm()
        self.activity()
        self._watch()

    def inhibit(self, inhibited: bool) -> None:
        """A program wants the screens to stay on (it shows a film), or does not any more: the time counts from then."""
        if inhibited != self._inhibited:
            self._inhibited = inhibited
            self.activity()

    def pause(self) -> None:
        """Nobody can be heard from now on: another session has the devices, and the screens."""
        self._paused = True
        self._timer.disarm()

    def resume(self) -> None:
        """The devices are back, and somebody is there."""
        self._paused = False
        self.activity()
        self._watch()

    def _watch(self) -> None:
        if self._screen_off and self._on:
            # An event sets no timer: a mouse has a thousand in a second.
            self._timer.arm(round((self._last + self._screen_off - self._now()) * 1000))

    def _look(self) -> None:
        if self._inhibited:
            self._last = self._now()
        if self._now() < self._last + self._screen_off:
            self._watch()
        else:
            self._on = False
            self._switch(False)

    # What the devices tell.

    def key(self, key: int, pressed: bool, symbols: KeySymbols) -> None:
        self.activity()
        self._events.key(key, pressed, symbols)

    def motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        self.activity()
        self._events.motion(dx, dy, raw_dx, raw_dy)

    def motion_absolute(self, x: float, y: float) -> None:
        self.activity()
        self._events.motion_absolute(x, y)

    def button(self, button: int, pressed: bool) -> None:
        self.activity()
        self._events.button(button, pressed)

    def axis(self, scroll: Scroll) -> None:
        self.activity()
        self._events.axis(scroll)

    def frame(self) -> None:
        self._events.frame()

    def touch(self, event: TouchEvent) -> None:
        self.activity()
        self._events.touch(event)
