"""Starts the test card in a QEMU and talks to it.

The guest speaks in lines on its serial port; guests/README.md lists them. QEMU has two QMP sockets: one for
`TestCard.execute`, and one left free for the program under test.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: The guest, as it is checked in.
IMAGE = Path(__file__).with_name("testcard.elf")

#: The QEMU arguments of each display device that the guest knows.
DEVICES = {
    "std-vga": ("-vga", "std"),
    "bochs-display": ("-vga", "none", "-device", "bochs-display"),
    "virtio-gpu": ("-vga", "none", "-device", "virtio-gpu-pci,id=video"),
    "virtio-vga": ("-vga", "none", "-device", "virtio-vga,id=video"),
}

#: How many times longer than usual everything may take (the virtual workstation raises it for all tests).
_PATIENCE = float(os.environ.get("WLVM_TEST_DEADLINE", "20")) / 20

#: A display that programs reach over D-Bus, through QMP's add_client.
DBUS_DISPLAY = ("-display", "dbus,p2p=yes")


class CardError(Exception):
    """The guest or its QEMU did not answer as it should; what was heard until then is in the text."""


def argv(
    qemu: str = "qemu-system-x86_64",
    device: str = "std-vga",
    options: str = "",
    extra: Sequence[str] = (),
    serial: str | None = None,
) -> list[str]:
    """The command line of a QEMU with the test card, without a display and without QMP.

    `device` is one of DEVICES, perhaps with properties as in "virtio-gpu,max_outputs=2" (its id is `video`);
    `options` are the guest's; `serial` is what -serial takes, nothing when None.
    """
    name, comma, properties = device.partition(",")
    command = [qemu, "-accel", "tcg", "-nodefaults", "-no-reboot", *DEVICES[name]]
    command[-1] += comma + properties
    return [
        *command,
        *("-serial", serial or "null"),
        *("-kernel", str(IMAGE)),
        *(("-append", options) if options else ()),
        *extra,
    ]


class _Lines:
    """A stream socket read line by line, each wait with a deadline."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self._buffer = b""
        self._ready: deque[str] = deque()

    def next(self, deadline: float) -> str | None:
        """The next line without its end; None when none is there at the deadline. Raises EOFError at the end."""
        while not self._ready:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self.stream], [], [], left)[0]:
                return None
            try:
                data = self.stream.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            self._ready.extend(line.decode("utf-8", "replace").rstrip("\r") for line in lines)
        return self._ready.popleft()


class TestCard:
    """A running test card; a context manager that ends its QEMU for certain.

    `qmp_path` is a QMP socket that nobody has connected to yet. `heard` is every line so far.
    """

    __test__ = False

    def __init__(
        self,
        qemu: str = "qemu-system-x86_64",
        device: str = "std-vga",
        options: str = "",
        extra: Sequence[str] = (),
        display: Sequence[str] = DBUS_DISPLAY,
        start_timeout: float = 20,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts QEMU, with this environment or the caller's, and waits for `ready`, which `ready` then holds. Raises CardError."""
        self.directory = Path(tempfile.mkdtemp(prefix="testcard-"))
        self.qmp_path = self.directory / "qmp"
        self.heard: list[str] = []
        self._unread: deque[str] = deque()
        self._own_qmp: _Lines | None = None
        self.events: list[dict[str, Any]] = []
        ours, theirs = socket.socketpair()
        self._serial = _Lines(ours)
        own = self.directory / "own"
        self.command_line = [
            *argv(qemu, device, options, serial="chardev:card"),
            *("-chardev", f"socket,id=card,fd={theirs.fileno()}"),
            *("-qmp", f"unix:{self.qmp_path},server=on,wait=off"),
            *("-qmp", f"unix:{own},server=on,wait=off"),
            *display,
            *extra,
        ]
        self._log = (self.directory / "stderr").open("w+b")
        with theirs:
            self.process = subprocess.Popen(
                self.command_line,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                env=environment,
            )
        try:
            self.ready = self.wait_for("ready ", start_timeout)
            self._connect(own)
        except BaseException:
            self.close()
            raise

    def _connect(self, path: Path) -> None:
        stream = socket.socket(socket.AF_UNIX)
        self._own_qmp = _Lines(stream)
        stream.connect(str(path))
        self._qmp_message(time.monotonic() + 10)
        self.execute("qmp_capabilities")

    def _failed(self, what: str) -> CardError:
        return CardError(f"{what}\nheard: {self.heard[-20:]}\nQEMU: {self.qemu_log() or '(silent)'}")

    def qemu_log(self) -> str:
        """What QEMU has written to its standard output and error so far."""
        return (self.directory / "stderr").read_text(errors="replace")

    def _hear(self, deadline: float) -> str | None:
        try:
            line = self._serial.next(deadline)
        except EOFError:
            raise self._failed("the guest's serial line is closed") from None
        if line is not None:
            self.heard.append(line)
        return line

    def wait_for(self, prefix: str, timeout: float = 10) -> str:
        """The next line that begins with `prefix`; lines before it are consumed. Raises CardError."""
        deadline = time.monotonic() + timeout * _PATIENCE
        while self._unread:
            line: str | None = self._unread.popleft()
            if line is not None and line.startswith(prefix):
                return line
        while (line := self._hear(deadline)) is not None:
            if line.startswith(prefix):
                return line
        raise self._failed(f"no line {prefix!r} within {timeout} s")

    def command(self, text: str, timeout: float = 10) -> str:
        """Sends a command and returns its answer, `done ...`; lines before that stay unread. Raises CardError."""
        self._serial.stream.sendall(text.encode() + b"\n")
        name = text.split()[0]
        deadline = time.monotonic() + timeout * _PATIENCE
        while (line := self._hear(deadline)) is not None:
            if line.split()[:2] == ["done", name]:
                return line
            if line.startswith(f"error {name}:"):
                raise self._failed(line)
            self._unread.append(line)
        raise self._failed(f"{text!r} was not answered within {timeout} s")

    def fileno(self) -> int:
        """The serial port, for select: when it can be read, there are `lines`."""
        return self._serial.stream.fileno()

    def lines(self) -> list[str]:
        """All lines that have come and that nobody has read yet."""
        while (line := self._hear(0)) is not None:
            self._unread.append(line)
        unread = list(self._unread)
        self._unread.clear()
        return unread

    def _qmp_message(self, deadline: float) -> dict[str, Any]:
        if self._own_qmp is None:
            raise self._failed("QMP is not connected")
        try:
            line = self._own_qmp.next(deadline)
        except EOFError:
            raise self._failed("QMP is closed") from None
        if line is None:
            raise self._failed("QMP does not answer")
        message: dict[str, Any] = json.loads(line)
        return message

    def execute(
        self, qmp_command: str, timeout: float = 10, fds: Sequence[int] = (), **arguments: Any
    ) -> Any:
        """Runs a QMP command and returns what it returns; events go to `events`. Raises CardError.

        `fds` go along, for getfd. Underscores in the names of arguments become hyphens.
        """
        if self._own_qmp is None:
            raise self._failed("QMP is not connected")
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        request = {"execute": qmp_command, "arguments": named}
        socket.send_fds(self._own_qmp.stream, [json.dumps(request).encode() + b"\n"], fds)
        deadline = time.monotonic() + timeout * _PATIENCE
        while True:
            message = self._qmp_message(deadline)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise self._failed(f"{qmp_command}: {message['error'].get('desc')}")
            self.events.append(message)

    def close(self) -> None:
        """Ends QEMU and removes its folder; more than once is fine."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for lines in (self._serial, self._own_qmp):
            if lines is not None:
                lines.stream.close()
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
