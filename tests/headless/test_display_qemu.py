"""The display thread against real QEMUs that run nothing but their firmware: the picture is the one QEMU itself dumps."""

from __future__ import annotations

import array
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest
from PIL import Image

from tests.display_watcher import DEADLINE, DisplayWatcher, Picture
from wlvm.qemu.display import Console, DisplayThread
from wlvm.qemu.handover import ConsoleChanges
from wlvm.qemu.messages import ScanoutBytes, ScanoutMap

pytestmark = pytest.mark.usefixtures("no_fd_is_lost")


class FirmwareGuest:
    """A QEMU with SeaBIOS and these devices, and nothing to boot. Ends with the `with` block."""

    def __init__(self, executable: str, folder: Path, devices: Sequence[str]) -> None:
        self._path = folder / "qmp"
        self._folder = folder
        arguments = ["-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config", *devices]
        connections = ["-display", "dbus,p2p=yes", "-qmp", f"unix:{self._path},server=on,wait=off"]
        self._process = subprocess.Popen([executable, *arguments, *connections])
        self._qmp = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        end = time.monotonic() + DEADLINE
        while not self._connects():
            assert self._process.poll() is None, "QEMU ended"
            assert time.monotonic() < end, "QEMU made no monitor"
            time.sleep(0.01)  # There is no event for a socket that another process will make.
        self._answers = self._qmp.makefile("r")
        self._answers.readline()
        self.execute("qmp_capabilities")
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        self._answers.close()
        self._qmp.close()

    def execute(self, command: str, fds: Sequence[int] = (), **arguments: object) -> object:
        """Run a monitor command to its return."""
        request = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._qmp.sendmsg([request], rights)
        while True:
            answer = json.loads(self._answers.readline())
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer

    def open_display(self) -> socket.socket:
        """Our end of a new display connection."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.execute("getfd", [theirs.fileno()], fdname="display")
            self.execute("add_client", protocol="@dbus-display", fdname="display")
        return ours

    def screendump(self) -> tuple[tuple[int, int], bytes]:
        """What QEMU shows: size, and three bytes a pixel."""
        path = self._folder / "screen.ppm"
        self.execute("screendump", filename=str(path))
        kind, size, depth, pixels = path.read_bytes().split(b"\n", 3)
        assert (kind, depth) == (b"P6", b"255")
        width, height = map(int, size.split())
        return (width, height), pixels

    def _connects(self) -> bool:
        try:
            self._qmp.connect(str(self._path))
        except OSError:
            return False
        return True


@pytest.fixture
def picture(no_fd_is_lost: None) -> Iterator[Picture]:
    made = Picture()
    yield made
    made.close()


def shares_maps(guest: FirmwareGuest) -> bool:
    """Whether this QEMU gives shared memory to a listener: since 9.2."""
    version = guest.execute("query-version")["qemu"]  # type: ignore[index]
    return (version["major"], version["minor"]) >= (9, 2)


def wait_until_same(
    watcher: DisplayWatcher, guest: FirmwareGuest, console: Console, picture: Picture
) -> None:
    """Apply changes until the picture is QEMU's screendump. The text cursor blinks, so some dumps are never seen."""

    def same() -> bool:
        picture.apply(console.take())
        return (picture.size, picture.rgb()) == guest.screendump()

    watcher.wait(same, "the picture that QEMU dumps")


def test_the_firmwares_text_is_qemus_own_picture(
    qemu: str, tmp_path: Path, thread: DisplayThread, picture: Picture
) -> None:
    """From 640x480 QEMU goes to 720x400 without a word, by larger updates (gl=off)."""
    watcher = DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-vga", "std"]) as guest:
        thread.connect(guest.open_display(), watcher)
        (console,) = watcher.wait_connected()
        assert (console.label, console.head) == ("VGA", 0)
        kinds: set[type] = set()

        def in_text_mode() -> bool:
            changes = console.take()
            kinds.add(type(changes.scanout))
            picture.apply(changes)
            return picture.size == (720, 400) and any(picture.rgb())

        watcher.wait(in_text_mode, "text of 720x400")
        wait_until_same(watcher, guest, console, picture)
        assert (ScanoutMap if shares_maps(guest) else ScanoutBytes) in kinds
        assert console.refused == 0
        assert (console.width, console.height) == (720, 400)
    assert watcher.wait_closed() == "QEMU closed its display connection"


def test_a_boot_splash_comes_and_goes_exactly(
    qemu: str, tmp_path: Path, thread: DisplayThread, picture: Picture
) -> None:
    """To a larger mode and back to a smaller one, which QEMU 7.2 tells by nothing but smaller updates and a property."""
    splash = tmp_path / "splash.bmp"
    Image.effect_mandelbrot((800, 600), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(splash)
    watcher = DisplayWatcher(thread)
    boot = f"menu=on,splash={splash},splash-time=1500"
    with FirmwareGuest(qemu, tmp_path, ["-vga", "std", "-boot", boot]) as guest:
        thread.connect(guest.open_display(), watcher)
        (console,) = watcher.wait_connected()
        for size in ((800, 600), (720, 400)):

            def reached(size: tuple[int, int] = size) -> bool:
                picture.apply(console.take())
                return picture.size == size and any(picture.rgb())

            watcher.wait(reached, f"a picture of {size}")
            wait_until_same(watcher, guest, console, picture)
        assert console.refused == 0


def test_every_head_has_a_listener(qemu: str, tmp_path: Path, thread: DisplayThread) -> None:
    watcher = DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-device", "virtio-gpu-pci,max_outputs=2"]) as guest:
        thread.connect(guest.open_display(), watcher)
        consoles = watcher.wait_connected()
        assert [console.head for console in consoles] == [0, 1]
        first, second = consoles
        changes = watcher.wait_taken(first, lambda changes: changes.scanout is not None)
        assert changes.size == (640, 480)
        changes.close()
        watcher.wait_taken(second, lambda changes: changes.disabled).close()


def test_the_monitor_answers_while_nobody_takes_or_dispatches(
    qemu: str, tmp_path: Path, thread: DisplayThread
) -> None:
    """QEMU's main loop blocks on its listener; whatever the main thread does not do, the monitor must stay alive."""
    watcher = DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-vga", "std"]) as guest:
        display = thread.connect(guest.open_display(), watcher)
        watcher.wait_connected()
        for _ in range(50):
            begun = time.monotonic()
            guest.execute("query-status")
            assert time.monotonic() - begun < 1
        display.close()


def test_a_size_that_a_device_cannot_take_is_refused_and_no_more(
    qemu: str, tmp_path: Path, thread: DisplayThread
) -> None:
    watcher = DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-device", "isa-vga"]) as guest:
        thread.connect(guest.open_display(), watcher)
        (console,) = watcher.wait_connected()
        console.set_ui_info(width_mm=0, height_mm=0, xoff=0, yoff=0, width=800, height=600)
        console.rel_motion(1, 1)

        def seen(changes: ConsoleChanges) -> bool:
            changes.close()
            return bool(console.size_refusal)

        watcher.wait_taken(console, seen)
        assert "org.qemu.Display1.Error.Unsupported" in console.size_refusal
        assert console in watcher.changes
        assert watcher.reason is None


def test_a_head_that_nobody_draws_to_has_no_picture(qemu: str, tmp_path: Path, thread: DisplayThread) -> None:
    """QEMU itself draws a line of text there, whatever the size."""
    watcher = DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-device", "virtio-vga,max_outputs=3"]) as guest:
        thread.connect(guest.open_display(), watcher)
        first, *others = watcher.wait_connected()
        for console in others:
            changes = watcher.wait_taken(console, lambda changes: changes.disabled)
            assert changes.scanout is None
        changes = watcher.wait_taken(first, lambda changes: changes.scanout is not None)
        assert not changes.disabled
        changes.close()


def test_a_display_is_taken_over_by_the_next_client(qemu: str, tmp_path: Path, thread: DisplayThread) -> None:
    """QEMU has one display client at a time."""
    first, second = DisplayWatcher(thread), DisplayWatcher(thread)
    with FirmwareGuest(qemu, tmp_path, ["-vga", "std"]) as guest:
        thread.connect(guest.open_display(), first)
        first.wait_connected()
        thread.connect(guest.open_display(), second)
        assert first.wait_closed() == "QEMU closed its display connection"
