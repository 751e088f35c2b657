"""A way from a guest to the host's screen: what starts it, and which processes it consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Protocol

from guests.testcard.launch import TestCard

#: Of a guest that is alone, and of its output.
SIZE = (1920, 1080)
REFRESH = 60

#: How every compositor draws. A headless output takes any buffer as it is, which no screen does with one in shared memory: it is drawn from.
RENDERING = {"WLR_RENDERER": "pixman", "WLR_SCENE_DISABLE_DIRECT_SCANOUT": "1"}

#: The role of the process that has the guest in it.
QEMU = "QEMU"

#: That of its thread which runs the guest's instructions, where it is told apart.
GUEST = "guest"

#: The virtio-gpu is the only device of the test card's that draws when the guest does, and not when QEMU looks.
DEVICE = "virtio-gpu"


#: Processes by role, as their pids.
Processes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Wall:
    """Guests beside each other on an output that they fill, pixel by pixel: `size` is each one's, `refresh` the output's, in Hz."""

    guests: int
    size: tuple[int, int]
    refresh: int

    @property
    def output(self) -> tuple[int, int]:
        """The output's size, in pixels."""
        width, height = self.size
        return width * self.guests, height

    def card_options(self, options: str) -> str:
        """These options of a test card's, and its size."""
        width, height = self.size
        return f"mode={width}x{height} {options}"


#: One guest, fullscreen.
ALONE = Wall(1, SIZE, REFRESH)


class Host(Protocol):
    """A compositor that shows the windows of a wall: its socket, the environment of its clients, and its own processes."""

    @property
    def display(self) -> FilePath: ...

    @property
    def environment(self) -> dict[str, str]: ...

    @property
    def programs(self) -> Processes: ...


@dataclass(frozen=True)
class Running:
    """A whole stack that runs: `display` is the compositor's socket; `programs` are its processes except the QEMUs."""

    display: FilePath
    cards: Sequence[TestCard]
    programs: Processes

    @property
    def card(self) -> TestCard:
        """The first one, of a wall of one the only one."""
        return self.cards[0]

    def processes(self) -> Processes:
        """All of them, the QEMUs too."""
        return {QEMU: pids(self.cards), **self.programs}


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

    def start(self, stack: ExitStack, options: str, wall: Wall = ALONE) -> Running:
        """Start all of it, with these options of the test cards'; `stack` ends it."""
        ...


def pids(cards: Sequence[TestCard]) -> list[int]:
    """Of their QEMUs."""
    return [card.process.pid for card in cards]
