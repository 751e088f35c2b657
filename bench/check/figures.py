"""The gate's figures: what is counted, and the floor that each is compared with."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from bench.running import SIZE

#: How often each event is counted, and each floor's work.
EVENTS = 40
FLOOR_TIMES = 10

#: Of the small updates, in guest pixels.
PATCH = 64

#: The floors (bench.check.floors), by their counts' names.
PYTHON, COPY, COMPOSITION = "floor: Python", "floor: copy", "floor: composition"
#: What counting itself takes.
NOTHING = "nothing"
#: The start of wlvm, in a process of its own.
START = "start"

_SMALL, _WHOLE = PATCH * PATCH * 4, SIZE[0] * SIZE[1] * 4

#: Instructions, and the sum of floors that a figure is told in: what Python does, and what is done to all pixels of a picture.
INSTRUCTIONS: Mapping[str, tuple[str, ...]] = {
    "shared memory, small: arrives": (PYTHON,),
    "shared memory, small: taken": (PYTHON,),
    "shared memory, small: drawn": (PYTHON,),
    "shared memory, whole: arrives": (PYTHON,),
    "shared memory, whole: taken": (PYTHON, COPY),
    "shared memory, whole: drawn": (PYTHON, COMPOSITION),
    "bytes, small: arrives": (PYTHON,),
    "bytes, small: taken": (PYTHON,),
    "bytes, small: drawn": (PYTHON,),
    "bytes, whole: arrives": (PYTHON,),
    "bytes, whole: taken": (PYTHON, COPY),
    "bytes, whole: drawn": (PYTHON, COMPOSITION),
    "guest's cursor: arrives": (PYTHON,),
    "guest's cursor: taken": (PYTHON,),
    "guest's cursor: drawn": (PYTHON,),
    "key: sent": (PYTHON,),
    "motion: taken": (PYTHON,),
    START: (PYTHON,),
}

#: Bytes of pixels that wlvm copies for an update, and those that the update is of: what the kernel copies for it has no instructions here.
BYTES: Mapping[str, int] = {
    "shared memory, small: copied": _SMALL,
    "shared memory, whole: copied": _WHOLE,
    "bytes, small: copied": _SMALL,
    "bytes, whole: copied": _WHOLE,
}

#: What wlvm itself tells of its work, by a figure's name.
Facts = dict[str, float]


class Figure(Struct, frozen=True):
    """What an event takes (`count`: instructions, or bytes), and what its floor does."""

    count: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.count / self.floor


def figures(counts: Mapping[str, int], facts: Facts) -> dict[str, Figure]:
    """By name. `counts` are callgrind's, of all times together."""
    nothing = counts[NOTHING] / EVENTS
    floors = {name: counts[name] / FLOOR_TIMES - nothing for name in (PYTHON, COPY, COMPOSITION)}
    found = {}
    for name, parts in INSTRUCTIONS.items():
        count = counts[name] if name == START else counts[name] / EVENTS - nothing
        found[name] = Figure(count, sum(floors[part] for part in parts))
    return found | {name: Figure(facts[name], size) for name, size in BYTES.items()}
