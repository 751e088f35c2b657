"""A Wayland client with a pointer and a keyboard of its own, for wlvm and for the compositors that it is nested in."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.clients.connection import connect, hang_up
from tests.clients.protocols import VirtualKeyboardManager, VirtualPointerManager

from pywayland.protocol.wayland import WlOutput, WlSeat  # isort: skip
from xkbcommon import xkb  # isort: skip

#: wl_pointer's axes, and how far one notch of a wheel goes.
VERTICAL, HORIZONTAL = 0, 1
_NOTCH = 15.0
_XKB_V1 = 1  # wl_keyboard.keymap_format


class InputClient:
    """A connection to a compositor that takes virtual devices. Each call below is done when it returns: it ends with a round trip."""

    def __init__(self, display: str | Path) -> None:
        """`display` is the name or the path of the compositor's socket."""
        self.display = connect(display)
        self._found: dict[str, list[Any]] = {}
        interfaces = {i.name: i for i in (VirtualKeyboardManager, VirtualPointerManager, WlSeat, WlOutput)}
        self.names: list[str] = []
        registry = self.display.get_registry()

        def found(registry: Any, number: int, name: str, version: int) -> None:
            self.names.append(name)
            if name in interfaces:
                bound = registry.bind(number, interfaces[name], min(version, interfaces[name].version))
                self._found.setdefault(name, []).append(bound)

        registry.dispatcher["global"] = found
        self._registry = registry
        self.display.roundtrip()
        self._outputs: dict[str, Any] = {}
        for output in self._found.get(WlOutput.name, ()):
            output.dispatcher["name"] = lambda output, name: self._outputs.update({name: output})
        self.display.roundtrip()

    def pointer(self, output: str | None = None) -> Pointer:
        """A new pointer; positions are fractions of the whole layout, or of this output."""
        manager = self._found[VirtualPointerManager.name][0]
        where = None if output is None else self._outputs[output]
        return Pointer(self.display, manager.create_virtual_pointer_with_output(None, where))

    def keyboard(self, layout: str = "us") -> Keyboard:
        """A new keyboard with this layout, whose keys are those of a real one."""
        manager = self._found[VirtualKeyboardManager.name][0]
        return Keyboard(self.display, manager.create_virtual_keyboard(self._found[WlSeat.name][0]), layout)

    def close(self) -> None:
        """Hang up: the compositor ends the devices."""
        hang_up(self.display)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Pointer:
    """A virtual pointer. Buttons are evdev codes."""

    def __init__(self, display: Any, proxy: Any) -> None:
        self._display = display
        self._proxy = proxy

    def move_to(self, x: int, y: int, width: int, height: int) -> None:
        """To `x` of `width` and `y` of `height`."""
        self._proxy.motion_absolute(0, x, y, width, height)
        self._frame()

    def move_by(self, dx: float, dy: float) -> None:
        self._proxy.motion(0, dx, dy)
        self._frame()

    def button(self, button: int, pressed: bool) -> None:
        self._proxy.button(0, button, pressed)
        self._frame()

    def click(self, button: int) -> None:
        self.button(button, True)
        self.button(button, False)

    def wheel(self, axis: int, notches: int) -> None:
        """Turn the wheel: positive is down or right."""
        self._proxy.axis_source(0)
        self._proxy.axis_discrete(0, axis, notches * _NOTCH, notches)
        self._frame()

    def scroll(self, axis: int, length: float) -> None:
        """Scroll as a finger does: a length, no notches."""
        self._proxy.axis_source(1)
        self._proxy.axis(0, axis, length)
        self._frame()

    def close(self) -> None:
        self._proxy.destroy()
        self._display.roundtrip()

    def _frame(self) -> None:
        self._proxy.frame()
        self._display.roundtrip()


class Keyboard:
    """A virtual keyboard. Keys are evdev codes."""

    def __init__(self, display: Any, proxy: Any, layout: str) -> None:
        self._display = display
        self._proxy = proxy
        text = xkb.Context().keymap_new_from_names(layout=layout).get_as_string().encode() + b"\0"
        fd = os.memfd_create("keymap")
        os.write(fd, text)
        proxy.keymap(_XKB_V1, fd, len(text))
        display.roundtrip()
        os.close(fd)

    def key(self, key: int, pressed: bool) -> None:
        self._proxy.key(0, key, pressed)
        self._display.roundtrip()

    def tap(self, *keys: int) -> None:
        """Press these keys one after the other, and let go of them in the other order."""
        for key in keys:
            self.key(key, True)
        for key in reversed(keys):
            self.key(key, False)

    def modifiers(self, depressed: int, locked: int = 0) -> None:
        """Say which modifiers are down (xkb's mask)."""
        self._proxy.modifiers(depressed, 0, locked, 0)
        self._display.roundtrip()

    def close(self) -> None:
        self._proxy.destroy()
        self._display.roundtrip()
