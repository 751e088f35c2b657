"""Keys: what of the devices' events is wlvm's, by the bindings, and what the views get."""

from __future__ import annotations

import logging
from collections.abc import Callable

from wlvm.desktop.bindings import Keyboard, KeyRouter, Modifier
from wlvm.desktop.command import Command, CommandError
from wlvm.desktop.seat import Seat
from wlvm.key_symbols import KeySymbols
from wlvm.wlr.input import Scroll

log = logging.getLogger(__name__)

#: BTN_LEFT and BTN_RIGHT (linux/input-event-codes.h), which with the reserved key move a view, and resize it.
_MOVES, _RESIZES = 0x110, 0x111


class Keys:
    """Stands between the devices and the seat (`wlvm.wlr.input.SeatEvents`), and passes on what is not wlvm's."""

    def __init__(
        self,
        router: KeyRouter,
        seat: Seat,
        locked: Callable[[], bool],
        run: Callable[[Command], None],
        pull: Callable[[int, bool], bool],
    ) -> None:
        """`locked` says whether the session is locked; `run` does a command, or raises CommandError.

        `pull` begins to move the view below the pointer with a button that goes down, or (True) to resize it; False where none can be.
        """
        self._router = router
        self._seat = seat
        self._locked = locked
        self._run = run
        self._pull = pull

    def key(self, key: int, pressed: bool, symbols: KeySymbols) -> None:
        outcome = self._router.key(key, pressed, symbols, self._keyboard)
        for command in outcome.commands:
            try:
                self._run(command)
            except CommandError as error:
                log.warning("%s", error)
        if outcome.forward:
            self._seat.key(key, pressed)

    @property
    def _keyboard(self) -> Keyboard:
        if self._locked():
            return Keyboard.LOCKED
        return Keyboard.GRABBED if self._seat.keyboard_grabbed else Keyboard.FREE

    def release_all(self) -> None:
        """The devices went away with what they held down."""
        self._router.reset()
        self._seat.release_all()

    def motion(self, dx: float, dy: float) -> None:
        self._seat.motion(dx, dy)

    def motion_absolute(self, x: float, y: float) -> None:
        self._seat.motion_absolute(x, y)

    def button(self, button: int, pressed: bool) -> None:
        self._router.interrupt()
        pulls = button in (_MOVES, _RESIZES) and Modifier.RESERVED in self._router.held and not self._locked()
        if pressed and pulls and self._pull(button, button == _RESIZES):
            return
        self._seat.button(button, pressed)

    def axis(self, scroll: Scroll) -> None:
        self._router.interrupt()
        self._seat.axis(scroll)

    def frame(self) -> None:
        self._seat.frame()
