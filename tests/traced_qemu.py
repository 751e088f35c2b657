"""A QEMU that writes down every input event its devices are given."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tests.plain_qemu import PlainQemu
from tests.wlvm_process import eventually

#: Lines of QEMU's trace (ui/trace-events): a key or button, its name and whether it is down; an axis and its value.
_DOWN_OR_UP = re.compile(r"input_event_(?:key_qcode|btn) .* (?:qcode|button) ([\w-]+), down ([01])")
_AXIS = re.compile(r"input_event_(abs|rel) .* axis (\w), value (\S+)")

#: A tablet that QEMU takes as its pointer at once: beside a PS/2 mouse it would become that only when a driver takes it over.
_TABLET = ("-machine", "pc,i8042=off", "-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci")


class TracedQemu(PlainQemu):
    """A PlainQemu with a tablet (`mouse`: with a PS/2 mouse instead) and a trace of its input."""

    def __init__(self, qemu: str, directory: Path, *, mouse: bool = False, name: str = "vm") -> None:
        self._trace = directory / f"{name}.trace"
        self._taken = 0
        options = ("-display", "dbus,p2p=yes", "-trace", "input_event_*", "-D", str(self._trace))
        super().__init__(qemu, directory, *options, *(() if mouse else _TABLET), name=name)

    def events(self) -> list[str]:
        """All keys, buttons and axes since the start: "+a", "-left", "abs x 7" (0 to 32767), "rel y -3"."""
        events = []
        for line in self._trace.read_text().splitlines() if self._trace.exists() else ():
            if match := _DOWN_OR_UP.match(line):
                events.append(("-", "+")[int(match[2])] + match[1])
            elif match := _AXIS.match(line):
                events.append(f"{match[1]} {match[2]} {int(match[3], 0)}")
        return events

    def keys_and_buttons(self) -> list[str]:
        """Those of the events that a `wait_for` has not waited for yet."""
        return [event for event in self.events() if event[0] in "+-"][self._taken :]

    def wait_for_end(self, name: str, seen: int = 0) -> None:
        """Until this key or button has come up, whatever else did, later than the first `seen` that nobody has waited for yet."""
        eventually(f"{name} has come up", lambda: self.keys_and_buttons()[seen:][-1:] == [f"-{name}"])
        self._taken += len(self.keys_and_buttons())

    def wait_for(self, *expected: str) -> None:
        """Until the keys and buttons after those already waited for are these; more than these is as wrong as less."""
        with contextlib.suppress(AssertionError):
            eventually("QEMU got them", lambda: len(self.keys_and_buttons()) >= len(expected))
        got = self.keys_and_buttons()
        assert got == list(expected), f"QEMU got {got}, not {list(expected)}"
        self._taken += len(got)

    def pixel(self, width: int, height: int) -> tuple[int, int] | None:
        """Where a guest whose screen has this size finds the tablet's pointer: floor(value * size / 32768); None before the first motion."""
        axes = dict(event.split()[1:] for event in self.events() if event.startswith("abs"))
        return (int(axes["x"]) * width >> 15, int(axes["y"]) * height >> 15) if len(axes) == 2 else None

    def wait_for_pixel(self, x: int, y: int, width: int, height: int) -> None:
        """Until the pointer is at this pixel."""
        with contextlib.suppress(AssertionError):
            eventually("the pointer is there", lambda: self.pixel(width, height) == (x, y))
        assert self.pixel(width, height) == (x, y), f"it is at {self.pixel(width, height)}, not at {(x, y)}"
