"""What input devices a guest's machine has, and how these are given input; here over QMP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from wlvm.qemu.console import Console
from wlvm.qemu.head_input import for_head
from wlvm.qemu.qmp import Execute, QmpError, Reply, returned

#: Where QEMU keeps devices: those with an id, those without, and those that no option named (such as -usbdevice's).
_DEVICES: Final = ("/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached")
_KEYBOARD: Final = re.compile(r"child<(?:usb-kbd|virtio-keyboard.*)>")
_MULTITOUCH: Final = re.compile(r"child<virtio-multitouch.*>")


class InputDevices(Protocol):
    """The input devices of one guest, as they were when last asked for."""

    #: Whether the guest's driver repeats keys that are held down by itself.
    keyboard_repeats_itself: bool
    #: Whether the pointer in charge takes positions.
    absolute_pointer: bool
    #: Whether there is a device that takes fingers.
    multitouch: bool

    def ask(self) -> None:
        """Have another look; who made this is told when it is done."""


class MachineInput(Protocol):
    """How a machine is given input."""

    def execute(self, console: Console) -> Execute:
        """What takes QMP's `input-send-event` for a console."""

    def devices(self, changed: Callable[[], None]) -> InputDevices:
        """Its devices, not asked for yet; `changed` is called after each `ask`."""


class _Mouse(msgspec.Struct):
    """What of each pointer in `query-mice` is of use."""

    current: bool
    absolute: bool


class _Child(msgspec.Struct):
    """What of each child in `qom-list` is of use."""

    type: str


class Machine:
    """The input devices of one guest, as they were when last asked for.

    QEMU tells no event when they change or when the guest's driver takes one over: ask again when there is a reason to.
    """

    def __init__(self, execute: Execute, changed: Callable[[], None]) -> None:
        """`changed` is called after each `ask`, once all answers are there."""
        self._execute = execute
        self._changed = changed
        self._unanswered = 0
        self._again = False
        self._types: list[str] = []
        #: Whether a USB or virtio keyboard is there, which the guest's driver repeats by itself. A PS/2 keyboard sends what it
        #: is sent, so someone must repeat its keys. True until the first answer.
        self.keyboard_repeats_itself = True
        #: Whether QEMU's current pointer takes positions (query-mice). A USB or virtio tablet becomes that when the guest's driver
        #: takes it over; before, QEMU accepts positions for it, and they are lost.
        self.absolute_pointer = False
        #: Whether any pointer takes positions.
        self.has_tablet = False
        #: Whether there is a virtio-multitouch device (QEMU 8.1 and later).
        self.multitouch = False

    def ask(self) -> None:
        """Ask QEMU; while an earlier question is open, once more after it: what it is answered may be older than the reason to ask."""
        if self._unanswered:
            self._again = True
            return
        self._again = False
        self._types.clear()
        try:
            self._execute("query-mice", on_reply=self._on_mice)
            for path in _DEVICES:
                self._execute("qom-list", {"path": path}, on_reply=self._on_devices)
        except QmpError:
            return
        self._unanswered = 1 + len(_DEVICES)

    def _on_mice(self, reply: Reply) -> None:
        # Without a pointer query-mice fails or returns nothing, as the release has it.
        mice = returned(reply, list[_Mouse], [])
        self.absolute_pointer = any(mouse.current and mouse.absolute for mouse in mice)
        self.has_tablet = any(mouse.absolute for mouse in mice)
        self._answered()

    def _on_devices(self, reply: Reply) -> None:
        children = returned(reply, list[_Child], [])
        self._types += [child.type for child in children]
        self._answered()

    def _answered(self) -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self.keyboard_repeats_itself = any(map(_KEYBOARD.fullmatch, self._types))
            self.multitouch = any(map(_MULTITOUCH.fullmatch, self._types))
            self._changed()
            if self._again:
                self.ask()


class QmpInput:
    """A `MachineInput` over QMP, whose `execute` it is given."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def execute(self, console: Console) -> Execute:
        return for_head(self._execute, console)

    def devices(self, changed: Callable[[], None]) -> Machine:
        return Machine(self._execute, changed)
