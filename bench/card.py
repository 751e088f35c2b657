"""A test card whose serial port is read on wlvm's own loop, and a second, bare way to type into it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from guests.testcard.launch import DBUS_DISPLAY, argv
from wlvm.loop import EventLoop

#: What hears a line of the guest: its text, and when it came (time.perf_counter).
Heard = Callable[[str, float], None]

_DEADLINE = 20.0


class ReportingCard:
    """A running test card. `qmp` is for wlvm, `own_qmp` for the bare client; `serial` is the guest's serial port."""

    def __init__(self, qemu: str, device: str, options: str = "", extra: Sequence[str] = ()) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="wlvm-bench-"))
        self.qmp, self.own_qmp = self.directory / "qmp", self.directory / "own"
        self.serial, theirs = socket.socketpair()
        command = [
            *argv(qemu, device, options, extra, serial="chardev:card"),
            *("-chardev", f"socket,id=card,fd={theirs.fileno()}"),
            *("-qmp", f"unix:{self.qmp},server=on,wait=off"),
            *("-qmp", f"unix:{self.own_qmp},server=on,wait=off"),
            *DBUS_DISPLAY,
        ]
        with theirs:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
        self.serial.settimeout(_DEADLINE)
        heard = b""
        while b"ready " not in heard:
            heard += self.serial.recv(4096) or b"ready "
        if self.process.poll() is not None:
            raise RuntimeError(f"{qemu} ended at once")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.serial.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def listen(self, loop: EventLoop, heard: Heard) -> Callable[[], None]:
        """Read the serial port on a loop, a line at a time; returns what ends that, which must be called before the loop ends."""
        rest = b""

        def ready() -> None:
            nonlocal rest
            now = time.perf_counter()
            *lines, rest = (rest + self.serial.recv(65536)).split(b"\n")
            for line in lines:
                heard(line.decode("utf-8", "replace").rstrip("\r"), now)

        return loop.watch(self.serial.fileno(), ready).remove


class BareQmp:
    """The least that can press a key: a socket, and two lines of QMP that are ready to be sent. What QEMU answers stays unread."""

    def __init__(self, path: Path, qcode: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_DEADLINE)
        self._socket.connect(str(path))
        self._socket.recv(4096)
        self._socket.sendall(b'{"execute":"qmp_capabilities"}\n')
        self._socket.recv(4096)
        self._lines = {down: _key(qcode, down) for down in (True, False)}

    def key(self, down: bool) -> None:
        self._socket.sendall(self._lines[down])

    def close(self) -> None:
        self._socket.close()


def _key(qcode: str, down: bool) -> bytes:
    event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": qcode}}}
    command = {"execute": "input-send-event", "arguments": {"events": [event]}}
    return json.dumps(command, separators=(",", ":")).encode() + b"\n"
