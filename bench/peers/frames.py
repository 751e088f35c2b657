"""Arithmetic of frames: which of the guest's the output showed, how long, and what was lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

#: The output's, in Hz.
REFRESH = 60.0

_PHASES = 16


def firsts(commits: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Of commits (when, the frame's number), each that shows another frame than the one before it."""
    return [
        commit for place, commit in enumerate(commits) if place == 0 or commit[1] != commits[place - 1][1]
    ]


def drawn(commits: Sequence[tuple[float, int]]) -> int:
    """How many frames the guest drew from the first commit to the last, without the first one."""
    return commits[-1][1] - commits[0][1] if commits else 0


def shown(commits: Sequence[tuple[float, int]]) -> int:
    """How many of those the output showed."""
    return len({number for _, number in commits}) - 1 if commits else 0


def repeated(commits: Sequence[tuple[float, int]], rate: float) -> int:
    """Refreshes in which a frame stood longer than it had to: a guest that draws `rate` a second has another one ready by then."""
    allowed = math.ceil(REFRESH / rate)
    changes = firsts(commits)
    stood = [round((after[0] - before[0]) * REFRESH) for before, after in itertools.pairwise(changes)]
    return sum(max(0, refreshes - allowed) for refreshes in stood)


def ideal_lost(flips: Sequence[float]) -> float:
    """How many of the guest's frames, by the times that it flipped at, somebody misses who looks at each refresh of the output and only then.

    Of two flips between the same two refreshes the first is missed. The mean over all phases that refreshes may have against the guest.
    """
    total = 0
    for phase in range(_PHASES):
        seen = [math.floor(when * REFRESH + (phase + 0.5) / _PHASES) for when in flips]
        total += sum(one == other for one, other in itertools.pairwise(seen))
    return total / _PHASES


def flip_delays(commits: Sequence[tuple[float, int]], flips: Mapping[int, float]) -> list[float]:
    """From the guest's flip to the commit that first showed the frame, for all frames that were shown, in seconds."""
    return [when - flips[number] for when, number in firsts(commits) if number in flips]


def beyond_guest(cpu: Mapping[str, float], alone: float, alone_drawn: int, drew: int) -> float:
    """The processor time of all processes without the guest's: what QEMU took for so many frames when nobody looked is taken off."""
    return sum(cpu.values()) - alone / alone_drawn * drew
