"""How long a key takes from the host to the guest's report on its serial port, and how much of that is wlvm's.

A key of wlvm's begins where a device's event reaches the seat. The same key is sent, in turns, by a client that does nothing but write a line
that was ready: what lies between the two is what wlvm adds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench.card import BareQmp, ReportingCard
from bench.effort import Effort
from bench.machine import pixel_ways, version_text
from bench.results import Row, Value, rounded, spread
from bench.running import Steps, configuration, play, shown, until
from wlvm.guest_config import InputConfig
from wlvm.latency import percentile
from wlvm.server import Server

#: What wlvm may add to a key, in milliseconds.
AIM = 1.0

_KEY_A = 30


def measure(effort: Effort) -> list[Row]:
    """A guest that stands still, and one that draws a whole frame 60 times a second."""
    return [_row(qemu, device, rate, effort.keys) for qemu, device in pixel_ways() for rate in (0, 60)]


def _row(qemu: str, device: str, rate: int, keys: int) -> Row:
    through: dict[str, list[float]] = {"wlvm": [], "bare": []}
    seat: list[float] = []
    reports: list[tuple[str, float]] = []

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        bare = BareQmp(card.own_qmp, "a")
        stop = card.listen(server.loop, lambda line, now: reports.append((line, now)))
        senders: dict[str, Callable[[bool], None]] = {
            "wlvm": lambda down: server.seat.key(_KEY_A, down),
            "bare": bare.key,
        }
        # Never in step with the guest's frames, nor with the loop's timers.
        pause = random.Random(1)
        try:
            yield 0.5
            for number in range(2 * keys):
                way = ("wlvm", "bare")[number % 2]
                for down in (True, False):
                    reports.clear()
                    began = time.perf_counter()
                    senders[way](down)
                    sent = time.perf_counter()
                    yield from until("the guest reports the key", lambda: reports)
                    line, heard = reports[0]
                    if not line.startswith(f"key {_KEY_A} {'down' if down else 'up'}"):
                        raise RuntimeError(f"the guest reports {line!r}")
                    through[way].append(heard - began)
                    if way == "wlvm":
                        seat.append(sent - began)
                    yield pause.uniform(0.005, 0.025)
        finally:
            stop()
            bare.close()

    options = f"mode=1280x800 rate={rate}"
    with ReportingCard(qemu, device, options) as card:
        play(configuration([card.qmp], motion=InputConfig(repeat="never")), scenario)
    added = (percentile(sorted(through["wlvm"]), 50) - percentile(sorted(through["bare"]), 50)) * 1e3
    values: dict[str, Value] = {
        **spread(through["wlvm"], "wlvm", "ms", 1e3),
        **spread(through["bare"], "bare QMP", "ms", 1e3),
        "added p50 ms": rounded(added),
        **spread(seat, "until sent", "us", 1e6),
    }
    drawing = f"{rate} frames/s" if rate else "still"
    case = f"{device}, QEMU {version_text(qemu)}, {drawing}"
    return Row(case, values, f"<= {AIM:g} ms added", added <= AIM)
