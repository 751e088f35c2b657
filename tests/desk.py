"""A desk to test at: wlvm with a keyboard and a pointer, and the clients that a test makes."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import BARE, Wlvm, eventually

WIDTH, HEIGHT = 800, 600
LEFT, RIGHT = 0x110, 0x111  # BTN_LEFT, BTN_RIGHT
CONFIG = BARE + '[[output]]\nmode = "800x600"\n'

#: The evdev codes of keys (linux/input-event-codes.h), by the names that bindings have for them.
KEYS = {
    "Reserved": 97, "Shift": 42, "Ctrl": 29, "Alt": 56, "Super": 125,
    "Left": 105, "Right": 106, "Up": 103, "Down": 108, "Tab": 15, "Return": 28, "space": 57, "Escape": 1,
    "Page_Down": 109, "Page_Up": 104, "Delete": 111,
    **{str(number): 1 + number for number in range(1, 10)}, "0": 11,
    **{letter: 16 + place for place, letter in enumerate("qwertyuiop")},
    **{letter: 30 + place for place, letter in enumerate("asdfghjkl")},
    **{letter: 44 + place for place, letter in enumerate("zxcvbnm")},
    **{f"F{number}": 58 + number for number in range(1, 11)}, "F11": 87, "F12": 88,
}  # fmt: skip


class Desk:
    """wlvm, a client with devices, and windows. Points are pixels of the whole layout, which is `size` large."""

    def __init__(
        self, wlvm: Wlvm, stack: contextlib.ExitStack, size: tuple[int, int] = (WIDTH, HEIGHT)
    ) -> None:
        self.wlvm = wlvm
        self.size = size
        self._socket = wlvm.runtime_dir / wlvm.display
        self._stack = stack
        self.input = stack.enter_context(InputClient(self._socket))
        self.pointer = self.input.pointer()
        self.keyboard = self.input.keyboard()

    def client(self) -> Client:
        return self._stack.enter_context(Client(self._socket))

    @contextlib.contextmanager
    def program(self, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """A program on this wlvm for as long as the block lasts."""
        program = subprocess.Popen(
            command,
            env={**os.environ, "WAYLAND_DISPLAY": self.wlvm.display, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield program
        finally:
            program.kill()
            program.wait()

    def press(self, chord: str) -> None:
        """Type a key with others held, as bindings are written: "Reserved+Shift+Left"."""
        self.keyboard.tap(*(KEYS[name] for name in chord.split("+")))

    def key(self, name: str, pressed: bool) -> None:
        self.keyboard.key(KEYS[name], pressed)

    def point(self, x: int, y: int) -> None:
        """The pointer to a point of the layout, where it hides what is below it."""
        self.pointer.move_to(x, y, *self.size)

    def click(self, x: int, y: int, button: int = LEFT) -> None:
        self.point(x, y)
        self.pointer.click(button)

    def drag(self, start: tuple[int, int], end: tuple[int, int], button: int = LEFT) -> None:
        """Press a button at a point and let go at another, with a stop between them."""
        self.point(*start)
        self.pointer.button(button, True)
        self.point((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        self.point(*end)
        self.pointer.button(button, False)

    def color(self, x: int, y: int) -> int:
        return int(self.wlvm.screen()[y, x])

    def shows(self, x: int, y: int, color: int) -> None:
        eventually(f"{x}, {y} shows {color:06x}", lambda: self.color(x, y) == color)


@contextlib.contextmanager
def desk_at(
    runtime_dir: Path, config: str = CONFIG, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Iterator[Desk]:
    """A wlvm with this configuration; `size` is that of all its outputs together."""
    with Wlvm(runtime_dir, config=config) as wlvm, contextlib.ExitStack() as stack:
        yield Desk(wlvm, stack, size)
