"""A Wayland client that captures outputs: into shared memory, into a dma-buf, or by getting the compositor's own dma-buf."""

from __future__ import annotations

import mmap
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from tests.clients.capture_protocols import ExportManager, ScreencopyManager
from tests.clients.connection import connect, hang_up
from tests.wlvm_process import DEADLINE
from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import fourcc
from wlvm.linux_dmabuf import DmabufDescriptor, Plane

from pywayland.protocol.linux_dmabuf_v1 import ZwpLinuxDmabufV1  # isort: skip
from pywayland.protocol.wayland import WlOutput, WlShm  # isort: skip

#: wl_shm has two numbers of its own for what DRM calls AR24 and XR24.
_SHM_FORMATS = {0: fourcc("AR24"), 1: fourcc("XR24")}


def shm_number(format_: int) -> int:
    """The number that wl_shm has for a DRM format."""
    return next((number for number, drm in _SHM_FORMATS.items() if drm == format_), format_)


TEMPORARY, PERMANENT = 0, 1  # why an export is cancelled


class RefusedError(Exception):
    """The compositor told that a capture failed."""


class CancelledError(RefusedError):
    def __init__(self, reason: int) -> None:
        super().__init__(f"cancelled: {reason}")
        self.reason = reason


@dataclass
class Offer:
    """What buffers a screencopy takes: shared memory (a DRM format, a size and a stride), or a dma-buf of a format (None: not)."""

    shm_format: int
    width: int
    height: int
    stride: int
    dmabuf_format: int | None


class CaptureClient:
    """A connection to a compositor. `names` are the interfaces of its globals."""

    def __init__(self, display: str | Path) -> None:
        """`display` is the name or the path of the compositor's socket."""
        self.display = connect(display)
        interfaces = {
            i.name: i for i in (ScreencopyManager, ExportManager, WlOutput, WlShm, ZwpLinuxDmabufV1)
        }
        self._found: dict[str, list[Any]] = {}
        self.names: list[str] = []
        self._registry = self.display.get_registry()

        def found(registry: Any, number: int, name: str, version: int) -> None:
            self.names.append(name)
            if name in interfaces:
                bound = registry.bind(number, interfaces[name], min(version, 3, interfaces[name].version))
                self._found.setdefault(name, []).append(bound)

        self._registry.dispatcher["global"] = found
        self.display.roundtrip()

    def close(self) -> None:
        hang_up(self.display)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, output: int = 0) -> Screencopy:
        """Begin a screencopy of an output, by its place in the compositor's list."""
        manager = self._found[ScreencopyManager.name][0]
        return Screencopy(self, manager.capture_output(0, self._found[WlOutput.name][output]))

    def begin_region(self, x: int, y: int, width: int, height: int, output: int = 0) -> Any:
        """Begin a screencopy of a part of an output: the zwlr_screencopy_frame_v1, which nothing has been asked of yet."""
        manager = self._found[ScreencopyManager.name][0]
        return manager.capture_output_region(0, self._found[WlOutput.name][output], x, y, width, height)

    def shm_pool(self, memory: int, size: int) -> Any:
        """A wl_shm_pool of a memfd, which stays the caller's."""
        return self._found[WlShm.name][0].create_pool(memory, size)

    def screencopy(self, output: int = 0) -> np.ndarray:
        """The output's next frame, 0x00RRGGBB. RefusedError when it failed."""
        copy = self.begin(output)
        offer = copy.offer
        size = offer.stride * offer.height
        with OwnedFd(os.memfd_create("capture")) as memory:
            os.ftruncate(memory.fileno(), size)
            pool = self.shm_pool(memory.fileno(), size)
            copy.into(
                pool.create_buffer(0, offer.width, offer.height, offer.stride, shm_number(offer.shm_format))
            )
            with mmap.mmap(memory.fileno(), size, prot=mmap.PROT_READ) as pixels:
                frame = Frame.from_rows(
                    offer.width, offer.height, offer.shm_format, offer.stride, bytes(pixels)
                )
        return frame.array

    def dmabuf_buffer(self, descriptor: DmabufDescriptor) -> Any:
        """A wl_buffer of a dma-buf."""
        return dmabuf_buffer(self._found[ZwpLinuxDmabufV1.name][0], descriptor)

    def begin_export(self, output: int = 0) -> Export:
        """Ask for the dma-buf of an output's next frame."""
        manager = self._found[ExportManager.name][0]
        export = Export(self, manager.capture_output(0, self._found[WlOutput.name][output]))
        self.display.flush()
        return export

    def export(self, output: int = 0) -> DmabufDescriptor:
        """The dma-buf of an output's next frame, the caller's to close. CancelledError when there is none."""
        return self.begin_export(output).wait()

    def dispatch_until(self, done: Callable[[], object]) -> None:
        """Handle events until `done()`; AssertionError when that does not come, RuntimeError when the compositor hangs up."""
        end = time.monotonic() + DEADLINE
        self.display.flush()
        while not done():
            ready = select.select([self.display.get_fd()], [], [], max(0, end - time.monotonic()))[0]
            assert ready, "the compositor does not answer"
            if self.display.dispatch(block=True) < 0:
                raise RuntimeError("the compositor hung up")


def dmabuf_buffer(linux_dmabuf: Any, descriptor: DmabufDescriptor) -> Any:
    """A wl_buffer of a dma-buf, made by a zwp_linux_dmabuf_v1."""
    params = linux_dmabuf.create_params()
    high, low = descriptor.modifier >> 32, descriptor.modifier & 0xFFFFFFFF
    for index, plane in enumerate(descriptor.planes):
        params.add(plane.fd.fileno(), index, plane.offset, plane.stride, high, low)
    return params.create_immed(descriptor.width, descriptor.height, descriptor.fourcc, 0)


class Screencopy:
    """One frame of wlr-screencopy."""

    def __init__(self, client: CaptureClient, frame: Any) -> None:
        self._client = client
        self._frame = frame
        self._outcome = ""
        self._offers: dict[str, tuple[int, ...]] = {}
        frame.dispatcher["buffer"] = lambda _frame, *shm: self._offers.update(shm=shm)
        frame.dispatcher["linux_dmabuf"] = lambda _frame, *dmabuf: self._offers.update(dmabuf=dmabuf)
        frame.dispatcher["buffer_done"] = lambda _frame: self._offers.update(done=())
        frame.dispatcher["ready"] = lambda _frame, *_time: self._end("ready")
        frame.dispatcher["failed"] = lambda _frame: self._end("failed")
        client.dispatch_until(lambda: "done" in self._offers or self._outcome)
        if self._outcome:
            raise RefusedError(self._outcome)
        format_, width, height, stride = self._offers["shm"]
        dmabuf = self._offers.get("dmabuf")
        self.offer = Offer(
            _SHM_FORMATS.get(format_, format_), width, height, stride, None if dmabuf is None else dmabuf[0]
        )

    def into(self, buffer: Any) -> None:
        """Have the next frame copied into a wl_buffer, and wait until it is there. RefusedError when that failed."""
        self._frame.copy(buffer)
        self._client.dispatch_until(lambda: self._outcome)
        buffer.destroy()
        self._frame.destroy()
        if self._outcome != "ready":
            raise RefusedError(self._outcome)

    def _end(self, outcome: str) -> None:
        self._outcome = outcome


class Export:
    """One frame of wlr-export-dmabuf."""

    def __init__(self, client: CaptureClient, frame: Any) -> None:
        self._client = client
        self._frame = frame
        self._description: tuple[int, ...] = ()
        self._planes: list[Plane] = []
        self._ready = False
        self._cancelled: int | None = None
        frame.dispatcher["frame"] = self._described
        frame.dispatcher["object"] = self._plane
        frame.dispatcher["ready"] = self._done
        frame.dispatcher["cancel"] = self._cancel

    def wait(self) -> DmabufDescriptor:
        self._client.dispatch_until(lambda: self._ready or self._cancelled is not None)
        self._frame.destroy()
        if self._cancelled is not None:
            raise CancelledError(self._cancelled)
        width, height, _x, _y, _buffer_flags, _flags, format_, high, low, _count = self._description
        return DmabufDescriptor(width, height, format_, high << 32 | low, tuple(self._planes))

    def _described(self, _frame: Any, *description: int) -> None:
        self._description = description

    def _plane(
        self, _frame: Any, _index: int, fd: int, _size: int, offset: int, stride: int, _plane: int
    ) -> None:
        self._planes.append(Plane(OwnedFd(fd), offset, stride))

    def _done(self, _frame: Any, *_time: int) -> None:
        self._ready = True

    def _cancel(self, _frame: Any, reason: int) -> None:
        self._cancelled = reason
