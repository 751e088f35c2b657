"""What grows while guests come and go, and while they draw: nothing may."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.effort import Effort
from bench.fake_guest import BURST
from bench.machine import qemus, sharing_qemu, version_text
from bench.process import Held
from bench.results import Row, Value, rounded
from bench.running import Steps, configuration, play, shown, surface, until
from guests.testcard.launch import TestCard
from wlvm.guest_config import GuestConfig
from wlvm.server import Server
from wlvm.wlr.buffer import Buffer

#: Resident memory that comes and goes with an allocator's arenas, in KiB; less is no growth.
AIM = 1024

#: How much of each measurement goes by before the counting begins: what is made once is made then.
_WARM_UP = 0.1
_FIRST_ROUNDS = 10
_LONG = 600.0


def measure(effort: Effort) -> list[Row]:
    """Guests that come and go, then guests that draw."""
    rows = []
    with _fake("map", bursts=1) as qmp:
        rows.append(_rounds("attach and detach, fake QEMU", qmp, effort.fake_rounds))
    qemu = sharing_qemu() or qemus()[0]
    with TestCard(qemu=qemu, device="virtio-gpu", options="mode=1280x800 rate=30") as card:
        name = f"attach and detach, QEMU {version_text(qemu)}"
        rows.append(_rounds(name, card.qmp_path, effort.real_rounds))
    for kind, what, count in [
        ("map", "updates of shared memory", effort.updates),
        ("bytes", "updates of bytes", effort.updates),
        ("flip", "scanouts of shared memory", effort.updates // 10),
    ]:
        with _fake(kind, bursts=count // BURST) as qmp:
            rows.append(_updates(what, qmp, count))
    return rows


@contextmanager
def _fake(kind: str, bursts: int) -> Iterator[Path]:
    """The QMP socket of a fake guest."""
    with tempfile.TemporaryDirectory(prefix="wlvm-bench-") as directory:
        command = [sys.executable, "-m", "bench.fake_guest", directory, kind, str(bursts)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as guest:
            assert guest.stdout is not None
            try:
                if guest.stdout.readline() != b"ready\n":
                    raise RuntimeError("the fake guest did not start")
                yield Path(directory) / "fake.qmp"
            finally:
                guest.kill()


def _rounds(name: str, qmp: Path, rounds: int) -> Row:
    """Attach to a QEMU, wait for its picture on the screen, and leave it again."""
    rows: list[Row] = []

    def scenario(server: Server) -> Steps:
        before = _Count()
        warm_up = max(_FIRST_ROUNDS, round(rounds * _WARM_UP))
        for number in range(rounds + warm_up):
            if number == warm_up:
                before = _Count()
            guest = server.guest_set.add(GuestConfig(name="guest-0", qmp=qmp))
            yield from shown(server)
            server.guest_set.remove(guest.name)
            yield 0.02
        yield 0.5
        rows.append(before.row(name, rounds))

    play(configuration([]), scenario)
    return rows[0]


def _updates(what: str, qmp: Path, count: int) -> Row:
    """Stay attached while the guest draws so often."""
    rows: list[Row] = []

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        console = surface(server)
        yield from until("the guest draws", lambda: console.updates > count * _WARM_UP, _LONG)
        before, drawn = _Count(), console.updates
        # A scanout that was shown in between takes the place of some, and is one update.
        yield from until("it has drawn enough", lambda: console.updates >= count, _LONG)
        yield 0.5
        rows.append(before.row(what, console.updates - drawn))

    play(configuration([qmp]), scenario)
    return rows[0]


class _Count:
    """What is held when it is made."""

    def __init__(self) -> None:
        self._held = Held.now()
        self._buffers = Buffer.count()

    def row(self, case: str, count: int) -> Row:
        """What has grown since."""
        held, buffers = Held.now(), Buffer.count()
        values: dict[str, Value] = {
            "times": count,
            "fds": held.fds - self._held.fds,
            "buffers": buffers - self._buffers,
            "RSS KiB": held.rss - self._held.rss,
            "RSS in all MiB": rounded(held.rss / 1024),
        }
        met = held.fds <= self._held.fds and buffers <= self._buffers and held.rss - self._held.rss < AIM
        return Row(case, values, "no growth", met)
