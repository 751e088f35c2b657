"""Implicit fences: whether a GPU still draws into a dma-buf, and word when it no longer does.

The kernel's documents: Documentation/driver-api/dma-buf.rst ("Implicit Fence Poll Support"), include/uapi/linux/dma-buf.h.
"""

from __future__ import annotations

import errno
import fcntl
import struct
import time
from collections.abc import Callable
from typing import Final

from wlvm.fd import OwnedFd
from wlvm.linux_dmabuf import DmabufDescriptor, is_ready
from wlvm.loop import EventLoop, Watch
from wlvm.qemu.handover import ConsoleChanges
from wlvm.qemu.messages import ScanoutDmabuf

#: A guest that draws on and on into the buffer it shows is waited for so long, in seconds; then what it has drawn of it is shown.
PATIENCE: Final = 0.1

_SYNC_READ: Final = 1
_EXPORT_SYNC_FILE: Final = 0xC008_6202  # _IOWR('b', 2, struct dma_buf_export_sync_file)


def pending_fence(descriptor: DmabufDescriptor) -> OwnedFd | None:
    """A file descriptor that becomes readable when what is now being drawn into the dma-buf has been drawn; None when nothing is."""
    for fd in {id(plane.fd): plane.fd for plane in descriptor.planes}.values():
        if is_ready(fd):
            continue
        fence = _export(fd)
        if not is_ready(fence):
            return fence
        fence.close()
    return None


def _export(dmabuf: OwnedFd) -> OwnedFd:
    request = bytearray(struct.pack("=Ii", _SYNC_READ, -1))
    try:
        fcntl.ioctl(dmabuf.fileno(), _EXPORT_SYNC_FILE, request)
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise
        return dmabuf.dup()  # Linux before 6.0: the dma-buf itself tells, though of what is drawn later too
    return OwnedFd(struct.unpack("=Ii", request)[1])


class FenceGate:
    """Holds a console's changes back while a GPU draws what they show. What was shown before stays meanwhile, and nobody waits.

    A buffer is only let through after a fence of it was signalled, however long that takes: the compositor's own GPU work would
    wait for it too, and with it every other guest. A newer scanout takes the place of one that waits.
    """

    def __init__(self, loop: EventLoop, apply: Callable[[ConsoleChanges], None]) -> None:
        """`apply` gets the changes, in order, each once, and owns them."""
        self._loop = loop
        self._apply = apply
        self._waiting: ConsoleChanges | None = None
        self._since = 0.0
        self._target: DmabufDescriptor | None = None
        self._fence: OwnedFd | None = None
        self._watch: Watch | None = None

    @property
    def delay(self) -> str:
        """What keeps the newest picture from the screen, for a person; "" while nothing does for longer than a frame or some."""
        if self._waiting is None or (waited := time.monotonic() - self._since) < PATIENCE:
            return ""
        return f"a GPU has been drawing the next picture for {waited:.1f} seconds"

    def pass_on(self, changes: ConsoleChanges, shown: DmabufDescriptor | None) -> None:
        """Apply changes as soon as nobody draws what they show; takes them over. `shown` is the dma-buf of the picture so far, if any."""
        if self._waiting is None:
            self._waiting, self._since, self._target = changes, time.monotonic(), None
            if isinstance(changes.scanout, ScanoutDmabuf):
                self._target = changes.scanout.dmabuf
            elif changes.scanout is None and changes.damage:
                self._target = shown
            self._wait_or_apply()
            return
        replaced = changes.scanout is not None
        if replaced:
            self._stop_watching()
            self._target = changes.scanout.dmabuf if isinstance(changes.scanout, ScanoutDmabuf) else None
        self._waiting.absorb(changes)
        if replaced:
            self._wait_or_apply()

    def close(self) -> None:
        """Give up what waits. Harmless when repeated."""
        self._stop_watching()
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = self._target = None

    def _wait_or_apply(self) -> None:
        try:
            self._fence = None if self._target is None else pending_fence(self._target)
            if self._fence is not None:
                self._watch = self._loop.watch(self._fence.fileno(), self._signalled)
        except OSError:
            self._stop_watching()  # no descriptor is left to wait with
        if self._watch is None:
            self._let_through()

    def _signalled(self) -> None:
        self._stop_watching()
        if time.monotonic() - self._since < PATIENCE:
            self._wait_or_apply()  # more may have been drawn since
        else:
            self._let_through()

    def _let_through(self) -> None:
        changes, self._waiting, self._target = self._waiting, None, None
        assert changes is not None
        self._apply(changes)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.remove()
            self._watch = None
        if self._fence is not None:
            self._fence.close()
            self._fence = None
