"""When the screens go dark, and when they come back."""

from __future__ import annotations

from tests.loops import ManualLoop
from wlvm.desktop.idle import Idle
from wlvm.key_symbols import KeySymbols
from wlvm.wlr.input import Scroll
from wlvm.wlr.touch import TouchEvent, TouchUp

A = KeySymbols((ord("a"),), ord("a"))


class Seat:
    """Hears what the devices tell."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def key(self, key: int, pressed: bool, symbols: KeySymbols) -> None:
        self.heard.append((key, pressed))

    def motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        self.heard.append((dx, dy))

    def motion_absolute(self, x: float, y: float) -> None:
        self.heard.append((x, y))

    def button(self, button: int, pressed: bool) -> None:
        self.heard.append((button, pressed))

    def axis(self, scroll: Scroll) -> None:
        self.heard.append(scroll)

    def frame(self) -> None:
        self.heard.append("frame")

    def touch(self, event: TouchEvent) -> None:
        self.heard.append(event)


class Screens:
    """The screens of an Idle on a loop whose clock stands."""

    def __init__(self, screen_off: int) -> None:
        self.loop = ManualLoop()
        self.seat = Seat()
        self.switched: list[bool] = []
        self.idle = Idle(self.loop, self.seat, screen_off, self.switched.append, now=self.loop.now)


def test_screens_go_dark_when_nobody_is_there_and_come_back_at_once() -> None:
    screens = Screens(screen_off=10)
    screens.loop.advance(9_999)
    assert screens.switched == []
    screens.loop.advance(1)
    assert screens.switched == [False]
    screens.loop.advance(60_000)
    screens.idle.key(30, True, A)
    assert screens.switched == [False, True]
    screens.loop.advance(10_000)
    assert screens.switched == [False, True, False]


def test_every_kind_of_event_keeps_the_screens_on_and_goes_to_the_seat() -> None:
    screens = Screens(screen_off=10)
    idle = screens.idle
    for event in (
        lambda: idle.key(30, True, A),
        lambda: idle.motion(1.0, 2.0, 1.0, 2.0),
        lambda: idle.motion_absolute(3.0, 4.0),
        lambda: idle.button(272, True),
        lambda: idle.axis(Scroll(True, 15, 120, 0)),
        lambda: idle.touch(TouchUp(0)),
    ):
        screens.loop.advance(9_000)
        event()
    idle.frame()
    assert screens.switched == []
    scroll = Scroll(True, 15, 120, 0)
    assert screens.seat.heard == [
        (30, True),
        (1.0, 2.0),
        (3.0, 4.0),
        (272, True),
        scroll,
        TouchUp(0),
        "frame",
    ]


def test_zero_is_never() -> None:
    screens = Screens(screen_off=0)
    screens.loop.advance(10**9)
    assert screens.switched == []


def test_another_sessions_screens_are_left_alone() -> None:
    screens = Screens(screen_off=10)
    screens.idle.pause()
    screens.loop.advance(60_000)
    screens.idle.activity()
    screens.loop.advance(60_000)
    assert screens.switched == []
    screens.idle.resume()
    screens.loop.advance(9_999)
    assert screens.switched == []
    screens.loop.advance(1)
    assert screens.switched == [False]


def test_screens_that_were_dark_when_the_session_left_come_back_with_it() -> None:
    screens = Screens(screen_off=10)
    screens.loop.advance(10_000)
    screens.idle.pause()
    screens.idle.key(30, False, A)
    assert screens.switched == [False]
    screens.idle.resume()
    assert screens.switched == [False, True]


def test_nothing_is_left_on_the_loop() -> None:
    screens = Screens(screen_off=10)
    screens.idle.close()
    assert not screens.loop.timers


def test_a_film_keeps_the_screens_on_and_the_time_counts_from_its_end() -> None:
    screens = Screens(screen_off=10)
    screens.idle.inhibit(True)
    screens.loop.advance(60_000)
    assert screens.switched == []
    screens.idle.inhibit(False)
    screens.loop.advance(9_999)
    assert screens.switched == []
    screens.loop.advance(1)
    assert screens.switched == [False]


def test_each_sign_of_life_is_told() -> None:
    heard: list[int] = []
    loop = ManualLoop()
    idle = Idle(loop, Seat(), 0, lambda on: None, heard=lambda: heard.append(1), now=loop.now)
    idle.key(30, True, A)
    idle.motion(1, 1, 1, 1)
    assert heard == [1, 1]
