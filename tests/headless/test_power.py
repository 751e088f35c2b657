"""What a person does to a guest's machine, on real QEMUs, and what the guest does to itself."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from tests.clients.virtual_input import InputClient
from tests.fake_vm import FakeVm, Manners
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import Wlvm, eventually
from wlvm.ipc import ControlError

RETURN = 28  # linux/input-event-codes.h


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def launched(qemu: str, *options: str, **keys: object) -> str:
    command = [qemu, "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", *options]
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"launch": command, **keys}.items()]
    return "[guest.vm]\n" + "\n".join(lines) + "\n"


def test_a_guest_is_started_on_demand_and_switched_off(qemu: str, runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config=launched(qemu, start=False)) as wlvm:
        assert wlvm.wait_for_state("vm", "off").reason == "It has not been started."
        for _ in range(2):
            wlvm.control.command("start vm")
            wlvm.wait_for_state("vm", "running")
            with pytest.raises(ControlError, match="vm is running already"):
                wlvm.control.command("start")
            wlvm.control.command("poweroff")
            assert wlvm.wait_for_state("vm", "off").reason == "It was switched off."
        with pytest.raises(ControlError, match="vm is off"):
            wlvm.control.command("reset vm")
        assert "WARNING" not in wlvm.log, "all of it is what somebody wanted"


def test_return_on_its_card_starts_a_guest(qemu: str, runtime_dir: Path) -> None:
    with (
        Wlvm(runtime_dir, config=launched(qemu, start=False)) as wlvm,
        InputClient(runtime_dir / wlvm.display) as person,
    ):
        wlvm.wait_for_state("vm", "off")
        person.keyboard().tap(RETURN)
        wlvm.wait_for_state("vm", "running")


def test_a_guest_that_does_not_shut_down_is_switched_off(qemu: str, runtime_dir: Path) -> None:
    """SeaBIOS knows nothing of ACPI's power button."""
    with Wlvm(runtime_dir, config=launched(qemu, shutdown_limit=1)) as wlvm:
        wlvm.wait_for_picture("vm")
        began = time.monotonic()
        wlvm.control.command("shutdown")
        wlvm.wait_for_state("vm", "off")
        assert time.monotonic() - began >= 1
        assert "vm: it has not shut down in 1 seconds" in wlvm.log


def test_a_guest_is_paused_goes_on_and_is_reset(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_picture("vm")
        wlvm.control.command("pause vm")
        wlvm.wait_for_state("vm", "paused")
        wlvm.control.command("resume vm")
        wlvm.wait_for_state("vm", "running")
        eventually("the firmware has nothing to boot", lambda: wlvm.console("vm").updates > 3)
        before = wlvm.console("vm").updates
        wlvm.control.command("reset vm")
        eventually("the screen is drawn anew", lambda: wlvm.console("vm").updates > before + 3)
        assert vm.process.poll() is None


def test_a_qemu_without_a_display_is_ended_and_the_card_says_what_it_lacks(
    qemu: str, runtime_dir: Path, tmp_path: Path
) -> None:
    script = tmp_path / "qemu"
    script.write_text(f'#!/bin/sh\nexec {qemu} "$@" -display none\n')
    script.chmod(0o755)
    with Wlvm(runtime_dir, config=launched(str(script))) as wlvm:
        wlvm.wait_for_log("terminating on signal 15")
        assert "QEMU has no D-Bus display" in wlvm.wait_for_state("vm", "off").reason


def test_a_guest_is_closed_by_asking_twice(qemu: str, runtime_dir: Path) -> None:
    """One that was attached goes on without wlvm."""
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_picture("vm")
        wlvm.control.command("close")
        wlvm.wait_for_log("vm is a machine: close it once more to take it off the screen.")
        assert wlvm.guest("vm").state == "running"
        wlvm.control.command("close")
        assert not wlvm.control.listing().guests
        assert vm.process.poll() is None


def test_a_guest_that_wlvm_launched_is_closed_by_shutting_it_down(qemu: str, runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config=launched(qemu, shutdown_limit=1)) as wlvm:
        wlvm.wait_for_picture("vm")
        wlvm.control.command("close", "close")
        wlvm.wait_for_state("vm", "off")
        wlvm.control.command("close", "close")
        assert not wlvm.control.listing().guests


def test_what_a_guest_does_to_itself_is_told(runtime_dir: Path) -> None:
    answers: dict[str, object] = {}
    manners = Manners(answers=answers)
    with FakeVm(runtime_dir / "vm.qmp", manners) as vm, Wlvm(runtime_dir, "--attach", str(vm.path)) as wlvm:
        wlvm.wait_for_state("vm", "running")
        answers["query-status"] = {"running": False, "status": "suspended"}
        vm.say({"event": "SUSPEND"})
        assert wlvm.wait_for_state("vm", "paused").reason.startswith("It sleeps: a key or a click wakes it")
        wlvm.control.command("resume vm")
        eventually("it is woken", lambda: "system_wakeup" in vm.commands)
        answers["query-status"] = {"running": True, "status": "running"}
        vm.say({"event": "WAKEUP"})
        wlvm.wait_for_state("vm", "running")
        answers["query-status"] = {"running": False, "status": "io-error"}
        vm.say({"event": "STOP"})
        eventually("it is told why", lambda: "A disk's file could not be" in wlvm.guest("vm").reason)
        answers["query-status"] = {"running": True, "status": "running"}
        vm.say({"event": "RESUME"})
        wlvm.wait_for_state("vm", "running")
        vm.say({"event": "GUEST_PANICKED", "data": {"action": "pause"}})
        eventually("it is told", lambda: wlvm.guest("vm").reason == "The guest says that it has crashed.")
        vm.say({"event": "SHUTDOWN", "data": {"guest": True, "reason": "guest-shutdown"}})
        vm.hang_up()
        wlvm.wait_for_log("INFO wlvm.guest: vm: The guest has shut down.")


def test_a_guest_that_restarts_over_and_over_costs_little(runtime_dir: Path) -> None:
    with FakeVm(runtime_dir / "vm.qmp") as vm, Wlvm(runtime_dir, "--attach", str(vm.path)) as wlvm:
        wlvm.wait_for_state("vm", "running")
        asked = vm.commands.count("query-mice")
        reason = "It restarts over and over: 5 times within a minute."

        def told() -> bool:
            for _ in range(100):
                vm.say({"event": "RESET", "data": {"guest": True, "reason": "guest-reset"}})
            return wlvm.guest("vm").reason == reason

        eventually("it is told", told)
        assert vm.commands.count("query-mice") - asked < 100
        wlvm.wait_for_log(f"WARNING wlvm.guest: vm: {reason}")


def test_a_socket_that_another_program_has_is_told_while_wlvm_waits(runtime_dir: Path) -> None:
    """QEMU serves one client: others are let wait without a word."""
    manners = Manners(greeting=b"")
    with FakeVm(runtime_dir / "vm.qmp", manners) as vm, Wlvm(runtime_dir, "--attach", str(vm.path)) as wlvm:
        card = wlvm.screen()
        assert wlvm.guest("vm").state == "connecting"
        eventually("the card counts", lambda: not np.array_equal(wlvm.screen(), card))
