"""Keys: what of the devices' events is wlvm's, by the bindings, and what the views get."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.bindings import Commands, Keyboard, KeyRouter, Modifier
from wlvm.desktop.command import Command, Focus, Move, Resize
from wlvm.desktop.seat import Seat
from wlvm.key_symbols import KeySymbols
from wlvm.loop import EventLoop
from wlvm.wlr.input import Scroll
from wlvm.wlr.touch import TouchEvent

#: What goes on while its key is held.
_REPEATED = (Focus, Move, Resize)

#: BTN_LEFT and BTN_RIGHT (linux/input-event-codes.h), which with the reserved key move a view, and resize it.
_MOVES, _RESIZES = 0x110, 0x111


class Keys:
    """Stands between the devices and the seat (`wlvm.wlr.input.SeatEvents`), and passes on what is not wlvm's."""

    def __init__(
        self,
        loop: EventLoop,
        router: KeyRouter,
        seat: Seat,
        locked: Callable[[], bool],
        run: Callable[[Command], None],
        pull: Callable[[int, bool], bool],
    ) -> None:
        """`locked` says whether the session is locked; `run` does a command, and says itself where that fails.

        `pull` begins to move the view below the pointer with a button that goes down, or (True) to resize it; False where none can be.
        """
        #: How often a second a binding that is held is repeated, and after how many milliseconds it begins; a rate of 0 is never.
        self.repeat_rate, self.repeat_delay = 25, 600
        self._repeated: tuple[int, Commands] = (0, ())
        self._repeat = loop.timer(self._run_again)
        #: Is told of each key that goes down; True: the key is for nobody else.
        self.takes: Callable[[int], bool] = lambda key: False
        self._router = router
        self._seat = seat
        self._locked = locked
        self._run = run
        self._pull = pull

    def key(self, key: int, pressed: bool, symbols: KeySymbols) -> None:
        if pressed and self.takes(key):
            return
        outcome = self._router.key(key, pressed, symbols, self._keyboard)
        if pressed or key == self._repeated[0]:
            self._repeat.disarm()
        for command in outcome.commands:
            self._run(command)
        if outcome.forward:
            self._seat.key(key, pressed)
        elif pressed and self.repeat_rate and any(isinstance(each, _REPEATED) for each in outcome.commands):
            self._repeated = key, outcome.commands
            self._repeat.arm(self.repeat_delay)

    def _run_again(self) -> None:
        self._repeat.arm(max(1, 1000 // self.repeat_rate))
        for command in self._repeated[1]:
            self._run(command)

    def close(self) -> None:
        self._repeat.remove()

    @property
    def _keyboard(self) -> Keyboard:
        if self._locked():
            return Keyboard.LOCKED
        return Keyboard.GRABBED if self._seat.keyboard_grabbed else Keyboard.FREE

    def release_all(self) -> None:
        """The devices went away with what they held down."""
        self._router.reset()
        self._repeat.disarm()
        self._seat.release_all()

    def motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        self._seat.motion(dx, dy, raw_dx, raw_dy)

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

    def touch(self, event: TouchEvent) -> None:
        self._router.interrupt()
        self._seat.touch.tell(event)
