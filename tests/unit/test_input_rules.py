"""What the configuration says of an input device, once all tables that are for it are read."""

from __future__ import annotations

import logging
from typing import Any, cast, get_args

import msgspec
import pytest

from wlvm.config import Config
from wlvm.input_config import LIBINPUT_SETTINGS, InputDeviceConfig, KeyboardConfig
from wlvm.input_rules import InputRules
from wlvm.wlr.input_device import InputDevice, KeyboardSettings
from wlvm.wlr.libinput import SETTINGS


class Device:
    """What the rules ask of an InputDevice."""

    def __init__(self, kind: str, name: str = "", id: str = "0000:0000") -> None:
        self.kind, self.name, self.id = kind, name, id

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.id})"


def device(kind: str, name: str = "", id: str = "0000:0000") -> InputDevice:
    return cast(InputDevice, Device(kind, name, id))


def rules(*tables: dict[str, Any], **keyboard: Any) -> InputRules:
    devices = tuple(InputDeviceConfig(**table) for table in tables)
    return InputRules(Config(input_devices=devices, keyboard=KeyboardConfig(**keyboard)))


def layout(settings: KeyboardSettings) -> tuple[str, str]:
    return settings.keymap.names["layout"], settings.keymap.names["variant"]


def test_every_setting_of_libinput_has_a_key_with_the_same_values() -> None:
    assert set(SETTINGS) == LIBINPUT_SETTINGS
    for field in msgspec.structs.fields(InputDeviceConfig):
        if field.name in SETTINGS:
            kind = get_args(get_args(field.type)[0])[0]
            values = {bool: (False, True)}.get(kind) or (
                () if field.name == "accel_speed" else get_args(kind)
            )
            assert set(SETTINGS[field.name].values) == set(values), field.name


@pytest.mark.parametrize(
    ("table", "there"),
    [
        ({}, True),
        ({"kind": "pointer"}, True),
        ({"kind": "touchpad"}, False),
        ({"name": "Acme Mouse [2]"}, True),
        ({"name": "Acme*"}, True),
        ({"name": "*Mouse*"}, True),
        ({"name": "Acme"}, False),
        ({"name": "Acme Mouse *2"}, False),
        ({"id": "046d:c52b"}, True),
        ({"id": "046d:c52c"}, False),
        ({"kind": "pointer", "name": "*", "id": "046d:c52c"}, False),
    ],
)
def test_a_table_is_for_what_all_its_selectors_fit(table: dict[str, Any], there: bool) -> None:
    found = rules({**table, "natural_scroll": True}).settings(
        device("pointer", "Acme Mouse [2]", "046d:c52b")
    )
    assert found == ({"natural_scroll": True} if there else {})


def test_a_later_table_counts_where_both_say_something() -> None:
    found = rules(
        {"natural_scroll": True, "accel_speed": 0.5},
        {"kind": "pointer", "accel_speed": -0.5, "left_handed": False},
        {"kind": "touchpad", "accel_speed": 1.0},
    )
    assert found.settings(device("pointer")) == {
        "natural_scroll": True, "accel_speed": -0.5, "left_handed": False,
    }  # fmt: skip


def test_a_table_for_all_sets_on_each_what_there_is_for_its_kind() -> None:
    found = rules({"natural_scroll": True, "events": "disabled", "layout": "de"})
    assert found.settings(device("keyboard")) == {"events": "disabled"}
    assert found.settings(device("touchpad")) == {"natural_scroll": True, "events": "disabled"}
    assert found.settings(device("tablet")) == {}


def test_a_keyboard_has_what_no_table_says_from_the_seat() -> None:
    found = rules(
        {"name": "flat", "options": "caps:escape"},
        {"name": "slow", "repeat_rate": 5},
        {"name": "german", "layout": "de", "repeat_delay": 200},
        {"name": "neo", "layout": "de", "variant": "neo"},
        layout="us", variant="dvorak", repeat_rate=30,
    )  # fmt: skip
    flat, slow, german, neo = (
        found.keyboard(device("keyboard", name)) for name in ("flat", "slow", "german", "neo")
    )
    assert layout(found.common) == layout(flat) == layout(slow) == ("us", "dvorak")
    assert flat.keymap.names["options"] == "caps:escape"
    assert slow.keymap is found.common.keymap, "who has the same layout has the same keymap"
    assert (slow.repeat_rate, slow.repeat_delay) == (5, 600)
    assert layout(german) == ("de", ""), "the variant is one of the other layout"
    assert (german.repeat_rate, german.repeat_delay) == (30, 200)
    assert layout(neo) == ("de", "neo")


def test_a_layout_that_there_is_not_is_told_and_the_seats_is_used(caplog: pytest.LogCaptureFixture) -> None:
    found = rules({"layout": "klingon", "repeat_rate": 0}, layout="de")
    with caplog.at_level(logging.WARNING):
        settings = found.keyboard(device("keyboard", "Acme Keys"))
    assert layout(settings) == ("de", "")
    assert settings.repeat_rate == 0
    [line] = caplog.messages
    assert line.startswith("Acme Keys (keyboard, 0000:0000): no keyboard layout klingon")


def test_only_a_touchscreen_is_an_output() -> None:
    found = rules({"output": "eDP-1"}, {"kind": "touch", "name": "Wall*", "output": "DP-2"})
    assert found.output(device("touch", "Lid")) == "eDP-1"
    assert found.output(device("touch", "Wall")) == "DP-2"
    assert found.output(device("pointer")) is None
    assert "output" not in found.settings(device("touch", "Lid"))
