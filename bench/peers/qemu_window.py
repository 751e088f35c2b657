"""QEMU's own windows, as clients of a compositor."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from typing import Literal

from bench.machine import version_text
from bench.peers.path import ALONE, DEVICE, Host, Running, Wall
from bench.peers.programs import absent, package_version
from bench.peers.sway import SWAY, Sway
from guests.testcard.launch import TestCard

#: One guest pixel to a screen's. With full-screen=on, GTK's scales the guest as its window was before it was fullscreen; sway makes it fullscreen instead.
_DISPLAYS = {
    "gtk": "gtk,zoom-to-fit=off,show-menubar=off",
    "sdl": "sdl",
}

#: Toolkits that speak Wayland and X11 are to speak Wayland.
_WAYLAND = {"GDK_BACKEND": "wayland", "SDL_VIDEODRIVER": "wayland"}

#: What helps where a QEMU has no windows.
_INSTALL = "make peers"


class QemuWindow:
    """`-display gtk` or `-display sdl`."""

    def __init__(
        self, toolkit: Literal["gtk", "sdl"], qemu: str, host: Callable[[ExitStack, Wall], Host] = Sway
    ) -> None:
        self.name = toolkit if host is Sway else f"{toolkit}-wlvm"
        self.title = f"QEMU -display {toolkit}, in {'sway' if host is Sway else 'wlvm'}"
        self.qemu = qemu
        self._toolkit = toolkit
        self._host = host

    def missing(self) -> str:
        known = subprocess.run(
            [self.qemu, "-display", "help"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._toolkit not in known.stdout.split():
            return f"QEMU {version_text(self.qemu)} has no {self._toolkit} display: {_INSTALL}"
        return absent(SWAY) if self._host is Sway else ""

    def settings(self) -> dict[str, str]:
        return {
            "QEMU": version_text(self.qemu),
            **({"sway": package_version("sway")} if self._host is Sway else {}),
            "display": f"-display {_DISPLAYS[self._toolkit]}",
        }

    def start(self, stack: ExitStack, options: str, wall: Wall = ALONE) -> Running:
        host = self._host(stack, wall)
        cards = [
            stack.enter_context(
                TestCard(
                    self.qemu,
                    DEVICE,
                    wall.card_options(options),
                    display=("-display", _DISPLAYS[self._toolkit]),
                    environment=host.environment | _WAYLAND,
                )
            )
            for _ in range(wall.guests)
        ]
        return Running(host.display, cards, host.programs)
