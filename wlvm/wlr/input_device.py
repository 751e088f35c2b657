"""A device of the seat, as a person knows it: its name, its kind, its settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.keymap import Keymap
from wlvm.wlr.libinput import LibinputDevice, SettingError, Value
from wlvm.wlr.listeners import Listeners

log = logging.getLogger(__name__)

#: "pointer" is what moves the cursor and is no touchpad.
Kind = Literal["keyboard", "pointer", "touchpad", "touch", "tablet", "tablet pad", "switch"]

_KINDS: Mapping[int, Kind] = {
    wlr.WLR_INPUT_DEVICE_KEYBOARD: "keyboard",
    wlr.WLR_INPUT_DEVICE_POINTER: "pointer",
    wlr.WLR_INPUT_DEVICE_TOUCH: "touch",
    wlr.WLR_INPUT_DEVICE_TABLET_TOOL: "tablet",
    wlr.WLR_INPUT_DEVICE_TABLET_PAD: "tablet pad",
    wlr.WLR_INPUT_DEVICE_SWITCH: "switch",
}


class KeyboardSettings(Struct, frozen=True):
    """What is set on a keyboard: its layout, and how often a second clients repeat a key that is held, after so many milliseconds."""

    keymap: Keymap
    repeat_rate: int
    repeat_delay: int


class DeviceRules(Protocol):
    """What the devices of a seat are set to."""

    #: For keyboards that nobody has plugged in: those that clients make.
    common: KeyboardSettings

    def settings(self, device: InputDevice) -> Mapping[str, Value]:
        """What to set in libinput."""

    def keyboard(self, device: InputDevice) -> KeyboardSettings:
        """What to set on a keyboard."""

    def output(self, device: InputDevice) -> str | None:
        """The name of the output that a touchscreen is; None: of all together."""


class InputDevice:
    """A `struct wlr_input_device` that the backend announced. The backend owns it; `gone` is called when it goes.

    A thing that is plugged in may be several, such as a keyboard with a touchpad.
    """

    def __init__(self, pointer: Any, gone: Callable[[InputDevice], None]) -> None:
        self.pointer = pointer
        self._libinput = LibinputDevice.of(pointer)
        taps = self._libinput is not None and self._libinput.taps
        kind = _KINDS[pointer.type]
        self.kind: Kind = "touchpad" if kind == "pointer" and taps else kind
        self.name = _printable(pointer.name)
        #: Vendor and product as lsusb writes them: "046d:c52b".
        self.id = f"{pointer.vendor:04x}:{pointer.product:04x}"
        #: What was set on it, where it is a keyboard.
        self.keyboard: KeyboardSettings | None = None
        #: What it was set to when it came.
        self._initial: Mapping[str, Value] = {} if self._libinput is None else self._libinput.settings()
        self.listeners = Listeners()
        self.listeners.add(wlr_ffi.addressof(pointer.events.destroy), lambda _data: self._on_destroy(gone))

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.id})"

    def settings(self) -> dict[str, Value]:
        """What can be set on the device, as it is now: libinput says so, and the keyboard's settings are wlvm's own."""
        settings = {} if self._libinput is None else self._libinput.settings()
        if self.keyboard is not None:
            settings |= self.keyboard.keymap.names
            settings |= {
                "repeat_rate": self.keyboard.repeat_rate,
                "repeat_delay": self.keyboard.repeat_delay,
            }
        return settings

    def configure(self, settings: Mapping[str, Value]) -> None:
        """Set what libinput can set, the rest as it was when the device came; a line in the log for each setting that the device refuses.

        A device of a window's is not libinput's, but set by the desktop around the window.
        """
        if self._libinput is None:
            return
        now = self._libinput.settings()
        for name, value in {**self._initial, **settings}.items():
            if name in now and now[name] == value:
                continue
            try:
                self._libinput.set(name, value)
            except SettingError as error:
                log.warning("%s: %s", self, error)

    def _on_destroy(self, gone: Callable[[InputDevice], None]) -> None:
        self.listeners.remove()
        gone(self)


def _printable(name: Any) -> str:
    """What a device calls itself, as one line."""
    text = "" if name == wlr_ffi.NULL else wlr_ffi.string(name).decode(errors="replace")
    return "".join(char if char.isprintable() else "?" for char in text)
