"""The guest alone: a QEMU that shows it to nobody, with the same load. What that takes is not the display's."""

from __future__ import annotations

import time

from bench.peers.flips import Flips
from bench.peers.path import DEVICE, QEMU, card_options
from bench.peers.processes import ProcessorTime, guest_clocks, memory, stand_still
from bench.peers.records import Load, Trial, load_name
from bench.peers.trial import LOADS, SETTLE, WARM, Effort
from guests.testcard.launch import TestCard


def measure(qemu: str, effort: Effort) -> Trial:
    """A trial without keys, of which nothing is shown."""
    loads: dict[str, Load] = {}
    with _card(qemu, "full") as card:
        loads |= _loads(card, "full", effort.seconds)
        processes = {QEMU: card.process.pid}
        held, idle = memory(processes), stand_still(processes, effort.idle_seconds)
    with _card(qemu, "patch") as card:
        loads |= _loads(card, "patch", effort.seconds)
    return Trial(differing=0, keys={}, loads=loads, memory=held, idle=idle)


def _card(qemu: str, damage: str) -> TestCard:
    return TestCard(qemu, DEVICE, card_options(f"damage={damage}"), display=("-display", "none"))


def _loads(card: TestCard, damage: str, seconds: float) -> dict[str, Load]:
    flips = Flips(card)
    card.command(f"run {LOADS[damage][0]}")
    flips.listen(WARM)
    clocks = guest_clocks(card)
    found = {}
    for rate in LOADS[damage]:
        card.command(f"run {rate}")
        flips.listen(SETTLE)
        spent, began = ProcessorTime(clocks), time.monotonic()
        flips.listen(seconds)
        cpu, took = spent.spent(), time.monotonic() - began
        drew = sum(when >= began for when in flips.times.values())
        found[load_name(damage, rate)] = Load(
            took, drew, shown=0, refresh=0, lost_at_best=0, repeated=0, flips=[], cpu=cpu
        )
    card.command("hold")
    return found
