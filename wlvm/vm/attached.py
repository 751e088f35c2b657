"""AttachedVm: a QEMU that somebody else runs, behind a QMP socket: shown whenever it is there."""

from __future__ import annotations

from wlvm.guest_config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.qemu import qmp
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.qmp import QmpError
from wlvm.vm.qmp_vm import QmpVm
from wlvm.vm.vm import State, VmEvents

#: One that cannot be reached is tried again after this long, in milliseconds.
RETRY_MS = 1000


class AttachedVm(QmpVm):
    """A `Vm` at the configuration's `qmp`."""

    ours = False

    def __init__(
        self, config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents
    ) -> None:
        super().__init__(config, loop, displays, events)
        self._retry = loop.timer(self._reach)

    def begin(self) -> None:
        self._events.starting("Waiting for QEMU to answer. It serves one program at a time.")
        self._reach()

    def power_on(self) -> None:
        self._retry.disarm()
        self._reach()

    def close(self) -> None:
        self._retry.remove()
        self._disconnect()

    def _reach(self) -> None:
        """Try to attach; the timer tries again."""
        assert self._config.qmp is not None
        try:
            self._connect(qmp.connect(self._config.qmp))
        except QmpError as error:
            self._lost(str(error))

    def _closed(self, reason: str) -> None:
        self._connection = None
        self._lost(reason)

    def _lost(self, reason: str) -> None:
        self._retry.arm(RETRY_MS)
        self._events.gone(State.LOST, reason)
