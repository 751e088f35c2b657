"""The client of QEMU's monitor protocol, QMP, on an EventLoop."""

from __future__ import annotations

import array
import errno
import logging
import os
import select
import socket
import stat
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop
from wlvm.qemu.qmp_messages import (
    Answer,
    Event,
    Failure,
    Greeting,
    QemuVersion,
    QmpError,
    QmpProtocol,
    Reply,
    Success,
    returned,
)
from wlvm.qemu.text import readable

__all__ = [
    "NOT_RUNNING",
    "Execute",
    "Failure",
    "QemuVersion",
    "QmpClient",
    "QmpError",
    "QmpEvents",
    "Reply",
    "Success",
    "connect",
    "returned",
]

#: What QEMU may leave unread before it is given up, in bytes: many thousands of key presses.
MAX_UNSENT: Final = 1 << 20
#: How long QEMU may take for its greeting. It serves one client on a QMP socket; a second is let wait and hears nothing.
GREETING_TIMEOUT_MS: Final = 10_000
#: How long `QmpClient.close` waits for the last replies. QEMU answers within milliseconds, unless it hangs.
CLOSE_SECONDS: Final = 0.25

#: Why QEMU refuses input while the guest is stopped (ui/input.c, all releases).
NOT_RUNNING: Final = "VM not running"

_CHUNK: Final = 256 << 10
#: What QEMU must have been told when wlvm hangs up: keys that are let go of, and a machine that goes on.
_LAST_WORDS: Final = ("input-send-event", "cont")
_CAPABILITIES: Final = 0  # the id of the first command; the caller's count from 1

_log = logging.getLogger(__name__)


class QmpEvents(Protocol):
    """Who hears of a QmpClient. Nothing is called after the client's `close()`, nor inside its constructor."""

    def ready(self, version: QemuVersion) -> None:
        """QEMU accepted this client."""

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """An event came, in order with the replies."""

    def closed(self, reason: str) -> None:
        """The connection is gone, for a reason that a person can read, and every command still open has been told."""


class _Nobody:
    """QmpEvents for a client that is being closed."""

    def ready(self, version: QemuVersion) -> None: ...

    def event(self, name: str, data: Mapping[str, Any]) -> None: ...

    def closed(self, reason: str) -> None: ...


def _ignore(reply: Reply) -> None:
    """The reply to a command of a client that is being closed."""


class Execute(Protocol):
    """`QmpClient.execute`, as far as it is needed."""

    def __call__(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None: ...


class _Command:
    """What waits to be written: the rest of a line, and the fds that its next byte carries."""

    __slots__ = ("data", "fds")

    def __init__(self, data: bytes, fds: Sequence[OwnedFd]) -> None:
        self.data = memoryview(data)
        self.fds = fds

    def close_fds(self) -> None:
        for fd in self.fds:
            fd.close()
        self.fds = ()


class _Expected(NamedTuple):
    """A command whose reply is still to come."""

    name: str
    on_reply: Callable[[Reply], None] | None


class QmpClient:
    """A connection to a QMP socket. It owns the socket; `close()` it when done.

    Commands may be given from the start; they wait for QEMU's greeting by themselves. One that waits, or whose reply has not
    come when the connection is lost, is answered by `Failure("Disconnected", reason)`, so every command is answered once, unless `close()`
    comes first.
    """

    def __init__(self, loop: EventLoop, sock: socket.socket, events: QmpEvents) -> None:
        """`sock` is a connected stream socket, AF_UNIX where fds are to be sent; see `connect`."""
        sock.setblocking(False)
        self._socket = sock
        self._events = events
        self._protocol = QmpProtocol()
        #: What the greeting said; None before it, when nothing may be written.
        self._greeted: QemuVersion | None = None
        self._version: QemuVersion | None = None
        self._expected: dict[int, _Expected] = {}
        self._next_id = 1
        self._inbox: deque[Greeting | Answer | Event] = deque()
        self._outgoing: deque[_Command] = deque()
        self._unsent = 0
        self._closed = False
        #: Whether it is QEMU that closed the connection: it ends, or has ended.
        self.hung_up = False
        self._watch = loop.watch(sock.fileno(), self._on_socket)
        self._watching_writable = False
        self._give_up_reason = (
            "QEMU does not answer on its QMP socket; it serves one client, is another one connected?"
        )
        self._give_up = loop.timer(lambda: self._lose(self._give_up_reason))
        self._give_up.arm(GREETING_TIMEOUT_MS)

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        fds: Sequence[OwnedFd] = (),
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        """Send a command; `on_reply` is called once with its reply, never inside this call. An error that nobody awaits is logged.

        `fds` travel with the command's first byte (SCM_RIGHTS, for `getfd`) and are closed here in any case.
        """
        if self._closed:
            for fd in fds:
                fd.close()
            raise QmpError(f"{command}: the QMP connection is closed")
        id, self._next_id = self._next_id, self._next_id + 1
        self._enqueue(command, arguments, id, fds, on_reply)
        if self._greeted:
            self._write()

    def drain(self, seconds: float) -> bool:
        """Wait, outside of the loop, until QEMU has answered every command; False when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        poll = select.poll()
        self._deliver()  # what came together with the message whose callback called this
        while not self._closed and self._expected:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._watching_writable else 0))
            if poll.poll(1000 * left):
                self._on_socket()
        return not self._expected

    def close(self) -> None:
        """Hang up for good, once QEMU has carried out its last words, or CLOSE_SECONDS later. Harmless when repeated.

        QEMU discards the commands it has not read yet of a client that hangs up (monitor/qmp.c, chardev/char-socket.c): keys
        that were let go of just before would stay down. Nothing else is worth keeping the other guests waiting.
        """
        if self._closed:
            return
        self._events = _Nobody()
        self._expected = {id: command._replace(on_reply=_ignore) for id, command in self._expected.items()}
        if self._greeted and any(command.name in _LAST_WORDS for command in self._expected.values()):
            self.drain(CLOSE_SECONDS)
        self._hang_up()

    def _hang_up(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._give_up.remove()
        self._watch.remove()
        self._socket.close()
        for command in self._outgoing:
            command.close_fds()
        self._outgoing.clear()
        self._expected.clear()
        self._inbox.clear()

    @property
    def version(self) -> QemuVersion | None:
        """QEMU's release, None until `QmpEvents.ready`."""
        return self._version

    @property
    def unanswered(self) -> int:
        """How many commands have not been answered yet."""
        return len(self._expected)

    def _enqueue(
        self,
        name: str,
        arguments: Mapping[str, Any] | None,
        id: int,
        fds: Sequence[OwnedFd],
        on_reply: Callable[[Reply], None] | None,
    ) -> None:
        data = self._protocol.encode(name, arguments, id)
        self._expected[id] = _Expected(name, on_reply)
        self._outgoing.append(_Command(data, fds))
        self._unsent += len(data)

    def _on_socket(self) -> None:
        if self._greeted:
            self._write()
        if not self._closed:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.hung_up = True
            self._lose(f"the QMP connection broke: {error.strerror}")
            return
        if not data:
            self.hung_up = True
            self._lose("QEMU closed the QMP connection")
            return
        try:
            self._inbox += self._protocol.feed(data)
        except QmpError as error:
            self._lose(str(error))
        self._deliver()

    def _deliver(self) -> None:
        try:
            while self._inbox:
                self._take(self._inbox.popleft())
        except QmpError as error:
            self._lose(str(error))

    def _take(self, message: Greeting | Answer | Event) -> None:
        if isinstance(message, Greeting):
            self._greet(message.version)
        elif not self._greeted:
            raise QmpError("QEMU sent something else before its QMP greeting")
        elif isinstance(message, Event):
            _call(self._events.event, message.name, message.data)
        else:
            self._answer(message)

    def _greet(self, version: QemuVersion) -> None:
        if self._greeted:
            raise QmpError("a second QMP greeting")
        self._greeted = version
        self._give_up.disarm()
        waiting, self._outgoing = self._outgoing, deque()
        self._enqueue("qmp_capabilities", None, _CAPABILITIES, (), None)
        self._outgoing += waiting
        self._write()

    def _on_capabilities(self, reply: Reply) -> None:
        if isinstance(reply, Failure):
            raise QmpError(f"QEMU refused the QMP connection: {reply.description}")
        self._version = self._greeted
        _call(self._events.ready, self._version)

    def _answer(self, answer: Answer) -> None:
        if answer.id is None or answer.id not in self._expected:
            raise QmpError(f"QEMU answered a command that was not sent: {readable(str(answer.reply))}")
        command = self._expected.pop(answer.id)
        if answer.id == _CAPABILITIES:
            self._on_capabilities(answer.reply)
        elif command.on_reply is not None:
            _call(command.on_reply, answer.reply)
        elif isinstance(answer.reply, Failure):
            _log.warning("QEMU refused %s: %s", command.name, answer.reply.description)

    def _write(self) -> None:
        while self._outgoing:
            command = self._outgoing[0]
            try:
                sent = self._send(command)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # What QEMU said last, and that it hung up, is read first; the watch reports it.
                break
            self._unsent -= sent
            command.data = command.data[sent:]
            if not command.data:
                self._outgoing.popleft()
        if self._unsent > MAX_UNSENT:
            # Told from the loop, because this may run inside of execute().
            self._give_up_reason = "QEMU does not read its QMP socket"
            self._give_up.arm(1)
        self._wait_for_room(bool(self._outgoing))

    def _send(self, command: _Command) -> int:
        if not command.fds:
            return self._socket.send(command.data)
        rights = array.array("i", [fd.fileno() for fd in command.fds])
        sent = self._socket.sendmsg([command.data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        command.close_fds()
        return sent

    def _wait_for_room(self, wanted: bool) -> None:
        if wanted != self._watching_writable:
            self._watching_writable = wanted
            self._watch.update(readable=True, writable=wanted)

    def _lose(self, reason: str) -> None:
        events = self._events
        unanswered = [command.on_reply for command in self._expected.values() if command.on_reply is not None]
        self._hang_up()
        for on_reply in unanswered:
            _call(on_reply, Failure("Disconnected", reason))
        _call(events.closed, reason)


def _call(callback: Callable[..., None], *arguments: object) -> None:
    """Call back; a fault there must not cost the other replies that came with this one."""
    try:
        callback(*arguments)
    except Exception:  # noqa: BLE001
        _log.exception("a callback of QMP failed")


def connect(path: str | os.PathLike[str]) -> socket.socket:
    """A socket connected to the QMP socket at `path`; it does not wait. QmpError when there is none, with what to do about it."""
    path = os.fspath(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise QmpError(f"QMP socket {path}: {_connect_error(path, error)}") from None
    return sock


def _connect_error(path: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "there is no such file; QEMU makes it with -qmp unix:PATH,server=on,wait=off"
    if error.errno == errno.EACCES:
        return (
            "permission denied; connecting takes write permission on the socket and access to its directories"
        )
    if error.errno == errno.ECONNREFUSED:
        # The kernel refuses a file that is no socket in the same words.
        return (
            "nothing listens there; the QEMU that made it has ended"
            if _is_socket(path)
            else "it is not a socket"
        )
    if error.errno == errno.EAGAIN:
        return "other clients are waiting for it already"
    return error.strerror or str(error)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
