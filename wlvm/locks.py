"""The locks of a keyboard that have a light."""

from __future__ import annotations

import enum


class Locks(enum.Flag):
    """Which are on; the numbers are those of QEMU's `Keyboard.Modifiers` (ui/dbus-display1.xml)."""

    NONE = 0
    SCROLL = 1
    NUM = 2
    CAPS = 4
