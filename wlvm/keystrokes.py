"""A text as the keys that type it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from wlvm.wlr.keymap import KeyStroke

#: How many of the characters that cannot be typed are named.
_MOST_NAMED = 10


class UntypableError(ValueError):
    """A text has characters that the layout has no keys for. The text names them."""


class KeyEvent(Struct, frozen=True):
    """A key (an evdev code) that goes down or comes up; with it, so many characters have been typed."""

    key: int
    down: bool
    characters: int


def key_events(
    text: str, strokes_of: Callable[[str], Sequence[KeyStroke] | None]
) -> tuple[Sequence[KeyEvent], int]:
    """All that goes down and comes up for a text, and how many characters that are. A modifier stays down for as long as it is needed.

    `strokes_of` gives the strokes of one character; None: there are none. The ends of lines are one Return each, whatever made them.
    UntypableError where a character has no strokes: a text with holes would mean something else.
    """
    characters = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    missing = [each for each in dict.fromkeys(characters) if strokes_of(each) is None]
    if missing:
        names = ", ".join(map(_named, missing[:_MOST_NAMED]))
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise UntypableError(f"{names}{more}")
    return tuple(_events(characters, strokes_of)), len(characters)


def _events(characters: str, strokes_of: Callable[[str], Sequence[KeyStroke] | None]) -> Iterator[KeyEvent]:
    held: tuple[int, ...] = ()
    for count, character in enumerate(characters):
        *dead, last = strokes_of(character) or ()
        for stroke in (*dead, last):
            for key in reversed(held):
                if key not in stroke.modifiers:
                    yield KeyEvent(key, False, count)
            for key in stroke.modifiers:
                if key not in held:
                    yield KeyEvent(key, True, count)
            held = stroke.modifiers
            yield KeyEvent(stroke.key, True, count)
            yield KeyEvent(stroke.key, False, count + (stroke is last))
    for key in reversed(held):
        yield KeyEvent(key, False, len(characters))


def _named(character: str) -> str:
    """A character that a person can find in the text: itself, or its number where it cannot be seen."""
    visible = character.isprintable() and not unicodedata.combining(character)
    return character if visible and not character.isspace() else f"U+{ord(character):04X}"
