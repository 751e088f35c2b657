"""The configuration's part on the devices of the person at the screen: `[keyboard]` and `[[input_device]]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from wlvm.config_reader import Fault, Key, Table
from wlvm.patterns import matches

if TYPE_CHECKING:
    from wlvm.wlr.libinput import Value

XkbName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_:,()+./-]*\Z", max_length=256)]
RepeatRate = Annotated[int, Meta(ge=0, le=100)]
RepeatDelay = Annotated[int, Meta(ge=1, le=10_000)]
DevicePattern = Annotated[str, Meta(min_length=1, max_length=256)]

_XKB = "a name of xkeyboard-config"
_ON_OFF = "true or false"
_RATE = "a whole number from 0 to 100"
_DELAY = "a whole number from 1 to 10000"


class KeyboardConfig(Table, frozen=True, kw_only=True):
    """The keyboards of the person at the screen."""

    layout: Annotated[XkbName, Key(_XKB, "Layout, such as `de`; several with commas.")] = "us"
    variant: Annotated[XkbName, Key(_XKB, "Variant of the layout, such as `nodeadkeys`.")] = ""
    model: Annotated[XkbName, Key(_XKB, "Model of the keyboard.")] = ""
    options: Annotated[XkbName, Key(_XKB, "Options, such as `caps:escape`; several with commas.")] = ""
    repeat_rate: Annotated[
        RepeatRate,
        Key(_RATE, "How often a second host programs repeat a key that is held down; 0 is not at all."),
    ] = 25
    repeat_delay: Annotated[
        RepeatDelay, Key(_DELAY, "Milliseconds from the press to the first of these repeats.")
    ] = 600

    def names(self) -> dict[str, str]:
        """The names that `wlvm.wlr.keymap.Keymap` takes."""
        return {name: getattr(self, name) for name in ("layout", "variant", "model", "options")}


class InputDeviceConfig(Table, frozen=True, kw_only=True):
    """What is set on the input devices that `kind`, `name` and `id` are true of. What is None stays as it is without this table."""

    kind: Annotated[
        Literal["keyboard", "pointer", "touchpad", "touch"] | None,
        Key(
            '"keyboard", "pointer", "touchpad" or "touch"',
            "Only devices of this kind. A pointer is anything that moves the cursor, but no touchpad; touch is a touchscreen.",
        ),
    ] = None
    name: Annotated[
        DevicePattern | None,
        Key("a name", "Only devices of this name; `*` stands for any characters: `Logitech*`."),
    ] = None
    id: Annotated[
        Annotated[str, Meta(pattern=r"\A[0-9a-f]{4}:[0-9a-f]{4}\Z")] | None,
        Key(
            '"VENDOR:PRODUCT", each four of the characters 0-9 and a-f',
            "Only devices of this vendor and product.",
        ),
    ] = None
    events: Annotated[
        Literal["enabled", "disabled", "disabled_on_external_mouse"] | None,
        Key(
            '"enabled", "disabled" or "disabled_on_external_mouse"',
            "Whether the device is used; or used only while no other mouse is plugged in.",
        ),
    ] = None
    natural_scroll: Annotated[
        bool | None, Key(_ON_OFF, "Whether what is scrolled goes the way of the finger or the wheel.")
    ] = None
    accel_speed: Annotated[
        Annotated[float, Meta(ge=-1, le=1)] | None,
        Key("a number from -1 to 1", "How fast the cursor is; 0 is libinput's own choice."),
    ] = None
    accel_profile: Annotated[
        Literal["flat", "adaptive"] | None,
        Key(
            '"flat" or "adaptive"',
            "Whether the cursor goes as far as the hand, times 1 + `accel_speed`, or farther when it moves faster.",
        ),
    ] = None
    left_handed: Annotated[
        bool | None, Key(_ON_OFF, "Whether the left and the right button are exchanged.")
    ] = None
    middle_emulation: Annotated[
        bool | None, Key(_ON_OFF, "Whether the left and the right button together are the middle one.")
    ] = None
    scroll_method: Annotated[
        Literal["none", "two_finger", "edge", "on_button_down"] | None,
        Key(
            '"none", "two_finger", "edge" or "on_button_down"',
            "What scrolls beside a wheel: two fingers, one at the touchpad's edge, or moving the device while a button is down.",
        ),
    ] = None
    scroll_button: Annotated[
        Literal["none", "left", "right", "middle", "side", "extra", "forward", "back", "task"] | None,
        Key(
            "one of none, left, right, middle, side, extra, forward, back, task",
            "The button of `on_button_down`.",
        ),
    ] = None
    scroll_button_lock: Annotated[
        bool | None, Key(_ON_OFF, "Whether that button stays down from one click to the next.")
    ] = None
    tap: Annotated[bool | None, Key(_ON_OFF, "Whether a tap on the touchpad is a click.")] = None
    tap_button_map: Annotated[
        Literal["lrm", "lmr"] | None,
        Key(
            '"lrm" or "lmr"',
            "The buttons that taps of one, two and three fingers stand for: left, right and middle, or left, middle and right.",
        ),
    ] = None
    tap_drag: Annotated[
        bool | None, Key(_ON_OFF, "Whether a finger that comes down again after a tap drags.")
    ] = None
    tap_drag_lock: Annotated[
        bool | None, Key(_ON_OFF, "Whether the finger may be lifted for a moment while it drags.")
    ] = None
    click_method: Annotated[
        Literal["none", "button_areas", "clickfinger"] | None,
        Key(
            '"none", "button_areas" or "clickfinger"',
            "What tells the buttons of a touchpad that is pressed as a whole: where the finger is, or how many there are.",
        ),
    ] = None
    disable_while_typing: Annotated[
        bool | None, Key(_ON_OFF, "Whether the touchpad is ignored while somebody types.")
    ] = None
    output: Annotated[
        Annotated[str, Meta(min_length=1, max_length=256)] | None,
        Key(
            "an output's name",
            "The output that a touchscreen is, such as `eDP-1`. Without it, and while that is off, it is all of them together.",
        ),
    ] = None
    layout: Annotated[
        XkbName | None,
        Key(_XKB, "A keyboard's layout, in place of that of `[keyboard]` and its variant."),
    ] = None
    variant: Annotated[XkbName | None, Key(_XKB, "Variant of the layout.")] = None
    model: Annotated[XkbName | None, Key(_XKB, "Model, in place of that of `[keyboard]`.")] = None
    options: Annotated[XkbName | None, Key(_XKB, "Options, in place of those of `[keyboard]`.")] = None
    repeat_rate: Annotated[RepeatRate | None, Key(_RATE, "As in `[keyboard]`, and in place of that.")] = None
    repeat_delay: Annotated[RepeatDelay | None, Key(_DELAY, "As in `[keyboard]`, and in place of that.")] = (
        None
    )

    def matches(self, kind: str, name: str, id: str) -> bool:
        """Whether the table is for a device of this kind and name, with this vendor and product."""
        return (
            self.kind in (None, kind)
            and self.id in (None, id)
            and (self.name is None or matches(self.name, name))
        )

    def given(self) -> dict[str, Value]:
        """The settings that the table has, by key."""
        values = msgspec.structs.asdict(self).items()
        return {key: value for key, value in values if value is not None and key not in _SELECTORS}

    def faults(self) -> Iterator[Fault]:
        for key, value in self.given().items():
            if self.kind is not None and key not in settings_of(self.kind):
                yield Fault((key,), value, f"expected no such key for a {self.kind}")


_SELECTORS = ("kind", "name", "id")

#: The settings that are wlvm's own; the others are libinput's.
KEYBOARD_SETTINGS = frozenset(KeyboardConfig.__struct_fields__)
TOUCH_SETTINGS = frozenset(("output",))
LIBINPUT_SETTINGS = (
    frozenset(InputDeviceConfig.__struct_fields__) - KEYBOARD_SETTINGS - TOUCH_SETTINGS - {*_SELECTORS}
)


def settings_of(kind: str) -> frozenset[str]:
    """What can be set on a device of this kind; nothing where wlvm has no use for the kind."""
    if kind == "keyboard":
        return KEYBOARD_SETTINGS | {"events"}
    if kind == "touch":
        return TOUCH_SETTINGS | {"events"}
    return LIBINPUT_SETTINGS if kind in ("pointer", "touchpad") else frozenset()
