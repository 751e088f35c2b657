"""Viewers of SPICE and of VNC as clients of sway; on Unix sockets, where they can."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.machine import version_text
from bench.peers.path import ALONE, DEVICE, Running, Wall
from bench.peers.programs import absent, package_version, started
from bench.peers.sway import SWAY, Sway
from guests.testcard.launch import TestCard

#: A socket of this name stands for that of a trial, and VNC's first port for a free one.
_SOCKET = "/run/guest"
_VNC_PORT = 5900


@dataclass(frozen=True)
class Remote:
    """A display of QEMU's that a program shows. `server` and `viewer` are the command lines' parts for a socket, or for a port of TCP's."""

    name: str
    title: str
    qemu: str
    package: str
    server: Callable[[str], tuple[str, ...]]
    viewer: Callable[[str], tuple[str, ...]]
    xwayland: bool = False
    tcp: bool = False

    def missing(self) -> str:
        xwayland = {"Xwayland": "xwayland"} if self.xwayland else {}
        return absent({**SWAY, self._program: self.package, **xwayland})

    def settings(self) -> dict[str, str]:
        example = str(_VNC_PORT) if self.tcp else _SOCKET
        return {
            "QEMU": version_text(self.qemu),
            **{package: package_version(package) for package in ("sway", self.package)},
            "display": " ".join(self.server(example)),
            "viewer": " ".join(self.viewer(example)),
        }

    def start(self, stack: ExitStack, options: str, wall: Wall = ALONE) -> Running:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        sway = Sway(stack, wall, xwayland=self.xwayland)
        # A home of its own: viewers remember things.
        own = {"HOME": str(directory)} | ({} if self.xwayland else {"GDK_BACKEND": "wayland"})
        cards, viewers = [], []
        for number in range(wall.guests):
            address = str(_free_port()) if self.tcp else str(directory / f"socket-{number}")
            display = ("-display", "none", *self.server(address))
            card = TestCard(self.qemu, DEVICE, wall.card_options(options), display=display)
            cards.append(stack.enter_context(card))
            viewers.append(started(stack, self.viewer(address), sway.environment | own).pid)
        return Running(sway.display, cards, {**sway.programs, self._program: viewers})

    @property
    def _program(self) -> str:
        return self.viewer("")[0]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def spice(qemu: str) -> Remote:
    """No compression: that is for networks."""
    return Remote(
        "spice",
        "SPICE, remote-viewer, in sway",
        qemu,
        "virt-viewer",
        lambda path: (
            "-spice",
            f"unix=on,addr={path},disable-ticketing=on,image-compression=off,streaming-video=off",
        ),
        lambda path: ("remote-viewer", "--full-screen", f"spice+unix://{path}"),
    )


def tigervnc(qemu: str) -> Remote:
    """Raw pixels: what else there is, is for networks. It is an X11 program."""
    return Remote(
        "tigervnc",
        "VNC, TigerVNC, in sway (Xwayland)",
        qemu,
        "tigervnc-viewer",
        lambda path: ("-vnc", f"unix:{path}"),
        lambda path: (
            "xtigervncviewer",
            *("-RemoteResize=0", "-SecurityTypes=None", "-Shared"),
            *("-AutoSelect=0", "-PreferredEncoding=Raw", "-FullColor", path),
        ),
        xwayland=True,
    )


def vnc_remote_viewer(qemu: str) -> Remote:
    """There is nothing to choose. It connects to VNC by TCP only."""
    return Remote(
        "vnc-remote-viewer",
        "VNC, remote-viewer, in sway",
        qemu,
        "virt-viewer",
        lambda port: ("-vnc", f"127.0.0.1:{int(port) - _VNC_PORT}"),
        lambda port: ("remote-viewer", "--full-screen", f"vnc://127.0.0.1:{port}"),
        tcp=True,
    )
