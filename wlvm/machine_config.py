"""The keys of `[guest.NAME]` that describe a machine, for which wlvm makes QEMU's command line (`wlvm.qemu.machine_command`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wlvm.config_reader import Fault, Key, Table
from wlvm.qemu.launch import LaunchError, add_display

Argument = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]

_FORWARD = r"\A(?:tcp:|udp:)?[0-9]{1,5}:[0-9]{1,5}\Z"


class MachineConfig(Table, frozen=True, kw_only=True):
    """A machine in short: what it has. All else is chosen."""

    memory: Annotated[
        Annotated[str, Meta(pattern=r"\A[1-9][0-9]{0,6}[MG]\Z")],
        Key('a size, such as "512M" or "4G"', "The machine's memory."),
    ] = "2G"
    cpus: Annotated[
        Annotated[int, Meta(ge=1, le=255)],
        Key("a whole number from 1 to 255", "How many processors it has."),
    ] = 2
    disks: Annotated[
        tuple[Path, ...],
        Key(
            "a list of paths",
            "Its disks: images or block devices. It boots from the first that can be booted from, then from the CD. What kind of image each one is "
            "wlvm finds out.",
        ),
    ] = ()
    cd: Annotated[
        Path | None,
        Key(
            "the path of a file", "What lies in its CD drive. Without it, nothing yet: see the command `cd`."
        ),
    ] = None
    firmware: Annotated[
        Literal["bios", "uefi"],
        Key(
            '"bios" or "uefi"',
            "What it boots with. A system that is installed with one does not start with the other.",
        ),
    ] = "bios"
    network: Annotated[
        Annotated[str, Meta(pattern=r"\A(?:user|none|bridge:[A-Za-z0-9_.-]{1,15})\Z")],
        Key(
            '"user", "none" or "bridge:NAME"',
            "`user`: it reaches what this computer reaches, and is reached by `forward` alone. `bridge:NAME`: it is on this computer's "
            "bridge, as far as QEMU's bridge helper allows.",
        ),
    ] = "user"
    forward: Annotated[
        tuple[Annotated[str, Meta(pattern=_FORWARD)], ...],
        Key(
            'a list of ports, such as "2222:22" or "udp:5353:53"',
            "Ports of this computer, for itself alone, that lead to ports of the guest.",
        ),
    ] = ()
    devices: Annotated[
        Literal["virtio", "standard"],
        Key(
            '"virtio" or "standard"',
            "Which disk, network and input devices it has. `virtio`: fast ones, for which Linux and the BSDs have drivers; `standard`: ones that every "
            "system has drivers for, such as Windows while it is installed.",
        ),
    ] = "virtio"
    display: Annotated[
        Literal["auto", "virtio", "vga"],
        Key(
            '"auto", "virtio" or "vga"',
            "Its graphics card. `auto`: as `devices` says. `virtio` draws with a GPU where `gl` lets it and there is one that works.",
        ),
    ] = "auto"
    heads: Annotated[
        Annotated[int, Meta(ge=1, le=16)],
        Key("a whole number from 1 to 16", "How many screens may be connected to a `virtio` graphics card."),
    ] = 1
    qemu: Annotated[
        Argument,
        Key("a program", "The QEMU to run, for an x86-64 machine."),
    ] = "qemu-system-x86_64"
    extra: Annotated[
        tuple[Argument, ...],
        Key("a list of strings", "Further arguments for QEMU, as they are."),
    ] = ()

    @property
    def describes_machine(self) -> bool:
        """Whether any of these keys says something."""
        return any(
            getattr(self, field.name) != field.default for field in msgspec.structs.fields(MachineConfig)
        )

    def machine_faults(self) -> Iterator[Fault]:
        """What is wrong with the description of the machine."""
        try:
            add_display((self.qemu, *self.extra), qmp_fd=0)
        except LaunchError as error:
            yield Fault(("extra",), None, str(error))
        if not self.qemu:
            yield Fault(("qemu",), "", "expected a program")
        if self.forward and self.network != "user":
            yield Fault(("forward",), None, 'expected it beside network = "user" alone')
        for index, forward in enumerate(self.forward):
            if any(not 1 <= int(port) <= 65535 for port in forward.split(":")[-2:]):
                yield Fault(("forward", index), forward, "expected ports from 1 to 65535")
        if self.heads > 1 and self.graphics == "vga":
            yield Fault(("heads",), self.heads, "expected 1: a vga graphics card has one screen")

    @property
    def graphics(self) -> Literal["virtio", "vga"]:
        """Which graphics card `display` comes to."""
        if self.display == "auto":
            return "virtio" if self.devices == "virtio" else "vga"
        return self.display
