"""Viewers of SPICE and of VNC, on Unix sockets, as clients of sway."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.machine import version_text
from bench.peers.path import DEVICE, Running, card_options
from bench.peers.programs import absent, package_version, started
from bench.peers.sway import SWAY, Sway
from guests.testcard.launch import TestCard

#: A socket of this name stands for that of a trial.
_SOCKET = "/run/guest"


@dataclass(frozen=True)
class Remote:
    """A display of QEMU's that a program shows. `server` and `viewer` are the command lines' parts for a socket."""

    name: str
    title: str
    qemu: str
    package: str
    server: Callable[[str], tuple[str, ...]]
    viewer: Callable[[str], tuple[str, ...]]
    xwayland: bool = False

    def missing(self) -> str:
        xwayland = {"Xwayland": "xwayland"} if self.xwayland else {}
        return absent({**SWAY, self._program: self.package, **xwayland})

    def settings(self) -> dict[str, str]:
        return {
            "QEMU": version_text(self.qemu),
            **{package: package_version(package) for package in ("sway", self.package)},
            "display": " ".join(self.server(_SOCKET)),
            "viewer": " ".join(self.viewer(_SOCKET)),
        }

    def start(self, stack: ExitStack, options: str) -> Running:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        socket = str(directory / "socket")
        sway = Sway(stack, xwayland=self.xwayland)
        card = stack.enter_context(
            TestCard(
                self.qemu,
                DEVICE,
                card_options(options),
                display=("-display", "none", *self.server(socket)),
            )
        )
        # A home of its own: viewers remember things.
        own = {"HOME": str(directory)} | ({} if self.xwayland else {"GDK_BACKEND": "wayland"})
        viewer = started(stack, self.viewer(socket), sway.environment | own)
        return Running(sway.display, card, {**sway.programs, self._program: viewer.pid})

    @property
    def _program(self) -> str:
        return self.viewer("")[0]


def spice(qemu: str) -> Remote:
    """No compression: that is for networks."""
    return Remote(
        "spice",
        "SPICE, remote-viewer, in sway",
        qemu,
        "virt-viewer",
        lambda socket: (
            "-spice",
            f"unix=on,addr={socket},disable-ticketing=on,image-compression=off,streaming-video=off",
        ),
        lambda socket: ("remote-viewer", "--full-screen", f"spice+unix://{socket}"),
    )


def tigervnc(qemu: str) -> Remote:
    """Raw pixels: what else there is, is for networks. It is an X11 program."""
    return Remote(
        "tigervnc",
        "VNC, TigerVNC, in sway (Xwayland)",
        qemu,
        "tigervnc-viewer",
        lambda socket: ("-vnc", f"unix:{socket}"),
        lambda socket: (
            "xtigervncviewer",
            *("-FullScreen", "-RemoteResize=0", "-SecurityTypes=None", "-Shared"),
            *("-AutoSelect=0", "-PreferredEncoding=Raw", "-FullColor", socket),
        ),
        xwayland=True,
    )
