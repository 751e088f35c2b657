"""What the display thread has gathered of one console, until the main thread takes it.

The two threads meet here, under one short lock, and nowhere else but in the display thread's command queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NewType

from msgspec import Struct, field

from wlvm.framebuffer import Rect
from wlvm.qemu.messages import (
    Cursor,
    CursorPosition,
    ScanoutBytes,
    ScanoutDmabuf,
    ScanoutMap,
    UpdateBytes,
)
from wlvm.trace import TRACER, FrameTrace, Recording

#: Names an UpdateDMABUF that QEMU waits on: the call's serial.
FrameToken = NewType("FrameToken", int)

Scanout = ScanoutBytes | ScanoutMap | ScanoutDmabuf

#: Damage of more rectangles than this becomes the one that holds them all.
MAX_DAMAGE: Final = 16
#: Pixels that came as bytes and were not taken: above either, the listener's socket is left alone until they are. QEMU then
#: keeps what it has to say in memory of its own.
MAX_BACKLOG_BYTES: Final = 64 << 20
MAX_BACKLOG_UPDATES: Final = 256
#: Frames listed for acknowledgement; the display thread answers older ones by itself long before.
MAX_FRAMES: Final = 64


class ConsoleChanges(Struct):
    """All that happened to a console since the last take. Whoever took it owns `scanout`.

    To apply it: show `scanout`, if there is one; then paint `updates`, in order; then read `damage` anew, if the scanout is
    shared. `size` is the picture's, in guest pixels, (0, 0) before there is one. A picture made of bytes may be smaller: grow
    it (keep its pixels, black elsewhere) to hold `size` and every update; or larger: show the part at its top left, but keep
    the rest, because the size comes on another connection than the pixels and may be ahead of them.
    """

    #: The newest scanout, if one came. All of it is new, so damage from before it is not told, and damage since need not be.
    scanout: Scanout | None = None
    updates: list[UpdateBytes] = field(default_factory=list)
    #: What changed in a shared scanout (ScanoutMap, ScanoutDmabuf): in guest pixels, clipped to it.
    damage: list[Rect] = field(default_factory=list)
    #: QEMU disabled the scanout and no picture followed yet. For blob resources QEMU does that at every flip, just before the
    #: next frame: keep the last picture, and blank only when about 200 ms pass without a take that is not disabled.
    disabled: bool = False
    cursor: Cursor | None = None
    cursor_position: CursorPosition | None = None
    #: UpdateDMABUF calls to acknowledge when the picture has been sampled or presented.
    frames: tuple[FrameToken, ...] = ()
    #: How many messages of QEMU went into this.
    update_count: int = 0
    size: tuple[int, int] = (0, 0)
    #: When the oldest change of the picture in here came from QEMU (time.monotonic); None when the picture has not changed.
    since: float | None = None
    #: What is recorded of the picture's way, if somebody does.
    traces: tuple[FrameTrace, ...] = ()

    def absorb(self, newer: ConsoleChanges) -> None:
        """Become both, in order, as if nobody had taken this before `newer` came; takes over what that owns."""
        if newer.scanout is not None:
            close_scanout(self.scanout)
            self.scanout, self.updates, self.damage = newer.scanout, newer.updates, newer.damage
        else:
            self.updates += newer.updates
            self.damage += newer.damage
        self.disabled = newer.disabled or (self.disabled and newer.since is None)
        self.cursor = newer.cursor or self.cursor
        self.cursor_position = newer.cursor_position or self.cursor_position
        self.frames += newer.frames
        self.update_count += newer.update_count
        self.size = newer.size
        self.since = newer.since if self.since is None else self.since
        self.traces += newer.traces

    def close(self) -> None:
        """Close the scanout's fds; for whoever takes changes and has no use for them."""
        close_scanout(self.scanout)
        self.scanout = None


def close_scanout(scanout: Scanout | None) -> None:
    """Give back what a scanout owns, if anything."""
    if isinstance(scanout, ScanoutMap | ScanoutDmabuf):
        scanout.close()


class Handover:
    """Gathers changes on the display thread, gives them away on the main thread. Every method may be called on either."""

    def __init__(self, resume: Callable[[], None]) -> None:
        """`resume` is called, on the main thread, when changes were taken after `overfull` had said yes."""
        self._resume = resume
        self._overfull = False
        self._lock = threading.Lock()
        self._changes = ConsoleChanges()
        self._update_bytes = 0
        self._size = (0, 0)
        self._closed = False

    def overfull(self) -> bool:
        """Whether more pixels wait to be taken than should. It stays so until the next take, which calls `resume`."""
        with self._lock:
            if self._update_bytes > MAX_BACKLOG_BYTES or len(self._changes.updates) > MAX_BACKLOG_UPDATES:
                self._overfull = True
            return self._overfull

    def scanout(self, scanout: Scanout, size: tuple[int, int]) -> None:
        """A new picture, of which `size` shows. Takes it over: the one that it supersedes is closed, as is this when nobody will take it."""
        with self._lock:
            superseded: Scanout | None = scanout
            if not self._closed:
                superseded, self._changes.scanout = self._changes.scanout, scanout
                self._changes.updates.clear()
                self._changes.damage.clear()
                self._update_bytes = len(scanout.data) if isinstance(scanout, ScanoutBytes) else 0
                self._picture_changed(size)
        close_scanout(superseded)

    def update(self, update: UpdateBytes, size: tuple[int, int]) -> None:
        """A part of a picture made of bytes, of which `size` shows; the waiting updates that it covers are forgotten."""
        with self._lock:
            if self._closed:
                return
            updates = self._changes.updates
            if any(update.rect.contains(older.rect) for older in updates):
                updates[:] = [older for older in updates if not update.rect.contains(older.rect)]
            updates.append(update)
            scanout = self._changes.scanout
            base = len(scanout.data) if isinstance(scanout, ScanoutBytes) else 0
            self._update_bytes = base + sum(len(each.data) for each in updates)
            self._picture_changed(size)

    def damaged(self, rect: Rect) -> None:
        """A part, already clipped, of the shared scanout has changed."""
        with self._lock:
            damage = self._changes.damage
            if not any(known.contains(rect) for known in damage):
                damage[:] = [known for known in damage if not rect.contains(known)]
                damage.append(rect)
            if len(damage) > MAX_DAMAGE:
                merged = damage[0]
                for each in damage:
                    merged = merged.union(each)
                damage[:] = [merged]
            self._picture_changed(self._size)

    def disabled(self) -> None:
        with self._lock:
            self._changes.disabled = True
            self._changes.update_count += 1

    def cursor(self, cursor: Cursor) -> None:
        with self._lock:
            self._changes.cursor = cursor
            self._changes.update_count += 1

    def cursor_moved(self, position: CursorPosition) -> None:
        with self._lock:
            self._changes.cursor_position = position
            self._changes.update_count += 1

    def frame(self, token: FrameToken) -> None:
        """QEMU waits for this frame to be acknowledged."""
        with self._lock:
            self._changes.frames = (*self._changes.frames[1 - MAX_FRAMES :], token)

    def resized(self, size: tuple[int, int]) -> None:
        """The picture has another size from now on, in guest pixels."""
        with self._lock:
            self._size = size

    def take(self) -> ConsoleChanges:
        """Everything since the last take; the caller owns it."""
        with self._lock:
            taken, self._changes = self._changes, ConsoleChanges()
            self._update_bytes = 0
            taken.size = self._size
            resume, self._overfull = self._overfull, False
        if resume:
            self._resume()
        return taken

    def close(self) -> None:
        """Close what waits to be taken, and whatever still comes. Harmless when repeated."""
        with self._lock:
            self._closed = True
        self.take().close()

    def _picture_changed(self, size: tuple[int, int]) -> None:
        self._size = size
        self._changes.disabled = False
        self._changes.update_count += 1
        if self._changes.since is None:
            self._changes.since = time.monotonic()
        if (recording := TRACER.recording) is not None:
            self._trace(recording)

    def _trace(self, recording: Recording) -> None:
        if (message := recording.message) is not None:
            message.handed_over = time.monotonic_ns()
            self._changes.traces = self._changes.traces or (FrameTrace(),)
            self._changes.traces[0].add(message)
