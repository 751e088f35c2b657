"""The display thread: one thread that serves the D-Bus display connections of all guests.

Nothing that the main thread does, however long, makes QEMU wait: what QEMU blocks on is answered here. The main thread learns of
news through one eventfd, and takes what came since it last looked. All sending happens here, too: what the main thread
wants sent is queued as a command.

    displays = DisplayThread()
    displays.start()
    loop.watch(displays.fileno(), displays.dispatch)
    display = displays.connect(sock, events)
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from wlvm.qemu.console import Console
from wlvm.qemu.dbus import Call
from wlvm.qemu.handover import FrameToken
from wlvm.qemu.peer import Peer
from wlvm.qemu.session import Session

__all__ = ["Console", "Display", "DisplayEvents", "DisplayThread"]


class DisplayEvents(Protocol):
    """Who hears of a display. Everything is called on the main thread, from DisplayThread.dispatch()."""

    def connected(self, consoles: Sequence[Console]) -> None:
        """QEMU draws to us: these are all its graphic consoles, by number. First, and once."""

    def changed(self, console: Console) -> None:
        """`console.take()` has something, or a property of the console has changed. Many changes may be told as one."""

    def closed(self, reason: str) -> None:
        """A connection was lost or refused, for a reason that a person can read. Nothing is called after this.

        What the consoles have not given yet may be taken now, not later.
        """


class Display:
    """One guest's display, as the main thread holds it. Made by DisplayThread.connect()."""

    def __init__(self, thread: DisplayThread, sock: socket.socket, events: DisplayEvents) -> None:
        self._thread = thread
        self._events: DisplayEvents | None = events
        self._consoles: tuple[Console, ...] = ()
        self._link = _Link(self, thread, sock)

    @property
    def consoles(self) -> Sequence[Console]:
        """The graphic consoles, by number; none before `connected`."""
        return self._consoles

    def close(self) -> None:
        """End the display, and drop what was not taken from its consoles. Harmless when repeated.

        No event is told afterwards. Main thread, inside an event's callback too.
        """
        if self._events is None:
            return
        self._events = None
        self._release()
        self._link.close()

    def _tell_connected(self, consoles: Sequence[Console]) -> None:
        self._consoles = tuple(consoles)
        if self._events is not None:
            self._events.connected(self._consoles)

    def _tell_changed(self, console: Console) -> None:
        if self._events is not None:
            self._events.changed(console)

    def _tell_closed(self, reason: str) -> None:
        if self._events is not None:
            events, self._events = self._events, None
            events.closed(reason)
            self._release()
            self._link.close()

    def _tell_answer(self, answered: Callable[[str], None], error: str) -> None:
        if self._events is not None:
            answered(error)

    def _release(self) -> None:
        for console in self._consoles:
            console.handover.close()


class DisplayThread:
    """The thread and its two queues. All methods are for the main thread."""

    def __init__(self) -> None:
        self._news = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._events: deque[Callable[[], None]] = deque()
        self._commands: deque[Callable[[], None]] = deque()
        self._untold = False
        self._sessions: set[Session] = set()
        #: Of those that have something to do at a time, when: in monotonic seconds.
        self._deadlines: dict[Session, float] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._stopping = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="wlvm-display", daemon=True)

    def start(self) -> None:
        """Start the thread. Connections made before wait until then.

        While the main thread runs Python code, this one gets the interpreter only every `sys.getswitchinterval()`, several
        times an answer: measured, QEMU waits 9 ms for a ScanoutMap's reply at Python's 5 ms, and 1 ms at 0.5 ms. A process that
        wants its guests fluent sets it so.
        """
        self._thread.start()

    def stop(self) -> None:
        """End every display without a word, and the thread; wait for it. Harmless when repeated."""
        if self._stopped:
            return
        self._stopping = True
        os.eventfd_write(self._wake, 1)
        if self._thread.ident is not None:
            self._thread.join()
        self._stopped = True
        self._run_commands()  # What was connected too late is opened, so that it is closed.
        for session in self._sessions:
            session.close()
        self._sessions.clear()
        self._events.clear()
        self._selector.close()
        os.close(self._news)
        os.close(self._wake)

    def fileno(self) -> int:
        """An eventfd, readable while `dispatch` has something to tell. It stays the thread's."""
        return self._news

    def dispatch(self) -> None:
        """Tell all displays' events, in order, those that came until now."""
        try:
            os.eventfd_read(self._news)
        except BlockingIOError:
            return
        try:
            for _ in range(len(self._events)):
                if self._events:  # None are left once a callback has called stop().
                    self._events.popleft()()
        finally:
            if self._events and not self._stopped:  # A callback has raised: the others' events must not wait.
                os.eventfd_write(self._news, 1)

    def connect(self, sock: socket.socket, events: DisplayEvents) -> Display:
        """Speak D-Bus on `sock`, the other end of what QEMU got with `add_client`, and tell `events` what comes of it.

        Takes the socket over.
        """
        if self._stopping:
            sock.close()
            raise RuntimeError("the display thread has been stopped")
        sock.setblocking(False)
        return Display(self, sock, events)

    def _post(self, command: Callable[[], None]) -> None:
        """Have the display thread run this. On a stopped thread, nothing."""
        if not self._stopping:
            self._commands.append(command)
            os.eventfd_write(self._wake, 1)

    def _tell(self, event: Callable[[], None]) -> None:
        """Have the main thread run this from `dispatch`. Called on the display thread, at the end of whose turn that one is woken.

        Woken sooner, it would wait for the interpreter.
        """
        self._events.append(event)
        self._untold = True

    def _run(self) -> None:
        while not self._stopping:
            self._turn(self._timeout())

    def _turn(self, timeout: float | None) -> None:
        """Wait for sockets and commands, so many seconds (None: until there are some), and deal with them."""
        for key, events in self._selector.select(timeout):
            if isinstance(key.data, Peer):
                key.data.ready(events)
                assert isinstance(key.data.owner, Session)
                self._note_deadline(key.data.owner)
            else:
                os.eventfd_read(self._wake)
        self._run_commands()
        if self._deadlines:
            now = time.monotonic()
            for session in list(self._deadlines):
                session.expire(now)
                self._note_deadline(session)
        if self._untold:
            self._untold = False
            os.eventfd_write(self._news, 1)

    def _run_commands(self) -> None:
        while self._commands:
            self._commands.popleft()()

    def _timeout(self) -> float | None:
        """How long to wait for sockets, in seconds, until a deadline is due."""
        return max(0.0, min(self._deadlines.values()) - time.monotonic()) if self._deadlines else None

    def _note_deadline(self, session: Session) -> None:
        """Something may have changed about when a session has something to do."""
        deadline = session.next_deadline()
        if deadline is not None:
            self._deadlines[session] = deadline
        else:
            self._deadlines.pop(session, None)

    def _open(self, link: _Link, sock: socket.socket, reports: _Reports) -> None:
        link.session = Session(sock, self._selector, link, reports)
        self._sessions.add(link.session)
        link.session.start()
        self._note_deadline(link.session)

    def _close(self, session: Session) -> None:
        session.close()
        self._sessions.discard(session)
        self._deadlines.pop(session, None)


class _Link:
    """From a display's main-thread side to its Session: every call is posted, and run on the display thread."""

    def __init__(self, display: Display, thread: DisplayThread, sock: socket.socket) -> None:
        self._display = display
        self._thread = thread
        #: Set by the first command, so it is there for all that follow.
        self.session: Session
        thread._post(partial(thread._open, self, sock, _Reports(display, thread)))

    def ask_size(self, index: int, call: Call) -> None:
        self._thread._post(lambda: self.session.ask_size(index, call))

    def ask(self, call: Call, answered: Callable[[str], None]) -> None:
        def tell(error: str) -> None:
            self._thread._tell(lambda: self._display._tell_answer(answered, error))

        self._thread._post(lambda: self.session.ask(call, tell))

    def notify(self, call: Call) -> None:
        self._thread._post(lambda: self.session.notify(call))

    def acknowledge(self, index: int, frames: tuple[FrameToken, ...]) -> None:
        self._thread._post(lambda: self.session.acknowledge(index, frames))

    def resume(self, index: int) -> None:
        self._thread._post(lambda: self.session.resume(index))

    def close(self) -> None:
        self._thread._post(lambda: self._thread._close(self.session))


class _Reports:
    """From a Session to its display's events: queued on the display thread, told on the main thread."""

    def __init__(self, display: Display, thread: DisplayThread) -> None:
        self._display = display
        self._thread = thread
        self._untold: set[Console] = set()

    def connected(self, consoles: Sequence[Console]) -> None:
        self._thread._tell(partial(self._display._tell_connected, consoles))

    def changed(self, console: Console) -> None:
        # What is queued covers what comes until it is told: the main thread takes it away first, and looks then.
        if console not in self._untold:
            self._untold.add(console)
            self._thread._tell(partial(self._tell_changed, console))

    def closed(self, reason: str) -> None:
        self._thread._tell(partial(self._display._tell_closed, reason))

    def _tell_changed(self, console: Console) -> None:
        self._untold.discard(console)
        self._display._tell_changed(console)
