"""The locks of a wlroots keyboard, and the lights that its device is told to switch."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cffi import FFI

from wlvm.locks import Locks
from wlvm.wlr import link_map
from wlvm.wlr.abi import c, ffi, wlr_ffi
from wlvm.wlr.input import SeatDevices
from wlvm.wlr.keyboard import Keyboard
from wlvm.wlr.keymap import Keymap

KEY_CAPSLOCK = 58
#: WLR_LED_NUM_LOCK and WLR_LED_CAPS_LOCK (types/wlr_keyboard.h)
LIGHT_NUM, LIGHT_CAPS = 1, 2

IMPLEMENTATION = FFI()
IMPLEMENTATION.cdef(
    "struct wlr_keyboard_impl { const char *name; void (*led_update)(void *keyboard, uint32_t leds); };"
    "struct wlr_keyboard_key_event { uint32_t time_msec; uint32_t keycode; bool update_state; int state; };"
    "void wlr_keyboard_notify_key(void *keyboard, struct wlr_keyboard_key_event *event);"
)


class LitKeyboard:
    """A keyboard whose device writes down what its lights are."""

    def __init__(self) -> None:
        self.lights = 0
        self.told: list[Locks] = []
        name = IMPLEMENTATION.new("char[]", b"lit")
        callback = IMPLEMENTATION.callback("void(void *, uint32_t)", self._switch)
        implementation = IMPLEMENTATION.new("struct wlr_keyboard_impl *", (name, callback))
        pointer = wlr_ffi.new("struct wlr_keyboard *")
        self._kept = name, callback, implementation, pointer
        c.wlr_keyboard_init(self.pointer, ffi.cast("void *", implementation), b"lit")
        events = SimpleNamespace(key=lambda *_: None)
        clients = SimpleNamespace(modifiers=lambda _: None, use_keyboard=lambda _: None)
        seat = SimpleNamespace(
            common=SimpleNamespace(repeat_rate=25, repeat_delay=600),
            clients=clients,
            events=events,
            reserved_key=None,
            switch_vt=None,
            locks_changed=lambda _: None,
            locked=lambda locks, changed: self.told.append(locks),
        )
        self.keyboard = Keyboard(pointer, cast(SeatDevices, seat))
        self.keyboard.set_layout(Keymap())

    @property
    def pointer(self) -> Any:
        return ffi.cast("struct wlr_keyboard *", self._kept[3])

    def _switch(self, _keyboard: object, lights: int) -> None:
        self.lights = lights

    def key(self, code: int) -> None:
        path = next(each.path for each in link_map.loaded_objects() if "libwlroots" in each.path)
        library = IMPLEMENTATION.dlopen(path)
        for state in (1, 0):
            event = IMPLEMENTATION.new("struct wlr_keyboard_key_event *", (0, code, True, state))
            library.wlr_keyboard_notify_key(IMPLEMENTATION.cast("void *", self._kept[3]), event)

    def close(self) -> None:
        self.keyboard.listeners.remove()
        c.wlr_keyboard_finish(self.pointer)


@pytest.fixture
def lit() -> Iterator[LitKeyboard]:
    keyboard = LitKeyboard()
    yield keyboard
    keyboard.close()


def test_the_lights_say_what_is_locked(lit: LitKeyboard) -> None:
    lit.keyboard.set_locks(Locks.CAPS | Locks.NUM)
    assert lit.lights == LIGHT_CAPS | LIGHT_NUM
    lit.keyboard.set_locks(Locks.NUM)
    assert lit.lights == LIGHT_NUM


def test_a_key_goes_on_from_what_was_locked(lit: LitKeyboard) -> None:
    lit.keyboard.set_locks(Locks.CAPS)
    lit.told.clear()
    lit.key(KEY_CAPSLOCK)
    assert (lit.lights, lit.told) == (0, [Locks.NONE])
    lit.key(KEY_CAPSLOCK)
    assert (lit.lights, lit.told) == (LIGHT_CAPS, [Locks.NONE, Locks.CAPS])
