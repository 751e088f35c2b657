"""One graphic console of a guest, as the main thread sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from wlvm.qemu.dbus import Call
from wlvm.qemu.handover import ConsoleChanges, FrameToken, Handover

CONSOLE_INTERFACE = "org.qemu.Display1.Console"
KEYBOARD_INTERFACE = "org.qemu.Display1.Keyboard"
MOUSE_INTERFACE = "org.qemu.Display1.Mouse"
PROPERTIES_INTERFACE = "org.freedesktop.DBus.Properties"

#: How many buttons the InputButton of every QEMU has: left, middle, right, wheel up and down, side, extra, wheel left and right.
_BUTTONS = 9

#: What D-Bus's number types hold.
_RANGES = {"q": (0, 0xFFFF), "i": (-1 << 31, (1 << 31) - 1), "u": (0, 0xFFFF_FFFF)}


class ConsoleLink(Protocol):
    """How a console reaches QEMU from the main thread: each method returns at once, the display thread does the rest."""

    def ask_size(self, index: int, call: Call) -> None:
        """Call console `index`'s SetUIInfo; an error that QEMU answers is the console's `size_refusal` then."""

    def ask(self, call: Call, answered: Callable[[str], None]) -> None:
        """Call a method; `answered` is called on the main thread, with the error that QEMU answers or "", if the display is still open then."""

    def notify(self, call: Call) -> None:
        """Call a method and ask for no reply."""

    def acknowledge(self, index: int, frames: tuple[FrameToken, ...]) -> None:
        """Answer the UpdateDMABUF calls of console `index` that still wait."""

    def resume(self, index: int) -> None:
        """Receive what QEMU says of console `index` again."""


class Console:
    """A console of type "Graphic": what it is, what changed on it, and the pointer and size that it is told.

    The plain attributes are written by the display thread as QEMU announces them, and may be read anywhere.
    """

    def __init__(self, index: int, label: str, head: int, device_address: str, link: ConsoleLink) -> None:
        #: QEMU's number of the console; it does not change while QEMU runs.
        self.index = index
        #: QEMU's name for it, such as "virtio-gpu-pci" or "VGA".
        self.label = label
        #: Which of its device's heads it is, from 0.
        self.head = head
        #: Where the device is, such as "pci/0000/01.0"; empty where QEMU does not say.
        self.device_address = device_address
        #: The size in guest pixels, as last announced; 0 before.
        self.width = 0
        self.height = 0
        #: Whether the pointer that listens takes absolute positions.
        self.is_absolute = False
        #: The guest's keyboard lights: scroll lock 1, num lock 2, caps lock 4.
        self.modifiers = 0
        #: How many messages were refused because their values cannot be, and why the last one since the last scanout was ("": none).
        self.refused = 0
        self.last_refusal = ""
        #: Why QEMU refused the last `set_ui_info`; "" when it did not.
        self.size_refusal = ""
        #: How many scanouts QEMU announced and then dropped before it had sent them: what is shown is older than what the guest shows.
        self.lost_scanouts = 0
        self.handover = Handover(self._resume)
        self._link = link
        self._path = console_path(index)

    def take(self) -> ConsoleChanges:
        """Everything since the last take, coalesced; the caller owns its scanout. Main thread.

        To be called for hidden consoles too: what is left is bounded, and beyond that QEMU is left unread.
        """
        return self.handover.take()

    def acknowledge(self, frames: Iterable[FrameToken]) -> None:
        """These frames have been sampled or presented: QEMU may draw the next. Main thread.

        The display thread does so by itself after 20 ms; frames that were answered already are ignored.
        """
        tokens = tuple(frames)
        if tokens:
            self._link.acknowledge(self.index, tokens)

    def set_ui_info(
        self, *, width_mm: int, height_mm: int, xoff: int, yoff: int, width: int, height: int
    ) -> None:
        """Tell the guest what it is shown on: millimetres, place among the heads, and size in physical pixels.

        ValueError for what does not fit in QEMU's 16-bit millimetres, 32-bit places and unsigned 32-bit sizes.
        QEMU tells the guest at once, so debounce before. A size of 0x0 unplugs a virtio-gpu head. Main thread.
        """
        body = (width_mm, height_mm, xoff, yoff, width, height)
        self._link.ask_size(self.index, self._checked(CONSOLE_INTERFACE, "SetUIInfo", "qqiiuu", body))

    def rel_motion(self, dx: int, dy: int) -> None:
        """Move the guest's pointer by so many pixels; QEMU ignores it when the pointer is absolute. Main thread."""
        self._link.notify(self._checked(MOUSE_INTERFACE, "RelMotion", "ii", (dx, dy)))

    def set_abs_position(self, x: int, y: int) -> None:
        """Move the guest's pointer to this pixel of the console; QEMU ignores it when outside. Main thread."""
        self._link.notify(self._checked(MOUSE_INTERFACE, "SetAbsPosition", "uu", (x, y)))

    def key(self, number: int, down: bool, answered: Callable[[str], None]) -> None:
        """Have the key with this qnum go down or come up; `answered` as in ConsoleLink.ask. Main thread.

        QEMU says nothing and forgets it while the machine is stopped.
        """
        self._link.ask(self._checked(KEYBOARD_INTERFACE, _press(down), "u", (number,)), answered)

    def button(self, number: int, down: bool, answered: Callable[[str], None]) -> None:
        """Have a button go down or come up, by its place in QEMU's InputButton (qapi/ui.json); `answered` as above. Main thread.

        One past the last aborts QEMU (ui/dbus-console.c, all releases): ValueError for those that QEMU 7.2 does not have.
        """
        if not 0 <= number < _BUTTONS:
            raise ValueError(f"button {number}, of {_BUTTONS}")
        self._link.ask(self._checked(MOUSE_INTERFACE, _press(down), "u", (number,)), answered)

    def move_to(self, x: int, y: int, answered: Callable[[str], None]) -> None:
        """As `set_abs_position`, with an answer: an error where the pointer is relative, too. Main thread."""
        self._link.ask(self._checked(MOUSE_INTERFACE, "SetAbsPosition", "uu", (x, y)), answered)

    def move_by(self, dx: int, dy: int, answered: Callable[[str], None]) -> None:
        """As `rel_motion`, with an answer: an error where the pointer is absolute. Main thread."""
        self._link.ask(self._checked(MOUSE_INTERFACE, "RelMotion", "ii", (dx, dy)), answered)

    def ping(self, answered: Callable[[str], None]) -> None:
        """Ask for something of no matter, which QEMU's main loop answers if it runs. Main thread."""
        self._link.ask(
            Call(self._path, PROPERTIES_INTERFACE, "Get", "ss", (CONSOLE_INTERFACE, "Head")), answered
        )

    def _checked(self, interface: str, member: str, signature: str, body: tuple[int, ...]) -> Call:
        """A call with these numbers; ValueError, here and not on the display thread, when one does not fit its type."""
        for code, number in zip(signature, body, strict=True):
            low, high = _RANGES[code]
            if not low <= number <= high:
                raise ValueError(f"{member} with {number}, which is not between {low} and {high}")
        return Call(self._path, interface, member, signature, body)

    def _resume(self) -> None:
        self._link.resume(self.index)

    def __repr__(self) -> str:
        return f"Console({self.index}, {self.label!r}, head {self.head})"


def _press(down: bool) -> str:
    return "Press" if down else "Release"


def console_path(index: int) -> str:
    """The D-Bus object of the console with this number."""
    return f"/org/qemu/Display1/Console_{index}"
