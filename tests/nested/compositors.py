"""Compositors and an X server to be nested in, without a screen, each in a runtime directory that the test gives."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.wlvm_process import DEADLINE, eventually

_NOBODY = 65534


class Outer:
    """A program that shows windows; `environment` is what its clients need to find it."""

    def __init__(
        self, package: str, *command: str, options: Mapping[str, Any] | None = None, **environment: str
    ) -> None:
        """`options` are more of Popen's."""
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not here: apt-get install {package}")
        self.environment: dict[str, str] = {}
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **(options or {}),
        )

    def run(self, *command: str) -> bytes:
        """Run a client of it, and return what the client writes."""
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not here: see requirements/debian.txt")
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, timeout=DEADLINE
        ).stdout

    def wait_for_socket(self, path: Path) -> None:
        eventually(f"{path} is there", lambda: path.is_socket() or self._process.poll() is not None)
        assert self._process.poll() is None, f"it ended with status {self._process.returncode}"

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        finally:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Weston(Outer):
    """Weston without a screen. It has no seat, and shows nobody its picture: it is only a quiet parent."""

    def __init__(self, runtime_dir: Path) -> None:
        self.socket = runtime_dir / "outer-weston"
        super().__init__(
            "weston", "weston", "--backend=headless-backend.so", f"--socket={self.socket.name}", "--idle-time=0",
            "--no-config",
        )  # fmt: skip
        self.environment = {"WAYLAND_DISPLAY": str(self.socket)}
        self.wait_for_socket(self.socket)


class Sway(Outer):
    """Sway without a screen, 1280 x 720: windows have no borders, and fill it side by side.

    Sway refuses to run as root: there it runs as nobody, in a directory of nobody's.
    """

    def __init__(self, runtime_dir: Path) -> None:
        directory = runtime_dir / "sway"
        directory.mkdir(mode=0o700)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(directory, _NOBODY, _NOBODY)
            runtime_dir.chmod(0o711)
            user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        config = directory / "config"
        config.write_text(
            "default_border none\noutput * resolution 1280x720 bg #000000 solid_color\nxwayland disable\n"
        )
        config.chmod(0o644)
        ipc = directory / "ipc"
        super().__init__(
            "sway", "sway", "--config", str(config), options=user, XDG_RUNTIME_DIR=str(directory),
            WLR_BACKENDS="headless", WLR_RENDERER="pixman", WLR_LIBINPUT_NO_DEVICES="1", SWAYSOCK=str(ipc),
        )  # fmt: skip
        self.wait_for_socket(ipc)
        self.socket = eventually(
            "sway has a socket", lambda: next(filter(Path.is_socket, directory.glob("wayland-?")), None)
        )
        self.environment = {"WAYLAND_DISPLAY": str(self.socket), "SWAYSOCK": str(ipc)}

    def command(self, *words: str) -> None:
        self.run("swaymsg", *words)


class Xvfb(Outer):
    """An X server without a screen, 1280 x 1024, and without a window manager."""

    def __init__(self, runtime_dir: Path) -> None:
        reader, writer = os.pipe()
        # Xvfb chooses a display that nobody uses, and writes its number and a newline once it listens.
        super().__init__(
            "xvfb", "Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset", "-ac",
            options={"pass_fds": (writer,)},
        )  # fmt: skip
        os.close(writer)
        with open(reader) as numbers:
            assert select.select([numbers], [], [], DEADLINE)[0], "Xvfb does not start"
            self.number = int(numbers.readline())
        self.environment = {"DISPLAY": f":{self.number}"}
