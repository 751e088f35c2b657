"""QmpVm: a machine whose QEMU is spoken to over QMP: what the ways to reach such a QEMU share."""

from __future__ import annotations

import contextlib
import socket

from wlvm.guest_config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.peer_credentials import peer
from wlvm.qemu.connection import QemuConnection
from wlvm.qemu.disks import Disks
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.qmp import QmpError
from wlvm.vm.vm import PowerError, VmEvents


class QmpVm:
    """The part of a `wlvm.vm.vm.Vm` that a QMP connection does: `_connect()` makes one, `_closed()` hears of its end."""

    def __init__(
        self, config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents
    ) -> None:
        self._config = config
        self._loop = loop
        self._displays = displays
        self._events = events
        self._connection: QemuConnection | None = None
        self._pid: int | None = None

    def reconfigure(self, config: GuestConfig) -> None:
        self._config = config

    def shut_down(self) -> None:
        self._tell("system_powerdown")

    def power_off(self) -> None:
        self._tell("quit")

    def pause(self) -> None:
        self._tell("stop")

    def resume(self) -> None:
        sleeps = self._connection is not None and self._connection.sleeps
        self._tell("system_wakeup" if sleeps else "cont")

    def reset(self) -> None:
        self._tell("system_reset")

    @property
    def pid(self) -> int | None:
        return None if self._connection is None else self._pid

    @property
    def disks(self) -> Disks | None:
        return None if self._connection is None else self._connection.disks

    def finish(self) -> None:
        """Nothing ends with wlvm."""

    @property
    def ended(self) -> bool:
        return True

    def _tell(self, command: str) -> None:
        try:
            if self._connection is not None:
                self._connection.qmp.execute(command)
                return
        except QmpError:
            pass
        raise PowerError("its QEMU is on its way out")

    def _connect(self, sock: socket.socket) -> None:
        """Speak QMP on a connected socket, which is taken over."""
        with contextlib.suppress(OSError):  # It has just ended, as the connection will tell.
            self._pid, _ = peer(sock)
        self._connection = QemuConnection(self._loop, self._displays, sock, self._events, self._closed)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _closed(self, reason: str) -> None:
        """The connection is gone."""
        raise NotImplementedError
