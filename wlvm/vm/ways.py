"""Which way a guest's machine is reached."""

from __future__ import annotations

from wlvm.guest_config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.qemu.display import DisplayThread
from wlvm.vm.attached import AttachedVm
from wlvm.vm.launched import LaunchedVm
from wlvm.vm.vm import Vm, VmEvents


def vm_of(config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents) -> Vm:
    """The machine that a guest's configuration is about; nothing is done to it before `Vm.begin()`."""
    if config.libvirt is not None:
        # Here, because libvirt-python need not be installed.
        from wlvm.libvirt.vm import LibvirtVm

        return LibvirtVm(config, loop, displays, events)
    way = AttachedVm if config.qmp is not None else LaunchedVm
    return way(config, loop, displays, events)
