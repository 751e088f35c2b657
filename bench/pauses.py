"""How long the garbage collector stops wlvm while many guests draw, and a person types and looks about.

A collection holds the interpreter, whichever thread has set it off: no frame is taken or drawn meanwhile, and QEMU is not answered.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import NamedTuple
from unittest.mock import patch

from bench.effort import Effort
from bench.machine import pixel_ways, version_text
from bench.results import Row, Value, rounded
from bench.running import Steps, configuration, play, shown, surface
from guests.testcard.launch import TestCard
from wlvm.desktop.command_text import parse
from wlvm.server import Server

#: No collection may take longer, in milliseconds.
AIM = 1.0

_GUESTS = 10
_RATE = 60

#: What the person does, every so many seconds: updates alone allocate nothing that a collector would look for.
_DOES = ("focus right", "layout tabbed", "focus left", "layout grid")
_PAUSE = 0.05
_KEY_A = 30

_GENERATIONS = 3


class Pause(NamedTuple):
    """A collection of a generation; processor time in milliseconds, so that what other programs take is not in it."""

    generation: int
    milliseconds: float


def measure(effort: Effort) -> list[Row]:
    """Ten guests, by both ways in which pixels come; and what it would be if wlvm did not keep the collector from all that is there when it has started."""
    rows = [_row(qemu, device, effort.seconds) for qemu, device in pixel_ways()]
    with patch("gc.freeze"):
        before = _row(*pixel_ways()[0], effort.seconds)
    return [*rows, Row(f"{before.case}, nothing frozen", before.values)]


@contextmanager
def collections(found: list[Pause]) -> Iterator[None]:
    """Note every collection."""
    began = 0

    def note(phase: str, about: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time_ns()
        else:
            found.append(Pause(about["generation"], (time.thread_time_ns() - began) / 1e6))

    gc.callbacks.append(note)
    try:
        yield
    finally:
        gc.callbacks.remove(note)


def _row(qemu: str, device: str, seconds: float) -> Row:
    gc.unfreeze()  # what was there when the last one ran
    values: dict[str, Value] = {}
    pauses: list[Pause] = []

    def scenario(server: Server) -> Steps:
        for name in server.guests:
            yield from shown(server, name)
        yield 1.0
        surfaces = [surface(server, name) for name in server.guests]
        updates, began = sum(each.updates for each in surfaces), time.monotonic()
        commands = cycle(_DOES)
        with collections(pauses):
            for number in range(round(seconds / _PAUSE)):
                server.seat.key(_KEY_A, number % 2 == 0)
                server.runner.do(parse(next(commands)))
                yield _PAUSE
        took = time.monotonic() - began
        values["updates/s"] = rounded((sum(each.updates for each in surfaces) - updates) / took)
        values["collections/s"] = rounded(len(pauses) / took)
        values["ms/s"] = rounded(sum(pause.milliseconds for pause in pauses) / took)
        with collections(pauses):
            gc.collect()
        values["objects looked at"] = len(gc.get_objects())
        for generation in range(_GENERATIONS):
            of = [pause.milliseconds for pause in pauses if pause.generation == generation]
            values[f"longest of generation {generation} ms"] = rounded(max(of, default=0.0))
        values["longest ms"] = rounded(max(pause.milliseconds for pause in pauses))

    with ExitStack() as stack:
        options = f"mode=640x400 damage=patch rate={_RATE}"
        cards = [
            stack.enter_context(TestCard(qemu=qemu, device=device, options=options)) for _ in range(_GUESTS)
        ]
        play(configuration([card.qmp_path for card in cards]), scenario)
    name = f"{_GUESTS} x {device}, QEMU {version_text(qemu)}"
    return Row(name, values, f"no pause over {AIM:g} ms", float(values["longest ms"]) <= AIM)
