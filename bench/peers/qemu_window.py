"""QEMU's own windows, as clients of sway."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import Literal

from bench.machine import version_text
from bench.peers.path import DEVICE, Running, card_options
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

    def __init__(self, toolkit: Literal["gtk", "sdl"], qemu: str) -> None:
        self.name = toolkit
        self.title = f"QEMU -display {toolkit}, in sway"
        self.qemu = qemu

    def missing(self) -> str:
        known = subprocess.run(
            [self.qemu, "-display", "help"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self.name not in known.stdout.split():
            return f"QEMU {version_text(self.qemu)} has no {self.name} display: {_INSTALL}"
        return absent(SWAY)

    def settings(self) -> dict[str, str]:
        return {
            "QEMU": version_text(self.qemu),
            "sway": package_version("sway"),
            "display": f"-display {_DISPLAYS[self.name]}",
        }

    def start(self, stack: ExitStack, options: str) -> Running:
        sway = Sway(stack)
        card = stack.enter_context(
            TestCard(
                self.qemu,
                DEVICE,
                card_options(options),
                display=("-display", _DISPLAYS[self.name]),
                environment=sway.environment | _WAYLAND,
            )
        )
        return Running(sway.display, card, sway.programs)
