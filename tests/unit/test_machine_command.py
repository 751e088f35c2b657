"""From the description of a machine to QEMU's command line, and what computers offer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from wlvm.machine_config import MachineConfig
from wlvm.qemu import host
from wlvm.qemu.disk_image import DiskImage, disk_image
from wlvm.qemu.host import Ability, Host, Uefi
from wlvm.qemu.launch import Gl, LaunchError
from wlvm.qemu.machine_command import MachineCommand, machine_command

BARE = Host(Ability(False, "there is no /dev/kvm"), Ability(False, "there is no GPU"), None)
RICH = Host(
    Ability(True, "it runs guests here"), Ability(True, "QEMU draws on it"), Uefi("/code.fd", "/vars.fd")
)


def command(
    machine: MachineConfig, computer: Host = BARE, *disks: DiskImage, gl: Gl = "auto"
) -> MachineCommand:
    return machine_command(machine, "vm", computer, gl, disks, Path("/own.fd"))


def after(command: MachineCommand, option: str) -> list[str]:
    """The values of an option."""
    arguments = command.arguments
    return [value for name, value in itertools.pairwise(arguments) if name == option]


def reasons(command: MachineCommand) -> dict[str, tuple[str, str]]:
    return {choice.what: (choice.chosen, choice.why) for choice in command.choices}


def test_the_best_of_the_computer_is_chosen_and_said_why() -> None:
    made = command(MachineConfig(memory="4G", cpus=3, heads=2), RICH)
    assert after(made, "-accel") == ["kvm"]
    assert after(made, "-m") == ["4G"]
    assert after(made, "-smp") == ["3"]
    assert "virtio-vga-gl,max_outputs=2" in after(made, "-device")
    assert reasons(made)["graphics"] == ("virtio-vga-gl with gl=on", "QEMU draws on it")


def test_without_it_the_machine_runs_all_the_same_and_says_what_is_lacking() -> None:
    made = command(MachineConfig(memory="4G"), BARE)
    assert after(made, "-accel") == ["tcg"]
    assert "virtio-vga" in after(made, "-device")
    assert reasons(made)["accelerator"] == ("tcg (slow)", "there is no /dev/kvm")
    assert reasons(made)["graphics"] == ("virtio-vga with gl=off", "there is no GPU")


def test_a_person_may_insist_on_a_gpu_or_want_none() -> None:
    assert "virtio-vga" in after(command(MachineConfig(), RICH, gl=False), "-device")
    with pytest.raises(LaunchError, match="gl = true: there is no GPU"):
        command(MachineConfig(), BARE, gl=True)


def test_uefi_has_variables_of_the_machines_own() -> None:
    assert after(command(MachineConfig(firmware="uefi"), RICH), "-drive") == [
        "if=pflash,unit=0,format=raw,readonly=on,file=/code.fd",
        "if=pflash,unit=1,format=raw,readonly=off,file=/own.fd",
    ]
    with pytest.raises(LaunchError, match="apt-get install ovmf"):
        command(MachineConfig(firmware="uefi"), BARE)


def test_disks_come_before_the_cd_and_names_are_taken_as_they_are() -> None:
    disks = DiskImage(Path("/a,b=c.qcow2"), "qcow2"), DiskImage(Path("/dev/sdb"), "raw", device=True)
    made = command(MachineConfig(cd=Path("/x,y.iso")), BARE, *disks)
    blocks = [json.loads(block) for block in after(made, "-blockdev")]
    assert [(b["node-name"], b["driver"], b["file"]["driver"], b["file"]["filename"]) for b in blocks] == [
        ("disk0", "qcow2", "file", "/a,b=c.qcow2"),
        ("disk1", "raw", "host_device", "/dev/sdb"),
        ("cd0", "raw", "file", "/x,y.iso"),
    ]
    boots = [device.split("bootindex=")[1][0] for device in after(made, "-device") if "bootindex" in device]
    assert boots == ["1", "2", "3"]


def test_standard_devices_are_those_that_every_system_knows() -> None:
    disks = [DiskImage(Path(f"/{n}.img"), "raw") for n in range(6)]
    devices = after(command(MachineConfig(devices="standard"), RICH, *disks[:5]), "-device")
    assert not [device for device in devices if "virtio" in device]
    with pytest.raises(LaunchError, match="room for 5 disks"):
        command(MachineConfig(devices="standard"), RICH, *disks)


@pytest.mark.parametrize(
    ("network", "forward", "backend"),
    [
        ("user", ("2222:22", "udp:53:5353"), ["user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:127.0.0.1:53-:5353"]),
        ("bridge:br0", (), ["bridge,id=net0,br=br0"]),
        ("none", (), []),
    ],
)  # fmt: skip
def test_networks(network: str, forward: tuple[str, ...], backend: list[str]) -> None:
    assert after(command(MachineConfig(network=network, forward=forward)), "-netdev") == backend


def test_further_arguments_come_last() -> None:
    assert command(MachineConfig(extra=("-snapshot", "-s"))).arguments[-2:] == ["-snapshot", "-s"]


# Disks.


def qcow2(backing: int = 0, incompatible: int = 0) -> bytes:
    """The beginning of a qcow2 header."""
    return (
        b"QFI\xfb"
        + (3).to_bytes(4, "big")
        + backing.to_bytes(8, "big")
        + bytes(56)
        + incompatible.to_bytes(8, "big")
    )


@pytest.mark.parametrize(
    ("name", "content", "driver"),
    [
        ("a.img", bytes(512), "raw"),
        ("a.qcow2", qcow2(), "qcow2"),
        ("cloud.img", qcow2(), "qcow2"),
        ("overlay.qcow2", qcow2(backing=512), "qcow2"),
        ("a.vmdk", b"KDMV" + bytes(508), "vmdk"),
        ("a.VHDX", b"vhdxfile" + bytes(504), "vhdx"),
        ("a.vdi", bytes(0x40) + b"\x7f\x10\xda\xbe" + bytes(100), "vdi"),
        ("short", b"", "raw"),
    ],
)  # fmt: skip
def test_a_disks_kind_is_told_by_its_content(tmp_path: Path, name: str, content: bytes, driver: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert disk_image(tmp_path / name) == DiskImage(tmp_path / name, driver)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", [qcow2(backing=512), qcow2(incompatible=4), b"KDMV" + bytes(508), b"# Disk DescriptorFile\n"]
)
def test_a_guest_cannot_make_its_disk_lead_to_the_hosts_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "disk.img").write_bytes(content)
    with pytest.raises(LaunchError, match="a guest can make its disk look so"):
        disk_image(tmp_path / "disk.img")


def test_a_disk_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="qemu-img create -f qcow2"):
        disk_image(tmp_path / "absent")
    with pytest.raises(LaunchError, match="Is a directory"):
        disk_image(tmp_path)


# What computers offer.


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "works"),
    [
        ("echo SeaBIOS; echo 'No bootable device.'; exec sleep 60", True),
        ("echo SeaBIOS; exit 1", False),
        ("echo SeaBIOS; exec sleep 60", False),
    ],
)
def test_kvm_works_where_firmware_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, works: bool
) -> None:
    monkeypatch.setattr(host, "_KVM_PATIENCE", 0.2)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "dev").mkdir()
    assert host.kvm("qemu", tmp_path) == Ability(False, "there is no /dev/kvm")
    (tmp_path / "dev/kvm").touch()
    qemu = program(tmp_path / "qemu", script)
    assert host.kvm(qemu, tmp_path).works is works
    (tmp_path / "qemu").unlink()
    assert host.kvm(qemu, tmp_path).works is works, "it is not tried twice"


@pytest.mark.one_qemu
def test_the_same_machine_boots_where_nothing_is_wrong(qemu: str) -> None:
    assert host._boots(qemu, host.TCG)


def test_a_gpu_is_one_that_qemu_draws_with(tmp_path: Path) -> None:
    assert "none to draw with" in host.gl("qemu", None, tmp_path).why
    node = tmp_path / "dev/dri/renderD128"
    node.parent.mkdir(parents=True)
    node.touch()
    assert host.gl(program(tmp_path / "good", "cat > /dev/null"), None, tmp_path).works
    bad = host.gl(program(tmp_path / "bad", "echo 'egl: no config' >&2; exit 1"), None, tmp_path)
    assert bad == Ability(False, f"QEMU cannot draw on {node}: egl: no config")


def test_the_plain_uefi_is_found_among_those_that_packages_describe(tmp_path: Path) -> None:
    assert host.uefi(tmp_path) is None
    place = tmp_path / "usr/share/qemu/firmware"
    place.mkdir(parents=True)
    for name in ("code", "vars"):
        (tmp_path / name).touch()

    def describe(file: str, features: list[str], architecture: str = "x86_64") -> None:
        mapping = {
            "device": "flash",
            "executable": {"filename": str(tmp_path / "code"), "format": "raw"},
            "nvram-template": {"filename": str(tmp_path / "vars"), "format": "raw"},
        }
        targets = [{"architecture": architecture, "machines": ["pc-q35-*"]}]
        description = {
            "interface-types": ["uefi"],
            "mapping": mapping,
            "targets": targets,
            "features": features,
        }
        (place / file).write_text(json.dumps(description))

    describe("10-secure.json", ["secure-boot", "requires-smm"])
    describe("20-arm.json", [], architecture="aarch64")
    (place / "30-broken.json").write_text("{")
    assert host.uefi(tmp_path) is None
    describe("60-plain.json", ["acpi-s3"])
    assert host.uefi(tmp_path) == Uefi(str(tmp_path / "code"), str(tmp_path / "vars"))
