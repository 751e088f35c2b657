"""Sway without a screen: windows fill its output, beside each other where there are several, and nothing else is on it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.peers.path import ALONE, RENDERING, Processes, Wall
from bench.peers.programs import own_environment, started

_HEADLESS = {"WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1", **RENDERING}

_CONFIG = """
output * mode --custom {width}x{height}@{refresh}Hz
default_border none
default_orientation horizontal
for_window [app_id=".*"] {how}
for_window [class=".*"] {how}
xwayland {xwayland}
exec env > {told}
"""

#: Sway refuses to run as root: there it is somebody else in a namespace of its own, to whom root's files belong.
_NOT_ROOT = ("unshare", "--user", "--map-user=1000", "--map-group=1000")

#: What sway needs, from program to package.
SWAY = {"sway": "sway", "unshare": "util-linux"}

_DEADLINE = 20.0


class Sway:
    """A running sway, as a Host."""

    def __init__(self, stack: ExitStack, wall: Wall = ALONE, *, xwayland: bool = False) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        config = directory / "config"
        told = directory / "environment"
        width, height = wall.output
        text = _CONFIG.format(
            width=width,
            height=height,
            refresh=wall.refresh,
            how="fullscreen enable" if wall.guests == 1 else "floating disable",
            xwayland="force" if xwayland else "disable",
            told=told,
        )
        config.write_text(text)
        self.environment = own_environment(directory)
        self._process = started(
            stack,
            (*(_NOT_ROOT if os.geteuid() == 0 else ()), "sway", "-D", "noscanout", "-c", str(config)),
            self.environment | _HEADLESS,
        )
        self.programs: Processes = {"sway": [self._process.pid]}
        # What sway starts is told where sway is, and its Xwayland.
        variables = dict(line.split("=", 1) for line in self._lines(told) if "=" in line)
        self.display = directory / variables["WAYLAND_DISPLAY"]
        self.environment["WAYLAND_DISPLAY"] = str(self.display)
        if xwayland:
            self.environment["DISPLAY"] = variables["DISPLAY"]
            self.programs = {**self.programs, "Xwayland": [_xwayland(variables["DISPLAY"])]}

    def _lines(self, file: Path) -> list[str]:
        """What `env` has written to a file, once it has."""
        end = time.monotonic() + _DEADLINE
        while not (
            file.exists() and "WAYLAND_DISPLAY=" in (text := file.read_text()) and text.endswith("\n")
        ):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"sway did not start (status {self._process.returncode})")
            time.sleep(0.01)
        return text.splitlines()


def _xwayland(display: str) -> int:
    """The pid of a display's Xwayland, which is nobody's child."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if words[0].endswith(b"Xwayland") and words[1] == display.encode():
                    return int(process.name)
        time.sleep(0.05)
    raise RuntimeError(f"there is no Xwayland on {display}")
