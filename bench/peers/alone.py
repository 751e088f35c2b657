"""The guest alone: a QEMU that shows it to nobody, with the same load. What that takes is not the display's."""

from __future__ import annotations

import random
import time

from bench.peers.flips import Flips, listen
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.path import ALONE, DEVICE, QEMU, pids
from bench.peers.processes import ProcessorTime, guest_clocks, memory, stand_still
from bench.peers.records import Load, Trial
from bench.peers.trial import PAUSE, SETTLE, Effort
from guests.testcard.launch import TestCard


def measure(qemu: str, effort: Effort, seed: int) -> Trial:
    """A trial of which nothing is shown; its keys come over QMP, and end with the guest's word that it has drawn."""
    loads: dict[str, Load] = {}
    pauses = random.Random(seed)
    with _card(qemu, "full") as card:
        keys = {STILL: _keys(card, effort.keys, pauses)}
        card.command(f"run {BUSY[1]}")
        keys[load_name(*BUSY)] = _keys(card, effort.keys, pauses)
        loads |= _loads(card, "full", effort.seconds)
        processes = {QEMU: pids([card])}
        held, idle = memory(processes), stand_still(processes, effort.idle_seconds)
    with _card(qemu, "patch") as card:
        loads |= _loads(card, "patch", effort.seconds)
    return Trial(differing=0, keys=keys, loads=loads, memory=held, idle=idle)


def _card(qemu: str, damage: str) -> TestCard:
    return TestCard(qemu, DEVICE, ALONE.card_options(f"damage={damage}"), display=("-display", "none"))


def _keys(card: TestCard, count: int, pauses: random.Random) -> list[float]:
    """In milliseconds."""
    delays = []
    for _ in range(count):
        began = time.monotonic()
        _press(card, True)
        card.wait_for("patch ")
        delays.append((time.monotonic() - began) * 1e3)
        _press(card, False)
        time.sleep(pauses.uniform(*PAUSE))
    return delays


def _press(card: TestCard, down: bool) -> None:
    event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": "spc"}}}
    card.execute("input-send-event", events=[event])


def _loads(card: TestCard, damage: str, seconds: float) -> dict[str, Load]:
    flips = Flips(card)
    clocks = guest_clocks([card])
    found = {}
    for rate in LOADS[damage]:
        card.command(f"run {rate}")
        listen([flips], SETTLE)
        spent, began = ProcessorTime(clocks), time.monotonic()
        listen([flips], seconds)
        cpu, took = spent.spent(), time.monotonic() - began
        drew = sum(when >= began for when in flips.times.values())
        found[load_name(damage, rate)] = Load(
            took, drew, shown=0, refresh=0, lost_at_best=0, repeated=0, flips=[], cpu=cpu
        )
    card.command("hold")
    return found
