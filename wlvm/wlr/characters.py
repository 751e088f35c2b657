"""Which keys type a character on a keyboard layout, so that any system with that layout makes the same of them."""

from __future__ import annotations

import unicodedata

from wlvm.wlr.abi import c
from wlvm.wlr.keymap import Keymap, KeyStroke

#: KEY_SPACE, KEY_TAB and KEY_ENTER (linux/input-event-codes.h).
_SPACE, _TAB, _ENTER = 57, 15, 28

#: The keys of the main block that make characters, on European, Brazilian and Japanese keyboards (KEY_102ND, KEY_RO, KEY_YEN) too. The
#: keypad's are not used: what they make depends on Num Lock. evdev has keys for "(" and "$" alone, which no guest knows.
_KEYS = frozenset({*range(2, 14), *range(16, 28), *range(30, 42), *range(43, 54), _SPACE, 86, 89, 124})

#: The dead keys (xkbcommon-keysyms.h) by the accent that they put on a letter (Unicode's combining marks), and the character that they make
#: with the space bar, on which systems agree.
_DEAD = {
    0x0300: (0xFE50, "`"), 0x0301: (0xFE51, "'"), 0x0302: (0xFE52, "^"), 0x0303: (0xFE53, "~"),
    0x0304: (0xFE54, "¯"), 0x0306: (0xFE55, "˘"), 0x0307: (0xFE56, "˙"), 0x0308: (0xFE57, '"'),
    0x030A: (0xFE58, "°"), 0x030B: (0xFE59, "˝"), 0x030C: (0xFE5A, "ˇ"), 0x0327: (0xFE5B, "¸"),
    0x0328: (0xFE5C, "˛"),
}  # fmt: skip


class Characters:
    """The characters of the first of a keymap's layouts. Caps Lock is taken to be off."""

    def __init__(self, keymap: Keymap) -> None:
        self._strokes: dict[str, KeyStroke] = {}
        self._dead: dict[int, KeyStroke] = {}
        for symbol, stroke in keymap.all_strokes():
            if stroke.key not in _KEYS:
                continue
            if character := c.xkb_keysym_to_utf32(symbol):
                known = self._strokes.get(chr(character))
                if known is None or len(stroke.modifiers) < len(known.modifiers):
                    self._strokes[chr(character)] = stroke
            else:
                self._dead.setdefault(symbol, stroke)
        self._strokes |= {" ": KeyStroke(_SPACE), "\t": KeyStroke(_TAB), "\n": KeyStroke(_ENTER)}
        self._accents = {
            accent: (self._dead[symbol], spacing)
            for accent, (symbol, spacing) in _DEAD.items()
            if symbol in self._dead
        }

    def strokes(self, character: str) -> tuple[KeyStroke, ...] | None:
        """The strokes that type one character, a dead key before its letter; None where the layout has none."""
        if (stroke := self._strokes.get(character)) is not None:
            return (stroke,)
        for dead, spacing in self._accents.values():
            if character == spacing:
                return (dead, self._strokes[" "])
        parts = unicodedata.normalize("NFD", character)
        if len(parts) != 2:
            return None
        letter, accent = self._strokes.get(parts[0]), self._accents.get(ord(parts[1]))
        return None if letter is None or accent is None else (accent[0], letter)
