"""`python -m bench.flips`, inside the virtual workstation (`make bench-workstation`): a guest that flips dma-bufs, on a screen with a vertical blank.

The screen is vkms, which tells a checksum of each picture it scans out; so it is known of every vertical blank which of the guest's frames it
showed, or that it was torn. Everything there takes ten times as long as on hardware: only ratios, counts and frames mean something.
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from bench.results import Row, Value, rounded, spread, table
from guests.testcard.model import picture
from tests.wlvm_process import Wlvm, eventually
from tests.workstation.dmabuf_guest import dmabuf_guest
from tests.workstation.forked import ForkedProcess
from tests.workstation.hardware import card, connectors
from tests.workstation.scanout_checksums import ScanoutChecksums, checksum
from wlvm.presentation import Presentation
from wlvm.qemu import listener
from wlvm.qemu.handover import ConsoleChanges

WIDTH, HEIGHT, HERTZ = 320, 240, 60

#: When QEMU is answered for a frame that was not shown, in seconds: much later than on hardware, since everything takes longer here.
_DEADLINE = 0.9

_applied = Presentation.applied
_presented = Presentation.presented


def _answer_when_applied(self: Presentation, changes: ConsoleChanges, unseen: str = "") -> None:
    """As displays do that answer as soon as they have imported the buffer."""
    self._answer(changes.frames)
    changes.frames = ()
    _applied(self, changes, unseen)


def _answer_when_presented(self: Presentation, changes: ConsoleChanges, unseen: str = "") -> None:
    _applied(self, changes, unseen)


POLICIES: dict[str, Callable[..., None]] = {
    "when it is presented (wlvm)": _answer_when_presented,
    "when it is imported": _answer_when_applied,
}


def main() -> int:
    """Measure, and print a table."""
    flips = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    qemu = os.environ["WLVM_QEMUS"].rpartition(":")[2]
    Wlvm.start = ForkedProcess
    listener.FRAME_DEADLINE = _DEADLINE  # type: ignore[misc]
    rows = []
    for composed in (False, True):
        for name, applied in POLICIES.items():
            Presentation.applied = applied  # type: ignore[method-assign]
            way = "frames drawn" if composed else "direct scanout"
            rows.append(Row(f"{way}, answered {name}", _measure(qemu, flips, composed)))
            print(table(rows[-1:]), flush=True)
    print(f"\n{flips} flips of a {WIDTH}x{HEIGHT} guest on a screen of {HERTZ} Hz\n\n{table(rows)}")
    return 0


def _measure(qemu: str, flips: int, composed: bool) -> dict[str, Value]:
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("r") as delays:
        os.environ["XDG_RUNTIME_DIR"] = folder
        _log_delays(Path(delays.name))
        output = connectors("vkms")[0].name.partition("-")[2]
        with dmabuf_guest(qemu, f"mode={WIDTH}x{HEIGHT} fixed flip") as guest:
            config = f'[[output]]\nname = "{output}"\nmode = "{WIDTH}x{HEIGHT}@{HERTZ}"\n[guest.card]\nqmp = "{guest.qmp_path}"\n'
            drm = {"WLR_DRM_DEVICES": str(card("vkms")), "WLR_RENDERER": "pixman"}
            if composed:
                drm["WLR_SCENE_DISABLE_DIRECT_SCANOUT"] = "1"
            with (
                Wlvm(Path(folder), config=config, backend="drm", **drm) as wlvm,
                ScanoutChecksums() as checksums,
            ):
                wlvm.wait_for_picture("card")
                still = checksum(picture(WIDTH, HEIGHT))
                eventually("vkms shows it", lambda: any(each.checksum == still for each in checksums.read()))
                before, cpu = wlvm.console("card"), _processor_seconds(wlvm.pid)
                guest.command(f"run {2 * HERTZ}")
                seen = []
                while wlvm.console("card").frames - before.frames < flips:
                    select.select([], [], [], 0.2)
                    seen += checksums.read()
                after, cpu = wlvm.console("card"), _processor_seconds(wlvm.pid) - cpu
                last = int(guest.command("hold").rpartition("=")[2])
        frames = {checksum(picture(WIDTH, HEIGHT, frame=number)): number for number in range(last + 1)}
        numbers = [frames.get(each.checksum) for each in seen]
        shown = after.frames - before.frames
        known = [number for number in numbers if number is not None]
        assert after.latency_ms is not None
        values: dict[str, Value] = {
            "vertical blanks seen": len(seen),
            "torn": numbers.count(None),
            "out of order": sum(b < a for a, b in pairwise(known)),
            "guest frames never shown": max(0, last - shown),
            "QEMU's word to page flip p50 frames": rounded(after.latency_ms.p50 * HERTZ / 1000),
            "copied bytes a frame": rounded((after.copied_bytes - before.copied_bytes) / shown),
            "wlvm's processor time a flip ms": rounded(1000 * cpu / shown),
        }
        return values | spread(map(float, delays.read().split()), "page flip to answer", "ms", 1000)


def _log_delays(file: Path) -> None:
    """Have the wlvm that is forked next note how long after each presentation QEMU was answered."""

    def presented(self: Presentation, commit: int, when: float) -> None:
        waiting = any(tokens for number, tokens, *_ in self._committed if number <= commit)
        _presented(self, commit, when)
        if waiting:
            with file.open("a") as notes:
                notes.write(f"{time.monotonic() - when}\n")

    Presentation.presented = presented  # type: ignore[method-assign]


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
