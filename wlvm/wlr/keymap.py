"""Keymaps: what a key means in a layout, and which key makes a symbol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from wlvm.key_symbols import KeySymbols
from wlvm.wlr.abi import borrow, c, ffi

from xkbcommon import xkb  # isort: skip

#: evdev key codes are xkb key codes less 8 (the X11 heritage of xkb).
EVDEV_OFFSET = 8

_FIRST_LAYOUT = 0
_PLAIN = 0

#: XKB_KEYSYM_CASE_INSENSITIVE
_ANY_CASE = 1

#: The keys of the Latin letters on a keyboard of the United States, by evdev code: a binding to one of them holds on a layout that has none.
_ROWS = {16: "qwertyuiop", 30: "asdfghjkl", 44: "zxcvbnm"}
_LATIN = {first + index: ord(letter) for first, row in _ROWS.items() for index, letter in enumerate(row)}

#: Symbols below this are the characters of ASCII.
_ASCII = 0x80

#: The keys that lead to a key's other symbols (KEY_LEFTSHIFT, and KEY_RIGHTALT, which is AltGr where most layouts have it).
SHIFT, ALTGR = 42, 100

#: xkb's real modifiers that they set (Shift; Mod5, to which xkeyboard-config binds the third level), and the symbol of AltGr
#: (ISO_Level3_Shift).
_SHIFT_MASK, _LEVEL3_MASK, _LEVEL3_SHIFT = 1 << 0, 1 << 7, 0xFE03
_MOST_MASKS = 16


class KeymapError(ValueError):
    """There is no such keyboard layout. The text names it."""


class KeyStroke(Struct, frozen=True):
    """The evdev key that makes a symbol, and the modifier keys that must be down for it (SHIFT, and the layout's AltGr)."""

    key: int
    modifiers: tuple[int, ...] = ()


class Keymap:
    """A compiled xkb keymap of one keyboard layout."""

    def __init__(self, *, layout: str = "us", variant: str = "", model: str = "", options: str = "") -> None:
        """The RMLVO names of xkeyboard-config; KeymapError when they name nothing."""
        self.names = {"layout": layout, "variant": variant, "model": model, "options": options}
        try:
            self.xkb = xkb.Context().keymap_new_from_names(
                rules=None,
                model=model or None,
                layout=layout or None,
                variant=variant or None,
                options=options or None,
            )
        except xkb.XKBError:
            names = ", ".join(name for name in (model, layout, variant, options) if name)
            raise KeymapError(
                f"no keyboard layout {names}: see xkeyboard-config(7) for those there are"
            ) from None
        self._pointer = borrow("struct xkb_keymap *", self.xkb._keymap)
        layouts = range(c.xkb_keymap_num_layouts(self._pointer))
        self._strokes = [self._find_strokes(layout) for layout in layouts]

    def symbol(self, key: int) -> int:
        """The keysym of an evdev key without modifiers; 0 for none."""
        return _symbol(self._pointer, key + EVDEV_OFFSET, _PLAIN)

    def symbols(self, key: int, state: Any = None) -> KeySymbols:
        """What an evdev key means on a keyboard with this keymap and an xkb `state`; None: with nothing held."""
        code = key + EVDEV_OFFSET
        if state is None:
            first, typed = _FIRST_LAYOUT, self.symbol(key)
        else:
            first = c.xkb_state_key_get_layout(state, code)
            typed = c.xkb_state_key_get_one_sym(state, code)
        layouts = range(c.xkb_keymap_num_layouts_for_key(self._pointer, code))
        ordered = sorted(layouts, key=lambda layout: layout != first)
        plain = tuple(_symbol(self._pointer, code, _PLAIN, layout) for layout in ordered)
        if key in _LATIN and not any(0 < symbol < _ASCII for symbol in plain):
            plain = (*plain, _LATIN[key])
        return KeySymbols(plain, typed)

    def stroke(self, symbol: int) -> KeyStroke | None:
        """How to type a keysym on the first of the layouts; None when no key makes it, alone or with Shift and AltGr."""
        return self._strokes[_FIRST_LAYOUT].get(symbol)

    def stroke_of_any(self, symbol: int) -> KeyStroke | None:
        """The same on the first layout that has it."""
        return next((strokes[symbol] for strokes in self._strokes if symbol in strokes), None)

    def all_strokes(self) -> Iterator[tuple[int, KeyStroke]]:
        """The keysyms of the first of the layouts, and how to type each: by the code of the key, and on a key by its modifiers."""
        yield from self._strokes[_FIRST_LAYOUT].items()

    def _find_strokes(self, layout: int) -> dict[int, KeyStroke]:
        """The key with the lowest code for each symbol, which is that of the main block: evdev has keys for "(" and "$" alone too, that no
        keyboard and no guest has.
        """
        strokes: dict[int, KeyStroke] = {}
        ways = self._ways(layout)
        for code in self._codes:
            for level in range(c.xkb_keymap_num_levels_for_key(self._pointer, code, layout)):
                symbol = _symbol(self._pointer, code, level, layout)
                modifiers = _modifiers(self._pointer, code, level, layout, ways)
                if symbol and modifiers is not None:
                    strokes.setdefault(symbol, KeyStroke(code - EVDEV_OFFSET, modifiers))
        return strokes

    def _ways(self, layout: int) -> dict[int, tuple[int, ...]]:
        """The keys that set a mask of modifiers: some layouts have AltGr elsewhere, and some have none."""
        ways: dict[int, tuple[int, ...]] = {0: (), _SHIFT_MASK: (SHIFT,)}
        codes = (ALTGR + EVDEV_OFFSET, *self._codes)
        altgr = (code for code in codes if _symbol(self._pointer, code, _PLAIN, layout) == _LEVEL3_SHIFT)
        if (code := next(altgr, None)) is not None:
            key = code - EVDEV_OFFSET
            ways |= {_LEVEL3_MASK: (key,), _SHIFT_MASK | _LEVEL3_MASK: (SHIFT, key)}
        return ways

    @property
    def _codes(self) -> range:
        """The xkb codes that keyboards have."""
        first = max(EVDEV_OFFSET, c.xkb_keymap_min_keycode(self._pointer))
        return range(first, c.xkb_keymap_max_keycode(self._pointer) + 1)


def _modifiers(
    keymap: Any, code: int, level: int, layout: int, ways: dict[int, tuple[int, ...]]
) -> tuple[int, ...] | None:
    """The modifier keys that lead to a level of a key; None where none of the ways does."""
    masks = ffi.new("uint32_t[]", _MOST_MASKS)
    count = c.xkb_keymap_key_get_mods_for_level(keymap, code, layout, level, masks, _MOST_MASKS)
    found = [ways[mask] for mask in masks[0:count] if mask in ways]
    return min(found, key=len) if found else None


def _symbol(keymap: Any, code: int, level: int, layout: int = _FIRST_LAYOUT) -> int:
    found = ffi.new("const uint32_t **")
    count = c.xkb_keymap_key_get_syms_by_level(keymap, code, layout, level, found)
    return int(found[0][0]) if count else 0


def keysym(name: str) -> int | None:
    """The symbol of a name (xkbcommon-keysyms.h, without XKB_KEY_), in capitals or not; None where there is none."""
    symbol = c.xkb_keysym_from_name(name.encode(), 0) or c.xkb_keysym_from_name(name.encode(), _ANY_CASE)
    return int(symbol) or None
