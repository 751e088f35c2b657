"""Ten guests that draw at once, all of them seen."""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.effort import Effort
from bench.machine import pixel_ways, version_text
from bench.process import cpu_seconds, thread_cpu_seconds
from bench.results import Row, Value, rounded
from bench.running import Steps, configuration, frames, play, shown, surface
from guests.testcard.launch import TestCard
from wlvm.server import Server

_GUESTS = 10
_RATE = 30
_DISPLAY = "wlvm-display"


def measure(effort: Effort) -> list[Row]:
    """virtio-gpu whose memory is shared, and std VGA whose bytes are sent; each frame is an update of the whole picture."""
    return [_row(qemu, device, effort.seconds) for qemu, device in pixel_ways()]


def _row(qemu: str, device: str, seconds: float) -> Row:
    values: dict[str, Value] = {}

    def drawn() -> int:
        """The frames that the guests have drawn, by their own count."""
        return sum(int(card.command("hold").partition("frame=")[2]) for card in cards)

    def scenario(server: Server) -> Steps:
        names = list(server.guests)
        for name in names:
            yield from shown(server, name)
        yield 2.0
        surfaces = [surface(server, name) for name in names]
        before = drawn()
        for card in cards:
            card.command(f"run {_RATE}")
        updates, shows = sum(s.updates for s in surfaces), sum(s.presentation.frames for s in surfaces)
        composed = frames(server)
        began = time.monotonic()
        own, display = time.process_time(), thread_cpu_seconds(_DISPLAY)
        machines = [cpu_seconds(card.process.pid) for card in cards]
        yield seconds
        took = time.monotonic() - began
        own, display = time.process_time() - own, thread_cpu_seconds(_DISPLAY) - display
        machines = [cpu_seconds(c.process.pid) - was for c, was in zip(cards, machines, strict=True)]
        drew = drawn() - before
        yield 0.2
        shows = sum(s.presentation.frames for s in surfaces) - shows
        values["guest frames/s"] = rounded(drew / took)
        values["updates/s"] = rounded((sum(s.updates for s in surfaces) - updates) / took)
        values["shown/s"] = rounded(shows / took)
        values["dropped %"] = rounded(max(0, 1 - shows / drew) * 100)
        values["screen frames/s"] = rounded((frames(server) - composed) / took)
        values["wlvm's main thread ms/s"] = rounded((own - display) / took * 1e3)
        values["its display thread ms/s"] = rounded(display / took * 1e3)
        values["a QEMU ms/s"] = rounded(sum(machines) / len(machines) / took * 1e3)

    options = f"mode=640x400 damage=full rate={_RATE}"
    with ExitStack() as stack:
        cards = [
            stack.enter_context(TestCard(qemu=qemu, device=device, options=options)) for _ in range(_GUESTS)
        ]
        play(configuration([card.qmp_path for card in cards]), scenario)
    return Row(f"{_GUESTS} x {device}, QEMU {version_text(qemu)}", values)
