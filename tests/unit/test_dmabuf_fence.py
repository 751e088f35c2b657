"""Changes that wait for a GPU. Eventfds stand for the fences, which only the kernel makes: real ones are in tests/workstation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.loops import SelectorLoop
from wlvm import dmabuf_fence
from wlvm.dmabuf_fence import FenceGate
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, Plane
from wlvm.qemu.handover import ConsoleChanges, FrameToken
from wlvm.qemu.messages import ScanoutDmabuf


def scanout() -> ScanoutDmabuf:
    fd = OwnedFd(os.memfd_create("test"))
    os.ftruncate(fd.fileno(), 4096)
    return ScanoutDmabuf(DmabufDescriptor(16, 16, XRGB8888, MOD_LINEAR, (Plane(fd, 0, 64),)))


@dataclass
class Stage:
    """A gate, what came through it, and the fences of buffers that are drawn into."""

    loop: SelectorLoop = field(default_factory=SelectorLoop)
    shown: list[ConsoleChanges] = field(default_factory=list)
    drawing: dict[DmabufDescriptor, OwnedFd] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gate = FenceGate(self.loop, self.shown.append)

    def draw(self, scanout: ScanoutDmabuf) -> None:
        self.drawing[scanout.dmabuf] = OwnedFd(os.eventfd(0))

    def finish(self, scanout: ScanoutDmabuf) -> None:
        with self.drawing.pop(scanout.dmabuf) as fence:
            os.eventfd_write(fence.fileno(), 1)
            self.loop.turn(0)

    def fence(self, descriptor: DmabufDescriptor) -> OwnedFd | None:
        fence = self.drawing.get(descriptor)
        return None if fence is None else fence.dup()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr("wlvm.linux_dmabuf.dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)
    stage = Stage()
    monkeypatch.setattr(dmabuf_fence, "pending_fence", stage.fence)
    yield stage
    stage.gate.close()
    for fence in stage.drawing.values():
        fence.close()
    for changes in stage.shown:
        changes.close()
    assert not stage.loop.watches


def test_what_nobody_draws_is_shown_at_once(stage: Stage) -> None:
    stage.gate.pass_on(first := ConsoleChanges(scanout=scanout()), None)
    stage.gate.pass_on(second := ConsoleChanges(), None)
    assert stage.shown == [first, second]


def test_a_scanout_waits_for_its_fence_and_takes_along_what_came_meanwhile(stage: Stage) -> None:
    stage.draw(picture := scanout())
    stage.gate.pass_on(
        ConsoleChanges(scanout=picture, frames=(FrameToken(1),), update_count=1, since=5.0), None
    )
    stage.gate.pass_on(
        ConsoleChanges(damage=[Rect(0, 0, 1, 1)], frames=(FrameToken(2),), update_count=1, since=6.0), None
    )
    stage.loop.turn(0)
    assert stage.shown == []
    stage.finish(picture)
    (changes,) = stage.shown
    assert changes.scanout is picture
    assert changes.frames == (1, 2)
    assert (changes.since, changes.update_count, changes.damage) == (5.0, 2, [Rect(0, 0, 1, 1)])


def test_damage_waits_for_the_fence_of_the_buffer_that_is_shown(stage: Stage) -> None:
    stage.draw(picture := scanout())
    stage.gate.pass_on(ConsoleChanges(damage=[Rect(0, 0, 1, 1)], since=1.0), picture.dmabuf)
    assert stage.shown == []
    stage.finish(picture)
    assert len(stage.shown) == 1
    picture.close()


def test_a_newer_scanout_takes_the_place_of_one_that_waits(stage: Stage) -> None:
    stage.draw(old := scanout())
    stage.gate.pass_on(ConsoleChanges(scanout=old, since=1.0), None)
    stage.gate.pass_on(ConsoleChanges(scanout=(new := scanout()), since=2.0), None)
    (changes,) = stage.shown
    assert changes.scanout is new
    assert old.dmabuf.planes[0].fd.closed


def test_a_guest_that_draws_without_end_is_shown_after_a_while_and_a_fence_that_never_ends_is_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.draw(picture := scanout())
    stage.gate.pass_on(ConsoleChanges(scanout=picture, since=1.0), None)
    fence = stage.drawing[picture.dmabuf]
    stage.draw(picture)  # again, before the first is done
    with fence:
        os.eventfd_write(fence.fileno(), 1)
        stage.loop.turn(0)
    assert stage.shown == []
    assert stage.gate.delay == ""
    monkeypatch.setattr(dmabuf_fence, "PATIENCE", 0)
    stage.loop.turn(0)
    assert stage.shown == []
    assert "has been drawing the next picture for 0.0 seconds" in stage.gate.delay
    fence = stage.drawing[picture.dmabuf]
    stage.draw(picture)
    with fence:
        os.eventfd_write(fence.fileno(), 1)
        stage.loop.turn(0)
    assert len(stage.shown) == 1
    assert stage.gate.delay == ""


def test_what_waits_when_the_guest_goes_is_closed(stage: Stage) -> None:
    stage.draw(picture := scanout())
    stage.gate.pass_on(ConsoleChanges(scanout=picture, since=1.0), None)
    stage.gate.close()
    assert picture.dmabuf.planes[0].fd.closed
    assert stage.shown == []
