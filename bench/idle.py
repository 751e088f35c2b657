"""Four guests stand still: nothing may be drawn."""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.effort import Effort
from bench.machine import qemus, sharing_qemu
from bench.results import Row, Value, rounded
from bench.running import Steps, configuration, frames, play, shown
from guests.testcard.launch import TestCard
from wlvm.server import Server

_GUESTS = 4


def measure(effort: Effort) -> list[Row]:
    """Two virtio-gpu, two std VGA."""
    values: dict[str, Value] = {}

    def scenario(server: Server) -> Steps:
        for name in server.guests:
            yield from shown(server, name)
        yield 2.0
        drawn, cpu = frames(server), time.process_time()
        yield effort.idle_seconds
        values["frames"] = frames(server) - drawn
        values["seconds"] = effort.idle_seconds
        values["wlvm ms/s"] = rounded((time.process_time() - cpu) / effort.idle_seconds * 1e3)

    newest = sharing_qemu() or qemus()[-1]
    with ExitStack() as stack:
        cards = [
            stack.enter_context(TestCard(qemu=qemu, device=device, options="mode=640x400"))
            for qemu, device in [(newest, "virtio-gpu"), (qemus()[0], "std-vga")] * (_GUESTS // 2)
        ]
        play(configuration([card.qmp_path for card in cards]), scenario)
    return [Row("2 virtio-gpu, 2 std VGA, one output", values, "0 frames", values["frames"] == 0)]
