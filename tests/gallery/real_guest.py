"""A real guest that runs below a wlvm: what it says on its serial port, what QEMU shows of it, and what a person does to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from guests.testcard.model import Pixels
from tests.clients.virtual_input import InputClient, Pointer
from tests.conftest import version_of
from tests.gallery.results import ROOT, Row, keep
from tests.plain_qemu import PlainQemu
from tests.ppm import read_ppm
from tests.wlvm_process import Wlvm, eventually

#: The output, as large as virtio-gpu's picture is when nobody has asked for another, and what it becomes.
SIZE = (1280, 800)
LARGER, SMALLER = (1440, 900), (1024, 768)

LEFT = 0x110  # BTN_LEFT

#: Where the pointer goes, in the guest's pixels, no axis twice the same: corners below a panel, then places in between. The last is in
#: a terminal, which gets the keyboard.
POINTS = [(1279, 799), (0, 798), (1, 41), (1278, 42), (641, 457), (123, 399)]

#: Starts a guest below a wlvm, by its name in the table, its display device, and QEMU's other arguments.
GuestFactory = Callable[..., AbstractContextManager["RealGuest"]]

#: The text that a PC shows in VGA's text mode: a character and its colours for each place (the BIOS's 80 x 25).
_VGA_TEXT, _VGA_TEXT_SIZE = 0xB8000, 80 * 25 * 2

#: No cursor reaches further from where it points, in pixels.
_CURSOR = 64

#: wtype's pause between two keys, in ms: a guest without hardware acceleration takes its time.
_KEY_PAUSE = "30"


def needs(path: Path) -> Path:
    """This file; the test is skipped where `scripts/guests` could not make it."""
    if not path.exists():
        pytest.skip(f"{path.name} is not here: scripts/guests says why")
    return path


def cached(name: str) -> Path:
    """What `scripts/guests` has made under this name."""
    return needs(ROOT / ".cache" / "guests" / name)


class RealGuest:
    """A QEMU; `wlvm` shows it, and `pointer` is a person's. Made by `running`."""

    wlvm: Wlvm
    pointer: Pointer

    def __init__(self, qemu: str, directory: Path, *arguments: str) -> None:
        self._directory = directory
        self._serial = directory / "serial"
        self._heard = 0
        self._pointed_at = (0, 0)
        self._vm = PlainQemu(
            qemu, directory, "-display", "dbus,p2p=yes", "-serial", f"file:{self._serial}", *arguments,
            vga="none",
        )  # fmt: skip
        #: Where a picture of the screen is put.
        self.screenshot = directory / "screen.png"
        #: What was found out, by the table's columns.
        self.findings = {"pointer": "it has none"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._vm.kill()

    # What the guest itself says.

    @property
    def serial(self) -> str:
        """All that it has written to its serial port."""
        return self._serial.read_text("utf-8", "replace") if self._serial.exists() else ""

    def hear(self, pattern: str) -> re.Match[str]:
        """The next place on the serial port where this is, behind what was heard before."""

        def found() -> re.Match[str] | None:
            return re.compile(pattern).search(self.serial, self._heard)

        match = eventually(f"the guest says {pattern!r}", found)
        self._heard = match.end()
        return match

    def vga_text(self) -> str:
        """What is on the screen in VGA's text mode, out of the guest's memory."""
        file = self._directory / "text"
        self._vm.execute("pmemsave", val=_VGA_TEXT, size=_VGA_TEXT_SIZE, filename=str(file))
        return file.read_bytes()[::2].decode("cp437")

    def read(self, text: str) -> None:
        """Until this stands on the screen in VGA's text mode."""
        eventually(f"{text!r} is on the screen", lambda: text in self.vga_text())

    # What is to be seen.

    def screendump(self) -> Pixels:
        """What QEMU shows."""
        file = self._directory / "screen.ppm"
        self._vm.execute("screendump", filename=str(file))
        return read_ppm(file)

    def has_size(self, width: int, height: int) -> None:
        """Until its picture has this size."""
        eventually(f"it has {width}x{height}", lambda: self.wlvm.pixels("vm").shape == (height, width))

    def shown_exactly(self) -> None:
        """Until wlvm shows what QEMU does, pixel for pixel: of the guest, and, where that has room for it, in the middle of the screen, except below
        the pointer.
        """

        def same() -> bool:
            expected, guest, screen = self.screendump(), self.wlvm.pixels("vm"), self.wlvm.screen()
            if not (guest.any() and np.array_equal(expected, guest)):
                return False
            room_below, room_right = screen.shape[0] - guest.shape[0], screen.shape[1] - guest.shape[1]
            if room_below < 0 or room_right < 0:
                return True
            shown = np.zeros_like(screen)
            middle = np.s_[room_below // 2 :, room_right // 2 :]
            shown[middle][: guest.shape[0], : guest.shape[1]] = guest
            differs = shown != screen
            x, y = self._pointed_at
            differs[max(y - _CURSOR, 0) : y + _CURSOR, max(x - _CURSOR, 0) : x + _CURSOR] = False
            return not differs.any()

        eventually("the picture is QEMU's", same)
        self.found(picture="exact")

    # What a person does.

    def type(self, *arguments: str) -> None:
        """Type this as wtype(1) does: text, and keys behind `-k`."""
        self.wlvm.run("wtype", "-d", _KEY_PAUSE, *arguments)

    def point(self, x: int, y: int) -> None:
        """Move the pointer to this pixel of the output, which has its first size."""
        self.pointer.move_to(x, y, *SIZE)
        self._pointed_at = (x, y)

    def points(self, position: Callable[[int, int], str], down: str, up: str) -> None:
        """Go from point to point and click: the guest says each `position`, and that the button went `down` and `up`.

        The next click waits for that, since libinput takes clicks that follow each other within 25 ms for a worn button's.
        """
        for x, y in POINTS:
            self.point(x, y)
            self.hear(position(x, y))
            self.pointer.button(LEFT, True)
            self.hear(down)
            self.pointer.button(LEFT, False)
            self.hear(up)
        self.found(pointer="to the pixel")

    def resized(self, larger: str, smaller: str) -> None:
        """Give the output a larger size, then a smaller one: what `wlvm stats` tells of each is "follows", "ignored" or "refused"."""
        (console,) = self.wlvm.guest("vm").consoles
        path = self.wlvm.console("vm").path
        self.found(path=path, size=f"{console.width}x{console.height}")
        self.wlvm.control.screenshot().save_png(self.screenshot)
        for size, outcome in ((LARGER, larger), (SMALLER, smaller)):
            self.wlvm.edit(config_for(self._vm.qmp, size))
            eventually(
                "the output has its new size", lambda size=size: self.wlvm.screen().shape == size[::-1]
            )
            eventually(
                f"{size} is {outcome}", lambda outcome=outcome: self.wlvm.console("vm").resize == outcome
            )
            if outcome == "follows":
                self.has_size(*size)
            self.shown_exactly()
        self.found(larger=larger, smaller=smaller)

    def found(self, **findings: str) -> None:
        """Have this in the table."""
        self.findings.update(findings)


def config_for(qmp: Path, size: tuple[int, int]) -> str:
    """A wlvm's configuration: the guest on one output of this size."""
    return f'[[output]]\nmode = "{size[0]}x{size[1]}"\n[guest.vm]\nqmp = "{qmp}"\n'


@contextmanager
def running(qemu: str, directory: Path, name: str, display: str, *arguments: str) -> Iterator[RealGuest]:
    """A GuestFactory, with its two first arguments given. What was found is kept for the table if nothing fails."""
    with (
        RealGuest(qemu, directory, "-device", display, *arguments) as guest,
        Wlvm(directory, config=config_for(directory / "vm.qmp", SIZE)) as wlvm,
        InputClient(directory / wlvm.display) as client,
    ):
        version = version_of(qemu) or ""
        guest.wlvm, guest.pointer = wlvm, client.pointer()
        guest.screenshot = ROOT / ".cache" / "guests" / f"{name}, {display}, QEMU {version}.png"
        wlvm.wait_for_picture("vm")
        yield guest
        keep(Row(guest=name, QEMU=version, display=display, **guest.findings))
