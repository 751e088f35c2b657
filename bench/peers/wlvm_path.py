"""wlvm, headless: attached to QEMU's D-Bus display, or as the compositor of a peer."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.machine import version_text
from bench.peers.path import DEVICE, RENDERING, SIZE, Running, card_options
from bench.peers.programs import own_environment
from guests.testcard.launch import DBUS_DISPLAY, TestCard
from tests.wlvm_process import Wlvm

_CONFIG = f"""
[[output]]
mode = "{SIZE[0]}x{SIZE[1]}@60"
"""


class WlvmPath:
    """QEMU shares the framebuffer's memory from version 9.2 on, and sends its bytes before."""

    def __init__(self, name: str, qemu: str, how: str) -> None:
        self.name = name
        self.qemu = qemu
        self.title = f"wlvm, {how}"

    def missing(self) -> str:
        return ""

    def settings(self) -> dict[str, str]:
        return {"QEMU": version_text(self.qemu), "display": " ".join(DBUS_DISPLAY), "configuration": _CONFIG}

    def start(self, stack: ExitStack, options: str, guests: int = 1) -> Running:
        """`guests` of them; the first one is the one of the answer."""
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        cards = [
            stack.enter_context(TestCard(self.qemu, DEVICE, card_options(options))) for _ in range(guests)
        ]
        tables = [f'[guest.card-{number}]\nqmp = "{card.qmp_path}"\n' for number, card in enumerate(cards)]
        wlvm = _started(stack, directory, "".join(tables))
        for number in range(guests):
            wlvm.wait_for_picture(f"card-{number}")
        return Running(directory / wlvm.display, cards[0], {"wlvm": wlvm.pid})


class WlvmHost:
    """A wlvm without guests, as a Host: what a peer owes to the compositor that it is in, and to the output of that."""

    def __init__(self, stack: ExitStack) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        wlvm = _started(stack, directory, '[[rule]]\napp_id = "*"\nfullscreen = true\n')
        self.display = directory / wlvm.display
        self.environment = own_environment(directory) | {"WAYLAND_DISPLAY": str(self.display)}
        self.programs = {"wlvm": wlvm.pid}


def _started(stack: ExitStack, directory: Path, tables: str) -> Wlvm:
    return stack.enter_context(
        Wlvm(
            directory,
            config=_CONFIG + tables,
            XDG_RUNTIME_DIR=str(directory),
            MALLOC_PERTURB_="0",  # that is for tests
            **RENDERING,
        )
    )
