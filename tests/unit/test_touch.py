"""Fingers: which view each is on, and what QEMU is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.test_seat import LEFT, Desk
from wlvm.qemu.qmp import NOT_RUNNING, Failure, QmpError, Reply, Success
from wlvm.qemu.touch import TouchForwarder
from wlvm.wlr.touch import TouchCancel, TouchDown, TouchFrame, TouchMotion, TouchUp

SIZE = (100, 100)


class Qemu:
    """Answers when it is told to, and notes what it was sent: kinds of events with their slots."""

    def __init__(self) -> None:
        self.sent: list[list[tuple[str, int]]] = []
        self.open: list[Callable[[Reply], None]] = []
        self.touch = TouchForwarder(self.execute, {})
        self.gone = False

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        if self.gone:
            raise QmpError("it is gone")
        assert arguments is not None
        assert on_reply is not None
        mtt = [event["data"] for event in arguments["events"] if event["type"] == "mtt"]
        self.sent.append([(data["type"], data["slot"]) for data in mtt if data["type"] != "data"])
        self.open.append(on_reply)

    def answer(self, reply: Reply = Success({})) -> None:  # noqa: B008 - it is immutable
        self.open.pop(0)(reply)


def test_motion_waits_for_the_answer_and_nothing_else_does() -> None:
    qemu = Qemu()
    qemu.touch.down(0, 1, 1, *SIZE)
    qemu.touch.frame()
    for x in (2, 3, 4):
        qemu.touch.motion(0, x, 1, *SIZE)
        qemu.touch.frame()
    assert qemu.sent == [[("begin", 0)]]
    qemu.touch.down(1, 9, 9, *SIZE)
    qemu.touch.frame()
    assert qemu.sent[1:] == [[("update", 0), ("begin", 1)]]
    qemu.touch.motion(0, 5, 1, *SIZE)
    qemu.touch.frame()
    qemu.answer()
    assert len(qemu.sent) == 2
    qemu.answer()
    assert qemu.sent[2:] == [[("update", 0)]]


def test_an_answer_does_not_part_a_frame() -> None:
    qemu = Qemu()
    qemu.touch.down(0, 1, 1, *SIZE)
    qemu.touch.frame()
    qemu.touch.down(1, 9, 9, *SIZE)
    qemu.answer()
    qemu.touch.motion(0, 2, 1, *SIZE)
    qemu.touch.frame()
    qemu.touch.up(0)
    qemu.answer()
    qemu.touch.motion(1, 8, 8, *SIZE)
    qemu.touch.frame()
    assert qemu.sent == [[("begin", 0)], [("begin", 1), ("update", 0)], [("end", 0), ("update", 1)]]


def test_a_finger_that_comes_back_in_the_same_frame_is_another_one() -> None:
    qemu = Qemu()
    qemu.touch.down(0, 1, 1, *SIZE)
    qemu.touch.frame()
    qemu.touch.up(0)
    qemu.touch.down(0, 50, 50, *SIZE)
    qemu.touch.release_all()
    assert qemu.sent == [[("begin", 0)], [("end", 0)], [("begin", 0)], [("end", 0)]]


def test_a_finger_that_was_lifted_while_qemu_refused_it_is_lifted_later() -> None:
    qemu = Qemu()
    qemu.touch.down(0, 1, 1, *SIZE)
    qemu.touch.frame()
    qemu.answer()
    qemu.touch.up(0)
    qemu.touch.frame()
    qemu.answer(Failure("GenericError", NOT_RUNNING))
    qemu.touch.down(1, 1, 1, *SIZE)
    qemu.touch.frame()
    assert qemu.sent == [[("begin", 0)], [("end", 0)]]
    qemu.touch.resumed()
    assert qemu.sent[2:] == [[("end", 0)]]


def test_an_eleventh_finger_and_a_qemu_that_is_gone_do_no_harm() -> None:
    qemu = Qemu()
    qemu.touch.down(10, 1, 1, *SIZE)
    qemu.touch.motion(10, 2, 2, *SIZE)
    qemu.touch.up(10)
    qemu.touch.frame()
    qemu.gone = True
    qemu.touch.down(0, 1, 1, *SIZE)
    qemu.touch.release_all()
    assert qemu.sent == []


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_finger_keeps_the_view_it_came_down_on(desk: Desk) -> None:
    desk.one.takes_touch = True
    tell = desk.seat.touch.tell
    tell(TouchDown(0, 10, 20))
    tell(TouchMotion(0, 150, 20))
    tell(TouchFrame())
    tell(TouchUp(0))
    tell(TouchFrame())
    tell(TouchUp(0))
    assert desk.one.take() == [
        "enter", TouchDown(0, 10, 20), TouchMotion(0, 150, 20), TouchFrame(), TouchUp(0), TouchFrame(),
    ]  # fmt: skip
    assert desk.two.take() == []
    assert desk.seat.focus is desk.one


def test_where_fingers_are_unknown_the_first_is_the_pointer(desk: Desk) -> None:
    tell = desk.seat.touch.tell
    tell(TouchDown(0, 110, 20))
    tell(TouchDown(1, 150, 50))
    tell(TouchMotion(1, 160, 50))
    tell(TouchMotion(0, 120, 20))
    tell(TouchUp(1))
    tell(TouchUp(0))
    assert desk.two.take() == [
        ("motion", 10, 20), "enter", ("button", LEFT, True), ("motion", 20, 20), ("button", LEFT, False), ("motion", 20, 20),
    ]  # fmt: skip


def test_a_guest_with_a_mouse_only_gets_the_keyboard_and_no_click(desk: Desk) -> None:
    desk.one.wants_motion = True
    tell = desk.seat.touch.tell
    tell(TouchDown(0, 10, 20))
    tell(TouchUp(0))
    assert desk.one.take() == ["enter"]
    assert desk.seat.locked is None


def test_no_finger_stays_on_a_view_that_is_taken_away(desk: Desk) -> None:
    desk.one.takes_touch = True
    tell = desk.seat.touch.tell
    tell(TouchDown(0, 10, 20))
    tell(TouchDown(1, 110, 20))
    desk.one.take(), desk.two.take()
    desk.seat.interrupt()
    assert desk.one.take()[:2] == [TouchCancel(0), TouchFrame()]
    assert ("button", LEFT, False) in desk.two.take()
    tell(TouchDown(0, 10, 20))
    desk.views.remove(desk.one)
    desk.seat.view_gone(desk.one)
    desk.one.take()
    tell(TouchUp(0))
    tell(TouchFrame())
    assert desk.one.take() == []
