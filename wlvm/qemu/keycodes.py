"""QEMU's names of the keys: Linux evdev code -> QKeyCode; and its numbers of them: QKeyCode -> qnum.

Written by scripts/generate-keycodes; do not edit. The source is data/keymaps.csv of keycodemapdb, which is dual-licensed
(GPL-2.0-or-later or BSD-3-Clause):
https://gitlab.com/keycodemap/keycodemapdb, SHA-256 of the file
26a8da612aafebc67b69d7c47a35a86a912f5576d15f6e1447928d49b4de6117.

A key that is not listed has no QKeyCode and cannot be sent by name. The newest names are not known to every QEMU: f13 to
f24 came with 8.0 (QEMU qapi/ui.json).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

#: The QKeyCode (QEMU qapi/ui.json) of each key of linux/input-event-codes.h that has one.
QKEYCODES: Final = MappingProxyType(
    {
        1: "esc",  # KEY_ESC
        2: "1",  # KEY_1
        3: "2",  # KEY_2
        4: "3",  # KEY_3
        5: "4",  # KEY_4
        6: "5",  # KEY_5
        7: "6",  # KEY_6
        8: "7",  # KEY_7
        9: "8",  # KEY_8
        10: "9",  # KEY_9
        11: "0",  # KEY_0
        12: "minus",  # KEY_MINUS
        13: "equal",  # KEY_EQUAL
        14: "backspace",  # KEY_BACKSPACE
        15: "tab",  # KEY_TAB
        16: "q",  # KEY_Q
        17: "w",  # KEY_W
        18: "e",  # KEY_E
        19: "r",  # KEY_R
        20: "t",  # KEY_T
        21: "y",  # KEY_Y
        22: "u",  # KEY_U
        23: "i",  # KEY_I
        24: "o",  # KEY_O
        25: "p",  # KEY_P
        26: "bracket_left",  # KEY_LEFTBRACE
        27: "bracket_right",  # KEY_RIGHTBRACE
        28: "ret",  # KEY_ENTER
        29: "ctrl",  # KEY_LEFTCTRL
        30: "a",  # KEY_A
        31: "s",  # KEY_S
        32: "d",  # KEY_D
        33: "f",  # KEY_F
        34: "g",  # KEY_G
        35: "h",  # KEY_H
        36: "j",  # KEY_J
        37: "k",  # KEY_K
        38: "l",  # KEY_L
        39: "semicolon",  # KEY_SEMICOLON
        40: "apostrophe",  # KEY_APOSTROPHE
        41: "grave_accent",  # KEY_GRAVE
        42: "shift",  # KEY_LEFTSHIFT
        43: "backslash",  # KEY_BACKSLASH
        44: "z",  # KEY_Z
        45: "x",  # KEY_X
        46: "c",  # KEY_C
        47: "v",  # KEY_V
        48: "b",  # KEY_B
        49: "n",  # KEY_N
        50: "m",  # KEY_M
        51: "comma",  # KEY_COMMA
        52: "dot",  # KEY_DOT
        53: "slash",  # KEY_SLASH
        54: "shift_r",  # KEY_RIGHTSHIFT
        55: "kp_multiply",  # KEY_KPASTERISK
        56: "alt",  # KEY_LEFTALT
        57: "spc",  # KEY_SPACE
        58: "caps_lock",  # KEY_CAPSLOCK
        59: "f1",  # KEY_F1
        60: "f2",  # KEY_F2
        61: "f3",  # KEY_F3
        62: "f4",  # KEY_F4
        63: "f5",  # KEY_F5
        64: "f6",  # KEY_F6
        65: "f7",  # KEY_F7
        66: "f8",  # KEY_F8
        67: "f9",  # KEY_F9
        68: "f10",  # KEY_F10
        69: "num_lock",  # KEY_NUMLOCK
        70: "scroll_lock",  # KEY_SCROLLLOCK
        71: "kp_7",  # KEY_KP7
        72: "kp_8",  # KEY_KP8
        73: "kp_9",  # KEY_KP9
        74: "kp_subtract",  # KEY_KPMINUS
        75: "kp_4",  # KEY_KP4
        76: "kp_5",  # KEY_KP5
        77: "kp_6",  # KEY_KP6
        78: "kp_add",  # KEY_KPPLUS
        79: "kp_1",  # KEY_KP1
        80: "kp_2",  # KEY_KP2
        81: "kp_3",  # KEY_KP3
        82: "kp_0",  # KEY_KP0
        83: "kp_decimal",  # KEY_KPDOT
        86: "less",  # KEY_102ND
        87: "f11",  # KEY_F11
        88: "f12",  # KEY_F12
        89: "ro",  # KEY_RO
        91: "hiragana",  # KEY_HIRAGANA
        92: "henkan",  # KEY_HENKAN
        93: "katakanahiragana",  # KEY_KATAKANAHIRAGANA
        94: "muhenkan",  # KEY_MUHENKAN
        96: "kp_enter",  # KEY_KPENTER
        97: "ctrl_r",  # KEY_RIGHTCTRL
        98: "kp_divide",  # KEY_KPSLASH
        99: "sysrq",  # KEY_SYSRQ
        100: "alt_r",  # KEY_RIGHTALT
        101: "lf",  # KEY_LINEFEED
        102: "home",  # KEY_HOME
        103: "up",  # KEY_UP
        104: "pgup",  # KEY_PAGEUP
        105: "left",  # KEY_LEFT
        106: "right",  # KEY_RIGHT
        107: "end",  # KEY_END
        108: "down",  # KEY_DOWN
        109: "pgdn",  # KEY_PAGEDOWN
        110: "insert",  # KEY_INSERT
        111: "delete",  # KEY_DELETE
        113: "audiomute",  # KEY_MUTE
        114: "volumedown",  # KEY_VOLUMEDOWN
        115: "volumeup",  # KEY_VOLUMEUP
        116: "power",  # KEY_POWER
        117: "kp_equals",  # KEY_KPEQUAL
        119: "pause",  # KEY_PAUSE
        121: "kp_comma",  # KEY_KPCOMMA
        122: "lang1",  # KEY_HANGEUL
        123: "lang2",  # KEY_HANJA
        124: "yen",  # KEY_YEN
        125: "meta_l",  # KEY_LEFTMETA
        126: "meta_r",  # KEY_RIGHTMETA
        127: "compose",  # KEY_COMPOSE
        128: "stop",  # KEY_STOP
        129: "again",  # KEY_AGAIN
        130: "props",  # KEY_PROPS
        131: "undo",  # KEY_UNDO
        132: "front",  # KEY_FRONT
        133: "copy",  # KEY_COPY
        134: "open",  # KEY_OPEN
        135: "paste",  # KEY_PASTE
        136: "find",  # KEY_FIND
        137: "cut",  # KEY_CUT
        138: "help",  # KEY_HELP
        139: "menu",  # KEY_MENU
        140: "calculator",  # KEY_CALC
        142: "sleep",  # KEY_SLEEP
        143: "wake",  # KEY_WAKEUP
        155: "mail",  # KEY_MAIL
        156: "ac_bookmarks",  # KEY_BOOKMARKS
        157: "computer",  # KEY_COMPUTER
        158: "ac_back",  # KEY_BACK
        159: "ac_forward",  # KEY_FORWARD
        163: "audionext",  # KEY_NEXTSONG
        164: "audioplay",  # KEY_PLAYPAUSE
        165: "audioprev",  # KEY_PREVIOUSSONG
        166: "audiostop",  # KEY_STOPCD
        172: "ac_home",  # KEY_HOMEPAGE
        173: "ac_refresh",  # KEY_REFRESH
        183: "f13",  # KEY_F13
        184: "f14",  # KEY_F14
        185: "f15",  # KEY_F15
        186: "f16",  # KEY_F16
        187: "f17",  # KEY_F17
        188: "f18",  # KEY_F18
        189: "f19",  # KEY_F19
        190: "f20",  # KEY_F20
        191: "f21",  # KEY_F21
        192: "f22",  # KEY_F22
        193: "f23",  # KEY_F23
        194: "f24",  # KEY_F24
        226: "mediaselect",  # KEY_MEDIA
    }
)

#: The number of each of these keys on QEMU's D-Bus display: its scan code of the PC's first set, with 0x80 in place of the prefix 0xe0.
QNUMS: Final = MappingProxyType(
    {
        "esc": 0x01,
        "1": 0x02,
        "2": 0x03,
        "3": 0x04,
        "4": 0x05,
        "5": 0x06,
        "6": 0x07,
        "7": 0x08,
        "8": 0x09,
        "9": 0x0A,
        "0": 0x0B,
        "minus": 0x0C,
        "equal": 0x0D,
        "backspace": 0x0E,
        "tab": 0x0F,
        "q": 0x10,
        "w": 0x11,
        "e": 0x12,
        "r": 0x13,
        "t": 0x14,
        "y": 0x15,
        "u": 0x16,
        "i": 0x17,
        "o": 0x18,
        "p": 0x19,
        "bracket_left": 0x1A,
        "bracket_right": 0x1B,
        "ret": 0x1C,
        "ctrl": 0x1D,
        "a": 0x1E,
        "s": 0x1F,
        "d": 0x20,
        "f": 0x21,
        "g": 0x22,
        "h": 0x23,
        "j": 0x24,
        "k": 0x25,
        "l": 0x26,
        "semicolon": 0x27,
        "apostrophe": 0x28,
        "grave_accent": 0x29,
        "shift": 0x2A,
        "backslash": 0x2B,
        "z": 0x2C,
        "x": 0x2D,
        "c": 0x2E,
        "v": 0x2F,
        "b": 0x30,
        "n": 0x31,
        "m": 0x32,
        "comma": 0x33,
        "dot": 0x34,
        "slash": 0x35,
        "shift_r": 0x36,
        "kp_multiply": 0x37,
        "alt": 0x38,
        "spc": 0x39,
        "caps_lock": 0x3A,
        "f1": 0x3B,
        "f2": 0x3C,
        "f3": 0x3D,
        "f4": 0x3E,
        "f5": 0x3F,
        "f6": 0x40,
        "f7": 0x41,
        "f8": 0x42,
        "f9": 0x43,
        "f10": 0x44,
        "num_lock": 0x45,
        "scroll_lock": 0x46,
        "kp_7": 0x47,
        "kp_8": 0x48,
        "kp_9": 0x49,
        "kp_subtract": 0x4A,
        "kp_4": 0x4B,
        "kp_5": 0x4C,
        "kp_6": 0x4D,
        "kp_add": 0x4E,
        "kp_1": 0x4F,
        "kp_2": 0x50,
        "kp_3": 0x51,
        "kp_0": 0x52,
        "kp_decimal": 0x53,
        "less": 0x56,
        "f11": 0x57,
        "f12": 0x58,
        "ro": 0x73,
        "hiragana": 0x77,
        "henkan": 0x79,
        "katakanahiragana": 0x70,
        "muhenkan": 0x7B,
        "kp_enter": 0x9C,
        "ctrl_r": 0x9D,
        "kp_divide": 0xB5,
        "sysrq": 0x54,
        "alt_r": 0xB8,
        "lf": 0x5B,
        "home": 0xC7,
        "up": 0xC8,
        "pgup": 0xC9,
        "left": 0xCB,
        "right": 0xCD,
        "end": 0xCF,
        "down": 0xD0,
        "pgdn": 0xD1,
        "insert": 0xD2,
        "delete": 0xD3,
        "audiomute": 0xA0,
        "volumedown": 0xAE,
        "volumeup": 0xB0,
        "power": 0xDE,
        "kp_equals": 0x59,
        "pause": 0xC6,
        "kp_comma": 0x7E,
        "lang1": 0x72,
        "lang2": 0x71,
        "yen": 0x7D,
        "meta_l": 0xDB,
        "meta_r": 0xDC,
        "compose": 0xDD,
        "stop": 0xE8,
        "again": 0x85,
        "props": 0x86,
        "undo": 0x87,
        "front": 0x8C,
        "copy": 0xF8,
        "open": 0x64,
        "paste": 0x65,
        "find": 0xC1,
        "cut": 0xBC,
        "help": 0xF5,
        "menu": 0x9E,
        "calculator": 0xA1,
        "sleep": 0xDF,
        "wake": 0xE3,
        "mail": 0xEC,
        "ac_bookmarks": 0xE6,
        "computer": 0xEB,
        "ac_back": 0xEA,
        "ac_forward": 0xE9,
        "audionext": 0x99,
        "audioplay": 0xA2,
        "audioprev": 0x90,
        "audiostop": 0xA4,
        "ac_home": 0xB2,
        "ac_refresh": 0xE7,
        "f13": 0x5D,
        "f14": 0x5E,
        "f15": 0x5F,
        "f16": 0x55,
        "f17": 0x83,
        "f18": 0xF7,
        "f19": 0x84,
        "f20": 0x5A,
        "f21": 0x74,
        "f22": 0xF9,
        "f23": 0x6D,
        "f24": 0x6F,
        "mediaselect": 0xED,
    }
)
