"""The command line of a QEMU that wlvm launches, and what that QEMU is able to show."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from wlvm.qemu.qmp import QemuVersion

#: Options that contradict the display that wlvm adds, or take QEMU out of its hands, and why.
_REFUSED: Final = {
    "display": "wlvm adds the display itself",
    "nographic": "wlvm shows the display; for a console on the terminal use -serial stdio",
    "curses": "wlvm adds the display itself",
    "daemonize": "wlvm has to see QEMU end",
}
_PROBE_SECONDS: Final = 10

#: What of a device's name or properties works only where QEMU draws with a GPU (gl=on): virgl and venus, blobs, passed-through GPUs.
_NEEDS_GPU: Final = re.compile(
    r"virtio-(?:gpu|vga)-(?:gl|rutabaga)\b|\bblob\W+(?:on|true|yes|y)\b|\bvfio-pci\b.*\bdisplay=on\b"
)

#: Whether a guest's QEMU draws with a GPU: "auto" is where one of its devices needs it.
Gl = bool | Literal["auto"]


class LaunchError(ValueError):
    """This QEMU cannot be launched. The text says why."""


class DisplayAbilities(Struct, frozen=True):
    """What the display of a QEMU can do for wlvm."""

    version: QemuVersion
    #: Whether -display dbus is there, on which everything else stands.
    dbus: bool
    #: Whether it shares memory with wlvm (Unix.Map, QEMU 9.2), which spares a copy of each picture.
    shared_memory: bool
    #: Whether it describes every plane of a dma-buf and its crop (Unix.ScanoutDMABUF2, QEMU 10.1).
    dmabuf2: bool

    @property
    def missing_package(self) -> str | None:
        """What to install for -display dbus: Debian's and Ubuntu's package, None when it is there."""
        if self.dbus:
            return None
        # The module ui-dbus.so moved when the split by what modules link against came.
        return "qemu-system-common" if self.version < (8, 0, 0) else "qemu-system-modules-opengl"


def add_display(
    command: Sequence[str], qmp_fd: int, render_node: str | None = None, *, listening: bool = False
) -> list[str]:
    """`command` with a display for wlvm, and with QMP on the socket that QEMU inherits as `qmp_fd`: connected, or `listening` for clients.

    With `render_node`, the path of a DRM render node, guests may draw with that GPU (gl=on). LaunchError names an option that
    contradicts this.
    """
    if not command:
        raise LaunchError("the command line of QEMU is empty")
    for argument in command[1:]:
        name = argument.removeprefix("-").removeprefix("-")
        if argument.startswith("-") and name in _REFUSED:
            raise LaunchError(f"{argument} cannot be in QEMU's command line: {_REFUSED[name]}")
    display = "dbus,p2p=yes"
    if render_node is not None:
        display += f",gl=on,rendernode={render_node.replace(',', ',,')}"
    return [
        *command,
        *("-display", display),
        *("-chardev", f"socket,id=wlvm-qmp,fd={qmp_fd}" + (",server=on,wait=off" if listening else "")),
        *("-mon", "chardev=wlvm-qmp,mode=control"),
    ]


def choose_render_node(
    command: Sequence[str], gl: Gl, render_node: Path | None = None, root: Path = Path("/")
) -> str | None:
    """The GPU that QEMU is to draw with, as `add_display` takes it: `render_node`, or the first one that may be opened; None for none.

    Where it is not needed it is not wanted: QEMU then gathers what a guest draws for up to 30 ms. LaunchError when there is no such GPU.
    """
    needed = any(map(_NEEDS_GPU.search, command[1:])) if gl == "auto" else gl
    if not needed:
        return None
    nodes = sorted((root / "dev/dri").glob("renderD*")) if render_node is None else [render_node]
    for node in nodes:
        if os.access(node, os.R_OK | os.W_OK):
            return str(node)
    why = "gl = true" if gl is True else "one of the guest's devices"
    if not nodes:
        raise LaunchError(f"{why} needs a GPU, and this machine has none to draw with (no /dev/dri/renderD*)")
    first = nodes[0]
    trouble = (
        "is not yours to open: usermod --append --groups render $USER" if first.exists() else "is not there"
    )
    raise LaunchError(f"{why} needs a GPU, and {first} {trouble}")


def qemu_version(executable: str) -> QemuVersion:
    """The release of the QEMU at `executable`, a path or a name to look for. It runs QEMU and waits; LaunchError when that fails."""
    text = _output(executable, "--version")
    found = re.search(r"version (\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        raise LaunchError(f"{executable} is not QEMU: it says {text.strip()[:80]!r}")
    major, minor, micro = (int(number or 0) for number in found.groups())
    return QemuVersion(major, minor, micro)


def display_abilities(executable: str) -> DisplayAbilities:
    """What the QEMU at `executable` can show. It runs QEMU twice and waits; LaunchError when that fails.

    "dbus" is listed only where its module can be loaded. The interfaces are told by the release: QEMU names them to a
    listener alone.
    """
    version = qemu_version(executable)
    return DisplayAbilities(
        version=version,
        dbus="dbus" in _output(executable, "-display", "help").split(),
        shared_memory=version >= (9, 2, 0),
        dmabuf2=version >= (10, 1, 0),
    )


def _output(executable: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [executable, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
        )
    except FileNotFoundError:
        raise LaunchError(f"{executable} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise LaunchError(
            f"{executable} {' '.join(arguments)} failed: {error.stderr.strip()[-200:]}"
        ) from None
    except subprocess.TimeoutExpired:
        raise LaunchError(f"{executable} {' '.join(arguments)} does not end") from None
    except OSError as error:
        raise LaunchError(f"{executable} cannot be run: {error.strerror}") from None
    return done.stdout
