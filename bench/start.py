"""From the start of the program to the first frames of guests that run already."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.results import Row, rounded
from guests.testcard.launch import TestCard
from wlvm.latency import percentile

_MANY = 10


def measure(effort: Effort) -> list[Row]:
    """One guest, then ten; attached, headless; Python's own start is in it, the guests' is not."""
    return [_row(guests, effort.starts) for guests in (1, _MANY)]


def _row(guests: int, starts: int) -> Row:
    qemu = sharing_qemu() or qemus()[0]
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-bench-"))
        cards = [
            stack.enter_context(TestCard(qemu=qemu, device="virtio-gpu", options="mode=1280x800"))
            for _ in range(guests)
        ]
        config = Path(directory) / "config.toml"
        tables = [f'[guest.card-{number}]\nqmp = "{card.qmp_path}"\n' for number, card in enumerate(cards)]
        config.write_text('[[output]]\nmode = "1280x800@60"\n' + "".join(tables))
        runs = [_start(config, guests) for _ in range(starts + 1)][1:]
    walls = sorted(wall for wall, _ in runs)
    values = {
        "p50 ms": rounded(percentile(walls, 50) * 1e3),
        "most ms": rounded(walls[-1] * 1e3),
        "CPU p50 ms": rounded(percentile(sorted(cpu for _, cpu in runs), 50) * 1e3),
    }
    what = "a guest" if guests == 1 else f"{guests} guests"
    return Row(f"{what}, virtio-gpu, QEMU {version_text(qemu)}, {len(runs)} runs after a cold one", values)


def _start(config: Path, guests: int) -> tuple[float, float]:
    """Wall and processor time until each has had a frame, in seconds."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(config.parent)}
    began, spent = time.monotonic(), os.times().children_user + os.times().children_system
    command = [sys.executable, "-m", "bench.first_frame", str(config), str(guests)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as wlvm:
        assert wlvm.stdout is not None
        assert wlvm.stderr is not None
        said = wlvm.stdout.readline()
        took = time.monotonic() - began
        if said != b"shown\n" or wlvm.wait(20) != 0:
            raise RuntimeError(f"wlvm showed nothing: {wlvm.stderr.read().decode()}")
    return took, os.times().children_user + os.times().children_system - spent
