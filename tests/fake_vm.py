"""A whole fake QEMU for a whole wlvm: a QMP socket to attach to, and behind it the D-Bus display of `fake_qemu`.

What it does wrong is said by its Manners, and may change between two connections. Like QEMU it serves one QMP client at a
time; unlike QEMU it does so in threads of the test.
"""

from __future__ import annotations

import array
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tests.fake_qemu import DEADLINE, FakeConsole, FakeListener, FakeQemu

GREETING: Final = (
    b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 10}, "package": ""}, '
    b'"capabilities": ["oob"]}}\r\n'
)


@dataclass(frozen=True)
class Refusal:
    """An error in place of a command's return."""

    text: str
    error_class: str = "GenericError"


@dataclass(frozen=True)
class Raw:
    """These bytes in place of a command's answer; none for silence."""

    data: bytes = b""


SILENCE: Final = Raw()

#: What an obedient one returns; every other command returns an empty object.
RETURNS: Final[Mapping[str, object]] = {
    "query-name": {},
    "query-status": {"running": True, "status": "running"},
    "query-mice": [{"name": "tablet", "index": 1, "current": True, "absolute": True}],
    "qom-list": [{"name": "keyboard", "type": "child<usb-kbd>"}],
}


@dataclass(frozen=True)
class Manners:
    """How a FakeVm treats the clients that connect from now on. Without arguments: as QEMU does."""

    #: What it says first.
    greeting: bytes = GREETING
    #: By command, what is answered in place of the usual: a value to return, a Refusal, or Raw bytes.
    answers: Mapping[str, object] = field(default_factory=dict)
    #: What is answered to every command that is in neither table.
    otherwise: object = field(default_factory=dict)
    #: Speaks on the display's socket, and closes it, in place of a D-Bus display.
    display: Callable[[socket.socket], None] | None = None
    consoles: Sequence[FakeConsole] = (FakeConsole(width=0, height=0),)
    #: What RegisterListener is refused with: the error's name and text.
    registration_error: tuple[str, str] | None = None


class FakeVm:
    """A VM whose QMP socket is at `path`, from the start on; `kill()` and `start()` end and repeat that."""

    def __init__(self, path: Path, manners: Manners | None = None) -> None:
        self.path = path
        self.manners = manners or Manners()
        #: How many QMP clients have been served, and the names of the commands they sent.
        self.connections = 0
        self.commands: list[str] = []
        self._changed = threading.Condition()
        self._client: _Client | None = None
        self.start()

    def start(self) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, args=(self._server,), name="fake-vm", daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End as QEMU does with SIGKILL: every connection at once, and the socket's file stays."""
        server = self._server
        with contextlib.suppress(OSError):  # It was shut down before.
            server.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        self._thread.join(DEADLINE)
        server.close()

    def close(self) -> None:
        self.kill()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def hang_up(self) -> None:
        """End the connection of now, QMP's and the display's; the next client is served."""
        if self._client is not None:
            self._client.hang_up()

    def hang_up_qmp(self) -> None:
        """End the QMP connection alone: the display lives until wlvm hangs up."""
        assert self._client is not None
        self._client.display_stays = True
        self._client.hang_up_qmp()

    def qemu(self) -> FakeQemu:
        """The display of the connection of now, or of the one that is about to be."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._client is not None and self._client.qemu is not None, DEADLINE
            ), f"no display was asked for; commands: {self.commands}"
            assert self._client is not None
            assert self._client.qemu is not None
            return self._client.qemu

    def listener(self, console: int = 0) -> FakeListener:
        """The listener of a console, once it is registered."""
        return self.qemu().listener(console)

    def say(self, message: Mapping[str, object]) -> None:
        """Send an event, or anything else, over QMP."""
        assert self._client is not None
        self._client.say(json.dumps(message).encode() + b"\r\n")

    def say_bytes(self, data: bytes) -> None:
        assert self._client is not None
        self._client.say(data)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                sock = server.accept()[0]
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self._client = _Client(sock, self.manners, self)
            self._client.serve()

    def _asked(self, command: str) -> None:
        self.commands.append(command)

    def _displays(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Client:
    """One QMP client, and the display that it asked for."""

    def __init__(self, sock: socket.socket, manners: Manners, vm: FakeVm) -> None:
        self._socket = sock
        self._manners = manners
        self._vm = vm
        self._fds: dict[str, int] = {}
        self.qemu: FakeQemu | None = None
        #: Whether the display outlives QMP.
        self.display_stays = False

    def say(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hang_up_qmp(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        self.hang_up_qmp()
        if self.qemu is not None:
            self.qemu.close()

    def serve(self) -> None:
        """Until either side hangs up."""
        received = array.array("i")
        pending = b""
        try:
            self.say(self._manners.greeting)
            while True:
                data, fds, _, _ = socket.recv_fds(self._socket, 65536, 16)
                received.extend(fds)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    command = json.loads(line)
                    self._vm._asked(command["execute"])
                    self._obey(command, received)
        except OSError:
            return
        finally:
            if self.qemu is not None and not self.display_stays:
                self.qemu.close()
            for fd in (*received, *self._fds.values()):
                socket.close(fd)
            self._socket.close()

    def _obey(self, command: Mapping[str, Any], received: array.array[int]) -> None:
        name, id = command["execute"], command["id"]
        answer = self._manners.answers.get(name, RETURNS.get(name, self._manners.otherwise))
        if isinstance(answer, Raw):
            self.say(answer.data)
            return
        if isinstance(answer, Refusal):
            error = {"class": answer.error_class, "desc": answer.text}
            self.say(json.dumps({"id": id, "error": error}).encode() + b"\r\n")
            return
        if name == "getfd":
            self._fds[command["arguments"]["fdname"]] = received.pop(0)
        elif name == "add_client" and (fd := self._fds.pop(command["arguments"]["fdname"], None)) is not None:
            self._display(fd)
        self.say(json.dumps({"return": answer, "id": id}).encode() + b"\r\n")

    def _display(self, fd: int) -> None:
        sock = socket.socket(fileno=fd)
        if self._manners.display is not None:
            threading.Thread(target=self._manners.display, args=(sock,), daemon=True).start()
            return
        manners = self._manners
        self.qemu = FakeQemu(manners.consoles, manners.registration_error, connection=sock)
        self._vm._displays()
