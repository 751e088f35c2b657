"""All ways that are measured, in the order of the tables; and those that are not."""

from __future__ import annotations

from contextlib import ExitStack

from bench.machine import qemus, sharing_qemu
from bench.peers.path import Path
from bench.peers.processes import stand_still
from bench.peers.programs import absent
from bench.peers.qemu_window import QemuWindow
from bench.peers.records import Idle
from bench.peers.remote import spice, tigervnc, vnc_remote_viewer
from bench.peers.sway import SWAY, Sway
from bench.peers.wlvm_path import WlvmHost, WlvmPath

#: Why not, by title.
UNMEASURED = {
    "anything in cage": (
        "cage 0.1 takes no virtual keyboard, and its headless output cannot be other than 1280x720;"
        " sway with one fullscreen window and nothing else stands for it"
    ),
    "another client of QEMU's D-Bus display": "Debian 12 has no libmks and no rdw",
    "Looking Glass": "it needs a guest that runs its host program on a GPU of its own",
}

#: Paths that have no guests beside each other, and why, by name.
NEVER_BESIDE = dict.fromkeys(
    ("spice", "vnc-remote-viewer"), "remote-viewer has a bar above the guest unless it is fullscreen"
)


def all_paths() -> list[Path]:
    """With the newest QEMU there is, the same one for all that can have it."""
    newest = sharing_qemu() or qemus()[-1]
    oldest = qemus()[0]
    paths: list[Path] = [WlvmPath("wlvm", newest, "shared memory" if sharing_qemu() else "bytes")]
    if oldest != newest:
        paths.append(WlvmPath("wlvm-bytes", oldest, "bytes"))
    return [
        *paths,
        QemuWindow("gtk", newest),
        QemuWindow("gtk", newest, WlvmHost),
        QemuWindow("sdl", newest),
        spice(newest),
        tigervnc(newest),
        vnc_remote_viewer(newest),
    ]


def empty_compositors(seconds: float) -> dict[str, Idle]:
    """What the peers' compositor does with nothing in it: its headless output has a timer that no screen has."""
    if absent(SWAY):
        return {}
    with ExitStack() as stack:
        sway = Sway(stack)
        return {role: stand_still({role: pids}, seconds) for role, pids in sway.programs.items()}
