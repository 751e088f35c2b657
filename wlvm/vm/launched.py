"""LaunchedVm: a QEMU that wlvm launches, and that ends when wlvm does or outlives it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from wlvm.guest_config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.qemu import qmp
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.launch import LaunchError
from wlvm.qemu.outliving import MeetingPlace, OutlivingQemu, TakenError
from wlvm.qemu.process import QemuProcess
from wlvm.qemu.qmp import QmpError
from wlvm.vm.attached import RETRY_MS
from wlvm.vm.preparation import Preparation
from wlvm.vm.qmp_vm import QmpVm
from wlvm.vm.vm import State, VmEvents

_NOT_STARTED: Final = "It has not been started."
_SWITCHED_OFF: Final = "It was switched off."


class LaunchedVm(QmpVm):
    """A `Vm` of the configuration's `launch`, or of the machine that it describes."""

    ours = True

    def __init__(
        self, config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents
    ) -> None:
        super().__init__(config, loop, displays, events)
        directory = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "wlvm"
        self._place = MeetingPlace(directory, config.name)
        self._preparation: Preparation | None = None
        self._process: QemuProcess | OutlivingQemu | None = None
        self._retry = loop.timer(self._try_again)
        #: Whether it is to be started as soon as its QEMU has ended.
        self._starts_again = False
        self._left = False
        #: Why a QEMU that was there was ended by wlvm.
        self._why_unfit = ""

    def begin(self) -> None:
        if self._config.outlive and self._is_elsewhere_or_found():
            return
        if self._config.start:
            self._launch()
        else:
            self._events.gone(State.OFF, _NOT_STARTED)

    def power_on(self) -> None:
        self._retry.disarm()
        if isinstance(self._process, OutlivingQemu) and not self._process.ending:
            self._connect_again()
        elif self._process is not None:
            self._starts_again = True  # its QEMU is on its way out
        elif not (self._config.outlive and self._is_elsewhere_or_found()):
            self._launch()

    def shut_down(self) -> None:
        if self._connection is None:
            self.power_off()  # it has not come so far as to hear of it
        else:
            super().shut_down()

    def power_off(self) -> None:
        if self._process is not None:
            self._process.close()
        elif self._preparation is not None:
            self._give_up_preparation()
            self._events.gone(State.OFF, _SWITCHED_OFF)

    def close(self) -> None:
        self._left = True
        self._retry.remove()
        self._give_up_preparation()
        self._disconnect()
        if self._process is not None:
            self._process.leave()
        self._place.release()

    def finish(self) -> None:
        if self._process is not None:
            self._process.finish()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def ended(self) -> bool:
        return self._process is None or not self._process.running

    def _is_elsewhere_or_found(self) -> bool:
        """Look for what an earlier wlvm left: whether another one has the machine, or its QEMU runs and is spoken to now."""
        try:
            self._place.take()
        except (TakenError, OSError) as error:
            self._lost(str(error))
            return True
        self._process = OutlivingQemu.find(self._loop, self._place, self._exited, name=self._config.name)
        if self._process is None:
            return False
        self._connect(self._process.qmp_socket)
        return True

    def _try_again(self) -> None:
        if self._process is None:
            self.begin()
        else:
            self._connect_again()

    def _connect_again(self) -> None:
        try:
            self._connect(qmp.connect(self._place.qmp))
        except QmpError as error:
            self._lost(str(error))

    def _launch(self) -> None:
        self._events.starting("Finding out what this computer offers.")
        self._preparation = Preparation(self._loop, self._config, self._prepared)
        self._preparation.start()

    def _prepared(self, command: Sequence[str] | LaunchError) -> None:
        self._preparation = None
        self._events.starting("Waiting for QEMU to answer.")
        try:
            if isinstance(command, LaunchError):
                raise command
            self._process = self._run(command)
        except LaunchError as error:
            self._events.gone(State.OFF, str(error))
            return
        self._connect(self._process.qmp_socket)

    def _run(self, command: Sequence[str]) -> QemuProcess | OutlivingQemu:
        gl, render_node, name = self._config.gl, self._config.render_node, self._config.name
        if self._config.outlive:
            return OutlivingQemu.launch(
                self._loop, command, self._place, self._exited, gl=gl, render_node=render_node, name=name
            )
        return QemuProcess(self._loop, command, self._exited, gl=gl, render_node=render_node, name=name)

    def _give_up_preparation(self) -> None:
        if self._preparation is not None:
            self._preparation.close()
            self._preparation = None

    def _exited(self, reason: str) -> None:
        if self._left:
            return  # as it was asked to
        self._retry.disarm()
        self._disconnect()
        self._process = None
        self._events.gone(State.OFF, self._why_unfit or reason)
        self._why_unfit = ""
        if self._starts_again:
            self._starts_again = False
            self.power_on()

    def _closed(self, reason: str) -> None:
        """Without its connection a QEMU of wlvm's alone is of no use: it is ended. The way it ends is a better reason, if it is its own."""
        unfit = self._connection is not None and self._connection.unfit
        self._connection = None
        if isinstance(self._process, OutlivingQemu) and not self._process.ending:
            self._lost(reason)
        elif self._process is not None:
            self._process.close()
            self._why_unfit = reason if unfit else ""
            self._events.gone(State.OFF, reason)

    def _lost(self, reason: str) -> None:
        self._retry.arm(RETRY_MS)
        self._events.gone(State.LOST, reason)
