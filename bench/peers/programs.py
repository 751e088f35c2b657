"""Other people's programs: whether they are here, which version, and a start that ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

#: What would have programs reach for a session's services, or for another display.
_SESSION = ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY", "SWAYSOCK", "DBUS_SESSION_BUS_ADDRESS")


def own_environment(directory: Path) -> dict[str, str]:
    """An environment for programs with this XDG_RUNTIME_DIR, without the session that this runs in."""
    kept = {name: value for name, value in os.environ.items() if name not in _SESSION}
    # Without the accessibility bus and gvfs, which a program would start for itself.
    return kept | {
        "XDG_RUNTIME_DIR": str(directory),
        "NO_AT_BRIDGE": "1",
        "GTK_A11Y": "none",
        "GIO_USE_VFS": "local",
        "GSETTINGS_BACKEND": "memory",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


def started(
    stack: ExitStack, command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """A program that `stack` ends; what it says is dropped."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def absent(programs: Mapping[str, str]) -> str:
    """What to install for these programs, from program to package; empty when all are there."""
    packages = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    return f"not here: {' '.join(packages)} (make peers installs them)" if packages else ""


def package_version(package: str) -> str:
    """Of a Debian package; "unknown" where that cannot be told."""
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
