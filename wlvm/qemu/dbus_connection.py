"""A VM whose QMP is somebody else's: its display connection alone, which is how it is typed into, too."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from wlvm.loop import EventLoop
from wlvm.qemu.connection import MachineEvents, MachineState
from wlvm.qemu.dbus_input import DbusMachineInput
from wlvm.qemu.display import Console, DisplayThread
from wlvm.qemu.heartbeat import Heartbeat


class DbusConnection:
    """The display connection to one QEMU. `close()` ends it; a lost one is not made again here.

    D-Bus tells neither what the machine is nor whether it runs: whoever makes this does, in `state` and with `set_running`.
    """

    def __init__(
        self,
        loop: EventLoop,
        displays: DisplayThread,
        sock: socket.socket,
        events: MachineEvents,
        closed: Callable[[str], None],
        *,
        state: MachineState,
        keyboard_repeats_itself: bool,
    ) -> None:
        """`sock` is the other end of what QEMU was given to speak D-Bus on; it is taken over.

        `closed` is called when the connection could not be made or was lost, with the reason for a person, and no event after it.
        """
        self._events = events
        self._closed = closed
        self._state = state
        self._keyboard_repeats_itself = keyboard_repeats_itself
        self._running = state.running
        self._consoles: Sequence[Console] = ()
        self._input: DbusMachineInput | None = None
        self._heartbeat = Heartbeat(loop, self._ping, events.responsive)
        self._display = displays.connect(sock, self)

    @property
    def is_connected(self) -> bool:
        """Whether the display has been there."""
        return self._input is not None

    def set_running(self, running: bool) -> None:
        """The machine was stopped or goes on, or neither."""
        if running == self._running:
            return
        self._running = running
        if self._input is not None:
            self._input.running = running
            self._events.running(running)

    def reset(self) -> None:
        """The machine was reset."""
        if self._input is not None:
            self._events.reset()

    def close(self) -> None:
        """Close the connection. No event is told afterwards. Harmless when repeated."""
        self._heartbeat.close()
        self._display.close()

    # The display's events.

    def connected(self, consoles: Sequence[Console]) -> None:
        self._consoles = consoles
        self._input = DbusMachineInput(
            consoles, self._heartbeat.stir, keyboard_repeats_itself=self._keyboard_repeats_itself
        )
        self._input.running = self._running
        state = MachineState(self._state.name, self._state.runner, self._running)
        self._events.connected(state, consoles, self._input)
        self._heartbeat.start()

    def changed(self, console: Console) -> None:
        self._heartbeat.stir()
        self._events.changed(console)

    def closed(self, reason: str) -> None:
        self.close()
        self._closed(reason)

    def _ping(self) -> None:
        self._consoles[0].ping(lambda error: self._heartbeat.answered())
