"""Focus, and where the events of the devices go."""

from __future__ import annotations

import pytest

from wlvm.desktop.seat import Seat
from wlvm.desktop.view import ARROW, Cursor, HiddenCursor
from wlvm.framebuffer import Rect
from wlvm.wlr.input import Scroll
from wlvm.wlr.touch import TouchEvent

LEFT, RIGHT = 272, 273  # BTN_LEFT, BTN_RIGHT
A, B = 30, 48  # KEY_A, KEY_B


class Devices:
    """The cursor, and what it shows."""

    def __init__(self) -> None:
        self.cursor = (0.0, 0.0)
        self.shown: str = ""

    def move_cursor(self, dx: float, dy: float) -> None:
        self.cursor = (self.cursor[0] + dx, self.cursor[1] + dy)

    def warp_cursor(self, x: float, y: float) -> None:
        self.cursor = (x, y)

    def show_named_cursor(self, name: str) -> None:
        self.shown = name

    def hide_cursor(self) -> None:
        self.shown = "hidden"

    def pressed_elsewhere(self) -> None:
        """No client has a menu open."""


class View:
    visible = True
    takes_keyboard = True
    grabs_keyboard = True
    takes_touch = False

    def __init__(self, box: Rect, wants_motion: bool = False) -> None:
        self.box = box
        self.wants_motion = wants_motion
        self.cursor: Cursor = ARROW
        self.log: list[object] = []

    def take(self) -> list[object]:
        taken, self.log = self.log, []
        return taken

    def keyboard_enter(self) -> None:
        self.log.append("enter")

    def keyboard_leave(self) -> None:
        self.log.append("leave")

    def key(self, key: int, pressed: bool) -> None:
        self.log.append(("key", key, pressed))

    def pointer_enter(self, x: float, y: float) -> None:
        """Not of interest here."""

    def pointer_leave(self) -> None:
        self.log.append("pointer leave")
        self.cursor = ARROW

    def pointer_lock(self) -> None:
        self.log.append("lock")
        self.cursor = HiddenCursor()

    def pointer_motion(self, x: float, y: float) -> None:
        self.log.append(("motion", x, y))

    def pointer_motion_relative(self, dx: float, dy: float) -> None:
        self.log.append(("relative", dx, dy))

    def pointer_button(self, button: int, pressed: bool) -> None:
        self.log.append(("button", button, pressed))

    def pointer_axis(self, scroll: Scroll) -> None:
        self.log.append(("axis", scroll))

    def pointer_frame(self) -> None:
        """Not of interest here."""

    def touch(self, event: TouchEvent) -> None:
        self.log.append(event)


class Desk:
    """Two views beside each other: `one` over 0-99, `two` over 100-199, both 100 high."""

    def __init__(self) -> None:
        self.one, self.two = View(Rect(0, 0, 100, 100)), View(Rect(100, 0, 100, 100))
        self.views = [self.one, self.two]
        self.devices = Devices()
        self.seat = Seat(self.view_at, self)
        self.seat.use(self.devices)  # type: ignore[arg-type]

    def view_pressed(self, view: View | None) -> None:
        self.seat.set_focus(view)

    def default_focus(self) -> View | None:
        return self.views[0] if self.views else None

    def cursor_at(self, x: float, y: float) -> Cursor:
        return ARROW

    def view_at(self, x: float, y: float) -> View | None:
        for view in self.views:
            box = view.box
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                return view
        return None


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_motion_goes_to_the_view_below_in_its_coordinates(desk: Desk) -> None:
    desk.seat.motion_absolute(130.5, 7)
    desk.seat.motion(2, 1, 4, 2)
    assert desk.two.take() == [("motion", 30.5, 7), ("motion", 32.5, 8)]
    desk.seat.motion(-60, 0, -60, 0)
    assert desk.two.take() == ["pointer leave"]
    assert desk.one.take() == [("motion", 72.5, 8)]


def test_a_click_moves_the_keyboard(desk: Desk) -> None:
    desk.seat.set_focus(desk.one)
    desk.seat.motion_absolute(150, 50)
    desk.seat.button(LEFT, True)
    desk.seat.button(LEFT, False)
    desk.seat.key(A, True)
    assert desk.one.take() == ["enter", "leave"]
    assert [e for e in desk.two.take() if e[0] != "motion"] == [
        "enter", ("button", LEFT, True), ("button", LEFT, False), ("key", A, True),
    ]  # fmt: skip


def test_a_held_button_keeps_the_pointer_on_its_view(desk: Desk) -> None:
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    desk.seat.motion_absolute(150, 50)
    assert desk.one.take()[-1] == ("motion", 150, 50)
    assert desk.two.take() == []
    desk.seat.button(RIGHT, True)
    desk.seat.button(LEFT, False)
    assert desk.two.take() == []
    desk.seat.button(RIGHT, False)
    assert desk.one.take()[-1] == "pointer leave"
    assert desk.two.take() == [("motion", 50, 50)]


def test_what_was_held_comes_up_when_the_devices_go(desk: Desk) -> None:
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    desk.seat.key(A, True)
    desk.one.take()
    desk.seat.release_all()
    assert [e for e in desk.one.take() if e[0] != "motion"] == [("key", A, False), ("button", LEFT, False)]
    desk.seat.key(A, False)
    desk.seat.button(LEFT, False)
    assert desk.one.take() == [], "the devices' own news of it come late"


def test_the_topmost_view_wins(desk: Desk) -> None:
    top = View(Rect(40, 40, 20, 20))
    desk.views.insert(0, top)
    desk.seat.motion_absolute(45, 45)
    assert top.take() == [("motion", 5, 5)]
    assert desk.one.take() == []


def test_a_key_held_over_a_change_of_focus_is_the_first_views_alone(desk: Desk) -> None:
    desk.seat.set_focus(desk.one)
    desk.seat.key(A, True)
    desk.seat.set_focus(desk.two)
    desk.seat.key(A, False)
    assert desk.one.take() == ["enter", ("key", A, True), "leave"]
    assert desk.two.take() == ["enter"]


def test_a_release_without_a_press_goes_nowhere(desk: Desk) -> None:
    desk.seat.set_focus(desk.one)
    desk.one.take()
    desk.seat.key(B, False)
    desk.seat.button(LEFT, False)
    assert desk.one.take() == []


def test_a_relative_view_locks_the_pointer_until_it_is_released(desk: Desk) -> None:
    desk.two.wants_motion = True
    desk.seat.motion_absolute(150, 50)
    desk.seat.button(LEFT, True)
    assert desk.devices.shown == "hidden"
    desk.seat.button(LEFT, False)
    desk.seat.motion(-200, 3, -100, 2)
    desk.seat.motion_absolute(140, 55)
    assert desk.devices.cursor == (150, 50)
    assert desk.two.take()[-4:] == [
        ("button", LEFT, True), ("button", LEFT, False), ("relative", -100, 2), ("relative", -10, 5),
    ]  # fmt: skip
    desk.seat.release()
    assert desk.two.take() == ["pointer leave", ("motion", 50, 50)]
    assert desk.devices.shown == "left_ptr"


def test_what_is_released_is_grabbed_again_by_a_click_or_with_the_focus(desk: Desk) -> None:
    told: list[bool] = []
    desk.seat.focus_changed = lambda view: told.append(desk.seat.keyboard_grabbed)
    desk.seat.set_focus(desk.one)
    desk.seat.release()
    desk.seat.release()
    assert told == [True, False]
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    desk.seat.button(LEFT, False)
    assert told == [True, False, True]
    desk.seat.release()
    desk.seat.set_focus(desk.two)
    assert told == [True, False, True, False, True]


def test_a_pointer_that_is_kept_goes_where_it_may_until_it_is_released(desk: Desk) -> None:
    desk.seat.set_focus(desk.one)
    desk.seat.motion_absolute(50, 50)
    desk.one.take()
    desk.seat.keep_pointer(lambda x, y: (min(x, 60), y))
    desk.seat.motion(100, 5, 100, 5)
    desk.seat.motion_absolute(70, 80)
    assert desk.one.take() == [("motion", 60, 55), ("motion", 60, 80)]
    desk.seat.keep_pointer(lambda x, y: None)
    desk.seat.motion(1, 1, 1, 1)
    assert desk.one.take() == []
    desk.seat.button(LEFT, True)
    assert desk.one.take() == [("button", LEFT, True)]
    desk.seat.button(LEFT, False)
    told: list[bool] = []
    desk.seat.focus_changed = lambda view: told.append(desk.seat.released)
    desk.seat.release()
    desk.seat.button(LEFT, True)
    assert told == [True, False]


def test_a_holder_keeps_the_keyboard_whatever_is_clicked_on(desk: Desk) -> None:
    desk.seat.hold_focus(desk.two)
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    desk.seat.button(LEFT, False)
    assert desk.seat.focus is desk.two
    desk.seat.hold_focus(None)
    assert desk.seat.focus is desk.one, "the policy's default"


def test_a_view_that_goes_gets_nothing_more(desk: Desk) -> None:
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    desk.views.remove(desk.one)
    desk.one.take()
    desk.seat.view_gone(desk.one)
    desk.seat.key(A, True)
    desk.seat.button(LEFT, False)
    desk.seat.motion(1, 1, 1, 1)
    assert desk.one.take() == []
    assert desk.seat.focus is desk.two, "the policy's default"


def test_a_locked_view_that_gets_a_tablet_lets_the_pointer_go(desk: Desk) -> None:
    desk.one.wants_motion = True
    desk.seat.button(LEFT, True)
    assert desk.seat.locked is desk.one
    desk.one.wants_motion = False
    desk.seat.view_changed(desk.one)
    assert desk.seat.locked is None


def test_a_lock_ends_when_the_devices_go_to_another_session(desk: Desk) -> None:
    desk.one.wants_motion = True
    desk.seat.motion_absolute(50, 50)
    desk.seat.button(LEFT, True)
    told: list[object] = []
    desk.seat.focus_changed = lambda view: told.append(desk.seat.locked)
    desk.seat.release_all()
    assert desk.seat.locked is None
    assert told == [None], "what says who has the pointer"
    assert desk.devices.shown == "left_ptr"


def test_the_cursor_is_hidden_until_something_moves_it_and_shown_anew_on_outputs_that_come(
    desk: Desk,
) -> None:
    desk.seat.views_changed(desk.views)
    desk.seat.outputs_changed()
    assert desk.devices.shown == ""
    desk.seat.motion(1, 1, 1, 1)
    assert desk.devices.shown == "left_ptr"
    desk.devices.shown = ""
    desk.seat.outputs_changed()
    assert desk.devices.shown == "left_ptr"
