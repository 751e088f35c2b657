"""A wlr_buffer around memory that Python describes.

wlroots (types/wlr_buffer.h) counts the locks of whoever shows the buffer; the producer's own reference ends with `drop()`. When both
are gone wlroots calls `destroy`, once, and only then is the source closed: so a buffer that QEMU replaced stays whole while it is
still on a screen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from wlvm.framebuffer import Pixels
from wlvm.linux_dmabuf import DmabufDescriptor
from wlvm.wlr import abi
from wlvm.wlr.abi import c, ffi, wlr
from wlvm.wlr.loader import LoaderError

log = logging.getLogger(__name__)


class BufferSource(Protocol):
    """What stands behind a Buffer. `width` and `height` in pixels never change."""

    width: int
    height: int

    @property
    def resident(self) -> Pixels | None:
        """Pixels that anybody may read for as long as the source is open, the same ones always; None where an access begins and ends."""

    def dmabuf(self) -> DmabufDescriptor | None:
        """The dma-buf that a GPU or a plane may import, for as long as the source is open; None when there is none."""

    def begin_access(self) -> Pixels | None:
        """Pixels for the CPU to read until `end_access`; None when the CPU cannot read them. Never nested."""

    def end_access(self) -> None:
        """The CPU has finished reading."""

    def close(self) -> None:
        """Nobody shows the buffer any more: give the memory and its fds back. Called exactly once."""


class Buffer:
    """A wlr_buffer. Whoever makes it holds the producer's reference until `drop()`."""

    #: Buffers that wlroots has not destroyed yet, by address: they must outlive their Python users.
    _alive: ClassVar[dict[int, Buffer]] = {}

    def __init__(self, source: BufferSource) -> None:
        """Wrap `source`, which belongs to the buffer from now on."""
        self.source = source
        self._pointer = ffi.new("struct wlr_buffer *")
        self._dmabuf: Any = None
        self._dropped = False
        resident = source.resident
        self._resident: Any = None if resident is None else _place(resident)
        implementation = _IMPLEMENTATION if resident is None else _RESIDENT
        c.wlr_buffer_init(self._pointer, implementation, source.width, source.height)
        Buffer._alive[abi.address(self._pointer)] = self

    @property
    def pointer(self) -> Any:
        """The `struct wlr_buffer *` for pywlroots' calls. ValueError after `drop()`.

        A consumer may release the buffer before it locks it anew (the scene does, when it is given the buffer it shows): without the
        producer's reference it would be destroyed in between.
        """
        if self._dropped:
            raise ValueError("this buffer was dropped: it can no longer be shown anew")
        return abi.lend("struct wlr_buffer *", self._pointer)

    @property
    def locks(self) -> int:
        """How many consumers (scene, textures, outputs) hold the buffer."""
        return int(self._pointer.n_locks)

    @property
    def destroyed(self) -> bool:
        return abi.address(self._pointer) not in Buffer._alive

    def drop(self) -> None:
        """End the producer's reference. Harmless when repeated; wlroots destroys the buffer once no consumer is left."""
        if not self._dropped:
            self._dropped = True
            c.wlr_buffer_drop(self._pointer)

    @classmethod
    def at(cls, pointer: Any) -> Buffer | None:
        """The buffer that a `struct wlr_buffer *` of wlroots is; None when it is none of ours."""
        return cls._alive.get(abi.address(pointer))

    @classmethod
    def count(cls) -> int:
        """How many buffers exist (a leak shows here)."""
        return len(cls._alive)

    # The callbacks that wlroots makes, below, find the object by its address.

    def _get_dmabuf(self, attributes: Any) -> bool:
        descriptor = self.source.dmabuf()
        if descriptor is None:
            return False
        if self._dmabuf is None:
            self._dmabuf = _attributes(descriptor)
        attributes[0] = self._dmabuf[0]
        return True

    def _begin(self, flags: int, data: Any, fourcc: Any, stride: Any) -> bool:
        if flags & wlr.WLR_BUFFER_DATA_PTR_ACCESS_WRITE:
            return False  # a guest's pixels are the guest's
        pixels = self.source.begin_access()
        if pixels is None:
            return False
        data[0], fourcc[0], stride[0] = _place(pixels)
        return True

    def _show(self, flags: int, data: Any, fourcc: Any, stride: Any) -> bool:
        if flags & wlr.WLR_BUFFER_DATA_PTR_ACCESS_WRITE:
            return False
        data[0], fourcc[0], stride[0] = self._resident
        return True

    def _end(self) -> None:
        self.source.end_access()

    def _destroy(self) -> None:
        del Buffer._alive[abi.address(self._pointer)]
        self.source.close()


def _place(pixels: Pixels) -> tuple[Any, int, int]:
    """Where pixels are, their format, and the bytes of a row. It keeps them from being collected."""
    return ffi.from_buffer("uint8_t[]", pixels.memory), pixels.fourcc, pixels.stride


def _attributes(descriptor: DmabufDescriptor) -> Any:
    attributes = ffi.new("struct wlr_dmabuf_attributes *")
    attributes.width, attributes.height = descriptor.width, descriptor.height
    attributes.format, attributes.modifier = descriptor.fourcc, descriptor.modifier
    attributes.n_planes = len(descriptor.planes)
    for index, plane in enumerate(descriptor.planes):
        attributes.offset[index] = plane.offset
        attributes.stride[index] = plane.stride
        attributes.fd[index] = plane.fd.fileno()
    return attributes


def _callback(signature: str, method: Callable[..., Any], failed: Any = None) -> Any:
    """A C function that calls `method` of the Buffer its first argument points to; an exception is logged and answered with `failed`."""

    def call(pointer: Any, *arguments: Any) -> Any:
        return method(Buffer._alive[abi.address(pointer)], *arguments)

    def report(kind: Any, error: BaseException, traceback: Any) -> None:
        log.error("a buffer's callback failed", exc_info=(kind, error, traceback))

    return ffi.callback(signature, call, error=failed, onerror=report)


_CALLBACKS = {
    "destroy": _callback("void(struct wlr_buffer *)", Buffer._destroy),
    "get_dmabuf": _callback(
        "bool(struct wlr_buffer *, struct wlr_dmabuf_attributes *)", Buffer._get_dmabuf, False
    ),
    "begin_data_ptr_access": _callback(
        "bool(struct wlr_buffer *, uint32_t, void **, uint32_t *, size_t *)", Buffer._begin, False
    ),
    "end_data_ptr_access": _callback("void(struct wlr_buffer *)", Buffer._end),
}
_IMPLEMENTATION = ffi.new("struct wlr_buffer_impl *", _CALLBACKS)
#: For resident pixels, which wlroots asks for at each rectangle that it draws. Their end is a call that changes nothing, in C: it compares two words.
_RESIDENT_CALLBACKS = _CALLBACKS | {
    "begin_data_ptr_access": _callback(
        "bool(struct wlr_buffer *, uint32_t, void **, uint32_t *, size_t *)", Buffer._show, False
    ),
    "end_data_ptr_access": ffi.cast("void(*)(struct wlr_buffer *)", c.wl_list_empty),
}
_RESIDENT = ffi.new("struct wlr_buffer_impl *", _RESIDENT_CALLBACKS)


class _Probe:
    width, height = 3, 5
    resident = None

    def dmabuf(self) -> None:
        return None

    def begin_access(self) -> None:
        return None

    def end_access(self) -> None:
        pass

    def close(self) -> None:
        pass


def _prove_layout() -> None:
    """Make a buffer, and refuse to go on when wlroots does not see it as the declarations in `abi` do."""
    buffer = Buffer(_Probe())
    c.wlr_buffer_lock(buffer._pointer)
    seen = (buffer._pointer.width, buffer._pointer.height, buffer.locks)
    c.wlr_buffer_unlock(buffer._pointer)
    buffer.drop()
    if seen != (3, 5, 1) or not buffer.destroyed:
        raise LoaderError("this libwlroots lays out wlr_buffer in another way: install pywlroots 0.16.9")


_prove_layout()
