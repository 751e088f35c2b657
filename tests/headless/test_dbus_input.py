"""Input over D-Bus alone, against real QEMUs whose trace says what their devices got."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.loops import SelectorLoop
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import eventually
from wlvm.qemu import qmp
from wlvm.qemu.connection import MachineState, QemuConnection
from wlvm.qemu.dbus_input import DbusMachineInput
from wlvm.qemu.display import Console, DisplayThread
from wlvm.qemu.input import InputForwarder
from wlvm.qemu.keycodes import QKEYCODES
from wlvm.qemu.launch import qemu_version
from wlvm.qemu.machine import MachineInput

KEY_A, KEY_LEFTSHIFT, BTN_LEFT = 30, 42, 0x110


def connected_to(path: Path) -> socket.socket | None:
    with contextlib.suppress(qmp.QmpError):
        return qmp.connect(path)
    return None


class DbusGuest:
    """A QEMU with a display of wlvm's, which is typed into over D-Bus. Its MachineEvents' listener, too."""

    def __init__(self, vm: TracedQemu) -> None:
        self.vm = vm
        self.loop = SelectorLoop()
        self.thread = DisplayThread()
        self.thread.start()
        self._watch = self.loop.watch(self.thread.fileno(), self.thread.dispatch)
        self.machine: DbusMachineInput | None = None
        self.console: Console
        self.runs = True
        sock = eventually("QEMU listens", lambda: connected_to(vm.qmp))
        self.connection = QemuConnection(self.loop, self.thread, sock, self, lambda reason: None)
        self.loop.run_until(lambda: self.machine is not None)
        assert self.machine is not None
        self.input = InputForwarder(self.loop, self.machine.execute(self.console))

    def connected(self, state: MachineState, consoles: Sequence[Console], input: MachineInput) -> None:
        (self.console,) = consoles
        self.machine = DbusMachineInput(consoles, lambda: None, keyboard_repeats_itself=True)

    def changed(self, console: Console) -> None:
        console.take().close()

    def running(self, running: bool, why: str = "") -> None:
        assert self.machine is not None
        self.runs = self.machine.running = running
        (self.input.resumed if running else self.input.stopped)()

    def responsive(self, responsive: bool) -> None: ...

    def reset(self) -> None: ...

    def shut_down(self) -> None: ...

    def panicked(self) -> None: ...

    def absolute_pointer(self) -> bool:
        """As QEMU tells it when asked."""
        assert self.machine is not None
        told: list[None] = []
        devices = self.machine.devices(lambda: told.append(None))
        devices.ask()
        self.loop.run_until(lambda: bool(told))
        return devices.absolute_pointer

    def settle(self) -> None:
        """Until QEMU has carried out all that it was told."""
        answers: list[str] = []
        while self.input.pending:
            self.loop.turn(1)
        self.console.ping(answers.append)
        self.loop.run_until(lambda: bool(answers))
        assert answers == [""]

    def close(self) -> None:
        self.input.close()
        self.connection.close()
        self._watch.remove()
        self.thread.stop()
        assert not self.loop.watches
        assert not self.loop.timers


@contextlib.contextmanager
def guest_of(qemu: str, directory: Path, *, mouse: bool = False) -> Iterator[DbusGuest]:
    with TracedQemu(qemu, directory, mouse=mouse) as vm:
        guest = DbusGuest(vm)
        yield guest
        guest.close()


@pytest.fixture
def guest(qemu: str, runtime_dir: Path) -> Iterator[DbusGuest]:
    with guest_of(qemu, runtime_dir) as guest:
        yield guest


def test_every_key_is_the_same_as_over_qmp(guest: DbusGuest, qemu: str) -> None:
    """QEMU takes sysrq for print, and has no number for keys that its table of scan codes has not: f13 to f24 before 8.0."""
    new = {f"f{number}" for number in range(13, 25)} if qemu_version(qemu) < (8, 0, 0) else set()
    for code, name in QKEYCODES.items():
        if name not in new:
            guest.input.key(code, True)
            guest.input.key(code, False)
    guest.settle()
    names = ["print" if name == "sysrq" else name for name in QKEYCODES.values() if name not in new]
    assert guest.vm.keys_and_buttons() == [sign + name for name in names for sign in "+-"]
    assert guest.input.stats.refused == 0


def test_every_button_and_both_wheels(guest: DbusGuest) -> None:
    names = ["left", "right", "middle", "side", "extra"]
    for code in range(BTN_LEFT, BTN_LEFT + len(names)):
        guest.input.button(code, True)
        guest.input.button(code, False)
    guest.input.wheel(vertical=120, horizontal=-120)
    guest.input.wheel(vertical=-120, horizontal=120)
    guest.settle()
    wheels = ["wheel-down", "wheel-left", "wheel-up", "wheel-right"]
    assert guest.vm.keys_and_buttons() == [sign + name for name in [*names, *wheels] for sign in "+-"]


def test_no_number_that_qemu_has_not_goes_out(guest: DbusGuest) -> None:
    """It would abort QEMU."""
    with pytest.raises(ValueError, match="button 9, of 9"):
        guest.console.button(9, True, lambda error: None)


def test_the_pointer_hits_every_pixel_but_the_last_column_and_row(guest: DbusGuest) -> None:
    width, height = 720, 400
    guest.loop.run_until(lambda: guest.console.width == width)  # The firmware's last mode.
    assert guest.absolute_pointer()
    for x in [*range(0, width - 1, 31), width - 2]:
        y = min(x, height - 2)
        guest.input.motion_absolute(x, y, width, height)
        guest.settle()
        assert guest.vm.pixel(width, height) == (x, y)
    guest.input.motion_absolute(width - 1, height - 1, width, height)
    guest.settle()
    assert guest.vm.pixel(width, height) == (width - 2, height - 2)


def test_a_relative_pointer_is_found_out_and_moved(
    qemu: str, runtime_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with guest_of(qemu, runtime_dir, mouse=True) as guest:
        assert not guest.absolute_pointer()
        guest.input.motion_relative(7, -3)
        guest.settle()
        assert guest.vm.events()[-2:] == ["rel x 7", "rel y -3"]
        guest.input.motion_absolute(1, 1, 640, 480)
        guest.input.button(BTN_LEFT, True)
        guest.input.button(BTN_LEFT, False)
        guest.settle()
        assert guest.vm.keys_and_buttons() == ["+left", "-left"]
        assert "QEMU refused input: Mouse is not absolute" in caplog.text


def test_what_came_up_while_the_guest_was_stopped_comes_up_when_it_goes_on(guest: DbusGuest) -> None:
    guest.input.key(KEY_A, True)
    guest.input.key(KEY_LEFTSHIFT, True)
    guest.settle()
    guest.vm.execute("stop")
    guest.loop.run_until(lambda: not guest.runs)
    guest.input.key(KEY_A, False)
    guest.settle()
    assert guest.vm.keys_and_buttons() == ["+a", "+shift"]
    guest.vm.execute("cont")
    guest.loop.run_until(lambda: guest.runs)
    guest.settle()
    assert guest.vm.keys_and_buttons() == ["+a", "+shift", "-a"]


def test_what_is_down_comes_up_when_wlvm_hangs_up(guest: DbusGuest) -> None:
    guest.input.key(KEY_A, True)
    guest.input.button(BTN_LEFT, True)
    guest.vm.wait_for("+a", "+left")
    guest.input.close()
    guest.connection.close()
    # QEMU itself lifts the keys when its listener is gone, and may be first.
    eventually("both came up", lambda: sorted(guest.vm.keys_and_buttons()) == ["-a", "-left"])
