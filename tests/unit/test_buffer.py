"""wlr_buffers made by wlvm, as wlroots sees them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Pixels
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, Plane
from wlvm.wlr.abi import c, ffi
from wlvm.wlr.buffer import Buffer


class Source:
    """Memory that remembers what was done with it."""

    width, height = 16, 8

    def __init__(self, descriptor: DmabufDescriptor | None = None, readable: bool = True) -> None:
        self.memory = np.arange(16 * 8, dtype=np.uint32)
        self.descriptor = descriptor
        self.readable = readable
        self.log: list[str] = []

    def dmabuf(self) -> DmabufDescriptor | None:
        return self.descriptor

    resident = None

    def begin_access(self) -> Pixels | None:
        self.log.append("begin")
        return Pixels(self.memory, XRGB8888, 64) if self.readable else None

    def end_access(self) -> None:
        self.log.append("end")

    def close(self) -> None:
        self.log.append("close")


READ, WRITE = 1, 2


def begin(buffer: Buffer, flags: int = READ) -> tuple[int, int, int] | None:
    data, fourcc, stride = ffi.new("void **"), ffi.new("uint32_t *"), ffi.new("size_t *")
    if not c.wlr_buffer_begin_data_ptr_access(buffer._pointer, flags, data, fourcc, stride):
        return None
    return int(ffi.cast("uintptr_t", data[0])), fourcc[0], stride[0]


def test_a_dropped_buffer_lives_until_its_last_consumer_lets_go() -> None:
    source = Source()
    buffer = Buffer(source)
    c.wlr_buffer_lock(buffer._pointer)
    c.wlr_buffer_lock(buffer._pointer)
    buffer.drop()
    c.wlr_buffer_unlock(buffer._pointer)
    assert source.log == []
    assert not buffer.destroyed
    c.wlr_buffer_unlock(buffer._pointer)
    assert source.log == ["close"]
    assert buffer.destroyed


def test_a_buffer_that_nobody_shows_dies_with_the_drop_and_only_once() -> None:
    source, count = Source(), Buffer.count()
    buffer = Buffer(source)
    buffer.drop()
    buffer.drop()
    assert source.log == ["close"]
    assert Buffer.count() == count


def test_a_dropped_buffer_cannot_be_shown_anew() -> None:
    buffer = Buffer(Source())
    buffer.drop()
    with pytest.raises(ValueError, match="dropped"):
        _ = buffer.pointer


def test_the_cpu_reads_the_sources_own_memory() -> None:
    source = Source()
    buffer = Buffer(source)
    assert begin(buffer) == (source.memory.ctypes.data, XRGB8888, 64)
    c.wlr_buffer_end_data_ptr_access(buffer._pointer)
    assert source.log == ["begin", "end"]
    buffer.drop()


def test_nobody_may_write_into_a_guests_pixels() -> None:
    source = Source()
    buffer = Buffer(source)
    assert begin(buffer, READ | WRITE) is None
    assert source.log == []
    buffer.drop()


def test_memory_that_cannot_be_read_is_refused() -> None:
    buffer = Buffer(Source(readable=False))
    assert begin(buffer) is None
    buffer.drop()


def test_a_failing_source_is_logged_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.begin_access = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    buffer = Buffer(source)
    assert begin(buffer) is None
    assert "ZeroDivisionError" in caplog.text
    buffer.drop()
    caplog.clear()


def test_a_dmabuf_goes_through_wlroots_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wlvm.linux_dmabuf.dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)
    fd = OwnedFd(os.memfd_create("test"))
    os.ftruncate(fd.fileno(), 4096)
    descriptor = DmabufDescriptor(16, 8, XRGB8888, MOD_LINEAR, (Plane(fd, 32, 80),))
    buffer = Buffer(Source(descriptor))
    attributes = ffi.new("struct wlr_dmabuf_attributes *")
    assert c.wlr_buffer_get_dmabuf(buffer._pointer, attributes)
    assert (attributes.width, attributes.height, attributes.format) == (16, 8, XRGB8888)
    assert (attributes.modifier, attributes.n_planes) == (MOD_LINEAR, 1)
    assert (attributes.fd[0], attributes.offset[0], attributes.stride[0]) == (fd.fileno(), 32, 80)
    buffer.drop()
    descriptor.close()


def test_a_buffer_without_a_dmabuf_says_so() -> None:
    buffer = Buffer(Source())
    assert not c.wlr_buffer_get_dmabuf(buffer._pointer, ffi.new("struct wlr_dmabuf_attributes *"))
    buffer.drop()
