"""Which keys type a symbol on a keyboard layout."""

from __future__ import annotations

import pytest

from wlvm.wlr.keymap import ALTGR, SHIFT, Keymap, KeymapError, KeyStroke

KEY_2, KEY_7, KEY_Q, KEY_A, KEY_Z, KEY_Y, KEY_RETURN, KEY_BACKSLASH = 3, 8, 16, 30, 44, 21, 28, 43
RETURN = 0xFF0D


@pytest.mark.parametrize(
    ("layout", "symbol", "stroke"),
    [
        ("us", "a", KeyStroke(KEY_A)),
        ("us", "A", KeyStroke(KEY_A, (SHIFT,))),
        ("us", "@", KeyStroke(KEY_2, (SHIFT,))),
        ("us", "z", KeyStroke(KEY_Z)),
        ("de", "z", KeyStroke(KEY_Y)),
        ("de", "@", KeyStroke(KEY_Q, (ALTGR,))),
        ("de", "{", KeyStroke(KEY_7, (ALTGR,))),
        ("de", "Ω", KeyStroke(KEY_Q, (SHIFT, ALTGR))),
    ],
)
def test_a_symbol_is_typed_as_on_a_real_keyboard(layout: str, symbol: str, stroke: KeyStroke) -> None:
    # The keysym of a Latin-1 character is its code; Omega has one of the Greek block.
    keysym = {"Ω": 0x7D9}.get(symbol, ord(symbol))
    assert Keymap(layout=layout).stroke(keysym) == stroke


def test_a_key_that_is_no_character_needs_no_modifier() -> None:
    assert Keymap().stroke(RETURN) == KeyStroke(KEY_RETURN)


def test_a_symbol_that_the_layout_does_not_have_has_no_key() -> None:
    assert Keymap(layout="us").stroke(ord("ß")) is None


def test_a_layout_that_does_not_exist_is_named() -> None:
    with pytest.raises(KeymapError, match="no keyboard layout klingon"):
        Keymap(layout="klingon")


def test_altgr_is_where_the_layout_has_it() -> None:
    """Neo has its third level on the key beside Return, and nothing of it on that of AltGr."""
    at = Keymap(layout="de", variant="neo").stroke(ord("@"))
    assert at is not None
    assert at.modifiers == (KEY_BACKSLASH,)


def test_a_symbol_of_another_of_several_layouts_is_found() -> None:
    keymap = Keymap(layout="ru,us")
    assert keymap.stroke(ord("z")) is None
    assert keymap.stroke_of_any(ord("z")) == KeyStroke(KEY_Z)
    assert keymap.stroke_of_any(0x6D1) == KeyStroke(KEY_Z), "Cyrillic_ya"
