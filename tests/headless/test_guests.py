"""Guests that come, go, hang and misbehave, on real QEMUs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.plain_qemu import PlainQemu
from tests.wlvm_process import Wlvm, eventually


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def test_a_guest_is_shown_pixel_for_pixel(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_picture("vm")
        console = eventually(
            "the firmware is in text mode",
            lambda: next((c for c in wlvm.guest("vm").consoles if (c.width, c.height) == (720, 400)), None),
        )
        place = np.s_[console.y : console.y + 400, console.x : console.x + 720]

        def same() -> bool:
            guest, screen = wlvm.pixels("vm"), wlvm.screen()
            return guest.any() and guest.shape == (400, 720) and (screen[place] == guest).all()  # type: ignore[no-any-return]

        eventually("the screen shows the guest's pixels", same)
        assert not wlvm.screen()[: console.y].any()


def test_a_guest_that_is_not_there_yet_is_shown_when_it_comes(qemu: str, runtime_dir: Path) -> None:
    config = f'[guest.later]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with Wlvm(runtime_dir, config=config) as wlvm:
        assert "there is no such file" in wlvm.wait_for_state("later", "lost").reason
        with PlainQemu(qemu, runtime_dir):
            wlvm.wait_for_picture("later")
            assert wlvm.guest("later").state == "running"


def test_a_killed_guest_is_replaced_by_a_card_and_comes_back(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_picture("vm")
        vm.kill()
        wlvm.wait_for_state("vm", "lost")
        assert len(np.unique(wlvm.screen())) > 2, "a card with text"
        vm.start()
        wlvm.wait_for_state("vm", "running")
        eventually("the picture is back", lambda: wlvm.guest("vm").consoles[0].width)
        assert wlvm.log.count("nothing listens there") <= 1, "one line, however often it is tried"


def test_a_stopped_qemu_is_covered_and_uncovered(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_picture("vm")
        eventually("it is in text mode", lambda: wlvm.guest("vm").consoles[0].width == 720)
        before = wlvm.pixels("vm")
        os.kill(vm.process.pid, signal.SIGSTOP)
        assert "does not answer" in wlvm.wait_for_state("vm", "unresponsive").reason
        os.kill(vm.process.pid, signal.SIGCONT)
        wlvm.wait_for_state("vm", "running")
        assert wlvm.pixels("vm").shape == before.shape


def test_a_qemu_without_a_dbus_display_is_refused_with_the_cure(qemu: str, runtime_dir: Path) -> None:
    with (
        PlainQemu(qemu, runtime_dir, "-display", "none") as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm,
    ):
        assert "start it with -display dbus,p2p=yes" in wlvm.wait_for_state("vm", "lost").reason


def test_a_launched_guest_ends_with_wlvm(qemu: str, runtime_dir: Path) -> None:
    pidfile = runtime_dir / "pid"
    config = f"""
        [guest.mine]
        launch = ["{qemu}", "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", "-pidfile", "{pidfile}"]
    """
    with Wlvm(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_picture("mine")
        pid = int(pidfile.read_text())
        assert Path(f"/proc/{pid}").exists()
        wlvm.signal(signal.SIGINT)
        assert wlvm.wait() == 0
        assert not Path(f"/proc/{pid}").exists()


def test_a_launched_guest_ends_even_when_wlvm_is_killed(qemu: str, runtime_dir: Path) -> None:
    pidfile = runtime_dir / "pid"
    launch = f'["{qemu}", "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", "-pidfile", "{pidfile}"]'
    wlvm = Wlvm(runtime_dir, config=f"[guest.mine]\nlaunch = {launch}\n")
    wlvm.wait_for_picture("mine")
    pid = int(pidfile.read_text())
    wlvm.signal(signal.SIGKILL)
    wlvm.wait()
    eventually("QEMU has ended", lambda: not Path(f"/proc/{pid}").exists())


def test_a_qemu_that_cannot_be_launched_says_why(runtime_dir: Path) -> None:
    config = '[guest.none]\nlaunch = ["no-such-qemu"]\n[guest.bad]\nlaunch = ["qemu-system-x86_64", "-no-such-option"]\n'
    with Wlvm(runtime_dir, config=config) as wlvm:
        assert "no-such-qemu is not installed" in wlvm.wait_for_state("none", "off").reason
        assert "invalid option" in wlvm.wait_for_state("bad", "off").reason


def test_guests_come_and_go_at_a_command(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir) as wlvm:
        assert wlvm.control.attach(vm.qmp) == "vm"
        wlvm.wait_for_picture("vm")
        wlvm.control.detach("vm")
        assert wlvm.control.listing().guests == ()
        eventually("the screen is empty", lambda: not wlvm.screen().any())
        assert vm.process.poll() is None
        assert wlvm.control.attach(vm.qmp) == "vm"
        wlvm.wait_for_picture("vm")


def test_two_outputs_show_what_the_configuration_says(qemu: str, runtime_dir: Path) -> None:
    config = f"""
        [[output]]
        mode = "800x600"
        [[output]]
        name = "HEADLESS-2"
        mode = "1600x900@30"
        [guest.one]
        qmp = "{runtime_dir / "one.qmp"}"
        console = [{{ output = "HEADLESS-2", position = [100, 50] }}]
        [guest.two]
        qmp = "{runtime_dir / "two.qmp"}"
    """
    with (
        PlainQemu(qemu, runtime_dir, name="one"),
        PlainQemu(qemu, runtime_dir, name="two"),
        Wlvm(runtime_dir, config=config) as wlvm,
    ):
        for name in ("one", "two"):
            wlvm.wait_for_picture(name)

        def place() -> tuple[str, int, int]:
            (one,) = wlvm.guest("one").consoles
            return one.output, one.x, one.y

        eventually("it is in its place", lambda: place() == ("HEADLESS-2", 100, 50))
        assert wlvm.guest("two").consoles[0].output == "HEADLESS-1"
        assert wlvm.screen("HEADLESS-1").shape == (600, 800)
        assert wlvm.screen("HEADLESS-2").shape == (900, 1600)
