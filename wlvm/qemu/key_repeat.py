"""Key repeat for guests whose keyboard does not repeat by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from wlvm.loop import EventLoop

#: Modifiers, locks and keys that send a sequence (linux/input-event-codes.h): repeating them does nothing, or harm.
_NEVER: Final = frozenset(
    {
        29, 97,  # KEY_LEFTCTRL, KEY_RIGHTCTRL
        42, 54,  # KEY_LEFTSHIFT, KEY_RIGHTSHIFT
        56, 100,  # KEY_LEFTALT, KEY_RIGHTALT
        125, 126,  # KEY_LEFTMETA, KEY_RIGHTMETA
        58, 69, 70,  # KEY_CAPSLOCK, KEY_NUMLOCK, KEY_SCROLLLOCK
        99, 119,  # KEY_SYSRQ, KEY_PAUSE
    }
)  # fmt: skip


class KeyRepeatTiming(Struct, frozen=True):
    """How long a key is held before it repeats, and the time between repeats, in milliseconds."""

    delay_ms: int = 600
    interval_ms: int = 40

    def __post_init__(self) -> None:
        if self.delay_ms < 1 or self.interval_ms < 1:
            raise ValueError(
                f"key repeat after {self.delay_ms} ms every {self.interval_ms} ms: both must be at least 1"
            )


class KeyRepeat:
    """Repeats the key that went down last, like a PC keyboard, until it comes up or another one goes down.

    `timing` is None for a guest that repeats by itself.
    """

    def __init__(self, loop: EventLoop, repeat: Callable[[int], None]) -> None:
        """`repeat` is called with the evdev code of the key, each time that it repeats."""
        self._repeat = repeat
        self._timer = loop.timer(self._on_timer)
        self._key: int | None = None
        self._timing: KeyRepeatTiming | None = None

    @property
    def timing(self) -> KeyRepeatTiming | None:
        return self._timing

    @timing.setter
    def timing(self, timing: KeyRepeatTiming | None) -> None:
        self.stop()
        self._timing = timing

    def pressed(self, key: int) -> None:
        self.stop()
        if self._timing is not None and key not in _NEVER:
            self._key = key
            self._timer.arm(self._timing.delay_ms)

    def released(self, key: int) -> None:
        if key == self._key:
            self.stop()

    def stop(self) -> None:
        self._key = None
        self._timer.disarm()

    def close(self) -> None:
        self.stop()
        self._timer.remove()

    def _on_timer(self) -> None:
        if self._key is not None and self._timing is not None:
            self._timer.arm(self._timing.interval_ms)
            self._repeat(self._key)
