"""Machines that the configuration describes, on real QEMUs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import IMAGE
from tests.wlvm_process import Wlvm, eventually


@pytest.fixture(autouse=True)
def _directories(runtime_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs to a machine is kept in a place of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(runtime_dir / "data"))


def machine(qemu: str, **keys: object) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"qemu": qemu, "memory": "64M", **keys}.items()]
    return "[guest.vm]\n" + "\n".join(lines) + "\n"


def shows_the_card(runtime_dir: Path, qemu: str, devices: str, graphics: str) -> None:
    """The machine has a disk and a CD, whose names QEMU's option syntax would take apart."""
    disk, cd = runtime_dir / "a,b=c.img", runtime_dir / "d,e.iso"
    for file in (disk, cd):
        file.write_bytes(bytes(1 << 20))
    card = ["-kernel", str(IMAGE), "-append", "mode=640x480"]
    config = machine(qemu, devices=devices, disks=[str(disk)], cd=str(cd), extra=card)
    with Wlvm(runtime_dir, config=config) as wlvm:
        eventually("the card is there", lambda: wlvm.guest("vm").consoles[0].width == 640)
        eventually("every pixel is right", lambda: np.array_equal(wlvm.pixels("vm"), model.picture(640, 480)))
        for what in ("accelerator: ", f"graphics: {graphics}", f"disk {disk}: raw"):
            assert f"vm: {what}" in wlvm.log, "what was chosen is told"


def test_a_described_machine_boots_and_is_shown(qemu: str, runtime_dir: Path) -> None:
    shows_the_card(runtime_dir, qemu, "virtio", "virtio-vga")


@pytest.mark.one_qemu
def test_so_does_one_with_devices_that_every_system_knows(qemu: str, runtime_dir: Path) -> None:
    shows_the_card(runtime_dir, qemu, "standard", "VGA")


@pytest.mark.one_qemu
def test_machines_are_switched_off_before_their_qemu_runs_and_have_variables_of_their_own(
    qemu: str, runtime_dir: Path
) -> None:
    config = machine(qemu, memory="128M", firmware="uefi", network="none", start=False)
    variables = runtime_dir / "data/wlvm/vm/uefi-variables.fd"
    with Wlvm(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_state("vm", "off")
        wlvm.control.command("start vm", "poweroff vm")
        assert wlvm.guest("vm").state == "off"
        assert not variables.exists()
        wlvm.control.command("start vm")
        wlvm.wait_for_picture("vm")
        assert variables.exists()


@pytest.mark.one_qemu
def test_a_machine_whose_disk_is_missing_says_how_to_make_one(qemu: str, runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config=machine(qemu, disks=[str(runtime_dir / "new.qcow2")])) as wlvm:
        reason = wlvm.wait_for_state("vm", "off").reason
        assert reason.endswith(
            f"a new disk is made with: qemu-img create -f qcow2 {runtime_dir}/new.qcow2 20G"
        )
