"""Snapshots of machines, and the CDs in their drives, on real QEMUs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import IMAGE
from tests.qcow2 import make_qcow2
from tests.wlvm_process import Wlvm, eventually
from wlvm.ipc import ControlError


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def test_a_machine_is_kept_and_restored_and_its_cd_changed(qemu: str, runtime_dir: Path) -> None:
    disk, cd = runtime_dir / "disk.qcow2", runtime_dir / "a CD.iso"
    make_qcow2(disk)
    cd.write_bytes(bytes(1 << 20))
    extra = ["-kernel", str(IMAGE), "-append", "mode=640x480"]
    keys = {"qemu": qemu, "memory": "32M", "network": "none", "disks": [str(disk)], "extra": extra}
    config = "[guest.vm]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    with Wlvm(runtime_dir, config=config) as wlvm:

        def shows(patch: int) -> None:
            eventually("it is there", lambda: wlvm.guest("vm").consoles[0].width == 640)
            expected = model.picture(640, 480, patch=patch)
            eventually(f"it shows patch {patch}", lambda: np.array_equal(wlvm.pixels("vm"), expected))

        def names() -> list[str]:
            return [each["name"] for each in wlvm.control.call("snapshots", {"guest": "vm"})["snapshots"]]

        shows(0)
        assert names() == []
        wlvm.control.command("snapshot before vm")
        wlvm.wait_for_log("vm: The snapshot before is there.")
        assert names() == ["before"]
        wlvm.wait_for_state("vm", "running")
        wlvm.control.command("type ' '")
        shows(1)
        wlvm.control.command("snapshot before")
        wlvm.wait_for_log("vm: The snapshot before: Snapshot 'before' already exists in one or more devices")
        wlvm.control.command("restore before")
        wlvm.wait_for_log("vm: The snapshot before is restored.")
        shows(0)
        wlvm.control.command("discard before")
        wlvm.wait_for_log("vm: The snapshot before is deleted.")
        assert names() == []
        wlvm.wait_for_state("vm", "running")

        wlvm.control.command(f"cd '{cd}'")
        wlvm.wait_for_log("vm: a CD.iso is in the CD drive.")
        wlvm.control.command("eject")
        wlvm.wait_for_log("vm: The CD is out of its drive.")
        with pytest.raises(ControlError, match="expected a whole path"):
            wlvm.control.command("cd a.iso")
        with pytest.raises(ControlError, match="there is no such file"):
            wlvm.control.command("cd /absent.iso")


@pytest.mark.one_qemu
def test_a_machine_that_cannot_be_kept_says_why(qemu: str, runtime_dir: Path) -> None:
    disk = runtime_dir / "disk.img"
    disk.write_bytes(bytes(1 << 20))
    bare = [qemu, "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std"]
    raw = [*bare, "-drive", f"file={disk},format=raw"]
    config = f"[guest.raw]\nlaunch = {json.dumps(raw)}\n[guest.bare]\nlaunch = {json.dumps(bare)}\n[guest.off]\nmemory = '64M'\nstart = false\n"
    with Wlvm(runtime_dir, config=config) as wlvm:
        for guest in ("raw", "bare"):
            wlvm.wait_for_state(guest, "running")
            wlvm.control.command(f"snapshot one {guest}", f"cd {disk} {guest}")
        wlvm.wait_for_log(f"raw: The snapshot one: {disk} is raw: it can hold no snapshot. qcow2 can.")
        wlvm.wait_for_log("bare: The snapshot one: it has no disk that could hold one")
        wlvm.wait_for_log("bare: disk.img: it has no CD drive.")
        with pytest.raises(ControlError, match="off is off"):
            wlvm.control.command("snapshot one off")
