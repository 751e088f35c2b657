"""A way from a guest to the host's screen: what starts it, and which processes it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Protocol

from guests.testcard.launch import TestCard

#: Of every output and every guest, so that nothing is scaled.
SIZE = (1920, 1080)

#: How every compositor draws. A headless output takes any buffer as it is, which no screen does with one in shared memory: it is drawn from.
RENDERING = {"WLR_RENDERER": "pixman", "WLR_SCENE_DISABLE_DIRECT_SCANOUT": "1"}

#: The role of the process that has the guest in it.
QEMU = "QEMU"

#: That of its thread which runs the guest's instructions, where it is told apart.
GUEST = "guest"

#: The virtio-gpu is the only device of the test card's that draws when the guest does, and not when QEMU looks.
DEVICE = "virtio-gpu"


class Host(Protocol):
    """A compositor that shows one program, fullscreen: its socket, the environment of its clients, and its own processes, as a role and a pid."""

    display: FilePath
    environment: dict[str, str]
    programs: dict[str, int]


@dataclass(frozen=True)
class Running:
    """A whole stack that runs: `display` is the compositor's socket; `programs` are its processes except QEMU, as a role and a pid."""

    display: FilePath
    card: TestCard
    programs: Mapping[str, int]

    def processes(self) -> dict[str, int]:
        """All of them, QEMU too."""
        return {QEMU: self.card.process.pid, **self.programs}


class Path(Protocol):
    """One way, with the settings that its documentation recommends."""

    @property
    def name(self) -> str:
        """A word for the command line and for JSON."""
        ...

    @property
    def title(self) -> str:
        """What it is, for a table."""
        ...

    @property
    def qemu(self) -> str:
        """The QEMU that runs the guest."""
        ...

    def missing(self) -> str:
        """Why it cannot be measured here, with what would help; empty when it can."""
        ...

    def settings(self) -> dict[str, str]:
        """The command lines and versions that matter, for the record."""
        ...

    def start(self, stack: ExitStack, options: str) -> Running:
        """Start all of it, with these options of the test card's; `stack` ends it."""
        ...


def card_options(options: str) -> str:
    return f"mode={SIZE[0]}x{SIZE[1]} {options}"
