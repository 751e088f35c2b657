"""From `attach` to the first frame of a guest that runs already, in a wlvm that runs too."""

from __future__ import annotations

import time
from functools import partial

from bench.effort import Effort
from bench.machine import pixel_ways, version_text
from bench.presented import presented
from bench.results import Row, Value, rounded, spread
from bench.running import Steps, configuration, play, until
from guests.testcard.launch import TestCard
from wlvm.guest_config import GuestConfig
from wlvm.server import Server


def measure(effort: Effort) -> list[Row]:
    """Again and again, at 1280x800, by both ways in which pixels come."""
    return [_row(qemu, device, effort.real_rounds) for qemu, device in pixel_ways()]


def _row(qemu: str, device: str, rounds: int) -> Row:
    took: list[float] = []
    spent: list[float] = []
    values: dict[str, Value] = {}

    def scenario(server: Server) -> Steps:
        for _ in range(rounds + 1):
            found: list[float] = []
            with presented(found, lambda _: True):
                began, cpu = time.monotonic(), time.process_time()
                guest = server.guest_set.add(GuestConfig(name="guest-0", qmp=card.qmp_path))
                yield from until("it is shown", partial(len, found))
            took.append(found[0] - began)
            spent.append(time.process_time() - cpu)
            server.guest_set.remove(guest.name)
            yield 0.1

    with TestCard(qemu=qemu, device=device, options="mode=1280x800") as card:
        play(configuration([]), scenario)
    del took[0], spent[0]  # what is made once is made then
    values.update(spread(took, "shown after", "ms", 1e3))
    values["most ms"] = rounded(max(took) * 1e3)
    values.update(spread(spent, "CPU", "ms", 1e3))
    return Row(f"{device}, QEMU {version_text(qemu)}, {len(took)} times", values)
