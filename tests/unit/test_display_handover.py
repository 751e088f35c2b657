"""What waits for the main thread: coalesced, bounded, and closed exactly once."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.qemu.handover import MAX_BACKLOG_UPDATES, MAX_DAMAGE, MAX_FRAMES, FrameToken, Handover
from wlvm.qemu.messages import ScanoutBytes, ScanoutMap, UpdateBytes
from wlvm.shared_memory import SharedFramebuffer

pytestmark = pytest.mark.usefixtures("no_fd_is_lost")

SIZE = (64, 64)


@pytest.fixture
def resumed() -> list[bool]:
    return []


@pytest.fixture
def handover(resumed: list[bool]) -> Handover:
    return Handover(lambda: resumed.append(True))


def shared() -> ScanoutMap:
    fd = os.memfd_create("guest", os.MFD_CLOEXEC)
    os.ftruncate(fd, 64 * 64 * 4)
    return ScanoutMap(SharedFramebuffer(OwnedFd(fd), 64, 64, 256, 0, XRGB8888))


def of_bytes(width: int = 64, height: int = 64) -> ScanoutBytes:
    return ScanoutBytes(width, height, width * 4, XRGB8888, memoryview(bytes(width * 4 * height)))


def update(x: int, y: int, width: int = 1, height: int = 1) -> UpdateBytes:
    return UpdateBytes(Rect(x, y, width, height), width * 4, XRGB8888, memoryview(bytes(width * height * 4)))


def test_a_superseded_scanout_is_closed_once_and_the_newest_is_the_takers(handover: Handover) -> None:
    first, second = shared(), shared()
    handover.scanout(first, SIZE)
    handover.scanout(second, SIZE)
    assert first.framebuffer.fd.closed
    changes = handover.take()
    assert changes.scanout is second
    assert changes.update_count == 2
    handover.close()
    assert not second.framebuffer.fd.closed
    changes.close()


def test_what_nobody_took_is_closed_with_the_handover(handover: Handover) -> None:
    waiting, late = shared(), shared()
    handover.scanout(waiting, SIZE)
    handover.close()
    handover.scanout(late, SIZE)
    assert waiting.framebuffer.fd.closed
    assert late.framebuffer.fd.closed
    assert handover.take().scanout is None


def test_a_scanout_makes_older_updates_and_damage_void(handover: Handover) -> None:
    handover.update(update(1, 1), SIZE)
    handover.damaged(Rect(0, 0, 1, 1))
    handover.scanout(of_bytes(), SIZE)
    handover.update(update(2, 2), SIZE)
    changes = handover.take()
    assert [each.rect for each in changes.updates] == [Rect(2, 2, 1, 1)]
    assert changes.damage == []


def test_an_update_covered_by_a_newer_one_is_forgotten(handover: Handover) -> None:
    for each in (update(5, 5), update(30, 30), update(0, 0, 10, 10)):
        handover.update(each, SIZE)
    assert [each.rect for each in handover.take().updates] == [Rect(30, 30, 1, 1), Rect(0, 0, 10, 10)]


def test_taking_leaves_nothing_but_the_size(handover: Handover) -> None:
    handover.scanout(of_bytes(), (60, 50))
    handover.take()
    changes = handover.take()
    assert (changes.scanout, changes.updates, changes.update_count, changes.size) == (None, [], 0, (60, 50))


@settings(deadline=None)
@given(st.lists(st.builds(Rect, *[st.integers(0, 40)] * 2, *[st.integers(1, 20)] * 2), max_size=60))
def test_damage_is_covered_by_few_rectangles(rects: list[Rect]) -> None:
    handover = Handover(lambda: None)
    for rect in rects:
        handover.damaged(rect)
    damage = handover.take().damage
    assert len(damage) <= MAX_DAMAGE
    for rect in rects:
        assert any(each.contains(rect) for each in damage)


@pytest.mark.parametrize("what", ["scanout", "update", "damage"])
def test_a_picture_after_disable_cancels_it(handover: Handover, what: str) -> None:
    handover.disabled()
    if what == "scanout":
        handover.scanout(of_bytes(), SIZE)
    elif what == "update":
        handover.update(update(0, 0), SIZE)
    else:
        handover.damaged(Rect(0, 0, 1, 1))
    assert not handover.take().disabled


def test_disable_after_a_picture_keeps_both(handover: Handover) -> None:
    handover.scanout(of_bytes(), SIZE)
    handover.disabled()
    changes = handover.take()
    assert changes.disabled
    assert changes.scanout is not None


def test_too_many_updates_are_overfull_until_taken(handover: Handover, resumed: list[bool]) -> None:
    for x in range(MAX_BACKLOG_UPDATES + 1):
        assert not handover.overfull()
        handover.update(update(x, 0), SIZE)
    assert handover.overfull()
    assert resumed == []
    handover.take()
    handover.take()
    assert resumed == [True]
    assert not handover.overfull()


def test_what_was_overfull_is_resumed_even_if_it_shrank_by_itself(
    handover: Handover, resumed: list[bool]
) -> None:
    for x in range(MAX_BACKLOG_UPDATES + 1):
        handover.update(update(x, 0), SIZE)
    assert handover.overfull()
    handover.scanout(of_bytes(), SIZE)
    assert handover.overfull()
    handover.take()
    assert resumed == [True]


def test_too_many_bytes_are_overfull(handover: Handover) -> None:
    handover.scanout(of_bytes(4096, 4096), (4096, 4096))
    assert not handover.overfull()
    handover.update(update(0, 0), (4096, 4096))
    assert handover.overfull()


def test_frames_to_acknowledge_are_bounded(handover: Handover) -> None:
    for serial in range(1, 2 * MAX_FRAMES):
        handover.frame(FrameToken(serial))
    frames = handover.take().frames
    assert len(frames) == MAX_FRAMES
    assert frames[-1] == 2 * MAX_FRAMES - 1
