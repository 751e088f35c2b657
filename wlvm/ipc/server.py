"""The control socket: the server side on wlvm's event loop, and a blocking client. docs/control.md tells the protocol.

The server trusts no client to be quick, right or honest: it serves only its own user and root, one request of a client at a time, at most
one in a turn of the loop, and reads nothing more from whoever does not read the answer.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wlvm import __version__
from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.ipc.image import image_of, put_frame
from wlvm.ipc.messages import MAX_LINE, PROTOCOL, ControlError, Greeting, Reply, Request
from wlvm.loop import EventLoop

log = logging.getLogger(__name__)

#: So many clients are served at a time.
MAX_CLIENTS = 16

#: The kernel's limit for the path of a socket (sockaddr_un.sun_path with its final zero).
MAX_SOCKET_PATH = 107

_CHUNK = 1 << 16

#: Replies that a client does not read wait in its socket, with their file descriptors, of which a user may have only so many under way
#: (unix(7), ETOOMANYREFS). So many bytes hold some 80 replies.
_SEND_BUFFER = 1 << 15

#: No file descriptors left: connections wait for so long, in milliseconds.
_RETRY_MS = 1000

_decode_request = msgspec.json.Decoder(Request).decode


class Deferred:
    """The result of a command that comes later. Whoever made it resolves it, once, on the loop's thread."""

    def __init__(self) -> None:
        self._outcome: Outcome | None = None
        self._answer: Callable[[Outcome], None] | None = None

    def resolve(self, outcome: Outcome) -> None:
        """Give the result, or the error. Nothing happens when nobody waits for it any more."""
        if self._answer is not None:
            self._answer(outcome)
        else:
            self._outcome = outcome

    def then(self, answer: Callable[[Outcome], None]) -> None:
        """Call `answer` with the outcome as soon as there is one."""
        if self._outcome is not None:
            answer(self._outcome)
        else:
            self._answer = answer

    def forget(self) -> None:
        """Nobody waits for it any more."""
        self._answer = None


@dataclass(frozen=True, slots=True)
class WithFds:
    """A result that file descriptors come with; whoever has it closes them."""

    result: msgspec.Struct
    fds: Sequence[OwnedFd]


#: What a command answers with: a struct or a mapping that becomes a JSON object, perhaps with file descriptors, or a Frame, whose pixels
#: go in one.
Result = msgspec.Struct | Mapping[str, object] | WithFds | Frame
Outcome = Result | ControlError

#: Says, given the process that connected and a command's name, why it must not be done; "" when it may.
Refusal = Callable[[int, str], str]

#: Does a command: returns its result or a Deferred, or raises ControlError.
Command = Callable[[Request], Result | Deferred]


class ControlServer:
    """Serves `commands`, by name, on a socket at `path` that only this user can open. `close()` removes it."""

    def __init__(
        self,
        loop: EventLoop,
        path: Path,
        commands: Mapping[str, Command],
        refusal: Refusal = lambda _pid, _command: "",
    ) -> None:
        """Start to listen. A socket that a dead wlvm left is replaced.

        ControlError when a living one has it, or `path` is no place for a socket of ours.
        """
        self.path = path
        self._loop = loop
        self._commands = commands
        self._refusal = refusal
        self._clients: set[_Connection] = set()
        self._socket = _listen(path)
        self._identity = _identity(path)
        self._watch = loop.watch(self._socket.fileno(), self._accept)
        self._retry = loop.timer(self._resume)

    def close(self) -> None:
        """Hang up on every client, and remove the socket. Harmless when repeated."""
        if self._socket.fileno() < 0:
            return
        for client in list(self._clients):
            client.close()
        self._retry.remove()
        self._watch.remove()
        self._socket.close()
        if _identity(self.path) == self._identity:
            self.path.unlink()

    def _accept(self) -> None:
        """Raised when somebody connects."""
        try:
            sock, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # Out of descriptors: the connection stays in the queue, and would raise this for ever.
            log.warning("control socket: %s", error)
            self._watch.update(readable=False, writable=False)
            self._retry.arm(_RETRY_MS)
            return
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        refusal = ""
        pid, uid = peer(sock)
        if uid not in (0, os.geteuid()):
            refusal = f"user {uid} may not control this wlvm"
        elif len(self._clients) >= MAX_CLIENTS:
            refusal = f"{MAX_CLIENTS} clients are connected already"
        if refusal:
            log.warning("control socket: %s", refusal)
            _refuse(sock, refusal)
        else:
            self._clients.add(
                _Connection(
                    self._loop,
                    sock,
                    self._commands,
                    lambda command: self._refusal(pid, command),
                    self._clients.discard,
                )
            )

    def _resume(self) -> None:
        self._watch.update(readable=True, writable=False)


class _Connection:
    """One client. It is in one of four states: sending, waiting for a Deferred, having a request to handle, or reading."""

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        commands: Mapping[str, Command],
        refusal: Callable[[str], str],
        closed: Callable[[_Connection], None],
    ) -> None:
        """Takes `sock`, non-blocking, over. `closed` is told once when the connection has ended."""
        self._socket = sock
        self._commands = commands
        self._refusal = refusal
        self._closed = closed
        self._incoming = bytearray()
        self._at_end = False
        self._outgoing = msgspec.json.encode(Greeting(__version__, PROTOCOL)) + b"\n"
        self._outgoing_fds: Sequence[OwnedFd] = ()
        self._deferred: Deferred | None = None
        self._watch = loop.watch(sock.fileno(), self._ready, readable=False, writable=True)

    def close(self) -> None:
        """Hang up. Harmless when repeated."""
        if self._socket.fileno() < 0:
            return
        if self._deferred is not None:
            self._deferred.forget()
        self._watch.remove()
        self._drop_fds()
        self._socket.close()
        self._closed(self)

    def _ready(self) -> None:
        """Raised when the socket is ready for what the state wants, or has hung up."""
        try:
            if self._outgoing:
                self._flush()
            elif self._deferred is not None:
                if _hung_up(self._socket):
                    self.close()
            elif self._next_line_end() >= 0:
                self._handle()
            else:
                self._receive()
                if self._next_line_end() >= 0:
                    self._handle()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        self._wait()

    def _wait(self) -> None:
        """Wait for what the state wants next."""
        if self._socket.fileno() < 0:
            return
        if self._outgoing or (self._deferred is None and self._next_line_end() >= 0):
            # A request that is here already is handled in a later turn: a socket with room to write calls back at once.
            self._watch.update(readable=False, writable=True)
        elif self._deferred is not None:
            self._watch.update(readable=False, writable=False)
        elif self._at_end:
            self.close()
        else:
            self._watch.update(readable=True, writable=False)

    def _next_line_end(self) -> int:
        return self._incoming.find(b"\n")

    def _receive(self) -> None:
        data = self._socket.recv(_CHUNK)
        self._at_end = not data
        self._incoming += data
        if self._next_line_end() < 0 and len(self._incoming) > MAX_LINE:
            self._incoming.clear()
            self._at_end = True
            self._answer(None, ControlError(f"a request is longer than {MAX_LINE} bytes", "invalid"))

    def _handle(self) -> None:
        """Do the next request."""
        end = self._next_line_end()
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        try:
            request = _decode_request(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._answer(None, ControlError(f"not a request: {error}", "invalid"))
            return
        outcome = self._do(request)
        if isinstance(outcome, Deferred):
            self._deferred = outcome
            outcome.then(lambda later: self._answer_later(request, later))
        else:
            self._answer(request.id, outcome)

    def _do(self, request: Request) -> Outcome | Deferred:
        command = self._commands.get(request.command)
        if command is None:
            return ControlError(f"no command {request.command}", "invalid")
        if refusal := self._refusal(request.command):
            return ControlError(refusal, "denied")
        try:
            return command(request)
        except ControlError as error:
            return error
        except Exception as error:
            # Whatever a command trips over, its client gets an answer and the others are served.
            log.exception("command %s", request.command)
            return ControlError(f"{request.command}: {error!r}")

    def _answer_later(self, request: Request, outcome: Outcome) -> None:
        self._deferred = None
        self._answer(request.id, outcome)
        self._wait()

    def _answer(self, request_id: int | str | None, outcome: Outcome) -> None:
        """Begin to send a reply; `_ready` sends what the socket does not take at once."""
        if isinstance(outcome, Frame):
            outcome = _in_memory(outcome)
        if isinstance(outcome, ControlError):
            reply = Reply(request_id, error=str(outcome), code=outcome.code)
        elif isinstance(outcome, WithFds):
            self._outgoing_fds = outcome.fds
            result = msgspec.json.encode(outcome.result)
            reply = Reply(request_id, result=msgspec.Raw(result), fds=len(outcome.fds))
        else:
            reply = Reply(request_id, result=msgspec.Raw(msgspec.json.encode(outcome)))
        self._outgoing = msgspec.json.encode(reply) + b"\n"
        try:
            self._flush()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def _flush(self) -> None:
        sent = socket.send_fds(self._socket, [self._outgoing], [fd.fileno() for fd in self._outgoing_fds])
        self._drop_fds()
        self._outgoing = self._outgoing[sent:]

    def _drop_fds(self) -> None:
        for fd in self._outgoing_fds:
            fd.close()
        self._outgoing_fds = ()


def _in_memory(frame: Frame) -> WithFds | ControlError:
    """A frame as what is sent of it."""
    try:
        return WithFds(image_of(frame), [put_frame(frame)])
    except OSError as error:
        return ControlError(f"no memory for the picture: {error.strerror}")


def peer(sock: socket.socket) -> tuple[int, int]:
    """The process that connected, and its user (unix(7), SO_PEERCRED)."""
    pid, uid, _gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid), int(uid)


def _refuse(sock: socket.socket, reason: str) -> None:
    """Say why, as far as the socket takes it at once, and hang up."""
    lines = (Greeting(__version__, PROTOCOL), Reply(None, error=reason, code="failed"))
    with sock, contextlib.suppress(OSError):
        sock.send(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _hung_up(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock.fileno(), 0)
    return bool(poll.poll(0))


def _listen(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 0600."""
    _check_directory(path.parent)
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise ControlError(f"{path}: longer than the {MAX_SOCKET_PATH} bytes that a socket's path can have")
    _remove_dead(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # bind(2) makes the file with the mode of the socket: others cannot connect even for a moment.
        os.fchmod(sock.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        sock.bind(os.fspath(path))
        sock.listen(MAX_CLIENTS)
    except OSError as error:
        sock.close()
        raise ControlError(f"{path}: {error.strerror}") from None
    return sock


def _check_directory(directory: Path) -> None:
    try:
        status = directory.stat()
    except OSError as error:
        raise ControlError(f"{directory}: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise ControlError(f"{directory}: not a directory of yours that only you can write to")


def _remove_dead(path: Path) -> None:
    """Make room at `path`; ControlError when something alive, or something else than a socket, is there."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise ControlError(f"{path}: there is something that is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        # A living server with a full queue answers EAGAIN: only a refusal says that nobody listens.
        answer = probe.connect_ex(os.fspath(path))
    if answer != errno.ECONNREFUSED:
        raise ControlError(f"{path}: another wlvm is running there")
    path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    """What file is at a path."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
