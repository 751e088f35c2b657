"""The listener that QEMU draws one console to; on the display thread.

QEMU waits for the replies to GetAll and ScanoutMap with the guest stopped, so these are answered before anything else is done,
and UpdateDMABUF's, which is the frame's acknowledgement, within FRAME_DEADLINE (QEMU, ui/dbus-listener.c).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from wlvm.framebuffer import BYTES_PER_PIXEL, MAX_SIDE, FramebufferError, Rect
from wlvm.qemu import messages
from wlvm.qemu.dbus import MAX_ARRAY, Message
from wlvm.qemu.handover import MAX_FRAMES, FrameToken, Handover, Scanout
from wlvm.qemu.messages import ScanoutBytes, UpdateBytes
from wlvm.qemu.peer import Peer
from wlvm.qemu.placeholder_surface import is_placeholder
from wlvm.trace import TRACER, MessageTrace

#: How long a frame may wait for its acknowledgement, in seconds; then QEMU gets it without.
FRAME_DEADLINE: Final = 0.020

#: How long a dma-buf that the guest flips to waits for the update that goes with it, in seconds: shown by itself it would have a frame of
#: its own, and the update another, at half the screen's refresh.
FLIP_DEADLINE: Final = 0.010

LISTENER: Final = "org.qemu.Display1.Listener"
_MAP: Final = "org.qemu.Display1.Listener.Unix.Map"
_DMABUF2: Final = "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"
_INVALID: Final = "org.qemu.Display1.Error.Invalid"
_UNKNOWN: Final = "org.freedesktop.DBus.Error.UnknownMethod"


class ListenerConsole(Protocol):
    """What a listener needs of its console."""

    index: int
    handover: Handover
    width: int
    height: int
    refused: int
    last_refusal: str
    lost_scanouts: int


class Listener:
    """Answers QEMU, and puts what it says of one console into that console's handover. Owned by the console's Session."""

    def __init__(self, console: ListenerConsole, changed: Callable[[], None]) -> None:
        """`changed` is told, on the display thread, whenever there is something new to take."""
        self._console = console
        self._handover = console.handover
        self._changed = changed
        self._shared = (0, 0)
        self._bytes = (0, 0)
        self._bytes_fourcc = 0
        self._frames: dict[FrameToken, float] = {}
        #: What is recorded of those, if somebody does.
        self._traces: dict[FrameToken, MessageTrace] = {}
        self._is_dmabuf = False
        #: Whether the guest has ever drawn; and whether QEMU's placeholder is there in its place, which as bytes is kept.
        self._has_drawn = False
        self._is_placeholder = False
        self._placeholder: ScanoutBytes | None = None
        #: The number of QEMU's latest message, and how many before it QEMU numbered and did not send.
        self._serial = 0
        self._skipped = 0
        #: When a flip is told even without its update; None when there is none to tell.
        self._flip_deadline: float | None = None
        #: What QEMU may wait for, answered by the method itself, at the right moment.
        self._answering: dict[tuple[str, str], Callable[[Peer, Message], None]] = {
            ("org.freedesktop.DBus.Properties", "GetAll"): self._get_all,
            (_MAP, "ScanoutMap"): self._scanout_map,
            (LISTENER, "UpdateDMABUF"): self._update_dmabuf,
        }
        self._members: dict[tuple[str, str], Callable[[Peer, Message], None]] = {
            (LISTENER, "Scanout"): self._scanout,
            (LISTENER, "Update"): self._update,
            (LISTENER, "ScanoutDMABUF"): self._scanout_dmabuf,
            (LISTENER, "Disable"): self._disable,
            (LISTENER, "CursorDefine"): self._cursor_define,
            (LISTENER, "MouseSet"): self._mouse_set,
            (_MAP, "UpdateMap"): self._update_map,
            (_DMABUF2, "ScanoutDMABUF2"): self._scanout_dmabuf2,
        }

    def received(self, peer: Peer, message: Message) -> None:
        """Do what QEMU's call says, or count and refuse it when its values cannot be."""
        self._skipped = message.serial - self._serial - 1 if self._serial else 0
        self._serial = message.serial
        name = (message.fields.interface, message.fields.member)
        answering, handle = self._answering.get(name), self._members.get(name)
        try:
            if answering is not None:
                answering(peer, message)
            elif handle is not None:
                handle(peer, message)
                _answer(peer, message)
            elif message.reply_wanted:
                peer.refuse(message.serial, _UNKNOWN, f"there is no {message.fields.member} here")
        except FramebufferError as error:
            self._console.refused += 1
            self._console.last_refusal = f"{message.fields.member}: {error}"
            self._changed()
            if message.reply_wanted:
                peer.refuse(message.serial, _INVALID, str(error))

    def console_resized(self) -> None:
        """QEMU has announced another size of the console."""
        if self._bytes != (0, 0):
            self._handover.resized(self._bytes_size())

    def acknowledge(self, peer: Peer, frames: tuple[FrameToken, ...]) -> None:
        """Answer those of the frames that still wait."""
        for frame in frames:
            if self._frames.pop(frame, None) is not None:
                peer.answer(frame)
                if self._traces and (trace := self._traces.pop(frame, None)) is not None:
                    trace.acknowledged = time.monotonic_ns()

    def next_deadline(self) -> float | None:
        """When `expire` has something to do, in monotonic seconds."""
        frame = next(iter(self._frames.values()), None)
        if frame is None or self._flip_deadline is None:
            return self._flip_deadline if frame is None else frame
        return min(frame, self._flip_deadline)

    def expire(self, peer: Peer, now: float) -> None:
        """Answer the frames that nobody acknowledged in time, and tell of the flip whose update has not come."""
        if self._flip_deadline is not None and self._flip_deadline <= now:
            self._tell()
        late = tuple(frame for frame, deadline in self._frames.items() if deadline <= now)
        self.acknowledge(peer, late)

    def _get_all(self, peer: Peer, message: Message) -> None:
        interface = message.values()[0] if message.fields.signature == "s" else None
        properties = {"Interfaces": ("as", [_MAP, _DMABUF2])} if interface == LISTENER else {}
        peer.answer(message.serial, "a{sv}", (properties,))

    def _scanout(self, peer: Peer, message: Message) -> None:
        scanout = messages.scanout(message)
        self._bytes, self._shared = (scanout.width, scanout.height), (0, 0)
        self._bytes_fourcc = scanout.fourcc
        if self._is_of_no_guest(scanout):
            self._hold_placeholder(scanout)
        else:
            self._show(scanout, self._bytes_size())
        self._pause_if_overfull(peer)

    def _update(self, peer: Peer, message: Message) -> None:
        update = messages.update(message)
        rect = update.rect
        announced = self._bytes != (0, 0) and self._bytes_fourcc == update.fourcc
        known = self._bytes if announced else (0, 0)
        extent = (max(known[0], rect.x + rect.width), max(known[1], rect.y + rect.height))
        if extent[0] * extent[1] * BYTES_PER_PIXEL[update.fourcc] > MAX_ARRAY:
            raise FramebufferError(f"an update that makes a picture of bytes {extent[0]}x{extent[1]}")
        self._bytes, self._shared = extent, (0, 0)
        self._bytes_fourcc = update.fourcc
        if not announced:
            # QEMU went from shared memory to bytes: a partial update comes first, and the scanout perhaps never.
            self._show(_black(self._bytes_size(), update), self._bytes_size())
        elif self._placeholder is not None:
            # Now the guest draws, and QEMU has told no scanout of it.
            self._show(self._placeholder, self._bytes_size())
        self._handover.update(update, self._bytes_size())
        self._changed()
        self._pause_if_overfull(peer)

    def _scanout_map(self, peer: Peer, message: Message) -> None:
        scanout = messages.scanout_map(message)
        _answer(peer, message)  # First: telling the main thread may cost this one the interpreter's lock.
        if self._is_of_no_guest(scanout):
            self._shared, self._bytes = (scanout.width, scanout.height), (0, 0)
            scanout.close()
            self._hold_placeholder(None)
        else:
            self._show_shared(scanout)

    def _update_map(self, peer: Peer, message: Message) -> None:
        damage = self._clipped(messages.damage(message))
        if damage is not None and not self._is_placeholder:
            self._handover.damaged(damage)
            self._tell()

    def _scanout_dmabuf(self, peer: Peer, message: Message) -> None:
        self._show_dmabuf(messages.scanout_dmabuf(message))

    def _scanout_dmabuf2(self, peer: Peer, message: Message) -> None:
        self._show_dmabuf(messages.scanout_dmabuf2(message))

    def _update_dmabuf(self, peer: Peer, message: Message) -> None:
        damage = self._clipped(messages.damage(message))
        if message.reply_wanted:
            frame = FrameToken(message.serial)
            self._frames[frame] = time.monotonic() + FRAME_DEADLINE
            if (recording := TRACER.recording) is not None and (
                trace := recording.awaits_answer()
            ) is not None:
                self._traces[frame] = trace
            if len(self._frames) > MAX_FRAMES:
                self.acknowledge(peer, (next(iter(self._frames)),))
            self._handover.frame(frame)
        if damage is not None:
            self._handover.damaged(damage)
        self._tell()

    def _disable(self, peer: Peer, message: Message) -> None:
        if self._is_dmabuf and self._skipped:
            # QEMU 9.0 to 10.0 drop the scanout that they have just announced when they disable the one before it (ui/dbus-listener.c).
            self._console.lost_scanouts += 1
        self._handover.disabled()
        if self._flip_deadline is None:
            self._tell()

    def _cursor_define(self, peer: Peer, message: Message) -> None:
        self._handover.cursor(messages.cursor(message))
        self._changed()

    def _mouse_set(self, peer: Peer, message: Message) -> None:
        self._handover.cursor_moved(messages.cursor_position(message))
        self._changed()

    def _is_of_no_guest(self, scanout: ScanoutBytes | messages.ScanoutMap) -> bool:
        """Whether a scanout is QEMU's placeholder, and stands for nothing. On the first console it says, until the guest draws, that it has not."""
        placeholder = is_placeholder(scanout)
        self._has_drawn |= not placeholder
        return placeholder and (self._has_drawn or self._console.index > 0)

    def _hold_placeholder(self, scanout: ScanoutBytes | None) -> None:
        """The guest shows nothing from now on, until it draws. Where it sets a mode that is soon: the last picture stays until then."""
        self._is_placeholder, self._placeholder = True, scanout
        self._is_dmabuf = False
        self._handover.disabled()
        self._tell()

    def _show(self, scanout: Scanout, size: tuple[int, int]) -> None:
        self._handover.scanout(scanout, size)
        self._is_dmabuf = False
        self._is_placeholder, self._placeholder = False, None
        self._console.last_refusal = ""
        self._tell()

    def _show_shared(self, scanout: messages.ScanoutMap) -> None:
        self._shared, self._bytes = (scanout.width, scanout.height), (0, 0)
        self._show(scanout, self._shared)

    def _show_dmabuf(self, scanout: messages.ScanoutDmabuf) -> None:
        size = (scanout.width, scanout.height)
        is_flip = self._is_dmabuf and size == self._shared
        self._shared, self._bytes, self._is_dmabuf = size, (0, 0), True
        self._has_drawn, self._is_placeholder, self._placeholder = True, False, None
        self._handover.scanout(scanout, size)
        self._console.last_refusal = ""
        if not is_flip:
            self._tell()
        elif self._flip_deadline is None:
            self._flip_deadline = time.monotonic() + FLIP_DEADLINE

    def _tell(self) -> None:
        self._flip_deadline = None
        self._changed()

    def _clipped(self, damage: Rect) -> Rect | None:
        """The part of some damage that is in the shared picture."""
        if self._shared == (0, 0):
            raise FramebufferError("damage to a picture that is not shared")
        return damage.clipped(*self._shared)

    def _bytes_size(self) -> tuple[int, int]:
        """The size of a picture made of bytes: what QEMU last announced for the console, else what the bytes cover.

        A change of resolution with gl=off comes as updates of the new size, with no scanout; only Width and Height tell it.
        They travel on another connection than the pixels, but when both are quiet they are right.
        """
        announced = (self._console.width, self._console.height)
        if min(announced) < 1 or max(announced) > MAX_SIDE or announced[0] * announced[1] * 4 > MAX_ARRAY:
            return self._bytes
        return announced

    def _pause_if_overfull(self, peer: Peer) -> None:
        if self._handover.overfull():
            peer.pause()


def _answer(peer: Peer, message: Message) -> None:
    if message.reply_wanted:
        peer.answer(message.serial)


def _black(size: tuple[int, int], update: UpdateBytes) -> ScanoutBytes:
    """A black picture of this size, in the format of an update to it."""
    width, height = size
    stride = width * BYTES_PER_PIXEL[update.fourcc]
    return ScanoutBytes(width, height, stride, update.fourcc, memoryview(bytes(stride * height)))
