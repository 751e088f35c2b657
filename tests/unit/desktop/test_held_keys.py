"""What is down in a view is held by the person, and was pressed for it, whatever happens between."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loops import SelectorLoop
from tests.unit.desktop.test_bindings import PLAIN, SYMBOLS, table
from wlvm.desktop.bindings import KeyRouter
from wlvm.desktop.command import Command, EnterMode, Release
from wlvm.desktop.keys import Keys
from wlvm.desktop.seat import Seat
from wlvm.desktop.view import ARROW, Cursor, View
from wlvm.key_symbols import KeySymbols


class Holder:
    """A view as a guest's console is one: what it has got lets go when the keyboard leaves it."""

    takes_keyboard = True

    def __init__(self, grabs_keyboard: bool) -> None:
        self.grabs_keyboard = grabs_keyboard
        self.down: set[int] = set()

    def keyboard_enter(self) -> None:
        assert not self.down

    def keyboard_leave(self) -> None:
        self.down.clear()

    def key(self, key: int, pressed: bool) -> None:
        (self.down.add if pressed else self.down.remove)(key)


class Person:
    """Keyboards, two guests, a program and a lock screen."""

    def __init__(self) -> None:
        self.views = [Holder(True), Holder(True), Holder(False)]
        self.lock = Holder(False)
        self.locked = False
        self.pressed: set[int] = set()
        self.seat = Seat(lambda x, y: None, self)
        self.router = KeyRouter(
            table(default={"Super+q": "release", "Reserved+q": "mode resize"}, resize={"q": "mode default"})
        )
        self.keys = Keys(
            SelectorLoop(),
            self.router,
            self.seat,
            lambda: self.locked,
            self.run,
            lambda button, resize: False,
        )
        self.seat.set_focus(self.view(0))

    def view(self, number: int) -> View:
        holder: object = self.views[number]
        return holder  # type: ignore[return-value]

    def view_pressed(self, view: View | None) -> None:
        self.seat.set_focus(view)

    def default_focus(self) -> View | None:
        return self.view(0)

    def cursor_at(self, x: float, y: float) -> Cursor:
        return ARROW

    def run(self, command: Command) -> None:
        if isinstance(command, EnterMode):
            self.router.enter(command.mode)
        elif isinstance(command, Release):
            self.seat.release()

    def key(self, key: int, pressed: bool) -> None:
        if pressed != (key in self.pressed):
            (self.pressed.add if pressed else self.pressed.discard)(key)
            symbol = SYMBOLS[PLAIN[key]]
            self.keys.key(key, pressed, KeySymbols((symbol,), symbol))

    def hold(self, locked: bool) -> None:
        self.locked = locked
        holder: object = self.lock if locked else None
        self.seat.hold_focus(holder)  # type: ignore[arg-type]

    def devices_go(self) -> None:
        """Another session comes to the front; what is held there is nobody's here."""
        self.keys.release_all()
        self.pressed.clear()

    def check(self) -> None:
        for holder in (*self.views, self.lock):
            has_focus: object = self.seat.focus
            assert holder.down <= (self.pressed if holder is has_focus else set())


events = st.one_of(
    st.tuples(st.just("key"), st.sampled_from(sorted(PLAIN)), st.booleans()),
    st.tuples(st.just("focus"), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("lock"), st.booleans()),
    st.tuples(st.sampled_from(["devices go", "release"])),
)


@settings(deadline=None)
@given(st.lists(events, max_size=60))
def test_no_view_holds_what_nobody_holds(happening: list[tuple[object, ...]]) -> None:
    person = Person()
    for what, *how in happening:
        if what == "key":
            person.key(int(str(how[0])), bool(how[1]))
        elif what == "focus":
            person.seat.set_focus(person.view(int(str(how[0]))))
        elif what == "lock":
            person.hold(bool(how[0]))
        elif what == "release":
            person.seat.release()
        else:
            person.devices_go()
        person.check()
    for key in tuple(person.pressed):
        person.key(key, False)
    person.check()
    assert not person.router.held
