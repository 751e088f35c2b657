"""LibvirtVm: a domain of libvirt, shown whenever it runs."""

from __future__ import annotations

import enum
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from wlvm.guest_config import GuestConfig
from wlvm.libvirt.calls import LibvirtError, UnreachableError, call
from wlvm.libvirt.connection import Absent, Active, Connection, Off, Sight
from wlvm.libvirt.definition import GRAPHICS
from wlvm.libvirt.disks import DomainDisks
from wlvm.libvirt.event_loop import shared
from wlvm.loop import EventLoop
from wlvm.qemu.connection import MachineState
from wlvm.qemu.dbus_connection import DbusConnection
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.text import readable
from wlvm.vm.vm import PowerError, State, VmEvents

#: libvirt is tried again after this long where it cannot be reached, and a display that failed; in milliseconds.
RETRY_MS: Final = 1000
#: A call that has not returned for so long is told of; in milliseconds.
PATIENCE_MS: Final = 5000
#: Between the end of a display and the news of its domain's, in milliseconds: a QEMU that ends closes its display first, and takes its time.
_END_MS: Final = 3000
#: How long a connection may take to be closed when wlvm ends, in seconds.
_CLOSE_SECONDS: Final = 1.0


class _Fate(enum.Enum):
    """What became of the display of a domain's run."""

    OURS = "it is open, or to be opened"
    CLOSING = "QEMU closed it: the end of the domain may be about to be told"
    CLOSED = "the end of the domain was not told for a while"
    TAKEN = "another program has it"


_Verb = Callable[[Connection], None]


class LibvirtVm:
    """A `Vm` of the configuration's `libvirt` and `uri`. It ends neither the domain nor the daemon.

    What the domain does is looked up whenever libvirt says that something has changed: one look at a time, and one more when something
    came meanwhile. The display is QEMU's own, so that a domain is shown, and typed into, while the daemon is away.
    """

    ours = False

    def __init__(
        self, config: GuestConfig, loop: EventLoop, displays: DisplayThread, events: VmEvents
    ) -> None:
        self._config = config
        self._loop = loop
        self._displays = displays
        self._events = events
        self._libvirt = shared(loop)
        self._mailbox = self._libvirt.mailbox
        self._connection: Connection | None = None
        self._qemu: DbusConnection | None = None
        #: The run of the domain whose display was last asked for, what became of that, and what QEMU's end of it said.
        self._run = -1
        self._fate = _Fate.OURS
        self._why_closed = ""
        self._was_shown = False
        self._is_off = False
        #: Why it did not start when it was to; "" when it did.
        self._start_failure = ""
        self._wants_start = config.start
        self._looking = self._look_again = self._opening = self._switching_off = False
        #: What a person wants done, in order, the first under way: what it is called, and the call.
        self._wanted: deque[tuple[str, _Verb]] = deque()
        self._closing: threading.Thread | None = None
        self._left = self._released = False
        self._retry = loop.timer(self._look)
        self._patience = loop.timer(self._out_of_patience)
        self._end = loop.timer(self._closed_long_ago)

    def begin(self) -> None:
        self._look()

    def reconfigure(self, config: GuestConfig) -> None:
        self._config = config

    def close(self) -> None:
        self._left = True
        for timer in (self._retry, self._patience, self._end):
            timer.remove()
        self._close_display()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._closing = self._close(connection)
        elif not self._looking:
            self._release()

    def finish(self) -> None:
        if self._closing is not None:
            self._closing.join(_CLOSE_SECONDS)
        self._release()

    @property
    def ended(self) -> bool:
        return self._released

    def _close(self, connection: Connection) -> threading.Thread:
        """Close the last connection."""
        return call(self._mailbox, connection.close, lambda _: self._release(), lambda _: self._release())

    def _release(self) -> None:
        if not self._released:
            self._released = True
            self._libvirt.release()

    # What a person does to the domain.

    def power_on(self) -> None:
        self._fate = _Fate.OURS
        if self._is_off and self._connection is not None:
            self._start_failure = ""
            self._events.starting("Waiting for libvirt to start it.")
            self._do("be started", Connection.start)
        else:
            self._wants_start = True
            self._look()

    def shut_down(self) -> None:
        self._do("be shut down", Connection.shut_down)

    def power_off(self) -> None:
        connection = self._there()
        if not self._switching_off:
            # At once, and not after the others: what these wait for may be why.
            self._switching_off = True
            off = partial(Connection.power_off, connection)
            call(self._mailbox, off, self._switched_off, self._not_switched_off)

    def _switched_off(self, _: None) -> None:
        self._switching_off = False

    def _not_switched_off(self, error: LibvirtError) -> None:
        self._switching_off = False
        self._cannot("be switched off", error)

    def pause(self) -> None:
        self._do("be paused", Connection.pause)

    def resume(self) -> None:
        self._do("go on", Connection.resume)

    def reset(self) -> None:
        self._do("be reset", Connection.reset)

    @property
    def pid(self) -> int | None:
        return None  # libvirt does not say

    @property
    def disks(self) -> DomainDisks | None:
        return None if self._connection is None else DomainDisks(self._mailbox, self._connection)

    def _there(self) -> Connection:
        if self._connection is None:
            raise PowerError(f"libvirt at {self._config.uri} cannot be reached")
        return self._connection

    def _do(self, what: str, verb: _Verb) -> None:
        self._there()
        self._wanted.append((what, verb))
        if len(self._wanted) == 1:
            self._do_next()

    def _do_next(self) -> None:
        _, verb = self._wanted[0]
        if self._connection is None:
            self._failed(UnreachableError(f"libvirt at {self._config.uri} cannot be reached"))
        else:
            call(self._mailbox, partial(verb, self._connection), self._done, self._failed)

    def _done(self, _: None) -> None:
        self._wanted.popleft()
        if self._wanted:
            self._do_next()

    def _failed(self, error: LibvirtError) -> None:
        what, verb = self._wanted[0]
        self._done(None)
        if verb is Connection.start and not self._left:
            self._start_failure = f"It could not {what}: {error}"
            self._events.gone(State.OFF, self._start_failure)
        else:
            self._cannot(what, error)

    def _cannot(self, what: str, error: LibvirtError) -> None:
        if not self._left:
            self._events.troubled(f"It could not {what}: {error}")

    # What the domain does.

    def _look(self) -> None:
        if self._left:
            return
        self._retry.disarm()
        if self._looking:
            self._look_again = True
            return
        self._looking = True
        self._patience.arm(PATIENCE_MS)
        call(self._mailbox, partial(self._see, self._connection), self._saw, self._unseen)

    def _see(self, connection: Connection | None) -> tuple[Connection, Sight]:
        """Look the domain up, on a new connection where there is none. On a thread of its own."""
        if connection is not None:
            return connection, connection.look()
        config, post = self._config, self._mailbox.post
        assert config.libvirt is not None
        connection = Connection(
            config.uri,
            config.libvirt,
            changed=lambda: post(self._look),
            rebooted=lambda: post(self._rebooted),
        )
        try:
            return connection, connection.look()
        except LibvirtError:
            connection.close()
            raise

    def _saw(self, seen: tuple[Connection, Sight]) -> None:
        connection, sight = seen
        self._looked()
        if self._left:
            self._close(connection)
            return
        self._connection = connection
        self._is_off = isinstance(sight, Off)
        match sight:
            case Active():
                self._wants_start = False
                self._start_failure = ""
                self._follow(connection, sight)
            case Off(reason) if self._wants_start:
                self._wants_start = False
                self.power_on()
            case Off(reason):
                self._stop_showing()
                if not self._wanted:  # It is not being started.
                    self._events.gone(State.OFF, self._start_failure or reason)
            case Absent():
                self._stop_showing()
                config = self._config
                self._events.gone(State.LOST, f"There is no domain {config.libvirt} at {config.uri}.")
        if self._look_again:
            self._look_again = False
            self._look()

    def _unseen(self, error: LibvirtError) -> None:
        self._looked()
        if self._left:
            self._release()
            return
        self._look_again = False
        self._give_up_connection(error)
        self._retry.arm(RETRY_MS)
        self._unmanaged(f"libvirt at {self._config.uri} cannot be reached: {error}")

    def _looked(self) -> None:
        self._looking = False
        if not self._opening:
            self._patience.disarm()

    def _give_up_connection(self, error: LibvirtError) -> None:
        connection = self._connection
        if connection is not None and isinstance(error, UnreachableError):
            self._connection = None
            call(self._mailbox, connection.close, lambda _: None, lambda _: None)

    def _unmanaged(self, reason: str) -> None:
        """The domain may run on, but nothing can be found out of it, or done to it."""
        if self._qemu is None:
            self._events.gone(State.LOST, reason)
        else:
            self._events.troubled(reason)

    def _out_of_patience(self) -> None:
        if self._opening:
            self._events.responsive(False)
        else:
            self._unmanaged(f"libvirt at {self._config.uri} does not answer.")

    # The domain that runs, and its display.

    def _follow(self, connection: Connection, domain: Active) -> None:
        if self._qemu is not None and domain.run == self._run:
            self._qemu.set_running(not domain.paused)
            self._events.troubled(domain.trouble)
        elif domain.definition.graphics is None:
            self._stop_showing()
            reason = f"It has no display for wlvm. Add {GRAPHICS} to its devices (virsh edit {self._config.libvirt}), and start it anew."
            self._events.gone(State.LOST, reason)
        elif domain.run == self._run and self._fate is _Fate.CLOSED:
            self._stays_closed()
        elif not self._opening and (domain.run != self._run or self._fate is _Fate.OURS):
            self._open_display(connection, domain)

    def _open_display(self, connection: Connection, domain: Active) -> None:
        if domain.run != self._run:
            self._stop_showing()
            self._run = domain.run
            self._events.starting("Waiting for its display.")
        assert domain.definition.graphics is not None
        self._opening = True
        self._patience.arm(PATIENCE_MS)
        opening = partial(connection.open_display, domain.definition.graphics)
        call(self._mailbox, opening, partial(self._opened, domain), self._not_opened)

    def _opened(self, domain: Active, sock: socket.socket) -> None:
        self._opening = False
        if self._left:
            sock.close()
            return
        self._patience.disarm()
        state = MachineState(
            readable(domain.definition.title), f"libvirt at {self._config.uri}", not domain.paused
        )
        repeats = domain.definition.keyboard_repeats_itself
        self._qemu = DbusConnection(
            self._loop,
            self._displays,
            sock,
            self._events,
            self._closed,
            state=state,
            keyboard_repeats_itself=repeats,
        )
        self._look()  # It may be another domain's by now, or another run's.

    def _not_opened(self, error: LibvirtError) -> None:
        self._opening = False
        if self._left:
            return
        self._patience.disarm()
        self._give_up_connection(error)
        self._events.gone(State.LOST, f"Its display cannot be opened: {error}")
        self._retry.arm(RETRY_MS)

    def _closed(self, reason: str) -> None:
        """QEMU has ended, which libvirt will say in a moment, or another program has the display now: QEMU has one for one program."""
        assert self._qemu is not None
        self._was_shown = self._qemu.is_connected
        self._why_closed = reason
        self._qemu = None
        self._fate = _Fate.CLOSING
        self._end.arm(_END_MS)

    def _closed_long_ago(self) -> None:
        self._fate = _Fate.CLOSED
        self._look()

    def _stays_closed(self) -> None:
        """The domain whose display was closed runs on."""
        if self._was_shown:
            self._fate = _Fate.TAKEN
            taken = "Another program shows it; start it to have it back."
            self._events.gone(State.LOST, f"{self._why_closed}. {taken}")
        else:
            self._fate = _Fate.OURS
            self._events.gone(State.LOST, self._why_closed)
            self._retry.arm(RETRY_MS)

    def _stop_showing(self) -> None:
        self._end.disarm()
        self._fate = _Fate.OURS
        self._run = -1
        self._close_display()

    def _close_display(self) -> None:
        if self._qemu is not None:
            self._qemu.close()
            self._qemu = None

    def _rebooted(self) -> None:
        if self._qemu is not None:
            self._qemu.reset()
