"""From a machine in short to QEMU's command line, and why it is what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

from wlvm.qemu.disk_image import DiskImage
from wlvm.qemu.host import KVM, TCG, Host
from wlvm.qemu.launch import Gl, LaunchError

#: The id of the CD drive, for the commands that change what lies in it.
CD_DRIVE = "cd"


class Description(Protocol):
    """What a person says of a machine (`wlvm.machine_config.MachineConfig`)."""

    @property
    def memory(self) -> str: ...
    @property
    def cpus(self) -> int: ...
    @property
    def cd(self) -> Path | None: ...
    @property
    def firmware(self) -> Literal["bios", "uefi"]: ...
    @property
    def network(self) -> str: ...
    @property
    def forward(self) -> Sequence[str]: ...
    @property
    def devices(self) -> Literal["virtio", "standard"]: ...
    @property
    def graphics(self) -> Literal["virtio", "vga"]: ...
    @property
    def heads(self) -> int: ...
    @property
    def qemu(self) -> str: ...
    @property
    def extra(self) -> Sequence[str]: ...


class Choice(Struct, frozen=True):
    """Something that wlvm chose: for `what`, and why."""

    what: str
    chosen: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.chosen}: {self.why}"


class MachineCommand(Struct):
    """A command line without its display, which `add_display` adds, and the choices that led to it."""

    arguments: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    def choose(self, what: str, chosen: str, why: str, *arguments: str) -> None:
        self.choices.append(Choice(what, chosen, why))
        self.arguments += arguments


def machine_command(
    machine: Description, name: str, host: Host, gl: Gl, disks: Sequence[DiskImage], variables: Path
) -> MachineCommand:
    """The command line for a machine called `name`.

    `gl` says whether it may draw with a GPU; `variables` is where its own UEFI variables are. LaunchError
    where this computer lacks what the description insists on.
    """
    command = MachineCommand([machine.qemu, "-name", name.replace(",", ",,"), "-nodefaults"])
    _accelerator(command, host)
    command.arguments += ["-machine", "q35", "-m", machine.memory, "-smp", str(machine.cpus)]
    _firmware(command, machine, host, variables)
    _graphics(command, machine, host, gl)
    _input(command, machine)
    _disks(command, machine, disks)
    _cd(command, machine, len(disks))
    _network(command, machine)
    command.arguments += machine.extra
    return command


def _accelerator(command: MachineCommand, host: Host) -> None:
    if host.kvm.works:
        command.choose("accelerator", "kvm", host.kvm.why, *KVM)
    else:
        command.choose("accelerator", "tcg (slow)", host.kvm.why, *TCG)


def _firmware(command: MachineCommand, machine: Description, host: Host, variables: Path) -> None:
    if machine.firmware == "bios":
        command.choose("firmware", "bios", 'firmware = "bios"')
        return
    if host.uefi is None:
        raise LaunchError('firmware = "uefi": there is none on this computer: apt-get install ovmf')
    for unit, file, readonly in ((0, host.uefi.code, "on"), (1, str(variables), "off")):
        path = file.replace(",", ",,")
        command.arguments += ["-drive", f"if=pflash,unit={unit},format=raw,readonly={readonly},file={path}"]
    command.choose("firmware", "uefi", f"{host.uefi.code}, with variables of its own in {variables}")


def _graphics(command: MachineCommand, machine: Description, host: Host, gl: Gl) -> None:
    if machine.graphics == "vga":
        why = "every system has a driver for it; it is drawn 33 times a second at most"
        command.choose("graphics", "VGA", why, "-device", "VGA")
        return
    heads = f",max_outputs={machine.heads}" if machine.heads > 1 else ""
    if gl is True and not host.gl.works:
        raise LaunchError(f"gl = true: {host.gl.why}")
    if gl is not False and host.gl.works:
        command.choose(
            "graphics", "virtio-vga-gl with gl=on", host.gl.why, "-device", f"virtio-vga-gl{heads}"
        )
        return
    why = "gl = false" if gl is False else host.gl.why
    command.choose("graphics", "virtio-vga with gl=off", why, "-device", f"virtio-vga{heads}")


def _input(command: MachineCommand, machine: Description) -> None:
    if machine.devices == "virtio":
        why = 'devices = "virtio"; the firmware has the PS/2 keyboard that every PC has'
        devices = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")
        command.choose("input", "virtio keyboard and tablet", why, *devices)
    else:
        why = 'devices = "standard": the keyboard is the PS/2 one that every PC has'
        devices = ("-device", "qemu-xhci", "-device", "usb-tablet")
        command.choose("input", "USB tablet", why, *devices)


def _disks(command: MachineCommand, machine: Description, disks: Sequence[DiskImage]) -> None:
    for index, disk in enumerate(disks):
        node = f"disk{index}"
        file = {
            "driver": "host_device" if disk.device else "file",
            "filename": str(disk.path),
            "discard": "unmap",
        }
        block = {"driver": disk.driver, "node-name": node, "discard": "unmap", "file": file}
        bus = f"ide-hd,bus=ide.{index}" if machine.devices == "standard" else "virtio-blk-pci"
        command.choose(
            f"disk {disk.path}",
            f"{disk.driver} on {'SATA' if machine.devices == 'standard' else 'virtio-blk'}",
            "its first bytes say so" if disk.driver != "raw" else "its first bytes are of no kind of image",
            *("-blockdev", json.dumps(block)),
            *("-device", f"{bus},id={node}-device,drive={node},bootindex={_FIRST_BOOT + index}"),
        )
    if machine.devices == "standard" and len(disks) > _SATA_DISKS:
        raise LaunchError(f'devices = "standard" has room for {_SATA_DISKS} disks')


#: QEMU's -kernel, which may be among the `extra` arguments, is what is booted at index 0.
_FIRST_BOOT = 1

#: q35 has six SATA ports, and the CD drive is on the last.
_SATA_DISKS = 5


def _cd(command: MachineCommand, machine: Description, disks: int) -> None:
    device = f"ide-cd,id={CD_DRIVE},bus=ide.{_SATA_DISKS},bootindex={_FIRST_BOOT + disks}"
    if machine.cd is not None:
        file = {"driver": "file", "filename": str(machine.cd)}
        block = {"driver": "raw", "node-name": "cd0", "read-only": True, "file": file}
        command.arguments += ["-blockdev", json.dumps(block)]
        device += ",drive=cd0"
    command.arguments += ["-device", device]


def _network(command: MachineCommand, machine: Description) -> None:
    if machine.network == "none":
        return
    backend = "user,id=net0" + "".join(f",hostfwd={rule}" for rule in _forwards(machine.forward))
    if machine.network.startswith("bridge:"):
        backend = f"bridge,id=net0,br={machine.network.removeprefix('bridge:')}"
    device = "virtio-net-pci" if machine.devices == "virtio" else "e1000e"
    command.arguments += ["-netdev", backend]
    command.choose(
        "network",
        f"{machine.network} through {device}",
        f'devices = "{machine.devices}"',
        "-device",
        f"{device},netdev=net0",
    )


def _forwards(rules: Sequence[str]) -> Iterator[str]:
    for rule in rules:
        *protocol, here, there = rule.split(":")
        yield f"{''.join(protocol) or 'tcp'}:127.0.0.1:{here}-:{there}"
