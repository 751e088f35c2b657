"""A main thread for tests of the display thread, and the picture that a consumer makes of what it takes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence

import numpy as np

from wlvm.framebuffer import BYTES_PER_PIXEL, Rect
from wlvm.qemu.display import Console, DisplayThread
from wlvm.qemu.handover import ConsoleChanges
from wlvm.qemu.messages import ScanoutBytes, ScanoutMap, UpdateBytes

DEADLINE = 10.0


class DisplayWatcher:
    """DisplayEvents that remember what they were told."""

    def __init__(self, thread: DisplayThread) -> None:
        self.consoles: Sequence[Console] = ()
        self.changes: list[Console] = []
        self.reason: str | None = None
        self._thread = thread

    def connected(self, consoles: Sequence[Console]) -> None:
        assert not self.consoles
        assert self.reason is None
        self.consoles = consoles

    def changed(self, console: Console) -> None:
        assert console in self.consoles
        self.changes.append(console)

    def closed(self, reason: str) -> None:
        assert self.reason is None
        self.reason = reason

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Dispatch until the condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"within {DEADLINE} s there was not: {what} (closed: {self.reason})"
            select.select([self._thread.fileno()], [], [], left)
            self._thread.dispatch()

    def dispatch(self) -> None:
        """Hear what there is to hear now."""
        self._thread.dispatch()

    def wait_connected(self) -> Sequence[Console]:
        self.wait(lambda: bool(self.consoles), "a connection")
        return self.consoles

    def wait_closed(self) -> str:
        self.wait(lambda: self.reason is not None, "an end")
        assert self.reason is not None
        return self.reason

    def wait_taken(self, console: Console, wanted: Callable[[ConsoleChanges], bool]) -> ConsoleChanges:
        """Take from the console until what was taken is wanted; the rest is dropped."""
        taken: list[ConsoleChanges] = []

        def look() -> bool:
            changes = console.take()
            if wanted(changes):
                taken.append(changes)
                return True
            changes.close()
            return False

        self.wait(look, "the wanted change")
        return taken[0]


class Picture:
    """What a consumer makes of a console's changes, by the rules of ConsoleChanges; bytes of XRGB8888. Owns the scanout."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self._pixels = np.zeros((0, 0, 4), np.uint8)
        self._shared: ScanoutMap | None = None

    def apply(self, changes: ConsoleChanges) -> None:
        """Take the changes over and show them."""
        self.size = changes.size
        scanout = changes.scanout
        if scanout is not None and self._shared is not None:
            self._shared.close()
            self._shared = None
        if isinstance(scanout, ScanoutMap):
            self._shared = scanout
            self._read([Rect(0, 0, scanout.width, scanout.height)], fresh=True)
        elif isinstance(scanout, ScanoutBytes):
            self._pixels = np.zeros((scanout.height, scanout.width, 4), np.uint8)
            whole = Rect(0, 0, scanout.width, scanout.height)
            self._paint(UpdateBytes(whole, scanout.stride, scanout.fourcc, scanout.data))
        for update in changes.updates:
            self._paint(update)
        self._read(changes.damage, fresh=False)

    def rgb(self) -> bytes:
        """The visible part, three bytes a pixel, as a PPM file has them."""
        width, height = self.size
        self._hold(width, height)
        return self._pixels[:height, :width, 2::-1].tobytes()

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()

    def _hold(self, width: int, height: int) -> None:
        """Grow to at least this size: black, the pixels kept."""
        have_height, have_width, _ = self._pixels.shape
        if width > have_width or height > have_height:
            grown = np.zeros((max(height, have_height), max(width, have_width), 4), np.uint8)
            grown[:have_height, :have_width] = self._pixels
            self._pixels = grown

    def _paint(self, update: UpdateBytes) -> None:
        x, y, width, height = update.rect
        assert BYTES_PER_PIXEL[update.fourcc] == 4
        self._hold(x + width, y + height)
        for row in range(height):
            line = update.data[row * update.stride : row * update.stride + width * 4]
            self._pixels[y + row, x : x + width] = np.frombuffer(line, np.uint8).reshape(width, 4)

    def _read(self, damage: Sequence[Rect], *, fresh: bool) -> None:
        if self._shared is None:
            return
        memory = self._shared.framebuffer
        if fresh:
            self._pixels = np.zeros((memory.height, memory.width, 4), np.uint8)
        for x, y, width, height in damage:
            for row in range(y, y + height):
                line = os.pread(memory.fd.fileno(), width * 4, memory.offset + row * memory.stride + x * 4)
                assert len(line) == width * 4
                self._pixels[row, x : x + width] = np.frombuffer(line, np.uint8).reshape(width, 4)
