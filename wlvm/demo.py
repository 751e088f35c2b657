"""`wlvm demo`: the test card and a guest that nobody here wrote (QEMU's own firmware), side by side, on real QEMUs.

With a Wayland or X display it is a window, until that is closed; without one it runs headless for a while and leaves a picture. The
guests run under TCG: slow, and the only accelerator that works on every machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path

from wlvm.commands import screenshot, stats
from wlvm.config import Config
from wlvm.frame import Frame
from wlvm.guest_config import ConsoleConfig, GuestConfig
from wlvm.ipc.connection import Outcome
from wlvm.ipc.messages import ConsoleStats, Stats
from wlvm.output_config import Mode, OutputConfig
from wlvm.server import Server
from wlvm.wlr.backend import BackendError, BackendKind
from wlvm.wlr.loader import LoaderError

log = logging.getLogger(__name__)

QEMU = "qemu-system-x86_64"

#: How long a headless demo runs, and where it leaves its picture, unless it is told otherwise.
SECONDS = 8.0
PICTURE = Path("demo.png")

_SCREEN = Mode(1440, 560)
_TEST_CARD = Path(__file__).parent.parent / "guests" / "testcard" / "testcard.elf"


def run(backend: BackendKind, *, seconds: float | None, png: Path | None) -> int:
    """Show the guests; 0 when each has shown a picture, else 1."""
    logging.basicConfig(format="wlvm: %(message)s", level=logging.WARNING)
    displayed = any(os.environ.get(name) for name in ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"))
    if backend == "auto" and not displayed:
        backend = "headless"
    if backend == "headless":
        seconds = seconds or SECONDS
        png = png or PICTURE
    with contextlib.ExitStack() as stack:
        if not os.environ.get("XDG_RUNTIME_DIR"):
            # A bare machine, or root's shell: the demo's sockets need a place all the same.
            os.environ["XDG_RUNTIME_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="wlvm-"))
        return _show(backend, seconds, png)


def _show(backend: BackendKind, seconds: float | None, png: Path | None) -> int:
    try:
        demo = _Demo(Server(Config(outputs=(OutputConfig(mode=_SCREEN),), guests=_guests()), backend), png)
        demo.run(seconds)
    except (BackendError, LoaderError) as error:
        log.error("%s", error)
        return 1
    return demo.report()


def _guests() -> tuple[GuestConfig, ...]:
    base = (QEMU, "-accel", "tcg", "-nodefaults", "-m", "64")
    card = (
        *base, "-vga", "none", "-device", "virtio-gpu-pci", "-device", "virtio-keyboard-pci",
        "-device", "virtio-tablet-pci", "-kernel", str(_TEST_CARD), "-append", "mode=640x480 rate=30",
    )  # fmt: skip
    return (
        GuestConfig(
            name="test-card", launch=card, label="Test card", consoles=(ConsoleConfig(position=(30, 40)),)
        ),
        GuestConfig(
            name="firmware", launch=(*base, "-vga", "std"), label="QEMU's firmware",
            consoles=(ConsoleConfig(position=(700, 40)),),
        ),
    )  # fmt: skip


class _Demo:
    """One run, and what it showed."""

    def __init__(self, server: Server, png: Path | None) -> None:
        self._server = server
        self._png = png
        self._stats = Stats((), ())
        self._reasons: dict[str, str] = {}
        self._timer = server.loop.timer(self._end)

    def run(self, seconds: float | None) -> None:
        """Run for so long, or until the window is closed or a signal ends it."""

        def started() -> None:
            if seconds is not None:
                self._timer.arm(round(1000 * seconds))

        self._server.run(started, ending=self._ending)

    def _end(self) -> None:
        """The time is over: take the picture, then end."""
        if self._png is None:
            self._server.stop()
        else:
            screenshot(self._server, None).then(self._taken)

    def _taken(self, outcome: Outcome) -> None:
        if isinstance(outcome, Frame) and self._png is not None:
            outcome.save_png(self._png)
            print(f"picture: {self._png}")
        else:
            log.error("no picture: %s", outcome)
        self._server.stop()

    def _ending(self) -> None:
        """The guests are still there: the last moment to ask what they did."""
        self._timer.remove()
        self._stats = stats(self._server)
        self._reasons = {name: guest.reason for name, guest in self._server.guests.items()}

    def report(self) -> int:
        """Print what each guest showed; 0 when each showed something."""
        shown = True
        for guest in self._stats.guests:
            for console in guest.consoles:
                print(f"{guest.name}: {_summary(console) or self._reasons[guest.name] or 'no picture came'}")
                shown &= console.frames > 0
        return 0 if shown and self._stats.guests else 1


def _summary(console: ConsoleStats) -> str:
    """A console's numbers in words; nothing for one that never showed a picture."""
    if not console.frames or console.latency_ms is None:
        return ""
    latency = console.latency_ms
    return (
        f"{console.path}; {console.updates} updates of QEMU in {console.frames} frames; "
        f"update to frame {latency.p50:.1f} ms (median), {latency.p99:.1f} ms (99 %)"
    )
