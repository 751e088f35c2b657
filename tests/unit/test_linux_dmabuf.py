"""Descriptions of dma-bufs.

Only the kernel makes dma-bufs, and a machine without udmabuf or dma-heaps has none: here memfds stand for them, and `dmabuf_size` is told to
believe it. Real ones are in tests/workstation.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlvm import linux_dmabuf
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, FramebufferError, Rect
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, Plane

SIZE = 256 * 64
TILED = 0x0100_0000_0000_0002


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_dmabuf, "dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)


def memory(size: int = SIZE) -> OwnedFd:
    fd = OwnedFd(os.memfd_create("test", os.MFD_CLOEXEC))
    os.ftruncate(fd.fileno(), size)
    return fd


def describe(fd: OwnedFd, **changes: object) -> DmabufDescriptor:
    plane = Plane(fd, int(changes.pop("offset", 0)), int(changes.pop("stride", 256)))  # type: ignore[call-overload]
    fields = {"width": 64, "height": 64, "fourcc": XRGB8888, "modifier": MOD_LINEAR, "planes": (plane,)}
    return DmabufDescriptor(**(fields | changes))  # type: ignore[arg-type]


def test_only_a_dmabuf_is_a_dmabuf() -> None:
    with memory() as fd, pytest.raises(FramebufferError, match="is no dma-buf but /memfd:test"):
        describe(fd)


@pytest.mark.usefixtures("believed")
class TestDescriptor:
    def test_a_true_description_is_accepted(self) -> None:
        with memory() as fd:
            descriptor = describe(fd, crop=Rect(8, 8, 56, 56))
            assert descriptor.linear
            assert descriptor.visible == Rect(8, 8, 56, 56)

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"width": 0}, "0x64"),
            ({"width": 65}, "stride of 256 bytes"),
            ({"height": 65}, "ends at byte"),
            ({"height": 16385}, "each side"),
            ({"offset": 4}, "ends at byte"),
            ({"offset": SIZE}, "starts at byte"),
            ({"offset": 1 << 32}, "not possible"),
            ({"stride": 0}, "not possible"),
            ({"stride": 1 << 32}, "not possible"),
            ({"stride": (1 << 32) - 256}, "ends at byte"),
            ({"fourcc": 0x3231564E}, "pixel format NV12"),
            ({"modifier": 1 << 64}, "not a 64-bit number"),
            ({"modifier": -1}, "not a 64-bit number"),
            ({"planes": ()}, "0 planes"),
            ({"crop": Rect(0, 0, 65, 1)}, "not inside"),
            ({"crop": Rect(-1, 0, 1, 1)}, "not inside"),
            ({"crop": Rect(0, 0, 0, 1)}, "not inside"),
        ],
    )
    def test_a_description_that_cannot_be_true_is_refused(
        self, changes: dict[str, object], text: str
    ) -> None:
        with memory() as fd, pytest.raises(FramebufferError, match=text):
            describe(fd, **changes)

    def test_a_tiled_layout_is_the_drivers_business(self) -> None:
        with memory() as fd:
            plane = Plane(fd, 0, 64)
            descriptor = describe(fd, modifier=TILED, planes=(plane, plane))
            assert not descriptor.linear

    def test_closing_closes_each_fd_once(self) -> None:
        fd, other = memory(), memory()
        descriptor = describe(
            fd, modifier=TILED, planes=(Plane(fd, 0, 256), Plane(fd, 16, 256), Plane(other, 0, 256))
        )
        descriptor.close()
        descriptor.close()
        assert fd.closed
        assert other.closed

    @given(
        width=st.integers(-5, 1 << 33), height=st.integers(-5, 1 << 33), stride=st.integers(-5, 1 << 33),
        offset=st.integers(-5, 1 << 33), modifier=st.sampled_from([MOD_LINEAR, TILED, 1 << 64]),
    )  # fmt: skip
    def test_whatever_is_accepted_lies_in_its_memory(
        self, width: int, height: int, stride: int, offset: int, modifier: int
    ) -> None:
        with memory() as fd:
            try:
                descriptor = describe(
                    fd, width=width, height=height, stride=stride, offset=offset, modifier=modifier
                )
            except FramebufferError:
                return
            assert offset < SIZE
            if descriptor.linear:
                assert offset + stride * (height - 1) + width * 4 <= SIZE
