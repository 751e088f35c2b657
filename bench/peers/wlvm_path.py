"""wlvm, headless: attached to QEMU's D-Bus display, or as the compositor of a peer."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.machine import version_text
from bench.peers.path import ALONE, DEVICE, RENDERING, Running, Wall
from bench.peers.programs import own_environment
from guests.testcard.launch import DBUS_DISPLAY, TestCard
from tests.wlvm_process import Wlvm

_CONFIG = """
[[output]]
mode = "{}x{}@{}"
"""

#: Beside each other, where there are several.
_COLUMNS = '[desktop]\nlayout = "columns"\n'


class WlvmPath:
    """QEMU shares the framebuffer's memory from version 9.2 on, and sends its bytes before."""

    def __init__(self, name: str, qemu: str, how: str) -> None:
        self.name = name
        self.qemu = qemu
        self.title = f"wlvm, {how}"

    def missing(self) -> str:
        return ""

    def settings(self) -> dict[str, str]:
        return {
            "QEMU": version_text(self.qemu),
            "display": " ".join(DBUS_DISPLAY),
            "configuration": _CONFIG.format(*ALONE.output, ALONE.refresh),
        }

    def start(self, stack: ExitStack, options: str, wall: Wall = ALONE) -> Running:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        cards = [
            stack.enter_context(TestCard(self.qemu, DEVICE, wall.card_options(options)))
            for _ in range(wall.guests)
        ]
        tables = [f'[guest.card-{number}]\nqmp = "{card.qmp_path}"\n' for number, card in enumerate(cards)]
        wlvm = _started(stack, directory, wall, "".join(tables))
        for number in range(wall.guests):
            wlvm.wait_for_picture(f"card-{number}")
        return Running(directory / wlvm.display, cards, {"wlvm": [wlvm.pid]})


class WlvmHost:
    """A wlvm without guests, as a Host: what a peer owes to the compositor that it is in, and to the output of that."""

    def __init__(self, stack: ExitStack, wall: Wall = ALONE) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-")))
        alone = "true" if wall.guests == 1 else "false"
        wlvm = _started(stack, directory, wall, f'[[rule]]\napp_id = "*"\nfullscreen = {alone}\n')
        self.display = directory / wlvm.display
        self.environment = own_environment(directory) | {"WAYLAND_DISPLAY": str(self.display)}
        self.programs = {"wlvm": [wlvm.pid]}


def _started(stack: ExitStack, directory: Path, wall: Wall, tables: str) -> Wlvm:
    return stack.enter_context(
        Wlvm(
            directory,
            config=_CONFIG.format(*wall.output, wall.refresh)
            + (_COLUMNS if wall.guests > 1 else "")
            + tables,
            XDG_RUNTIME_DIR=str(directory),
            MALLOC_PERTURB_="0",  # that is for tests
            **RENDERING,
        )
    )
