"""How long the cursor takes from a device's motion to the frame that it has moved in.

The cursor is a guest's own, and the frame is read where the output gets it: of a screen with a cursor plane, or with a page flip to wait for, nothing
is said here.
"""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

from bench.card import ReportingCard
from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.results import Row, rounded, spread
from bench.running import SIZE, Steps, configuration, play, shown, surface, until
from guests.testcard import model
from wlvm.server import Server

_TABLET = ("-device", "virtio-tablet-pci")

#: A pixel of the cursor's image, in its first column, hides what is below it, and is like none of the guest's picture.
_SOLID = (0, 24)
_COLOR = int(model.cursor_image()[_SOLID[1], _SOLID[0]]) & 0xFFFFFF


def measure(effort: Effort) -> list[Row]:
    """A guest that stands still, and one that draws a whole frame 60 times a second."""
    qemu = sharing_qemu() or qemus()[0]
    return [_row(qemu, rate, effort.keys) for rate in (0, 60)]


def _row(qemu: str, rate: int, moves: int) -> Row:
    delays: list[float] = []
    frames: list[int] = []

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        yield from until("the guest has a tablet", lambda: surface(server).absolute)
        output = next(iter(server.outputs.values()))
        hot_x, hot_y = model.CURSOR_HOT_SPOT
        place = 0, 0
        drawn = 0
        shown_at = 0.0

        def committed(buffer: Any) -> None:
            nonlocal drawn, shown_at
            now = time.perf_counter()
            if buffer is None or shown_at:
                return
            drawn += 1
            pixels = np.frombuffer(output.wlr.read_pixels(buffer), np.uint32).reshape(SIZE[::-1])
            if pixels[place[1] - hot_y + _SOLID[1], place[0] - hot_x + _SOLID[0]] & 0xFFFFFF == _COLOR:
                shown_at = now

        def is_shown() -> bool:
            return shown_at > 0

        output.wlr.on_commit(committed)
        # Never in step with the guest's frames, nor with the loop's timers.
        pause = random.Random(1)
        yield 0.5
        for number in range(moves + 1):
            place = 100 + 40 * (number % 20), 100 + 30 * (number // 20 % 10)
            drawn, shown_at = 0, 0.0
            began = time.perf_counter()
            server.idle.motion_absolute(*place)
            server.idle.frame()
            yield from until("the cursor is there", is_shown)
            if number:  # at the first the guest made its cursor
                delays.append(shown_at - began)
                frames.append(drawn)
            yield pause.uniform(0.02, 0.05)

    with ReportingCard(qemu, "virtio-gpu", f"mode=1280x800 rate={rate} cursor", _TABLET) as card:
        play(configuration([card.qmp]), scenario)
    drawing = f"{rate} frames/s" if rate else "still"
    values = {**spread(delays, "shown after", "ms", 1e3), **spread(frames, "frames", "")}
    values = {name.rstrip(): value for name, value in values.items()}
    values["frames most"] = rounded(max(frames))
    met = sorted(frames)[len(frames) * 99 // 100] <= 1
    return Row(f"virtio-gpu, QEMU {version_text(qemu)}, {drawing}", values, "the next frame", met)
