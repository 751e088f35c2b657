"""What a guest's update costs: the main thread's Python, copying, composition, and the other threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.process import cpu_seconds, thread_cpu_seconds
from bench.results import Row, Value, rounded, spread
from bench.running import Steps, configuration, frames, play, shown, surface
from bench.stopwatch import Stopwatch, Turn
from guests.testcard.launch import TestCard
from wlvm.desktop.output import Output
from wlvm.latency import Latencies, percentile
from wlvm.qemu.display import DisplayThread
from wlvm.server import Server
from wlvm.shared_reader import SharedReader
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.output import WlrOutput

#: Python of the main thread for one update and the frame that shows it, at the median, in microseconds.
AIM = 100
_DISPLAY = "wlvm-display"


@dataclass(frozen=True)
class _Case:
    qemu: str
    device: str
    damage: str
    rate: int

    @property
    def name(self) -> str:
        return f"{self.device} ({version_text(self.qemu)}), {self.damage}, {self.rate} Hz"


def measure(effort: Effort) -> list[Row]:
    """Full and small damage by every way that pixels come, from the test card at 1280x800."""
    return [_row(case, effort.seconds) for case in _cases()]


def _cases() -> list[_Case]:
    sharing = sharing_qemu()
    ways = [(sharing, "virtio-gpu", 30), (sharing, "virtio-gpu", 60)] if sharing is not None else []
    ways.append((qemus()[0], "std-vga", 30))
    return [_Case(qemu, device, damage, rate) for qemu, device, rate in ways for damage in ("full", "patch")]


def _row(case: _Case, seconds: float) -> Row:
    # The main thread's turns: what a display tells, less the copying of its pixels; a frame, less wlroots' composition.
    updating = Stopwatch((DisplayThread, "dispatch"), (SharedReader, "read"), (StagingFramebuffer, "write"))
    drawing = Stopwatch((Output, "_frame"), (WlrOutput, "commit"))
    values: dict[str, Value] = {}

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        yield 1.0
        updates, drawn = surface(server).updates, frames(server)
        qemu, own, display = cpu_seconds(card.process.pid), time.process_time(), thread_cpu_seconds(_DISPLAY)
        surface(server).presentation.latencies = Latencies()
        updating.turns.clear()
        drawing.turns.clear()
        yield seconds
        turns, pictures = list(updating.turns), [turn for turn in drawing.turns if turn.inside]
        updates, drawn = surface(server).updates - updates, frames(server) - drawn
        qemu, own = cpu_seconds(card.process.pid) - qemu, time.process_time() - own
        display = thread_cpu_seconds(_DISPLAY) - display
        python = sum(turn.total - turn.inside for turn in (*turns, *pictures)) / updates / 1e3
        values["updates/s"] = rounded(updates / seconds)
        values["frames/s"] = rounded(drawn / seconds)
        values["Python us/update"] = rounded(python)
        values["taking and drawing p50 us"] = rounded(_median(turns) + _median(pictures))
        values.update(spread((turn.total - turn.inside for turn in turns), "taking", "us", 1e-3))
        values.update(spread((turn.total - turn.inside for turn in pictures), "drawing", "us", 1e-3))
        values["copying us/update"] = rounded(sum(turn.inside for turn in turns) / updates / 1e3)
        values.update(spread((turn.inside for turn in pictures), "composition", "us", 1e-3))
        values["display thread us/update"] = rounded(display / updates * 1e6)
        values["wlvm ms/guest frame"] = rounded(own / (case.rate * seconds) * 1e3)
        values["with QEMU's part"] = rounded((own + qemu - alone) / (case.rate * seconds) * 1e3)
        latency = surface(server).presentation.latencies.milliseconds()
        assert latency is not None
        values["shown after p50 ms"] = latency["p50"]
        values["shown after p99 ms"] = latency["p99"]

    with ExitStack() as stack:
        card = stack.enter_context(
            TestCard(
                qemu=case.qemu,
                device=case.device,
                options=f"mode=1280x800 damage={case.damage} rate={case.rate}",
            )
        )
        stack.enter_context(updating.attached())
        stack.enter_context(drawing.attached())
        # What the guest costs when nobody looks is not the display's. Its first second is QEMU's translating.
        time.sleep(1)
        alone = cpu_seconds(card.process.pid)
        time.sleep(seconds)
        alone = cpu_seconds(card.process.pid) - alone
        play(configuration([card.qmp_path]), scenario)
    met = float(values["taking and drawing p50 us"]) <= AIM
    return Row(case.name, values, f"<= {AIM} us Python", met)


def _median(turns: Sequence[Turn]) -> float:
    """Of the outer calls without the inner ones, in microseconds."""
    return percentile(sorted(turn.total - turn.inside for turn in turns), 50) / 1e3
