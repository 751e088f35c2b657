"""A guest's QEMU command line: as it was written down, or made from the description of its machine."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from wlvm.guest_config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.qemu.disk_image import disk_image
from wlvm.qemu.host import Host, Uefi
from wlvm.qemu.host_probe import HostProbe
from wlvm.qemu.launch import LaunchError
from wlvm.qemu.machine_command import MachineCommand, machine_command

_log = logging.getLogger(__name__)


def described(config: GuestConfig, host: Host) -> MachineCommand:
    """The command line for the machine that a guest's configuration describes, on this computer. Nothing is made yet.

    LaunchError, with what to do, where it cannot be had.
    """
    if config.cd is not None and not config.cd.is_file():
        raise LaunchError(f"cd = {json.dumps(str(config.cd))}: there is no such file")
    disks = [disk_image(disk) for disk in config.disks]
    return machine_command(config, config.name, host, config.gl, disks, _variables(config))


def data_directory(guest: str) -> Path:
    """Where what belongs to a guest's machine is kept (the XDG base directory specification)."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".local/share") / "wlvm" / guest


def _variables(config: GuestConfig) -> Path:
    """Where the guest's own UEFI variables are."""
    return data_directory(config.name) / "uefi-variables.fd"


def _make_variables(config: GuestConfig, uefi: Uefi) -> None:
    """Give a new machine its UEFI variables."""
    file = _variables(config)
    if file.exists():
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        shutil.copyfile(uefi.variables, fresh)
        fresh.rename(file)
    except OSError as error:
        raise LaunchError(f"{file}, for the UEFI variables, cannot be made: {error.strerror}") from None


class Preparation:
    """Gets a command line, which takes a while where it must be found out what this computer has. `close()` gives it up."""

    def __init__(
        self, loop: EventLoop, config: GuestConfig, ready: Callable[[Sequence[str] | LaunchError], None]
    ) -> None:
        """`ready` is called once, perhaps by `start()` itself."""
        self._loop = loop
        self._config = config
        self._ready = ready
        self._probe: HostProbe | None = None

    def start(self) -> None:
        if self._config.launch is not None:
            self._ready(self._config.launch)
            return
        try:
            self._probe = HostProbe(self._loop, self._config.qemu, self._config.render_node, self._examined)
        except LaunchError as error:
            self._ready(error)

    def close(self) -> None:
        if self._probe is not None:
            self._probe.close()

    def _examined(self, host: Host | LaunchError) -> None:
        if isinstance(host, LaunchError):
            self._ready(host)
            return
        try:
            command = described(self._config, host)
            if self._config.firmware == "uefi" and host.uefi is not None:
                _make_variables(self._config, host.uefi)
        except LaunchError as error:
            self._ready(error)
            return
        for choice in command.choices:
            _log.info("%s: %s", self._config.name, choice)
        self._ready(command.arguments)
