"""What an edited configuration changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from wlvm.config import Config, load
from wlvm.guest_config import GuestConfig
from wlvm.reload import GUEST_PARTS, PARTS, Difference, Part, difference

FILE = """
[[output]]
name = "DP-1"
[desktop]
layout = "columns"
[bindings]
"Super+q" = "close"
[guest.a]
qmp = "/run/a.qmp"
label = "A"
[guest.b]
launch = ["qemu-system-x86_64", "-m", "2G"]
[[guest.b.console]]
position = [10, 20]
"""


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


def test_the_same_file_changes_nothing(tmp_path: Path) -> None:
    assert difference(read(tmp_path, FILE), read(tmp_path, FILE)) == Difference()


@pytest.mark.parametrize(
    ("old", "new", "guest", "part"),
    [
        ('label = "A"', 'label = "Alpha"', "a", Part.LABEL),
        ('label = "A"', 'label = "A"\ncolor = "#112233"', "a", Part.LABEL),
        ('label = "A"', 'label = "A"\ncapture = false', "a", Part.CAPTURE),
        ('label = "A"', 'label = "A"\ninput.repeat = "never"', "a", Part.INPUT),
        ("/run/a.qmp", "/run/other.qmp", "a", Part.CONNECTION),
        ("[10, 20]", "[10, 30]", "b", Part.PLACE),
        ('"2G"', '"4G"', "b", Part.START),
    ],
)
def test_of_a_guest_only_what_changed_is_told_and_no_other_guest(
    tmp_path: Path, old: str, new: str, guest: str, part: Part
) -> None:
    found = difference(read(tmp_path, FILE), read(tmp_path, FILE.replace(old, new)))
    assert found == Difference(changed=found.changed)
    assert [(change.guest.name, change.parts) for change in found.changed] == [(guest, frozenset((part,)))]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('name = "DP-1"', 'name = "DP-1"\nscale = 2', Part.OUTPUTS),
        ('layout = "columns"', 'layout = "rows"', Part.DESKTOP),
        ('"close"', '"quit"', Part.KEYS),
        ("[desktop]", "[look]\nborder = 9\n[desktop]", Part.LOOK),
        ("[desktop]", "[idle]\nscreen_off = 9\n[desktop]", Part.IDLE),
        ("[desktop]", "[keyboard]\nlayout = 'de'\n[desktop]", Part.DEVICES),
    ],
)
def test_beside_guests_only_what_changed_is_told(tmp_path: Path, old: str, new: str, part: Part) -> None:
    found = difference(read(tmp_path, FILE), read(tmp_path, FILE.replace(old, new)))
    assert found == Difference(parts=frozenset((part,)))


def test_guests_that_come_and_go_are_told_by_name(tmp_path: Path) -> None:
    found = difference(read(tmp_path, FILE), read(tmp_path, FILE.replace("guest.b", "guest.c")))
    assert [guest.name for guest in found.added] == ["c"]
    assert found.removed == ("b",)
    assert found.changed == ()


def test_a_guest_that_is_another_qemu_is_taken_in_anew_whatever_else_changed(tmp_path: Path) -> None:
    text = FILE.replace('qmp = "/run/a.qmp"\nlabel = "A"', 'launch = ["qemu-system-x86_64"]\nlabel = "B"')
    (change,) = difference(read(tmp_path, FILE), read(tmp_path, text)).changed
    assert change.parts == {Part.CONNECTION}


def test_every_key_belongs_to_a_part() -> None:
    assert set(GUEST_PARTS) == set(GuestConfig.__struct_fields__) - {"name"}
    assert set(PARTS) == set(Config.__struct_fields__) - {"guests"}
