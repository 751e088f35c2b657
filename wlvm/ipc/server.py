"""The control socket: the server side, on wlvm's event loop. docs/control.md tells the protocol.

It serves only its own user and root.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from wlvm import __version__
from wlvm.ipc.connection import Command, Connection, Refusal
from wlvm.ipc.messages import PROTOCOL, ControlError, Greeting, Reply
from wlvm.loop import EventLoop
from wlvm.peer_credentials import peer

log = logging.getLogger(__name__)

#: So many clients are served at a time.
MAX_CLIENTS = 64

#: The kernel's limit for the path of a socket (sockaddr_un.sun_path with its final zero).
MAX_SOCKET_PATH = 107

#: Replies that a client does not read wait in its socket, with their file descriptors, of which a user may have only so many under way
#: (unix(7), ETOOMANYREFS). So many bytes hold some 80 replies.
_SEND_BUFFER = 1 << 15

#: No file descriptors left: connections wait for so long, in milliseconds.
_RETRY_MS = 1000


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
        self._clients: set[Connection] = set()
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
                Connection(
                    self._loop,
                    sock,
                    self._commands,
                    lambda command: self._refusal(pid, command),
                    self._clients.discard,
                )
            )

    def _resume(self) -> None:
        self._watch.update(readable=True, writable=False)


def _refuse(sock: socket.socket, reason: str) -> None:
    """Say why, as far as the socket takes it at once, and hang up."""
    lines = (Greeting(__version__, PROTOCOL), Reply(None, error=reason, code="failed"))
    with sock, contextlib.suppress(OSError):
        sock.send(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


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
