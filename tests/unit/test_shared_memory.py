"""Shared memory that its owner may change under us."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, FramebufferError, Rect
from wlvm.shared_memory import SharedFramebuffer, TruncatedError
from wlvm.staging import StagingFramebuffer

WIDTH, HEIGHT, STRIDE, OFFSET = 64, 32, 64 * 4 + 20, 12


def memory(size: int = OFFSET + STRIDE * HEIGHT) -> OwnedFd:
    fd = OwnedFd(os.memfd_create("test", os.MFD_CLOEXEC))
    os.pwrite(fd.fileno(), np.random.default_rng(1).bytes(size), 0)
    return fd


def shared(fd: OwnedFd, **changes: int) -> SharedFramebuffer:
    fields = {"width": WIDTH, "height": HEIGHT, "stride": STRIDE, "offset": OFFSET, "fourcc": XRGB8888}
    return SharedFramebuffer(fd, **(fields | changes))


def rows(staging: StagingFramebuffer) -> np.ndarray:
    return staging.begin_access().memory


@pytest.mark.parametrize(
    "rect", [Rect(0, 0, WIDTH, HEIGHT), Rect(5, 3, 2, 7), Rect(20, 31, 44, 1), Rect(1, 0, 62, 32)]
)
def test_reading_copies_the_rectangle_and_no_other_row(rect: Rect) -> None:
    with memory() as fd:
        staging = StagingFramebuffer(WIDTH, HEIGHT, STRIDE, XRGB8888)
        staging.read(shared(fd), rect)
        data = os.pread(fd.fileno(), STRIDE * HEIGHT, OFFSET)
        whole = np.frombuffer(data, np.uint8).reshape(HEIGHT, STRIDE)
        inside = np.s_[rect.y : rect.y + rect.height, rect.x * 4 : (rect.x + rect.width) * 4]
        assert (rows(staging)[inside] == whole[inside]).all()
        assert not rows(staging)[: rect.y].any()
        assert not rows(staging)[rect.y + rect.height :].any()


@pytest.mark.parametrize("rect", [Rect(0, 0, WIDTH, HEIGHT), Rect(3, 3, 2, 20)])
def test_truncated_memory_is_an_error_and_not_a_signal(rect: Rect) -> None:
    with memory() as fd:
        framebuffer = shared(fd)
        os.ftruncate(fd.fileno(), OFFSET + 5 * STRIDE)
        with pytest.raises(TruncatedError, match="truncated"):
            StagingFramebuffer(WIDTH, HEIGHT, STRIDE, XRGB8888).read(framebuffer, rect)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"width": 0}, "0x32"),
        ({"height": 1 << 40}, "each side must be"),
        ({"stride": 4 * WIDTH - 1}, "stride of 255"),
        ({"offset": -1}, "offset -1"),
        ({"offset": OFFSET + STRIDE}, "ends at byte"),
        ({"fourcc": 0x31313131}, "pixel format 1111"),
    ],
)
def test_a_description_that_passes_its_memory_is_refused(changes: dict[str, int], text: str) -> None:
    with memory() as fd, pytest.raises(FramebufferError, match=text):
        shared(fd, **changes)


def test_the_last_row_needs_no_padding() -> None:
    with memory(OFFSET + STRIDE * (HEIGHT - 1) + WIDTH * 4) as fd:
        assert shared(fd).height == HEIGHT
    with (
        memory(OFFSET + STRIDE * (HEIGHT - 1) + WIDTH * 4 - 1) as fd,
        pytest.raises(FramebufferError, match="ends at"),
    ):
        shared(fd)


def test_a_descriptor_that_is_not_of_memory_is_refused() -> None:
    read, write = os.pipe()
    with OwnedFd(read) as fd, OwnedFd(write), pytest.raises(FramebufferError, match="not of memory"):
        shared(fd)


def test_a_file_is_no_memory_although_it_can_be_read() -> None:
    """Whoever serves the file system may keep a reader for ever."""
    disk = Path(__file__).with_name("test_shared_memory.py")
    with OwnedFd(os.open(disk, os.O_RDONLY)) as fd, pytest.raises(FramebufferError, match="not of memory"):
        shared(fd, width=1, height=1, offset=0)


def test_memory_of_holes_is_not_accepted_for_what_it_claims() -> None:
    with memory() as fd:
        os.ftruncate(fd.fileno(), 1 << 45)
        for changes in ({"stride": 1 << 30}, {"width": 16384, "height": 16384, "stride": 65536}):
            with pytest.raises(FramebufferError, match="more than wlvm copies"):
                shared(fd, **changes)
