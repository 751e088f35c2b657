"""`wlvm explain`: how a guest's QEMU is run on this computer, and why so."""

from __future__ import annotations

import shlex

from msgspec.structs import asdict

from wlvm.command_line import FAILED, OK, complain, print_json
from wlvm.guest_config import GuestConfig
from wlvm.qemu import host
from wlvm.qemu.launch import LaunchError, add_display, choose_render_node
from wlvm.qemu.machine_command import Choice, MachineCommand
from wlvm.vm.preparation import described

#: The descriptor that QEMU inherits its QMP socket as.
_QMP_FD = 3


def run(guest: GuestConfig, as_json: bool) -> int:
    """Print it, for a person or, as one JSON object, for a program; the exit status."""
    if guest.qmp is not None:
        return complain(f"{guest.name} is attached to: who started its QEMU has chosen everything", FAILED)
    if guest.libvirt is not None:
        return complain(f"{guest.name} is a domain of libvirt's: virsh dumpxml {guest.libvirt}", FAILED)
    try:
        command = _command(guest)
        node = choose_render_node(command.arguments, guest.gl, guest.render_node)
        arguments = add_display(command.arguments, _QMP_FD, node)
    except LaunchError as error:
        return complain(str(error), FAILED)
    if as_json:
        print_json({"command": arguments, "choices": [asdict(choice) for choice in command.choices]})
    else:
        width = max(len(choice.what) for choice in command.choices)
        for choice in command.choices:
            print(f"{choice.what:<{width}}  {choice.chosen}\n{'':<{width}}  because: {choice.why}")
        print(f"\n{shlex.join(arguments)}")
    return OK


def _command(guest: GuestConfig) -> MachineCommand:
    if guest.launch is None:
        return described(guest, host.examine(guest.qemu, guest.render_node))
    why = "launch has it so; wlvm adds the display and QMP alone"
    return MachineCommand(list(guest.launch), [Choice("command", guest.launch[0], why)])
