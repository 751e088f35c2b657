"""A guest's framebuffers in shared memory, mapped or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.loops import ManualLoop
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.shared_memory import SharedFramebuffer, TruncatedError
from wlvm.shared_reader import SharedReader
from wlvm.staging import StagingFramebuffer

pytestmark = pytest.mark.usefixtures("guarding", "no_fd_is_lost")

WIDTH, HEIGHT, STRIDE, OFFSET = 64, 32, 64 * 4 + 20, 12
WHOLE = Rect(0, 0, WIDTH, HEIGHT)


class Memory:
    """QEMU's end: a file of random bytes."""

    def __init__(self, name: str, *, writable: bool = True) -> None:
        self.name = name
        self.fd = OwnedFd(os.memfd_create(name))
        self.bytes = np.random.default_rng(len(name)).bytes(OFFSET + STRIDE * HEIGHT)
        os.pwrite(self.fd.fileno(), self.bytes, 0)
        self._flags = os.O_RDWR if writable else os.O_RDONLY

    def framebuffer(self) -> SharedFramebuffer:
        """As it is announced, each time with an fd of its own."""
        fd = OwnedFd(os.open(f"/proc/self/fd/{self.fd.fileno()}", self._flags | os.O_CLOEXEC))
        return SharedFramebuffer(fd, WIDTH, HEIGHT, STRIDE, OFFSET, XRGB8888)

    @property
    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.frombuffer(self.bytes, np.uint8, STRIDE * HEIGHT, OFFSET).reshape(HEIGHT, STRIDE)[
            :, : WIDTH * 4
        ]

    @property
    def mapped(self) -> bool:
        with open("/proc/self/maps") as maps:
            return f"/memfd:{self.name} " in maps.read()


@pytest.fixture
def memories() -> Iterator[list[Memory]]:
    made = [Memory(f"qemu{'+' * number}") for number in range(5)]
    yield made
    for each in made:
        each.fd.close()


def staging() -> StagingFramebuffer:
    return StagingFramebuffer(WIDTH, HEIGHT, STRIDE, XRGB8888)


def shown(target: StagingFramebuffer) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return target.begin_access().memory[:, : WIDTH * 4]


@pytest.mark.parametrize("writable", [True, False], ids=["mapped", "pread"])
@pytest.mark.parametrize(
    "rects", [[WHOLE], [Rect(5, 3, 2, 7)], [Rect(20, 31, 44, 1), Rect(0, 0, 1, 1)], [Rect(1, 0, 62, 32)]]
)
def test_rectangles_come_from_where_they_are(writable: bool, rects: list[Rect]) -> None:
    memory, target = Memory("qemu", writable=writable), staging()
    reader = SharedReader(ManualLoop(), memory.framebuffer())
    assert memory.mapped == writable
    reader.read(rects, target)
    for x, y, width, height in rects:
        part = np.s_[y : y + height, x * 4 : (x + width) * 4]
        assert (shown(target)[part] == memory.pixels[part]).all()
    assert target.copied == sum(4 * rect.width * rect.height for rect in rects)
    reader.close()
    memory.fd.close()
    assert not memory.mapped


def test_a_map_brings_nothing_but_the_rectangle(memories: list[Memory]) -> None:
    reader, target = SharedReader(ManualLoop(), memories[0].framebuffer()), staging()
    reader.read([Rect(5, 3, 2, 7)], target)
    shown(target)[3:10, 20:28] = 0
    assert not shown(target).any()
    reader.close()


@pytest.mark.parametrize("writable", [True, False], ids=["mapped", "pread"])
def test_truncated_memory_leaves_what_was_there(writable: bool) -> None:
    memory, target = Memory("qemu", writable=writable), staging()
    reader = SharedReader(ManualLoop(), memory.framebuffer())
    reader.read([WHOLE], target)
    os.ftruncate(memory.fd.fileno(), OFFSET + 5 * STRIDE)
    with pytest.raises(TruncatedError, match="truncated"):
        reader.read([WHOLE], target)
    assert (shown(target) == memory.pixels).all()
    reader.close()
    memory.fd.close()


def test_memory_that_is_truncated_while_it_is_read_is_an_error_and_not_a_signal(
    memories: list[Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, target = SharedReader(ManualLoop(), memories[0].framebuffer()), staging()
    monkeypatch.setattr(
        SharedFramebuffer, "check_size", lambda _self: os.ftruncate(memories[0].fd.fileno(), 0)
    )
    with pytest.raises(TruncatedError):
        reader.read([WHOLE], target)
    assert not memories[0].mapped
    with pytest.raises(TruncatedError):
        reader.read([WHOLE], target)
    reader.show(memories[1].framebuffer())
    monkeypatch.undo()
    reader.read([WHOLE], target)
    assert (shown(target) == memories[1].pixels).all()
    reader.close()


def test_a_guest_that_flips_finds_its_maps_again_until_it_stops(memories: list[Memory]) -> None:
    loop, target = ManualLoop(), staging()
    reader = SharedReader(loop, memories[0].framebuffer())
    for memory in (memories[1], memories[0]) * 3:
        reader.show(memory.framebuffer())
        reader.read([WHOLE], target)
        assert (shown(target) == memory.pixels).all()
        assert memories[0].mapped
        assert memories[1].mapped
        loop.advance(900)
    loop.advance(100)
    assert [memory.mapped for memory in memories[:2]] == [True, False]
    reader.close()


def test_of_many_framebuffers_the_latest_three_are_mapped(memories: list[Memory]) -> None:
    reader = SharedReader(ManualLoop(), memories[0].framebuffer())
    for memory in memories[1:]:
        reader.show(memory.framebuffer())
    assert [memory.mapped for memory in memories] == [False, False, True, True, True]
    reader.close()
    assert not any(memory.mapped for memory in memories)
