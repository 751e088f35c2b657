"""libinput's configuration of a device: what can be set, and how it is set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from wlvm.wlr.abi import NULL, borrow, c

#: A setting's value: as the configuration and `wlvm inputs` have it.
Value = bool | int | float | str

_OFF_ON: Mapping[Value, int] = {False: 0, True: 1}
_SCROLL_ON_BUTTON = 1 << 2
_EVERYTHING = 0xFFFFFFFF

#: The first of evdev's buttons of a mouse, and what they are.
_BTN_LEFT = 0x110
_BUTTONS = ("left", "right", "middle", "side", "extra", "forward", "back", "task")


class Setting(Struct, frozen=True):
    """One of the libinput_device_config_* calls."""

    #: The call, with {} for "set" or "get".
    call: str
    #: The call that asks whether a device has the setting: its answer has one of the bits of `mask` then.
    has: str
    #: What libinput has for each value; nothing for a number that it takes as it is.
    values: Mapping[Value, int] = field(default_factory=dict)
    mask: int = _EVERYTHING


SETTINGS: Mapping[str, Setting] = {
    "events": Setting(
        "send_events_{}_mode",
        "send_events_get_modes",
        {"enabled": 0, "disabled": 1 << 0, "disabled_on_external_mouse": 1 << 1},
    ),
    "accel_profile": Setting("accel_{}_profile", "accel_get_profiles", {"flat": 1 << 0, "adaptive": 1 << 1}),
    "accel_speed": Setting("accel_{}_speed", "accel_is_available"),
    "natural_scroll": Setting("scroll_{}_natural_scroll_enabled", "scroll_has_natural_scroll", _OFF_ON),
    "scroll_method": Setting(
        "scroll_{}_method",
        "scroll_get_methods",
        {"none": 0, "two_finger": 1 << 0, "edge": 1 << 1, "on_button_down": _SCROLL_ON_BUTTON},
    ),
    "scroll_button": Setting(
        "scroll_{}_button",
        "scroll_get_methods",
        {"none": 0, **{name: _BTN_LEFT + number for number, name in enumerate(_BUTTONS)}},
        mask=_SCROLL_ON_BUTTON,
    ),
    "scroll_button_lock": Setting(
        "scroll_{}_button_lock", "scroll_get_methods", _OFF_ON, mask=_SCROLL_ON_BUTTON
    ),
    "left_handed": Setting("left_handed_{}", "left_handed_is_available", _OFF_ON),
    "middle_emulation": Setting("middle_emulation_{}_enabled", "middle_emulation_is_available", _OFF_ON),
    "tap": Setting("tap_{}_enabled", "tap_get_finger_count", _OFF_ON),
    "tap_button_map": Setting("tap_{}_button_map", "tap_get_finger_count", {"lrm": 0, "lmr": 1}),
    "tap_drag": Setting("tap_{}_drag_enabled", "tap_get_finger_count", _OFF_ON),
    "tap_drag_lock": Setting("tap_{}_drag_lock_enabled", "tap_get_finger_count", _OFF_ON),
    "click_method": Setting(
        "click_{}_method",
        "click_get_methods",
        {"none": 0, "button_areas": 1 << 0, "clickfinger": 1 << 1},
    ),
    "disable_while_typing": Setting("dwt_{}_enabled", "dwt_is_available", _OFF_ON),
}


class SettingError(ValueError):
    """A device does not take a setting. The text says which, and why."""


class LibinputDevice:
    """The `struct libinput_device` behind one of wlroots' devices, which owns it: not for longer than that one is there."""

    def __init__(self, pointer: Any) -> None:
        """`pointer` is ours, as `of` makes it."""
        self._pointer = pointer

    @classmethod
    def of(cls, device: Any) -> LibinputDevice | None:
        """Of pywlroots' `struct wlr_input_device *`; None for a device that is not libinput's."""
        borrowed = borrow("struct wlr_input_device *", device)
        if not c.wlr_input_device_is_libinput(borrowed):
            return None
        pointer = c.wlr_libinput_get_device_handle(borrowed)
        return cls(pointer) if pointer != NULL else None

    @property
    def taps(self) -> bool:
        """Whether fingers can be counted on it: it is a touchpad."""
        return self._has(SETTINGS["tap"])

    def settings(self) -> dict[str, Value]:
        """Each setting that the device has, with its value now."""
        return {name: self._get(setting) for name, setting in SETTINGS.items() if self._has(setting)}

    def set(self, name: str, value: Value) -> None:
        """Change a setting, one of SETTINGS. SettingError when the device does not have it, or not with this value."""
        setting = SETTINGS[name]
        status = _call(setting.call.format("set"))(self._pointer, setting.values.get(value, value))
        if status != 0:
            why = "the device cannot be set to that" if self._has(setting) else f"the device has no {name}"
            raise SettingError(f"{name} = {json.dumps(value)}: {why}")

    def _has(self, setting: Setting) -> bool:
        return bool(_call(setting.has)(self._pointer) & setting.mask)

    def _get(self, setting: Setting) -> Value:
        """The value; for one that none of ours is, libinput's number."""
        number: int | float = _call(setting.call.format("get"))(self._pointer)
        return next((value for value, known in setting.values.items() if known == number), number)


def _call(name: str) -> Any:
    return getattr(c, f"libinput_device_config_{name}")
