"""The pointer moves a thousand times a second: the guest ends where the hand does, and what that costs."""

from __future__ import annotations

import math
import time
from typing import Literal

from bench.card import ReportingCard
from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.process import cpu_seconds
from bench.results import Row, Value, rounded, spread
from bench.running import SIZE, Steps, configuration, play, shown, surface, until
from wlvm.guest_config import InputConfig
from wlvm.server import Server

_HZ = 1000
_TABLET = ("-device", "virtio-tablet-pci")


def measure(effort: Effort) -> list[Row]:
    """Over QMP, and over the display's D-Bus."""
    qemu = sharing_qemu() or qemus()[0]
    return [_row(qemu, "qmp", effort.motion_seconds), _row(qemu, "dbus", effort.motion_seconds)]


def _row(qemu: str, way: Literal["qmp", "dbus"], seconds: float) -> Row:
    reports: list[str] = []
    values: dict[str, Value] = {}
    count = round(seconds * _HZ)
    events: list[int] = []
    ended = False

    def scenario(server: Server) -> Steps:
        nonlocal ended
        yield from shown(server)
        yield from until("the guest has a tablet", lambda: surface(server).absolute)
        stop = card.listen(server.loop, lambda line, now: reports.append(line))
        forwarder = surface(server).input
        assert forwarder is not None
        try:
            yield 1.0
            reports.clear()
            qemu_cpu, own_cpu = cpu_seconds(card.process.pid), time.process_time()
            began = time.monotonic()
            sent = 0
            while sent < count:
                # The loop's timers count milliseconds: what became due since the last turn goes now.
                due = min(count, int((time.monotonic() - began) * _HZ) + 1)
                for number in range(sent, due):
                    place = _place(number)
                    start = time.thread_time_ns()
                    server.seat.motion_absolute(*place)
                    events.append(time.thread_time_ns() - start)
                sent = due
                yield 0.001
            took = time.monotonic() - began
            wanted = "px={},{}".format(*_pixel(_place(count - 1)))
            end = time.monotonic() + 5
            yield from until(
                "the motion is over",
                lambda: (reports and reports[-1].endswith(wanted)) or time.monotonic() > end,
            )
            lag = time.monotonic() - began - took
            ended = bool(reports) and reports[-1].endswith(wanted)
            values["events/s"] = rounded(count / took)
            values.update(spread(events, "event", "us", 1e-3))
            values["to QEMU/s"] = rounded((forwarder.stats.commands + forwarder.stats.sink_motions) / took)
            values["guest reports/s"] = rounded(sum(line.startswith("abs ") for line in reports) / took)
            values["last one after ms"] = rounded(lag * 1e3)
            values["wlvm ms/s"] = rounded((time.process_time() - own_cpu) / took * 1e3)
            values["QEMU ms/s"] = rounded((cpu_seconds(card.process.pid) - qemu_cpu) / took * 1e3)
        finally:
            stop()

    with ReportingCard(qemu, "virtio-gpu", "mode=1280x800", _TABLET) as card:
        play(configuration([card.qmp], motion=InputConfig(motion=way, repeat="never")), scenario)
    case = f"{way}, virtio-tablet, QEMU {version_text(qemu)}"
    return Row(case, values, "ends where the hand does", ended)


def _place(number: int) -> tuple[float, float]:
    """Where the pointer is in the layout, which the guest's picture fills: round and round, a turn a second."""
    angle = 2 * math.pi * number / _HZ
    width, height = SIZE
    return width * (0.5 + 0.4 * math.sin(angle * 1.37)), height * (0.5 + 0.4 * math.cos(angle))


def _pixel(place: tuple[float, float]) -> tuple[int, int]:
    """The guest's pixel there."""
    return math.floor(place[0]), math.floor(place[1])
