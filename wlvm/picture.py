"""What a console shows, as a buffer: the guest's own memory where that can be shown, else wlvm's copy of it.

A picture is made of a scanout and lives until the next one. `path` names how the pixels reach the screen (`wlvm stats`), `fallback` why
not by a better path.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from wlvm.flip_cache import FlipCache
from wlvm.frame import Frame
from wlvm.framebuffer import BYTES_PER_PIXEL, Rect, fourcc_name
from wlvm.linux_dmabuf import DmabufDescriptor, DmabufMemory
from wlvm.loop import EventLoop
from wlvm.qemu.handover import ConsoleChanges, Scanout
from wlvm.qemu.messages import ScanoutBytes, ScanoutDmabuf, ScanoutMap
from wlvm.shared_memory import TruncatedError
from wlvm.shared_reader import SharedReader
from wlvm.staging import StagingFramebuffer
from wlvm.udmabuf import wrap
from wlvm.wlr import guarded_memory
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.texture import Textures

_NO_DMABUF: Final = "QEMU's memory is no dma-buf (virtio-gpu with blob=true and gl=on is)"


class UnshowableError(Exception):
    """A scanout that is as it should be, but that neither the renderer nor the CPU can make anything of. The text says why."""


class Picture(Protocol):
    """A console's picture. Sizes in guest pixels."""

    @property
    def path(self) -> str: ...

    @property
    def fallback(self) -> str: ...

    @property
    def buffer(self) -> Buffer: ...

    @property
    def upside_down(self) -> bool: ...

    @property
    def copied(self) -> int:
        """How many bytes of the guest's pixels wlvm itself has copied for this picture."""

    @property
    def visible(self) -> Rect:
        """The part of the buffer that is the console's picture, in buffer pixels."""

    def show(self, scanout: Scanout) -> bool:
        """Show another scanout as well, all of it new, perhaps in another `buffer`; False (and nothing happened) when it needs another picture.

        Takes the scanout over, unless it answers False. TruncatedError when the scanout's memory is gone; UnshowableError.
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
        self._copied_before_growth = 0
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
        self._copied_before_growth += old.copied
        self.buffer.drop()
        self.buffer = Buffer(self._staging)

    @property
    def copied(self) -> int:
        return self._copied_before_growth + self._staging.copied

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

    def __init__(self, loop: EventLoop, scanout: ScanoutMap, fallback: str) -> None:
        """Takes the scanout over. TruncatedError (and the memory is closed) when it is already gone."""
        self.fallback = fallback
        shared = scanout.framebuffer
        self._reader = SharedReader(loop, shared)
        self._staging = StagingFramebuffer(shared.width, shared.height, shared.stride, shared.fourcc)
        self.buffer = Buffer(self._staging)
        try:
            self._reader.read([self.visible], self._staging)
        except TruncatedError:
            self.close()
            raise

    @property
    def copied(self) -> int:
        return self._staging.copied

    @property
    def visible(self) -> Rect:
        return Rect(0, 0, self._staging.width, self._staging.height)

    def show(self, scanout: Scanout) -> bool:
        if not isinstance(scanout, ScanoutMap) or not self._staging.fits(scanout.framebuffer):
            return False
        self._reader.show(scanout.framebuffer)
        self._reader.read([self.visible], self._staging)
        return True

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        if changes.damage:
            self._reader.read(changes.damage, self._staging)
        return changes.damage

    def frame(self) -> Frame:
        return Frame.part_of(self._staging.begin_access(), self.visible)

    def dmabuf(self) -> None:
        return None

    def close(self) -> None:
        self._reader.close()
        self.buffer.drop()


class DmabufPicture:
    """A picture in dma-bufs, shown where it lies.

    A guest that flips pages comes back to a buffer: it is known again by the dma-buf's inode (which the kernel gives once) and by its layout,
    so that a flip imports and maps nothing. What a guest has not come back to for a while is given up.
    """

    copied = 0

    def __init__(
        self, loop: EventLoop, textures: Textures, descriptor: DmabufDescriptor, path: str = ""
    ) -> None:
        """Takes the descriptor over. UnshowableError (and it is closed) when neither a GPU nor the CPU can show it.

        `path` is what it is called if not after who reads it.
        """
        self._textures = textures
        self._path = path
        self._buffers: FlipCache[_ShownBuffer] = FlipCache(loop, lambda shown: shown.buffer.drop())
        try:
            self._current = self._take(descriptor)
        except UnshowableError:
            self.close()
            raise

    @property
    def path(self) -> str:
        return self._path or self._current.path

    @property
    def fallback(self) -> str:
        return self._current.fallback

    @property
    def buffer(self) -> Buffer:
        return self._current.buffer

    @property
    def upside_down(self) -> bool:
        return self._current.memory.descriptor.y_inverted

    @property
    def visible(self) -> Rect:
        return self._current.memory.visible

    def show(self, scanout: Scanout) -> bool:
        if not isinstance(scanout, ScanoutDmabuf) or self._path:
            return False
        self._current = self._take(scanout.dmabuf)
        return True

    def _take(self, descriptor: DmabufDescriptor) -> _ShownBuffer:
        """The buffer of a descriptor, which it takes over: the one that is known, or a new one."""
        identity = _identity(descriptor)
        if self._textures.on_cpu:
            identity = (*identity, descriptor.visible)
        shown = self._buffers.take(identity, lambda: _ShownBuffer.make(self._textures, descriptor))
        if shown.memory.descriptor is not descriptor:
            shown.memory.show_part(descriptor.crop, descriptor.y_inverted)
            descriptor.close()
        return shown

    def update(self, changes: ConsoleChanges) -> Sequence[Rect]:
        left, top, _, height = self.visible
        if self.upside_down:
            return [
                Rect(left + r.x, top + height - r.y - r.height, r.width, r.height) for r in changes.damage
            ]
        return [Rect(left + r.x, top + r.y, r.width, r.height) for r in changes.damage]

    def frame(self) -> Frame | None:
        return self._current.memory.frame()

    def dmabuf(self) -> DmabufDescriptor:
        return self._current.memory.descriptor

    def close(self) -> None:
        self._buffers.close()


class _ShownBuffer(Struct):
    """A dma-buf as the renderer takes it: by import, or else through the CPU, and why."""

    memory: DmabufMemory
    buffer: Buffer
    path: str
    fallback: str

    @classmethod
    def make(cls, textures: Textures, descriptor: DmabufDescriptor) -> _ShownBuffer:
        """Takes the descriptor over. UnshowableError (and it is closed) when the renderer takes it in no way."""
        # wlroots 0.16 draws a part of a buffer with pixman as if the part began at the buffer's corner.
        memory = DmabufMemory(descriptor, crops=textures.on_cpu)
        buffer = Buffer(memory)
        reason = textures.why_not_sampled(descriptor)
        if not reason:
            if textures.can_draw(buffer):
                return cls(memory, buffer, "dma-buf sampled", "")
            reason = "the GPU's driver refused to import the buffer"
        if not textures.on_cpu:
            memory.keep_from_gpu()
        if not textures.can_draw(buffer):
            buffer.drop()
            raise UnshowableError(f"{reason}, and the CPU cannot read it as {_layout(descriptor)}")
        return cls(memory, buffer, "dma-buf read by CPU", reason)


def _identity(descriptor: DmabufDescriptor) -> tuple[object, ...]:
    """What two descriptions of one buffer in one layout have in common."""
    planes = tuple(
        (os.fstat(plane.fd.fileno()).st_ino, plane.offset, plane.stride) for plane in descriptor.planes
    )
    return descriptor.width, descriptor.height, descriptor.fourcc, descriptor.modifier, planes


def _layout(descriptor: DmabufDescriptor) -> str:
    name = fourcc_name(descriptor.fourcc)
    return f"linear {name}" if descriptor.linear else f"{name} of modifier {descriptor.modifier:#x}"


class PictureMaker:
    """Makes the pictures of scanouts, as the renderer can draw them."""

    def __init__(self, loop: EventLoop, textures: Textures) -> None:
        self._loop = loop
        self._textures = textures
        guarded_memory.prepare()

    def make(self, scanout: Scanout) -> Picture:
        """The picture of a scanout, which it takes over. TruncatedError when the scanout's memory is already gone; UnshowableError."""
        if isinstance(scanout, ScanoutDmabuf):
            return DmabufPicture(self._loop, self._textures, scanout.dmabuf)
        if isinstance(scanout, ScanoutMap):
            return self._of_shared_memory(scanout)
        return self._drawable(BytesPicture(scanout), scanout.fourcc)

    def _of_shared_memory(self, scanout: ScanoutMap) -> Picture:
        try:
            descriptor = wrap(scanout.framebuffer)
            picture = DmabufPicture(self._loop, self._textures, descriptor, path="udmabuf")
        except (OSError, UnshowableError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            shared = SharedPicture(self._loop, scanout, f"{_NO_DMABUF}, nor can it be made one: {reason}")
            return self._drawable(shared, scanout.framebuffer.fourcc)
        scanout.close()
        return picture

    def _drawable(self, picture: BytesPicture | SharedPicture, fourcc: int) -> Picture:
        if not self._textures.can_draw(picture.buffer):
            picture.close()
            raise UnshowableError(f"the renderer does not draw {fourcc_name(fourcc)}")
        return picture
