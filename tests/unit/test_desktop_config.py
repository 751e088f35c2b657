"""The configuration of the desktop: what it may say, how mistakes are told, and what the desktop is given."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from wlvm.config import Config, ConfigError, load
from wlvm.desktop.bindings import KeySymbols, Modifier
from wlvm.desktop.command import Close, ShowWorkspace
from wlvm.desktop.command_text import parse
from wlvm.desktop.default_bindings import DEFAULT_BINDINGS
from wlvm.desktop.identity import GuestHead, Match, Program
from wlvm.desktop.layouts import Described, Part
from wlvm.desktop.settings import Wishes, WorkspaceRule
from wlvm.desktop.sizes import Size, Unit
from wlvm.desktop.tiling import Spacing
from wlvm.desktop.tree import Arrangement
from wlvm.desktop_settings import desktop_settings, key_table

LAYOUTS = "columns, rows, tabbed, grid, main, kiosk, free"


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[desktop]\nlayout = 'stairs'", f'desktop.layout: "stairs": expected a layout: {LAYOUTS}'),
        ("[desktop]\ngap = -1", "desktop.gap: -1: expected a whole number from 0 to 256"),
        ("[[workspace]]", "workspace[0].name: expected a name"),
        ("[[workspace]]\nname = 'next'", 'workspace[0].name: "next": expected another name: commands mean another workspace by it'),
        ("[[workspace]]\nname = 'a'\n[[workspace]]\nname = 'a'", 'workspace[1].name: "a": expected each name once'),
        ("[[workspace]]\nname = 'a'\nlayout = 'b'", f'workspace[0].layout: "b": expected a layout: {LAYOUTS}'),
        ("[[rule]]\nfloat = true", "rule[0]: expected either guest, or app_id or title"),
        ("[[rule]]\nguest = 'a'\ntitle = 'b'", "rule[0]: expected either guest, or app_id or title"),
        ("[[rule]]\nguest = 'A b'\n", 'rule[0].guest: "A b": expected a guest\'s name, or "NAME:HEAD"'),
        ("[[rule]]\nguest = 'a'\nfloat = false\nsize = [1, 1]", "rule[0].float: false: expected no position and no size beside it: they are for views that float"),
        ("[layout.grid]\nrest = true", "layout.grid: expected another name: grid means something already"),
        ("[layout.a]", "layout.a: expected either parts, or views: guests, apps or rest"),
        ("[layout.a]\nsize = 3\nrest = true", "layout.a.size: 3: expected none: the layout is the whole"),
        ("[[layout.a.part]]\nrest = true\n[[layout.a.part]]", "layout.a.part[1]: expected either parts, or views: guests, apps or rest"),
        ("[[layout.a.part]]\nrest = true\nsize = '0%'", 'layout.a.part[0].size: "0%": expected a whole number from 1 to 16384, or per cent, such as "30%"'),
        ("[[layout.a.part]]\nrest = true\nsize = 3\nweight = 3", "layout.a.part[0]: expected either size or weight"),
        ("[keys]\nreserved = 'a'", 'keys.reserved: "a": expected one of right_ctrl, right_alt, right_super, left_super, menu, caps_lock, scroll_lock, pause'),
        ("[keys]\ntap = 'releas'", 'keys.tap: releas: expected a command: did you mean "release"?'),
        ("[bindings]\nq = 3", 'bindings: {"q": 3}: expected a table of commands, or lists of commands, by key'),
        ("[bindings]\n'Hyper+q' = 'close'", 'bindings."Hyper+q": Hyper: expected a modifier: Reserved, Super, Logo, Mod4, Ctrl, Control, Alt, Mod1, AltGr, Mod5, Shift'),
        ("[bindings]\n'Alt+Ctrl+q' = 'close'\n'Ctrl+Alt+Q' = 'quit'", 'bindings."Ctrl+Alt+Q": expected each key once: bindings."Alt+Ctrl+q" is the same'),
        ("[mode.a]\nq = 'close'\nQ = 'quit'", "mode.a.Q: expected each key once: mode.a.q is the same"),
        ("[mode.default]\nq = 'close'", "mode.default: expected another name: these are the bindings of [bindings]"),
        ("[bindings]\nq = 'mode b'\n[mode.a]", 'bindings.q: "mode b": expected a mode: default, a'),
        ("[bindings]\nq = ['layout main', 'layout b']\n[layout.a]\nrest = true", f'bindings.q: "layout b": expected a layout: {LAYOUTS}, a'),
    ],
)  # fmt: skip
def test_each_mistake_says_where_what_and_what_was_expected(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, text)
    assert [str(each).removeprefix(f"{tmp_path}/config.toml: ") for each in told.value.problems] == [problem]


FULL = """
[desktop]
layout = "office"
gap = 8
margin = 4
own_workspaces = true
[[workspace]]
name = "web"
outputs = ["DP-1", "Dell*"]
layout = "main"
[[layout.office.part]]
guests = ["debian", "win:1"]
size = "30%"
[[layout.office.part]]
split = "rows"
weight = 3
part = [{ apps = ["foot"], size = 320 }, { rest = true, split = "columns" }]
[[rule]]
guest = "win*"
workspace = "web"
[[rule]]
app_id = "mpv"
title = "* - mpv"
float = true
focus = false
[guest.win]
qmp = "/run/win.qmp"
[[guest.win.console]]
head = 1
output = "DP-1"
position = [10, 20]
size = [640, 480]
[keys]
reserved = "menu"
tap = "workspace back"
[bindings]
"Reserved+f" = "close"
"code:41" = ["layout main", "workspace 2"]
[mode.size]
Left = "resize shrink width"
"""


def test_workspaces_and_layouts_are_what_the_file_says(tmp_path: Path) -> None:
    settings = desktop_settings(read(tmp_path, FULL))
    assert settings.spacing == Spacing(gap=8, margin=4, tab_height=24)
    assert settings.own_workspaces
    assert settings.workspaces == (WorkspaceRule("web", ("DP-1", "Dell*"), "main"),)
    assert settings.layout_of("web").name == "main"
    foot = Part(size=Size(Fraction(320), Unit.PIXELS), matches=(Match(app_id="foot"),))
    rest = Part(Arrangement.COLUMNS, rest=True)
    machines = Part(
        size=Size(Fraction(30), Unit.PERCENT), matches=(Match(guest="debian"), Match(guest="win:1"))
    )
    others = Part(Arrangement.ROWS, Size(Fraction(3)), (foot, rest))
    assert settings.layout_of("1") == Described("office", Part(Arrangement.COLUMNS, parts=(machines, others)))


def test_rules_say_where_views_go_and_later_ones_count(tmp_path: Path) -> None:
    settings = desktop_settings(read(tmp_path, FULL))
    assert settings.wishes_for(GuestHead("windows", 0)) == Wishes(workspace="web", focus=False)
    assert settings.wishes_for(GuestHead("win", 1)) == Wishes(
        workspace="web", output="DP-1", position=(10, 20), size=(640, 480), focus=False
    )
    assert settings.wishes_for(Program("mpv", "film - mpv")) == Wishes(floating=True, focus=False)
    assert settings.wishes_for(Program("mpv", "film")) == Wishes(focus=True)
    assert settings.wishes_for(Program("foot", "")).floats is None


SYMBOLS = {"f": 0x66, "Left": 0xFF51}


def keysym(name: str) -> int:
    return SYMBOLS.get(name) or 0x1000000 + sum(map(ord, name))


def test_bindings_stand_before_the_default_ones(tmp_path: Path) -> None:
    table = key_table(read(tmp_path, FULL), keysym)
    assert table.reserved == 127
    assert table.tap == (parse("workspace back"),)
    f, left = KeySymbols((SYMBOLS["f"],), SYMBOLS["f"]), KeySymbols((SYMBOLS["Left"],), SYMBOLS["Left"])
    assert table.find("default", Modifier.RESERVED, 33, f) == (Close(),)
    assert table.find("default", Modifier(0), 41, left) == (parse("layout main"), ShowWorkspace("2"))
    assert table.find("default", Modifier.RESERVED, 105, left) == (parse("focus left"),)
    assert table.find("size", Modifier(0), 105, left) == (parse("resize shrink width"),)
    assert table.find("size", Modifier.RESERVED, 33, f) is None


def test_the_default_bindings_may_be_left_out(tmp_path: Path) -> None:
    table = key_table(read(tmp_path, "[keys]\ndefault_bindings = false"), keysym)
    assert table.symbols == {"default": {}}


def test_the_default_bindings_are_all_with_the_reserved_key() -> None:
    table = key_table(Config(), keysym)
    assert len(table.symbols["default"]) == len(DEFAULT_BINDINGS)
    assert all(Modifier.RESERVED in modifiers for modifiers, _ in table.symbols["default"])
