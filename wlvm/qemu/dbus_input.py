"""Input for machines whose QMP is somebody else's: QMP's `input-send-event`, carried out by the D-Bus display's methods.

What differs from QMP (QEMU ui/dbus-console.c):

- A stopped machine is told nothing, and nobody hears of it; so it is refused here, in QMP's words.
- A position is a pixel, which QEMU turns into floor(x * 32767 / width): the guest's pointer would be one pixel too far left and up nearly
  everywhere. The next pixel is named instead; past the last column and row there is none, and these two cannot be pointed at.
- A part of a list may be refused, the rest of it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from wlvm.qemu.console import Console
from wlvm.qemu.keycodes import QNUMS
from wlvm.qemu.qmp import NOT_RUNNING, Execute, Failure, Reply, Success

#: InputButton's names, each at its number (QEMU qapi/ui.json).
_BUTTONS: Final = (
    "left", "middle", "right", "wheel-up", "wheel-down", "side", "extra", "wheel-left", "wheel-right",
)  # fmt: skip

Answered = Callable[[str], None]
_Step = Callable[[Answered], None]


class DbusMachineInput:
    """A `wlvm.qemu.machine.MachineInput` over D-Bus. Whoever made it says in `running` whether the machine runs."""

    def __init__(
        self, consoles: Sequence[Console], used: Callable[[], None], *, keyboard_repeats_itself: bool
    ) -> None:
        """Of a display's consoles; `used` is called before each input. D-Bus does not tell what keyboard there is, so it is to be known."""
        self.running = True
        self._used = used
        self._consoles = consoles
        self._keyboard_repeats_itself = keyboard_repeats_itself

    def execute(self, console: Console) -> Execute:
        return partial(self._execute, console)

    def devices(self, changed: Callable[[], None]) -> DbusDevices:
        return DbusDevices(self._consoles[0], self._keyboard_repeats_itself, changed)

    def _execute(
        self,
        console: Console,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        self._used()
        answer = on_reply or _ignore
        events = (arguments or {}).get("events", ())
        if command != "input-send-event":
            answer(Failure("CommandNotFound", f"{command} takes QMP"))
        elif not self.running:
            answer(Failure("GenericError", NOT_RUNNING))
        else:
            _carry_out(list(_steps(console, events)), answer)


class DbusDevices:
    """A `wlvm.qemu.machine.InputDevices`: which kind of pointer a machine has, as D-Bus tells it."""

    def __init__(self, console: Console, keyboard_repeats_itself: bool, changed: Callable[[], None]) -> None:
        self._console = console
        self._changed = changed
        self.keyboard_repeats_itself = keyboard_repeats_itself
        self.absolute_pointer = False
        #: D-Bus does not tell.
        self.multitouch = False

    def ask(self) -> None:
        # QEMU 7.2's property says false until the pointer changes for the first time. In every release a pointer that takes positions
        # refuses to be moved, be it by nothing.
        self._console.move_by(0, 0, self._answered)

    def _answered(self, error: str) -> None:
        self.absolute_pointer = error != ""
        self._changed()


def _steps(console: Console, events: Sequence[Mapping[str, Any]]) -> Iterator[_Step]:
    """The calls that QMP's InputEvents come to, in order. The two axes of a motion follow each other."""
    axes: dict[str, int] = {}
    for index, event in enumerate(events):
        kind, data = event["type"], event["data"]
        if kind == "key":
            yield partial(console.key, QNUMS[data["key"]["data"]], data["down"])
        elif kind == "btn":
            yield partial(console.button, _BUTTONS.index(data["button"]), data["down"])
        else:
            axes[data["axis"]] = data["value"]
            if index + 1 == len(events) or events[index + 1]["type"] != kind:
                yield _motion(console, kind, axes)
                axes = {}


def _motion(console: Console, kind: str, axes: Mapping[str, int]) -> _Step:
    if kind == "rel":
        return partial(console.move_by, axes.get("x", 0), axes.get("y", 0))
    return partial(console.move_to, _next(axes["x"], console.width), _next(axes["y"], console.height))


def _next(value: int, pixels: int) -> int:
    """The pixel after the one that has a place of QMP's (0 to 0x7fff) on an axis, if there is one."""
    return max(0, min(value * pixels // 32768 + 1, pixels - 1))


def _carry_out(steps: Sequence[_Step], answer: Callable[[Reply], None]) -> None:
    """Make all calls, and answer once all are answered: with a Failure where none of them was carried out."""
    errors: list[str] = []

    def answered(error: str) -> None:
        errors.append(error)
        if len(errors) == len(steps):
            answer(Success({}) if "" in errors else Failure("GenericError", errors[0]))

    for step in steps:
        step(answered)


def _ignore(reply: Reply) -> None:
    """Nobody waits for the reply."""
