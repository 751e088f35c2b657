"""The generated table of keys, against what is known of keyboards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wlvm.qemu.keycodes import QKEYCODES

HEADER = Path("/usr/include/linux/input-event-codes.h")

#: The main block and the keypad of linux/input-event-codes.h, 1 to 88, without those that no keyboard has there (84) or QEMU
#: does not name (85, KEY_ZENKAKUHANKAKU).
FIRST_LINE = (
    "esc 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab q w e r t y u i o p bracket_left bracket_right ret ctrl "
    "a s d f g h j k l semicolon apostrophe grave_accent shift backslash z x c v b n m comma dot slash shift_r "
    "kp_multiply alt spc caps_lock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock kp_7 kp_8 kp_9 kp_subtract "
    "kp_4 kp_5 kp_6 kp_add kp_1 kp_2 kp_3 kp_0 kp_decimal . . less f11 f12"
)
FIRST = FIRST_LINE.split()


def test_the_main_block_and_the_keypad() -> None:
    expected = {code: name for code, name in enumerate(FIRST, start=1) if name != "."}
    assert {code: name for code, name in QKEYCODES.items() if code <= 88} == expected


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (96, "kp_enter"),
        (97, "ctrl_r"),
        (99, "sysrq"),
        (100, "alt_r"),
        (102, "home"),
        (103, "up"),
        (111, "delete"),
        (119, "pause"),
        (125, "meta_l"),
        (127, "compose"),
        (139, "menu"),
        (113, "audiomute"),
        (183, "f13"),
    ],
)
def test_keys_that_the_sets_of_scan_codes_write_with_a_prefix(code: int, name: str) -> None:
    assert QKEYCODES[code] == name


def test_no_two_keys_are_one_to_the_guest() -> None:
    assert len(set(QKEYCODES.values())) == len(QKEYCODES)


def test_buttons_are_not_keys() -> None:
    assert not [code for code in QKEYCODES if 0x100 <= code < 0x160]


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed")
def test_letters_digits_and_function_keys_agree_with_the_kernel() -> None:
    codes = {
        name: int(code) for name, code in re.findall(r"#define\s+KEY_(\w+)\s+(\d+)\b", HEADER.read_text())
    }
    plain = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *(f"F{number}" for number in range(1, 25))]
    assert {name: QKEYCODES[codes[name]] for name in plain} == {name: name.lower() for name in plain}
