"""One VM's sockets: QMP, and the display connection that is asked for over it.

The order (docs/interop/dbus-display.rst and qapi/misc.json of QEMU): greet QMP; give QEMU one end of a socket pair with `getfd`; tell
it with `add_client` to speak D-Bus on it; then the display thread speaks on the other end.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop
from wlvm.qemu.disks import QmpDisks
from wlvm.qemu.display import Console, Display, DisplayThread
from wlvm.qemu.heartbeat import Heartbeat
from wlvm.qemu.machine import MachineInput, QmpInput
from wlvm.qemu.qmp import Failure, QemuVersion, QmpClient, Reply, Success, returned
from wlvm.qemu.text import readable
from wlvm.throttle import Throttle

_FDNAME = "wlvm-display"


class _Name(msgspec.Struct):
    """What `query-name` returns."""

    name: str = ""


class _Status(msgspec.Struct):
    """What of `query-status` is of use."""

    running: bool
    status: str = ""


#: Why a machine does not run, by RunState (qapi/run-state.json); it was simply stopped in the states that are not here.
_WHY: Final[Mapping[str, str]] = {
    "suspended": "It sleeps: a key or a click wakes it, and so does the command resume.",
    "io-error": "A disk's file could not be written to, perhaps because there is no room. The command resume has it try again.",
    "guest-panicked": "The guest says that it has crashed.",
    "internal-error": "QEMU cannot go on with it: an internal error.",
    "watchdog": "Its watchdog has stopped it.",
    "shutdown": "The guest has shut down.",
    "inmigrate": "It waits for the machine that it is to go on from.",
    "postmigrate": "It went on elsewhere.",
}

#: What a guest does to its machine faster than so is told as one, in milliseconds: it may stop, go on and reset itself as fast as it can.
_NEWS_MS: Final = 100


class MachineState(Struct, frozen=True):
    """What is known of the machine: its `-name` ("" without one), what runs it ("QEMU 7.2.22"), whether it runs, and why not.

    `why` is a sentence, "" where somebody has stopped it.
    """

    name: str
    runner: str
    running: bool
    why: str = ""


class MachineEvents(Protocol):
    """Who hears of the machine behind a connection. Everything is called on the main thread."""

    def connected(self, state: MachineState, consoles: Sequence[Console], input: MachineInput) -> None:
        """The display is there, and `input` reaches the machine. First, and once a connection."""

    def changed(self, console: Console) -> None:
        """The console has something to take, or another property."""

    def running(self, running: bool, why: str = "") -> None:
        """The machine was stopped or goes on; or it is known better `why` it does not run (as in MachineState)."""

    def responsive(self, responsive: bool) -> None:
        """QEMU has stopped answering, or answers again."""

    def reset(self) -> None:
        """The machine was reset: its firmware runs, and the devices have no drivers."""

    def shut_down(self) -> None:
        """The guest has switched itself off; QEMU usually ends then."""

    def panicked(self) -> None:
        """The guest says that it has crashed."""


class QemuConnection:
    """The connection to one QEMU. `close()` ends it; a lost one is not made again here."""

    def __init__(
        self,
        loop: EventLoop,
        displays: DisplayThread,
        sock: socket.socket,
        events: MachineEvents,
        closed: Callable[[str], None],
    ) -> None:
        """`sock` is connected to QEMU's QMP, or about to be; it is taken over.

        `closed` is called when the connection could not be made or was lost, with the reason for a person, and no event after it.
        """
        self._displays = displays
        self._events: MachineEvents | None = events
        self._closed = closed
        self._display: Display | None = None
        #: Of one that was closed: whether QEMU was there all the same, but would not answer, or had no display.
        self.unfit = False
        self._name = ""
        self._running = True
        self._why = ""
        self._running_told = True, ""
        self._resets = Throttle(loop, _NEWS_MS, self._tell_reset)
        self._changes = Throttle(loop, _NEWS_MS, self._tell_running)
        self._stops = Throttle(loop, _NEWS_MS, self._ask_status)
        self._heartbeat = Heartbeat(loop, self._ask_status, self._tell_responsive)
        self.qmp = QmpClient(loop, sock, self)
        self.disks = QmpDisks(self.qmp.execute)

    def close(self) -> None:
        """Close every socket. No event is told afterwards. Harmless when repeated."""
        self._events = None
        self._heartbeat.close()
        for throttle in (self._resets, self._changes, self._stops):
            throttle.remove()
        self.qmp.close()
        if self._display is not None:
            self._display.close()
            self._display = None

    # QMP's events.

    def ready(self, version: QemuVersion) -> None:
        self._heartbeat.start()
        self.qmp.execute("query-name", on_reply=self._named)
        self._ask_status()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        fd = OwnedFd(theirs.detach())
        self.qmp.execute("getfd", {"fdname": _FDNAME}, fds=(fd,))
        self.qmp.execute(
            "add_client",
            {"protocol": "@dbus-display", "fdname": _FDNAME},
            on_reply=lambda reply: self._client_added(reply, ours),
        )

    def event(self, name: str, data: Mapping[str, object]) -> None:
        if name in ("RESUME", "WAKEUP"):
            self._set_running(True)
        elif name == "SUSPEND":
            self._set_running(False, _WHY["suspended"])
        elif name == "STOP":
            self._set_running(False)
            self._stops.ask()  # it tells why
        elif name == "JOB_STATUS_CHANGE":
            self.disks.event(name, data)
        elif self._events is None or self._display is None:
            return
        elif name == "RESET":
            self._resets.ask()
        elif name == "SHUTDOWN" and data.get("guest") is True:
            self._events.shut_down()
        elif name == "GUEST_PANICKED":
            self._events.panicked()

    # The display's events. `changed` goes straight through.

    def connected(self, consoles: Sequence[Console]) -> None:
        if self._events is not None:
            assert self.qmp.version is not None, "the display is asked for over QMP"
            self._running_told = self._running, self._why
            state = MachineState(self._name, f"QEMU {self.qmp.version}", self._running, self._why)
            self._events.connected(state, consoles, QmpInput(self._input))

    def changed(self, console: Console) -> None:
        self._heartbeat.stir()
        if self._events is not None:
            self._events.changed(console)

    def closed(self, reason: str) -> None:
        """QMP's or the display's: with either gone the guest can no longer be used."""
        wanted = self._events is not None
        self.unfit = self._display is None and not self.qmp.hung_up
        self.close()
        if wanted:
            self._closed(reason)

    def _input(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        self._heartbeat.stir()
        self.qmp.execute(command, arguments, on_reply=on_reply)

    # Answers.

    def _named(self, reply: Reply) -> None:
        self._name = readable(returned(reply, _Name, _Name()).name)

    def _status(self, reply: Reply) -> None:
        if isinstance(reply, Success):
            self._heartbeat.answered()
            status = returned(reply, _Status, _Status(self._running))
            self._set_running(status.running, "" if status.running else _WHY.get(status.status, ""))

    def _client_added(self, reply: Reply, ours: socket.socket) -> None:
        if isinstance(reply, Success) and self._events is not None:
            self._display = self._displays.connect(ours, self)
            return
        ours.close()
        if isinstance(reply, Failure) and reply.error_class != "Disconnected":
            self.closed(
                f"QEMU has no D-Bus display ({reply.description}): start it with -display dbus,p2p=yes"
            )

    @property
    def sleeps(self) -> bool:
        """Whether the guest has suspended itself (ACPI S3)."""
        return self._why == _WHY["suspended"]

    def _set_running(self, running: bool, why: str = "") -> None:
        if (running, why) != (self._running, self._why):
            self._running, self._why = running, why
            self._changes.ask()

    def _tell_running(self) -> None:
        told = self._running, self._why
        if self._events is not None and self._display is not None and told != self._running_told:
            self._running_told = told
            self._events.running(*told)

    def _tell_reset(self) -> None:
        if self._events is not None:
            self._events.reset()

    def _ask_status(self) -> None:
        self.qmp.execute("query-status", on_reply=self._status)

    def _tell_responsive(self, responsive: bool) -> None:
        if self._events is not None:
            self._events.responsive(responsive)
