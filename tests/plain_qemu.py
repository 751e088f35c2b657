"""A real QEMU with nothing but its firmware: it boots in half a second, says that it finds no disk, and stays."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class PlainQemu:
    """QEMU with a QMP socket at `qmp`, and a second one at `control` for the test."""

    def __init__(
        self, qemu: str, directory: Path, *arguments: str, vga: str = "std", name: str = "vm"
    ) -> None:
        self.qmp = directory / f"{name}.qmp"
        self.control = directory / f"{name}-control.qmp"
        self._command = [
            qemu, "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", vga,
            *(arguments or ("-display", "dbus,p2p=yes")),
            "-qmp", f"unix:{self.qmp},server=on,wait=off", "-qmp", f"unix:{self.control},server=on,wait=off",
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, also again after a `kill`."""
        self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run a QMP command, to what it returns."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.control))
            with sock.makefile("rw") as lines:
                assert "QMP" in json.loads(lines.readline())
                for line, its in (("qmp_capabilities", {}), (command, arguments)):
                    json.dump({"execute": line, "arguments": its}, lines)
                    lines.flush()
                    while "return" not in (answer := json.loads(lines.readline())):
                        assert "event" in answer, answer
                return answer["return"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
