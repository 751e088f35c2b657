"""Caps Lock and Num Lock: a person's keyboards, host programs, and a guest with lights."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loops import SelectorLoop
from wlvm.lock_keys import FOLLOWS_WITHIN_MS, GuestLocks, LockKeys
from wlvm.locks import Locks

NONE, NUM, CAPS = Locks.NONE, Locks.NUM, Locks.CAPS
BOTH = NUM | CAPS
LOCK_OF = {58: CAPS, 69: NUM}


class ClockedLoop(SelectorLoop):
    """Time passes when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def pass_time(self, milliseconds: int) -> None:
        self.time += milliseconds / 1000
        self.run_timers()


class Keyboards:
    """The person's."""

    def __init__(self) -> None:
        self.locks = NONE

    def set_locks(self, locks: Locks) -> None:
        self.locks = locks


class Guest:
    """A machine whose lock keys switch its lights, at once or when `tell()` says so; `deaf`: never."""

    def __init__(self) -> None:
        self.locks = GuestLocks()
        self.lights = NONE
        self.deaf = False
        self.tapped: list[int] = []
        self.prompt = True
        self.locks.takes_input(self.tap)

    def tap(self, key: int) -> None:
        self.tapped.append(key)
        if not self.deaf:
            self.lights ^= LOCK_OF[key]
        if self.prompt:
            self.tell()

    def tell(self) -> None:
        self.locks.told(self.lights.value)

    def switch(self, lights: Locks) -> None:
        """By itself."""
        self.lights = lights
        self.tell()


class Desk:
    def __init__(self) -> None:
        self.loop = ClockedLoop()
        self.keyboards = Keyboards()
        self.lock_keys = LockKeys(self.loop, self.keyboards)
        self.guest = self.another()

    def another(self) -> Guest:
        guest = Guest()
        guest.locks.changed = lambda: self.lock_keys.guest_changed(guest.locks)
        return guest

    def focus(self, guest: Guest | None) -> None:
        self.lock_keys.focus(None if guest is None else guest.locks)

    def press(self, key: int, into: Guest | None) -> None:
        """The person presses a lock's key, which whoever has the keyboard gets too."""
        self.keyboards.locks ^= LOCK_OF[key]
        self.lock_keys.seat_changed(LOCK_OF[key])
        if into is not None:
            into.tap(key)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_guest_gets_the_keys_that_make_it_as_the_person_is(desk: Desk) -> None:
    desk.keyboards.locks = BOTH
    desk.focus(desk.guest)
    assert desk.guest.lights is BOTH
    desk.focus(None)
    desk.focus(desk.guest)
    assert sorted(desk.guest.tapped) == [58, 69], "once"


def test_the_keyboards_lights_are_the_guests_while_it_has_them(desk: Desk) -> None:
    desk.focus(desk.guest)
    desk.guest.switch(NUM)
    assert desk.keyboards.locks is NUM
    desk.focus(None)
    assert desk.keyboards.locks is NONE, "what the person had"
    assert desk.guest.tapped == []


def test_what_the_person_has_pressed_is_kept_as_the_light_was(desk: Desk) -> None:
    desk.focus(desk.guest)
    desk.guest.switch(BOTH)
    desk.press(58, desk.guest)
    assert desk.keyboards.locks is NUM
    desk.focus(None)
    assert desk.keyboards.locks is NONE, "the light of Caps Lock went off; Num Lock was the guest's own"
    desk.focus(desk.guest)
    desk.press(58, desk.guest)
    desk.focus(None)
    assert desk.keyboards.locks is CAPS


def test_a_guest_without_lights_is_left_alone_and_the_persons_stay(desk: Desk) -> None:
    desk.guest.deaf = True
    desk.keyboards.locks = CAPS
    for passed in (FOLLOWS_WITHIN_MS - 1, FOLLOWS_WITHIN_MS, 2 * FOLLOWS_WITHIN_MS):
        desk.focus(desk.guest)
        desk.loop.pass_time(passed)
        assert desk.keyboards.locks is CAPS
        desk.focus(None)
    assert desk.guest.tapped == [58]


def test_a_guest_that_has_a_key_for_something_else_shows_its_light(desk: Desk) -> None:
    desk.focus(desk.guest)
    desk.guest.switch(NUM)
    desk.guest.deaf = True
    desk.press(58, desk.guest)
    assert desk.keyboards.locks is BOTH
    desk.loop.pass_time(FOLLOWS_WITHIN_MS)
    assert desk.keyboards.locks is NUM


def test_a_slow_guest_follows_when_it_can(desk: Desk) -> None:
    desk.guest.prompt = False
    desk.keyboards.locks = CAPS
    desk.focus(desk.guest)
    desk.loop.pass_time(3 * FOLLOWS_WITHIN_MS)
    desk.guest.tell()
    assert desk.guest.lights is desk.keyboards.locks is CAPS
    desk.focus(None)
    desk.keyboards.locks = NONE
    desk.guest.prompt = True
    desk.focus(desk.guest)
    assert desk.guest.lights is NONE, "it is known to follow"


def test_a_paused_guest_gets_its_keys_when_it_goes_on(desk: Desk) -> None:
    desk.guest.locks.takes_input(None)
    desk.keyboards.locks = CAPS
    desk.focus(desk.guest)
    assert desk.guest.tapped == []
    desk.guest.locks.takes_input(desk.guest.tap)
    assert desk.guest.lights is CAPS


def test_a_guest_that_goes_leaves_the_person_what_they_had(desk: Desk) -> None:
    desk.focus(desk.guest)
    desk.guest.switch(BOTH)
    desk.guest.locks.disconnected()
    assert desk.keyboards.locks is NONE


def test_another_system_may_have_the_lights_that_the_last_one_had_not(desk: Desk) -> None:
    desk.guest.deaf = True
    desk.keyboards.locks = CAPS
    desk.focus(desk.guest)
    desk.loop.pass_time(FOLLOWS_WITHIN_MS)
    desk.guest.locks.restarted()
    desk.guest.deaf = False
    desk.focus(None)
    desk.focus(desk.guest)
    assert desk.guest.lights is CAPS


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("focus"), st.sampled_from([None, 0, 1])),
            st.tuples(st.just("press"), st.sampled_from([58, 69])),
            st.tuples(st.just("switch"), st.sampled_from([0, 1]), st.sampled_from([NONE, NUM, CAPS, BOTH])),
            st.tuples(st.just("time"), st.just(400)),
        ),
        max_size=30,
    )
)
def test_no_guest_ever_changes_what_the_person_has(events: list[tuple[object, ...]]) -> None:
    """What host programs see is what the lights were at the person's last press of the key."""
    desk = Desk()
    guests = [desk.guest, desk.another()]
    focus: Guest | None = None
    own = NONE
    for what, *how in events:
        if what == "focus":
            focus = None if how[0] is None else guests[int(str(how[0]))]
            desk.focus(focus)
        elif what == "press":
            key = int(str(how[0]))
            desk.press(key, focus)
            own = (own & ~LOCK_OF[key]) | (desk.keyboards.locks & LOCK_OF[key])
        elif what == "switch":
            lights = how[1]
            assert isinstance(lights, Locks)
            guests[int(str(how[0]))].switch(lights)
        else:
            desk.loop.pass_time(int(str(how[0])))
        if focus is None:
            assert desk.keyboards.locks is own
        elif focus.locks.tells:
            assert desk.keyboards.locks is focus.lights
