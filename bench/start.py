"""From the start of the program to the first frame of a guest that runs already."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.results import Row, rounded
from guests.testcard.launch import TestCard
from wlvm.latency import percentile


def measure(effort: Effort) -> list[Row]:
    """Attached, headless; Python's own start is in it, the guest's is not."""
    qemu = sharing_qemu() or qemus()[0]
    with (
        TestCard(qemu=qemu, device="virtio-gpu", options="mode=1280x800") as card,
        tempfile.TemporaryDirectory(prefix="wlvm-bench-") as directory,
    ):
        config = Path(directory) / "config.toml"
        config.write_text(f'[[output]]\nmode = "1280x800@60"\n[guest.card]\nqmp = "{card.qmp_path}"\n')
        runs = [_start(config) for _ in range(effort.starts + 1)][1:]
    walls = sorted(wall for wall, _ in runs)
    values = {
        "p50 ms": rounded(percentile(walls, 50) * 1e3),
        "most ms": rounded(walls[-1] * 1e3),
        "CPU p50 ms": rounded(percentile(sorted(cpu for _, cpu in runs), 50) * 1e3),
    }
    return [Row(f"virtio-gpu, QEMU {version_text(qemu)}, {len(runs)} runs after a cold one", values)]


def _start(config: Path) -> tuple[float, float]:
    """Wall and processor time until the frame, in seconds."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(config.parent)}
    began, spent = time.monotonic(), os.times().children_user + os.times().children_system
    command = [sys.executable, "-m", "bench.first_frame", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as wlvm:
        assert wlvm.stdout is not None
        assert wlvm.stderr is not None
        said = wlvm.stdout.readline()
        took = time.monotonic() - began
        if said != b"shown\n" or wlvm.wait(20) != 0:
            raise RuntimeError(f"wlvm showed nothing: {wlvm.stderr.read().decode()}")
    return took, os.times().children_user + os.times().children_system - spent
