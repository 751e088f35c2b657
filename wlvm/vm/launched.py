"""LaunchedVm: a QEMU that wlvm launches, and that ends when wlvm does."""

from __future__ import annotations

from collections.abc import Sequence

from wlvm.config import GuestConfig
from wlvm.loop import EventLoop
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.launch import LaunchError
from wlvm.qemu.process import QemuProcess
from wlvm.vm.preparation import Preparation
from wlvm.vm.qmp_vm import QmpVm
from wlvm.vm.vm import State, VmEvents


class LaunchedVm(QmpVm):
    """A `Vm` of the configuration's `launch`, or of the machine that it describes."""

    ours = True

    def __init__(
        self, config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents
    ) -> None:
        super().__init__(config, loop, displays, events)
        self._preparation: Preparation | None = None
        self._process: QemuProcess | None = None
        #: Whether it is to be started as soon as its QEMU has ended.
        self._starts_again = False
        self._left = False

    def begin(self) -> None:
        if self._config.start:
            self._launch()
        else:
            self._events.gone(State.OFF, "It has not been started.")

    def power_on(self) -> None:
        if self._process is not None:
            self._starts_again = True  # its QEMU is on its way out
            return
        self._events.starting()
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
            self._events.gone(State.OFF, "It was switched off.")

    def close(self) -> None:
        self._left = True
        self._give_up_preparation()
        self._disconnect()
        if self._process is not None:
            self._process.close()

    def finish(self) -> None:
        if self._process is not None:
            self._process.finish()

    @property
    def ended(self) -> bool:
        return self._process is None or not self._process.running

    def _launch(self) -> None:
        self._preparation = Preparation(self._loop, self._config, self._prepared)
        self._preparation.start()

    def _prepared(self, command: Sequence[str] | LaunchError) -> None:
        self._preparation = None
        try:
            if isinstance(command, LaunchError):
                raise command
            self._process = QemuProcess(
                self._loop,
                command,
                self._exited,
                gl=self._config.gl,
                render_node=self._config.render_node,
                name=self._config.name,
            )
        except LaunchError as error:
            self._events.gone(State.OFF, str(error))
            return
        self._connect(self._process.qmp_socket)

    def _give_up_preparation(self) -> None:
        if self._preparation is not None:
            self._preparation.close()
            self._preparation = None

    def _exited(self, reason: str) -> None:
        if self._left:
            return  # as it was asked to
        self._disconnect()
        self._process = None
        self._events.gone(State.OFF, reason)
        if self._starts_again:
            self._starts_again = False
            self.power_on()

    def _closed(self, reason: str) -> None:
        """Without its connection it is of no use: it is ended, and the way it ends is a better reason."""
        self._connection = None
        assert self._process is not None
        self._process.close()
        self._events.gone(State.OFF, reason)
