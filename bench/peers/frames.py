"""Arithmetic of frames: which of the guest's the output showed, how long, and what was lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from bench.peers.path import GUEST, QEMU, REFRESH
from wlvm.latency import percentile

#: Of such commits, in refreshes: less is a frame that came in between, more is one that was waited for.
_CLOSEST, _FARTHEST = 0.8, 1.4
#: The percentile that counts as fast as it can, and how many tell it.
_FAST = 10
_ENOUGH = 10

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


def refreshes(commits: Sequence[float]) -> float:
    """How often a second the output can show another frame: by those times of commits that followed one another as fast as it lets them.

    wlroots' headless output counts whole milliseconds: from a timer that runs freely (0.15), or from the end of each commit (0.16), so that drawing
    comes on top. REFRESH where too few commits tell.
    """
    gaps = sorted(after - before for before, after in itertools.pairwise(commits))
    close = [gap for gap in gaps if _CLOSEST < gap * REFRESH < _FARTHEST]
    return 1 / percentile(close, _FAST) if len(close) >= _ENOUGH else REFRESH


def ideal_lost(flips: Sequence[float], refresh: float) -> float:
    """How many of the guest's frames, by the times that it flipped at, somebody misses who looks at each refresh of an output and only then.

    Of two flips between the same two refreshes the first is missed. The mean over all phases that refreshes may have against the guest.
    """
    total = 0
    for phase in range(_PHASES):
        seen = [math.floor(when * refresh + (phase + 0.5) / _PHASES) for when in flips]
        total += sum(one == other for one, other in itertools.pairwise(seen))
    return total / _PHASES


def flip_delays(commits: Sequence[tuple[float, int]], flips: Mapping[int, float]) -> list[float]:
    """From the guest's flip to the commit that first showed the frame, for all frames that were shown, in seconds."""
    return [when - flips[number] for when, number in firsts(commits) if number in flips]


def beyond_guest(cpu: Mapping[str, float], alone: Mapping[str, float], per: float) -> dict[str, float]:
    """What each role took without the guest: the thread that runs it is left out, and what the rest of QEMU takes when nobody looks is taken off.

    `alone` are the times under the same load with nobody looking, `per` is how many frames the guest drew for each of those.
    """
    return {
        role: spent - (alone[QEMU] * per if role == QEMU else 0.0)
        for role, spent in cpu.items()
        if role != GUEST
    }
