"""Which keys are wlvm's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlvm.desktop.bindings import (
    Chord,
    ChordError,
    Keyboard,
    KeyRouter,
    KeySymbols,
    KeyTable,
    Modifier,
    Outcome,
)
from wlvm.desktop.command import Command, CommandError, EnterMode, Release
from wlvm.desktop.command_text import parse

RESERVED, CTRL, SHIFT, SUPER, Q, ONE, LEFT = 97, 29, 42, 125, 16, 2, 105
SYMBOLS = {
    "Control_R": 0xFFE4, "Control_L": 0xFFE3, "Shift_L": 0xFFE1, "Super_L": 0xFFEB,
    "q": 0x71, "Q": 0x51, "1": 0x31, "exclam": 0x21, "Left": 0xFF51,
}  # fmt: skip
PLAIN = {
    RESERVED: "Control_R",
    CTRL: "Control_L",
    SHIFT: "Shift_L",
    SUPER: "Super_L",
    Q: "q",
    ONE: "1",
    LEFT: "Left",
}
SHIFTED = {Q: "Q", ONE: "exclam"}
KEPT, FORWARDED = Outcome(), Outcome(forward=True)
TAP = (Release(),)


def table(**modes: dict[str, str]) -> KeyTable:
    bindings = {
        mode: {Chord.parse(chord): (parse(command),) for chord, command in chords.items()}
        for mode, chords in modes.items()
    }
    return KeyTable.compile(RESERVED, TAP, bindings, SYMBOLS.get)


class Typist:
    """Presses and releases keys of an English keyboard."""

    def __init__(self, keys: KeyTable, keyboard: Keyboard = Keyboard.FREE) -> None:
        self.router = KeyRouter(keys)
        self.keyboard = keyboard

    def press(self, key: int) -> Outcome:
        shifted = Modifier.SHIFT in self.router.held and key in SHIFTED
        typed = SHIFTED[key] if shifted else PLAIN[key]
        return self.router.key(key, True, KeySymbols((SYMBOLS[PLAIN[key]],), SYMBOLS[typed]), self.keyboard)

    def release(self, key: int) -> Outcome:
        return self.router.key(key, False, KeySymbols((), 0), self.keyboard)

    def type(self, *keys: int) -> tuple[Command, ...]:
        """What pressing all keys and releasing them in the other order does."""
        outcomes = [self.press(key) for key in keys] + [self.release(key) for key in reversed(keys)]
        return tuple(command for outcome in outcomes for command in outcome.commands)


def test_a_bound_key_does_what_it_is_bound_to_and_no_view_hears_of_it() -> None:
    typist = Typist(table(default={"Super+q": "close"}))
    assert typist.press(SUPER) == FORWARDED
    assert typist.press(Q) == Outcome((parse("close"),))
    assert typist.release(SUPER) == FORWARDED
    assert typist.release(Q) == KEPT


def test_other_modifiers_make_another_chord() -> None:
    typist = Typist(table(default={"Super+q": "close"}))
    assert typist.type(Q) == ()
    assert typist.type(SUPER, SHIFT, Q) == ()
    assert typist.type(SUPER, Q) == (parse("close"),)


def test_shift_counts_with_a_key_that_has_one_symbol() -> None:
    assert Typist(table(default={"Super+Left": "close"})).type(SUPER, SHIFT, LEFT) == ()


@pytest.mark.parametrize("chord", ["Shift+Super+Q", "logo+shift+q", "Super+Shift+code:16"])
def test_letters_and_codes_are_meant_with_shift_beside_them(chord: str) -> None:
    assert Typist(table(default={chord: "close"})).type(SUPER, SHIFT, Q) == (parse("close"),)


@pytest.mark.parametrize("chord", ["Super+exclam", "Super+Shift+1", "Super+Shift+exclam"])
def test_a_symbol_that_needs_shift_may_be_named(chord: str) -> None:
    assert Typist(table(default={chord: "close"})).type(SUPER, SHIFT, ONE) == (parse("close"),)


def test_a_code_goes_before_a_symbol() -> None:
    keys = table(default={"q": "close", "code:16": "quit"})
    assert Typist(keys).type(Q) == (parse("quit"),)


def test_a_guest_that_has_grabbed_the_keyboard_gets_all_but_the_reserved_key_and_what_is_pressed_with_it() -> (
    None
):
    keys = table(default={"Super+q": "close", "Reserved+Left": "focus left"})
    typist = Typist(keys, Keyboard.GRABBED)
    assert typist.press(SUPER) == typist.press(Q) == FORWARDED
    assert typist.release(Q) == typist.release(SUPER) == FORWARDED
    assert typist.press(RESERVED) == KEPT
    assert typist.press(LEFT) == Outcome((parse("focus left"),))
    assert typist.press(Q) == KEPT  # bound to nothing: what was mistyped is not typed into a guest
    assert typist.release(RESERVED) == typist.release(LEFT) == typist.release(Q) == KEPT


def test_the_reserved_key_alone_does_what_it_is_configured_to() -> None:
    typist = Typist(table(default={"Reserved+Left": "focus left"}), Keyboard.GRABBED)
    assert typist.type(RESERVED) == TAP
    assert typist.type(RESERVED, LEFT) == (parse("focus left"),)
    assert typist.type(RESERVED, SHIFT) == ()


def test_the_reserved_key_with_a_button_is_not_alone() -> None:
    typist = Typist(table())
    typist.press(RESERVED)
    typist.router.interrupt()
    assert typist.release(RESERVED) == KEPT


def test_the_reserved_key_is_no_modifier_besides() -> None:
    """The right Ctrl counts as Reserved, and not as Ctrl; the left one beside it does."""
    typist = Typist(table(default={"Reserved+q": "close", "Reserved+Ctrl+q": "quit"}))
    assert typist.type(RESERVED, Q) == (parse("close"),)
    assert typist.type(RESERVED, CTRL, Q) == (parse("quit"),)


def test_the_lock_screen_gets_every_key() -> None:
    typist = Typist(table(default={"q": "close", "Reserved+q": "quit"}), Keyboard.LOCKED)
    for key in (RESERVED, Q):
        assert typist.press(key) == FORWARDED
    for key in (Q, RESERVED):
        assert typist.release(key) == FORWARDED


def test_a_key_that_goes_down_before_the_session_is_locked_comes_up_as_it_went_down() -> None:
    typist = Typist(table(default={"Reserved+q": "close"}))
    typist.press(RESERVED)
    typist.press(Q)
    typist.keyboard = Keyboard.LOCKED
    assert typist.release(Q) == typist.release(RESERVED) == KEPT


def test_the_reserved_key_alone_does_nothing_once_the_session_is_locked() -> None:
    typist = Typist(table())
    typist.press(RESERVED)
    typist.keyboard = Keyboard.LOCKED
    assert typist.release(RESERVED) == KEPT


def test_in_a_mode_all_keys_are_wlvms_until_it_is_left() -> None:
    keys = table(default={"Reserved+q": "mode resize"}, resize={"Left": "resize shrink width"})
    typist = Typist(keys, Keyboard.GRABBED)
    assert typist.type(RESERVED, Q) == (EnterMode("resize"),)
    typist.router.enter("resize")
    assert typist.type(LEFT) == typist.type(RESERVED, LEFT) == (parse("resize shrink width"),)
    assert typist.press(Q) == typist.release(Q) == KEPT
    assert typist.type(RESERVED) == (EnterMode("default"),)


def test_a_mode_that_is_not_there_is_refused_and_one_that_went_is_left() -> None:
    router = KeyRouter(table(resize={"Left": "resize shrink width"}))
    with pytest.raises(CommandError, match="move: expected a mode: default, resize"):
        router.enter("move")
    router.enter("resize")
    router.use(table())
    assert router.mode == "default"


def test_a_key_that_was_down_before_is_nobodys() -> None:
    assert Typist(table()).release(Q) == KEPT


def test_what_went_with_the_keyboards_is_down_no_longer() -> None:
    typist = Typist(table(default={"q": "close"}))
    typist.press(SUPER)
    typist.router.reset()
    assert typist.type(Q) == (parse("close"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Super+", "behind the last"),
        ("Sooper+q", "Sooper: expected a modifier: Reserved, Super"),
        ("code:0", "the code of a key"),
        ("code:x", "the code of a key"),
    ],
)
def test_what_is_no_chord_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ChordError, match=expected):
        Chord.parse(text)


def test_a_symbol_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ChordError, match=r"Super\+Retrun: expected the name of a key's symbol"):
        table(default={"super+Retrun": "close"})


@pytest.mark.parametrize("text", ["Reserved+Super+Ctrl+Alt+AltGr+Shift+q", "code:16", "Shift+Left"])
def test_a_chord_is_written_as_it_is_read(text: str) -> None:
    assert str(Chord.parse(text)) == text


presses = st.tuples(
    st.sampled_from(sorted(PLAIN)),
    st.booleans(),
    st.sampled_from(Keyboard),
    st.sampled_from(["", "default", "resize"]),
)


@given(events=st.lists(presses, max_size=60))
def test_no_key_is_ever_stuck(events: list[tuple[int, bool, Keyboard, str]]) -> None:
    """Whatever is typed while the focus, the lock and the mode change, a view that has heard of a press hears of the release, and of no other."""
    keys = table(
        default={"Super+q": "close", "Reserved+q": "quit", "Left": "close", "Shift+1": "quit"},
        resize={"q": "close", "Reserved+1": "quit"},
    )
    typist = Typist(keys)
    heard: set[int] = set()
    down: set[int] = set()
    for key, pressed, keyboard, mode in events:
        typist.keyboard = keyboard
        if mode:
            typist.router.enter(mode)
        if pressed and key not in down:
            down.add(key)
            if typist.press(key).forward:
                heard.add(key)
        elif not pressed:
            assert typist.release(key).forward == (key in heard)
            down.discard(key)
            heard.discard(key)
    for key in sorted(down):
        assert typist.release(key).forward == (key in heard)
    assert typist.router.held == Modifier(0)
