"""Programs that keep the pointer: what they get while they have it, and how it is taken from them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client, Window
from tests.wlvm_process import Wlvm, eventually, send_when_caught

from pywayland.protocol.pointer_constraints_unstable_v1 import ZwpPointerConstraintsV1  # isort: skip
from pywayland.protocol.relative_pointer_unstable_v1 import ZwpRelativePointerManagerV1  # isort: skip
from pywayland.protocol.wayland import WlCompositor  # isort: skip

WIDTH, HEIGHT = 800, 600
RED, GREEN, BLUE = 0xFF0000, 0x00FF00, 0x0000FF
LEFT = 0x110  # BTN_LEFT
KEY_RIGHTCTRL = 97
ONESHOT, PERSISTENT = 1, 2  # zwp_pointer_constraints_v1.lifetime


class Game(Client):
    """A client with a window over the whole output, that can keep the pointer there."""

    def __init__(self, wlvm: Wlvm) -> None:
        super().__init__(wlvm.runtime_dir / wlvm.display)
        self.main: Window = self.window(RED)
        self.moved: list[tuple[float, float]] = []
        #: Nobody hears events of an object that Python has collected.
        self._kept: list[Any] = []
        self._constraints = self.bind(ZwpPointerConstraintsV1)
        self._relative = self.bind(ZwpRelativePointerManagerV1).get_relative_pointer(self.pointer)
        self._relative.dispatcher["relative_motion"] = self._relative_motion
        self.display.roundtrip()

    def _relative_motion(
        self, _proxy: Any, _high: int, _low: int, dx: float, dy: float, *_raw: float
    ) -> None:
        self.moved.append((float(dx), float(dy)))

    def region(self, x: int, y: int, width: int, height: int) -> Any:
        region = self.bind(WlCompositor).create_region()
        region.add(x, y, width, height)
        return region

    def lock(self, lifetime: int = PERSISTENT) -> Any:
        locked = self._constraints.lock_pointer(self.main.surface, self.pointer, None, lifetime)
        locked.dispatcher["locked"] = self._note("locked")
        locked.dispatcher["unlocked"] = self._note("unlocked")
        self._kept.append(locked)
        return locked

    def confine(self, region: Any = None) -> Any:
        confined = self._constraints.confine_pointer(self.main.surface, self.pointer, region, PERSISTENT)
        confined.dispatcher["confined"] = self._note("locked")
        confined.dispatcher["unconfined"] = self._note("unlocked")
        self._kept.append(confined)
        return confined

    def wait(self, name: str, count: int) -> None:
        self.wait_for(f"{name} came {count} times", lambda: len(self.named(name)) == count)

    def position(self) -> tuple[float, float]:
        """Where its surface heard last that the pointer is."""
        self.display.roundtrip()
        last = next(e for e in reversed(self.events) if e[0] in ("pointer motion", "pointer enter"))
        return float(last[-2]), float(last[-1])


#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored from cffi callback <function dispatcher_func"
)


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config='[[output]]\nmode = "800x600"\n') as wlvm:
        yield wlvm


@pytest.fixture
def hand(wlvm: Wlvm) -> Iterator[InputClient]:
    with InputClient(wlvm.runtime_dir / wlvm.display) as hand:
        yield hand


@pytest.fixture
def game(wlvm: Wlvm, hand: InputClient) -> Iterator[Game]:
    hand.pointer().move_to(400, 300, WIDTH, HEIGHT)
    with Game(wlvm) as game:
        game.wait_for("it has the pointer", lambda: game.named("pointer enter"))
        yield game


def test_a_locked_pointer_stays_and_tells_how_far_it_was_moved(hand: InputClient, game: Game) -> None:
    pointer = hand.pointer()
    pointer.move_by(3, 4)
    game.wait_for("motion is told", lambda: game.moved == [(3, 4)])
    before = game.position()
    locked = game.lock()
    game.wait("locked", 1)
    pointer.move_by(100, -50)
    pointer.move_by(-7, 2)
    game.wait_for("motion is told", lambda: game.moved[1:] == [(100, -50), (-7, 2)])
    assert game.position() == before
    pointer.click(LEFT)
    game.wait("pointer button", 2)
    locked.set_cursor_position_hint(20.0, 30.0)
    game.main.surface.commit()
    locked.destroy()
    game.display.roundtrip()
    pointer.move_by(1, 1)
    assert game.position() == (21, 31)


def test_the_reserved_key_takes_the_pointer_until_a_click(hand: InputClient, game: Game) -> None:
    game.lock()
    game.wait("locked", 1)
    hand.keyboard().tap(KEY_RIGHTCTRL)
    game.wait("unlocked", 1)
    before = game.position()
    pointer = hand.pointer()
    pointer.move_by(10, 0)
    assert game.position() == (before[0] + 10, before[1])
    assert len(game.named("locked")) == 1
    pointer.click(LEFT)
    game.wait("locked", 2)


def test_a_lock_ends_when_another_window_gets_the_keyboard_and_once_is_once(
    hand: InputClient, game: Game
) -> None:
    once = game.lock(ONESHOT)
    game.wait("locked", 1)
    dialog = game.window(BLUE, size=(50, 50), parent=game.main)
    game.wait("unlocked", 1)
    dialog.destroy()
    hand.pointer().move_by(1, 1)
    hand.pointer().click(LEFT)
    game.display.roundtrip()
    assert len(game.named("locked")) == 1
    once.destroy()
    game.lock()
    game.wait("locked", 2)


def test_no_lock_survives_the_lock_screen(wlvm: Wlvm, game: Game) -> None:
    game.lock()
    game.wait("locked", 1)
    swaylock = subprocess.Popen(
        ["swaylock", "--color", "00ff00", "--no-unlock-indicator"], env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        game.wait("unlocked", 1)
        eventually("the lock is there", lambda: wlvm.screen()[300, 400] == GREEN)
        send_when_caught(swaylock, signal.SIGUSR1)
        swaylock.wait(10)
    finally:
        swaylock.kill()
        swaylock.wait()
    game.wait("locked", 2)


def test_a_confined_pointer_stays_in_the_region_and_may_enter_it_later(hand: InputClient, game: Game) -> None:
    pointer = hand.pointer()
    game.confine(game.region(0, 0, 100, 100))
    game.display.roundtrip()
    assert not game.named("locked"), "the pointer is not in the region"
    here = game.position()
    pointer.move_by(50 - here[0], 50 - here[1])
    game.wait("locked", 1)
    pointer.move_by(500, 0)
    assert game.position() == (99, 50)
    pointer.move_to(700, 500, WIDTH, HEIGHT)
    assert game.position() == (99, 99)


def test_a_game_that_dies_with_the_pointer_leaves_it_to_the_others(
    wlvm: Wlvm, hand: InputClient, game: Game
) -> None:
    with Game(wlvm) as other:
        hand.pointer().move_to(600, 300, WIDTH, HEIGHT)
        other.lock()
        other.wait("locked", 1)
    game.wait_for("it has the output and the pointer", lambda: game.position()[0] == 600)
    hand.pointer().move_by(-100, 0)
    assert game.position()[0] == 500
