"""What a key means, as bindings look it up: keysyms of xkbcommon (xkbcommon-keysyms.h)."""

from __future__ import annotations

from msgspec import Struct


class KeySymbols(Struct, frozen=True):
    """The symbols of one key of one keyboard, at the moment it goes down."""

    plain: tuple[int, ...]
    """Without modifiers: in the layout in use, and then in others that bindings may mean."""
    typed: int
    """With the modifiers that are held."""
