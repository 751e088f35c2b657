"""Guests that nobody sees are paused by rule, on a real QEMU."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.clients.virtual_input import InputClient
from tests.headless.test_host_lock import locked
from tests.headless.test_power import launched
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import Wlvm, send_when_caught

KEY_A = 30


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@pytest.mark.one_qemu
def test_a_guest_that_nobody_sees_is_paused_and_goes_on_when_it_is_seen(qemu: str, runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config=launched(qemu, hidden="pause", hidden_after=0)) as wlvm:
        wlvm.wait_for_picture("vm")
        wlvm.control.command("workspace 2")
        wlvm.wait_for_state("vm", "paused")
        wlvm.control.command("workspace 1")
        wlvm.wait_for_state("vm", "running")

        wlvm.control.command("pause vm", "workspace 2")
        wlvm.wait_for_state("vm", "paused")
        wlvm.control.command("workspace 1")
        assert wlvm.guest("vm").state == "paused", "a person paused it"
        wlvm.control.command("resume vm")
        wlvm.wait_for_state("vm", "running")

        wlvm.control.command("workspace 2")
        wlvm.wait_for_state("vm", "paused")
        wlvm.control.command("resume vm")
        wlvm.wait_for_state("vm", "running")
        assert wlvm.log.count("paused: nobody sees it") == 2


@pytest.mark.one_qemu
def test_a_locked_session_and_a_dark_screen_hide_a_guest(qemu: str, runtime_dir: Path) -> None:
    config = "[idle]\nscreen_off = 4\n" + launched(qemu, hidden="pause", hidden_after=0)
    with Wlvm(runtime_dir, config=config) as wlvm, InputClient(runtime_dir / wlvm.display) as person:
        wlvm.wait_for_picture("vm")
        with locked(wlvm) as swaylock:
            wlvm.wait_for_state("vm", "paused")
            send_when_caught(swaylock, signal.SIGUSR1)
            assert swaylock.wait(10) == 0
        wlvm.wait_for_state("vm", "running")
        wlvm.wait_for_state("vm", "paused")  # nobody touches anything: the screen goes dark
        assert not wlvm.control.call("outputs")["outputs"][0]["on"]
        person.keyboard().tap(KEY_A)
        wlvm.wait_for_state("vm", "running")


@pytest.mark.one_qemu
def test_a_guest_that_was_paused_by_rule_goes_on_when_wlvm_ends(qemu: str, runtime_dir: Path) -> None:
    config = f'[guest.vm]\nqmp = "{runtime_dir}/vm.qmp"\nhidden = "pause"\nhidden_after = 0\n'
    with PlainQemu(qemu, runtime_dir) as vm:
        with Wlvm(runtime_dir, config=config) as wlvm:
            wlvm.wait_for_picture("vm")
            wlvm.control.command("workspace 2")
            wlvm.wait_for_state("vm", "paused")
        assert vm.execute("query-status")["status"] == "running"
