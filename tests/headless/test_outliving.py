"""Guests that go on when wlvm ends, and that the next one finds."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headless.test_power import launched
from tests.wlvm_process import Wlvm


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> Iterator[None]:
    """Every test here runs in a runtime directory of its own, and leaves no QEMU."""
    yield
    for pid in pids(runtime_dir):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pids(runtime_dir: Path) -> list[int]:
    """The QEMUs that have this directory's QMP sockets."""
    mark = f"outliving={runtime_dir.name}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "cmdline").read_bytes() and "qemu" in os.readlink(process / "exe"):
                found.append(int(process.name))
    return found


def outliving(qemu: str, runtime_dir: Path, **keys: object) -> str:
    return launched(
        qemu, "-fw_cfg", f"name=opt/test,string=outliving={runtime_dir.name}", outlive=True, **keys
    )


@pytest.mark.one_qemu
def test_a_guest_that_outlives_its_wlvm_is_shown_by_the_next(qemu: str, runtime_dir: Path) -> None:
    config = outliving(qemu, runtime_dir)
    first = Wlvm(runtime_dir, config=config)
    first.wait_for_picture("vm")
    [pid] = pids(runtime_dir)
    for end in (signal.SIGKILL, signal.SIGTERM):
        first.signal(end)
        first.wait()
        assert pids(runtime_dir) == [pid]
        first = Wlvm(runtime_dir, config=config)
        began = time.monotonic()
        first.wait_for_picture("vm")
        assert time.monotonic() - began < 1
        assert pids(runtime_dir) == [pid], "it is no other"
    with first as wlvm:
        wlvm.control.command("poweroff vm")
        assert wlvm.wait_for_state("vm", "off").reason == "It was switched off."
        assert not pids(runtime_dir)
        assert not (runtime_dir / "wlvm/vm.qmp").exists()
        wlvm.control.command("start vm")
        wlvm.wait_for_state("vm", "running")
        wlvm.control.command("poweroff vm")
        wlvm.wait_for_state("vm", "off")


@pytest.mark.one_qemu
def test_of_two_wlvms_the_second_says_that_the_first_has_the_machine(qemu: str, runtime_dir: Path) -> None:
    config = outliving(qemu, runtime_dir)
    first = Wlvm(runtime_dir, config=config)
    first.wait_for_picture("vm")
    second = Wlvm(runtime_dir, config=config)
    reason = second.wait_for_state("vm", "lost").reason
    assert reason == f"Another wlvm has this machine (process {first.pid})."
    second.control.command("start vm")
    assert second.guest("vm").state == "lost"
    first.control.command("reset vm")
    assert first.guest("vm").state == "running", "it is not disturbed"
    first.signal(signal.SIGTERM)
    first.wait()
    second.wait_for_picture("vm")
    second.control.command("poweroff vm")
    second.wait_for_state("vm", "off")
    second.close()


@pytest.mark.one_qemu
def test_what_a_dead_qemu_left_is_cleaned_up(qemu: str, runtime_dir: Path) -> None:
    (runtime_dir / "wlvm").mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(runtime_dir / "wlvm/vm.qmp"))
    with Wlvm(runtime_dir, config=outliving(qemu, runtime_dir)) as wlvm:
        wlvm.wait_for_picture("vm")
        [pid] = pids(runtime_dir)
        os.kill(pid, signal.SIGKILL)
        assert wlvm.wait_for_state("vm", "off").reason == "QEMU ended by SIGKILL"
