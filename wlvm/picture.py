"""What a console shows, as a buffer: the guest's own memory where that can be shown, else wlvm's copy of it.

A picture is made of a scanout and lives until the next one. `path` names how the pixels reach the screen (`wlvm stats`), `fallback` why
not by a better path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wlvm.frame import Frame
from wlvm.framebuffer import BYTES_PER_PIXEL, Rect
from wlvm.linux_dmabuf import DmabufDescriptor, DmabufMemory
from wlvm.qemu.handover import ConsoleChanges, Scanout
from wlvm.qemu.messages import ScanoutBytes, ScanoutDmabuf, ScanoutMap
from wlvm.shared_memory import TruncatedError
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.buffer import Buffer


class Picture(Protocol):
    """A console's picture. Sizes in guest pixels."""

    path: str
    fallback: str
    buffer: Buffer
    upside_down: bool

    @property
    def visible(self) -> Rect:
        """The part of the buffer that is the console's picture, in buffer pixels."""

    def show(self, scanout: Scanout) -> bool:
        """Show another scanout in the same buffer, all of it new; False (and nothing happened) when it needs another picture.

        Takes the scanout over, unless it answers False. TruncatedError when the scanout's memory is gone.
        """

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        """Take in what changed since (not a scanout); returns the damage, in buffer pixels.

        May replace `buffer`, when the picture has grown.
        """

    def frame(self) -> Frame | None:
        """The visible pixels as they are now, copied; None where the CPU cannot read them."""

    def dmabuf(self) -> DmabufDescriptor | None:
        """The dma-buf that the picture lies in, None where it lies in none.

        It stays the picture's, until the next scanout at the latest: whoever wants to keep it duplicates its fds.
        """

    def close(self) -> None:
        """Give the picture up; what is still on a screen stays whole until it is not."""


class BytesPicture:
    """A picture that QEMU sends as bytes. It grows when an update reaches past it: QEMU does not announce a new size here."""

    path = "bytes"
    upside_down = False

    fallback = "QEMU sends this device's pixels as bytes (a virtio-gpu with QEMU 9.2 or newer shares memory)"

    def __init__(self, scanout: ScanoutBytes) -> None:
        row = scanout.width * BYTES_PER_PIXEL[scanout.fourcc]
        self._staging = StagingFramebuffer(scanout.width, scanout.height, row, scanout.fourcc)
        self.buffer = Buffer(self._staging)
        self._size = (scanout.width, scanout.height)
        self._write(scanout)

    @property
    def visible(self) -> Rect:
        return Rect(0, 0, *self._size)

    def show(self, scanout: Scanout) -> bool:
        staging = self._staging
        if not isinstance(scanout, ScanoutBytes) or (scanout.width, scanout.height, scanout.fourcc) != (
            staging.width, staging.height, staging.fourcc,
        ):  # fmt: skip
            return False
        self._write(scanout)
        return True

    def _write(self, scanout: ScanoutBytes) -> None:
        self._size = (scanout.width, scanout.height)
        self._staging.write(self.visible, scanout.data, scanout.stride)

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        width = max(
            [changes.size[0], self._staging.width, *(u.rect.x + u.rect.width for u in changes.updates)]
        )
        height = max(
            [changes.size[1], self._staging.height, *(u.rect.y + u.rect.height for u in changes.updates)]
        )
        grown = (width, height) != (self._staging.width, self._staging.height)
        if grown:
            self._grow(width, height)
        if all(changes.size):
            self._size = changes.size
        for update in changes.updates:
            self._staging.write(update.rect, update.data, update.stride)
        return [self.visible] if grown else [update.rect for update in changes.updates]

    def _grow(self, width: int, height: int) -> None:
        old = self._staging
        row = width * BYTES_PER_PIXEL[old.fourcc]
        self._staging = StagingFramebuffer(width, height, row, old.fourcc)
        self._staging.write(Rect(0, 0, old.width, old.height), old.begin_access().memory.data, old.stride)
        self.buffer.drop()
        self.buffer = Buffer(self._staging)

    def frame(self) -> Frame:
        return Frame.part_of(self._staging.begin_access(), self.visible)

    def dmabuf(self) -> None:
        return None

    def close(self) -> None:
        self.buffer.drop()


class SharedPicture:
    """A picture in shared memory, of which the damage is copied: its owner may truncate it at any moment (`wlvm.shared_memory`)."""

    path = "shared memory"
    upside_down = False

    fallback = "QEMU's memory is not a dma-buf (virtio-gpu with blob=true and gl=on is)"

    def __init__(self, scanout: ScanoutMap) -> None:
        """Takes the scanout over. TruncatedError (and the memory is closed) when it is already gone."""
        shared = self._shared = scanout.framebuffer
        self._staging = StagingFramebuffer(shared.width, shared.height, shared.stride, shared.fourcc)
        self.buffer = Buffer(self._staging)
        try:
            self._staging.read(shared, self.visible)
        except TruncatedError:
            self.close()
            raise

    @property
    def visible(self) -> Rect:
        return Rect(0, 0, self._shared.width, self._shared.height)

    def show(self, scanout: Scanout) -> bool:
        if not isinstance(scanout, ScanoutMap) or not self._staging.fits(scanout.framebuffer):
            return False
        self._shared.close()
        self._shared = scanout.framebuffer
        self._staging.read(self._shared, self.visible)
        return True

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        for rect in changes.damage:
            self._staging.read(self._shared, rect)
        return changes.damage

    def frame(self) -> Frame:
        return Frame.part_of(self._staging.begin_access(), self.visible)

    def dmabuf(self) -> None:
        return None

    def close(self) -> None:
        self._shared.close()
        self.buffer.drop()


class DmabufPicture:
    """A picture in a dma-buf, shown where it lies."""

    path = "dma-buf"
    fallback = ""

    def __init__(self, scanout: ScanoutDmabuf) -> None:
        """Takes the scanout over."""
        self._memory = DmabufMemory(scanout.dmabuf)
        self.upside_down = scanout.dmabuf.y_inverted
        self.buffer = Buffer(self._memory)

    @property
    def visible(self) -> Rect:
        return self._memory.descriptor.visible

    def show(self, scanout: Scanout) -> bool:
        return False

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        left, top, _, height = self.visible
        if self.upside_down:
            return [
                Rect(left + r.x, top + height - r.y - r.height, r.width, r.height) for r in changes.damage
            ]
        return [Rect(left + r.x, top + r.y, r.width, r.height) for r in changes.damage]

    def frame(self) -> Frame | None:
        return self._memory.frame()

    def dmabuf(self) -> DmabufDescriptor:
        return self._memory.descriptor

    def close(self) -> None:
        self.buffer.drop()


def make_picture(scanout: Scanout) -> Picture:
    """The picture of a scanout, which it takes over. TruncatedError when the scanout's memory is already gone."""
    if isinstance(scanout, ScanoutMap):
        return SharedPicture(scanout)
    if isinstance(scanout, ScanoutBytes):
        return BytesPicture(scanout)
    return DmabufPicture(scanout)
