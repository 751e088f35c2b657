"""A configuration that is edited while wlvm runs: what is new of it is in force, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.window import Client
from tests.desk import CONFIG, HEIGHT, KEYS, WIDTH, Desk, desk_at
from tests.plain_qemu import PlainQemu
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import Wlvm, eventually, without_gaps
from wlvm.ipc import ControlClient

RED, BLUE = 0xFF0000, 0x0000FF


pytestmark = pytest.mark.one_qemu


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir) as desk:
        yield desk


def edit(wlvm: Wlvm, text: str) -> None:
    """Have another text in the configuration's file, as an editor does: all of it at once."""
    file = wlvm.runtime_dir / "config.toml"
    new = file.with_suffix(".new")
    new.write_text(without_gaps(text))
    new.rename(file)


def reloads(wlvm: Wlvm) -> int:
    """How often the file was read again."""
    with ControlClient(wlvm.socket) as control:
        first = next(control.subscribe("config"))
        return int(first["state"]["config"]["reloads"])


def edit_and_wait(wlvm: Wlvm, text: str) -> None:
    before = reloads(wlvm)
    edit(wlvm, text)
    eventually("the file has been read", lambda: reloads(wlvm) > before)


def guest(qemu: PlainQemu, name: str, more: str = "") -> str:
    return f'[guest.{name}]\nqmp = "{qemu.qmp}"\n{more}\n'


def test_guests_that_did_not_change_are_not_touched(qemu: str, runtime_dir: Path) -> None:
    with TracedQemu(qemu, runtime_dir, name="a") as a, PlainQemu(qemu, runtime_dir, name="b") as b:
        columns = '[desktop]\nlayout = "columns"\n'
        with desk_at(runtime_dir, CONFIG + columns + guest(a, "a")) as desk:
            wlvm = desk.wlvm
            wlvm.wait_for_picture("a")
            updates = wlvm.console("a").updates
            desk.key("a", True)
            a.wait_for("+a")
            rows = CONFIG + '[desktop]\nlayout = "rows"\ngap = 4\n'
            renamed = 'label = "Alpha"\ncolor = "#123456"'
            edit(wlvm, rows + guest(a, "a", renamed) + guest(b, "b"))
            eventually("b is there", lambda: len(wlvm.control.listing().guests) == 2)
            wlvm.wait_for_picture("b")
            assert (wlvm.guest("a").label, wlvm.guest("a").color) == ("Alpha", "#123456")
            assert wlvm.guest("a").state == "running"
            edit(wlvm, rows + guest(a, "a", renamed))
            eventually("b is gone", lambda: len(wlvm.control.listing().guests) == 1)
            assert b.process.poll() is None, "its QEMU goes on"
            assert wlvm.console("a").updates >= updates
            assert wlvm.log.count("a: connected") == 1
            assert a.keys_and_buttons() == [], "the key is still down"
            desk.key("a", False)
            a.wait_for("-a")


def test_layouts_gaps_and_rules_that_are_new_hold(desk: Desk) -> None:
    client = desk.client()
    one, two = client.window(RED), client.window(BLUE)
    client.wait_for("they share", lambda: one.size == two.size == (WIDTH // 2, HEIGHT))
    edit(desk.wlvm, CONFIG + '[desktop]\nlayout = "rows"\ngap = 10\nmargin = 5\n')
    client.wait_for("they lie below each other", lambda: one.size == two.size == (790, 290))
    desk.shows(400, 200, RED)
    eventually(
        "all is in place",
        lambda: (
            np.all(desk.wlvm.screen()[305:595, 5:795] == BLUE) and not desk.wlvm.screen()[295:305, 40:].any()
        ),
    )
    rule = '[[rule]]\napp_id = "third"\nposition = [10, 20]\nsize = [30, 40]\n'
    edit_and_wait(desk.wlvm, CONFIG + '[desktop]\nlayout = "rows"\n' + rule)
    client.wait_for("there is no gap", lambda: one.size == (800, 300))
    third = client.window(0xFFFFFF, app_id="third")
    assert third.size == (30, 40)
    eventually("it is there", lambda: np.all(desk.wlvm.screen()[20:60, 10:40] == 0xFFFFFF))


def test_what_a_person_has_moved_stays_where_the_file_does_not_say_otherwise(desk: Desk) -> None:
    client = desk.client()
    one, two = client.window(RED), client.window(BLUE)
    client.wait_for("they share", lambda: one.size == (WIDTH // 2, HEIGHT))
    desk.press("Reserved+Alt+Right")
    client.wait_for("one is larger", lambda: two.size == (440, HEIGHT))
    desk.press("Reserved+Shift+Left")
    desk.shows(100, 300, BLUE)
    edit_and_wait(desk.wlvm, CONFIG + '[bindings]\n"Super+q" = "close"\n')
    client.display.roundtrip()
    desk.shows(100, 300, BLUE)
    assert (one.size[0] + two.size[0], one.size[1]) == (WIDTH, HEIGHT)


def typed(client: Client) -> list[int]:
    client.display.roundtrip()
    return [key for _serial, _time, key, state in client.named("keyboard key") if state]


def test_bindings_and_the_reserved_key_that_are_new_hold_and_old_ones_do_not(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    desk.press("Super+q")
    assert typed(client) == [KEYS["Super"], KEYS["q"]]
    edit_and_wait(desk.wlvm, CONFIG + '[bindings]\n"Super+q" = "close"\n')
    desk.press("Super+q")
    client.wait_for("it is asked to close", lambda: window.closed)
    assert typed(client)[2:] == [KEYS["Super"]]
    edit_and_wait(desk.wlvm, CONFIG + '[keys]\nreserved = "pause"\n')
    desk.press("Reserved")  # the right Ctrl, which is any key now
    assert typed(client)[3:] == [KEYS["Reserved"]]


def test_reload_is_a_command_too_and_another_keyboard_layout_is_told_to_programs(desk: Desk) -> None:
    client = desk.client()
    client.window(RED)
    before = reloads(desk.wlvm)
    edit_and_wait(desk.wlvm, CONFIG + "[keyboard]\nrepeat_rate = 7\nrepeat_delay = 321\n")
    client.wait_for("it is told", lambda: (7, 321) in client.named("keyboard repeat_info"))
    desk.press("Reserved+Shift+r")
    eventually("it was read again", lambda: reloads(desk.wlvm) >= before + 2)


def test_a_wrong_file_changes_nothing_and_all_that_is_wrong_is_told(qemu: str, runtime_dir: Path) -> None:
    with PlainQemu(qemu, runtime_dir, name="a") as a:
        right = CONFIG + '[desktop]\nlayout = "columns"\n' + guest(a, "a")
        with desk_at(runtime_dir, right) as desk:
            wlvm = desk.wlvm
            wlvm.wait_for_picture("a")
            client = desk.client()
            window = client.window(RED)
            client.wait_for("it has its half", lambda: window.size == (400, 600))
            wrong = '[desktop]\nlayuot = "rows"\ngap = -1\n[bindings]\n"Super+q" = 3\n'
            edit_and_wait(wlvm, CONFIG + wrong)
            for problem in ("desktop.layuot", "desktop.gap", "bindings"):
                assert problem in wlvm.log
            edit_and_wait(wlvm, CONFIG + '[bindings]\n"Super+nonsense+q" = "close"\n"Super+q" = "clothe"\n')
            for problem in ("nonsense", 'did you mean "close"'):
                assert problem in wlvm.log
            edit_and_wait(wlvm, "[[[")
            (wlvm.runtime_dir / "config.toml").unlink()
            client.display.roundtrip()
            assert window.size == (400, 600)
            assert wlvm.guest("a").state == "running"
            assert wlvm.log.count("a: connected") == 1
            edit(wlvm, right.replace("columns", "rows"))
            client.wait_for("what is right holds", lambda: window.size == (800, 300))


def test_an_output_changes_as_it_is_edited_and_what_a_program_made_of_another_stays(
    runtime_dir: Path,
) -> None:
    outputs = '[[output]]\nname = "HEADLESS-1"\nmode = "800x600"\n{}\n[[output]]\nname = "HEADLESS-2"\nmode = "640x480"\n'
    with Wlvm(runtime_dir, config=outputs.format("")) as wlvm:
        wlvm.run("wlr-randr", "--output", "HEADLESS-2", "--transform", "90")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--scale", "2")
        edit_and_wait(wlvm, outputs.format('transform = "180"'))
        told = wlvm.run("wlr-randr").stdout.decode()
        assert sorted(line.strip() for line in told.splitlines() if "Transform" in line or "Scale" in line) == [
            "Scale: 1.000000", "Scale: 1.000000", "Transform: 180", "Transform: 90",
        ]  # fmt: skip
        edit_and_wait(wlvm, outputs.format("enabled = false"))
        assert [output.name for output in wlvm.control.stats().outputs] == ["HEADLESS-2"]
        edit_and_wait(wlvm, outputs.format(""))
        assert wlvm.screen("HEADLESS-1").shape == (600, 800)
