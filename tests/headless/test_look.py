"""What wlvm draws around guests and programs, and what a click on it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.window import Client
from tests.desk import Desk, desk_at
from tests.wlvm_process import eventually

RED, GREEN, BLUE, WHITE, GROUND, HOST = 0xCC0000, 0x00FF00, 0x0000FF, 0xFFFFFF, 0x102030, 0x4A505A
BORDER, TITLE = 4, 24
CONFIG = """
[[output]]
mode = "800x600"
[look]
border = 4
background = "#102030"
[desktop]
layout = "columns"
gap = 10
[guest.vm]
qmp = "/nowhere/vm.qmp"
label = "Debian"
color = "#cc0000"
"""
#: The guest has the left half, less the gap, and a window the right one.
LEFT_END, RIGHT_START = 395, 405


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir, CONFIG) as desk:
        desk.point(799, 599)
        yield desk


@pytest.fixture
def client(desk: Desk) -> Client:
    return desk.client()


def picture(desk: Desk, client: Client) -> np.ndarray:
    client.display.roundtrip()
    return desk.wlvm.screen()


def test_a_guest_has_its_colour_and_a_program_a_grey(desk: Desk, client: Client) -> None:
    window = client.window(GREEN, title="Debian")
    client.wait_for(
        "it fills its place", lambda: window.size == (LEFT_END - 2 * BORDER, 600 - 2 * BORDER - TITLE)
    )
    desk.shows(600, 300, GREEN)
    pixels = picture(desk, client)
    assert (pixels[:2, :LEFT_END] == RED).all()
    assert (pixels[:, :2] == RED).all()
    assert (pixels[-4:, :LEFT_END] == RED).all(), "no ring: it does not have the keyboard"
    assert (pixels[:, LEFT_END:RIGHT_START] == GROUND).all()
    assert (pixels[:2, RIGHT_START:] == HOST).all()
    assert (pixels[2:4, RIGHT_START + 2 : -2] == WHITE).all(), "the ring"
    content = pixels[BORDER + TITLE : -BORDER, RIGHT_START + BORDER : -BORDER]
    content[-20:, -20:] = GREEN  # the pointer
    assert (content == GREEN).all()
    assert not (pixels[: BORDER + TITLE] == GREEN).any()


def test_a_click_on_a_title_gives_the_keyboard(desk: Desk, client: Client) -> None:
    client.window(GREEN)
    desk.shows(600, 300, GREEN)
    desk.click(200, 15)
    eventually("the ring is the guest's", lambda: (picture(desk, client)[100:500, 2:4] == WHITE).all())
    assert (desk.wlvm.screen()[100:500, RIGHT_START : RIGHT_START + 4] == HOST).all()
    desk.click(600, 15)
    desk.shows(RIGHT_START + 3, 300, WHITE)
    desk.shows(3, 300, RED)


def test_a_border_between_tiled_views_is_pulled(desk: Desk, client: Client) -> None:
    client.window(GREEN)
    desk.shows(600, 300, GREEN)
    desk.drag((LEFT_END - 2, 300), (LEFT_END - 102, 300))
    desk.shows(LEFT_END - 80, 300, GREEN)
    desk.shows(LEFT_END - 95, 300, GROUND)


def test_the_cursor_says_which_borders_can_be_pulled(desk: Desk, client: Client) -> None:
    """The arrow lies right of its tip, the cursors of right borders lie left of it."""
    client.window(GREEN)
    desk.shows(600, 300, GREEN)
    desk.point(799, 599)
    without = picture(desk, client)

    def lies_left(x: int) -> bool:
        desk.point(x, 300)
        changed = (picture(desk, client) != without)[280:330, x - 40 : x + 40]
        assert changed.any(), "there is a cursor"
        return bool(changed[:, :36].any())

    assert not lies_left((LEFT_END + RIGHT_START) // 2), "the gap"
    assert lies_left(LEFT_END - 2)
    assert not lies_left(797), "there is nothing beside it"


def test_a_floating_window_is_moved_by_its_title_and_sized_by_its_border(desk: Desk, client: Client) -> None:
    window = client.window(GREEN)
    desk.press("Reserved+space")
    desk.shows(300, 300, GREEN)
    width = window.size[0]
    left = (800 - width) // 2
    desk.drag((400, 15), (450, 45))
    eventually("it has moved", lambda: desk.color(left + 40, 300) != GREEN)
    desk.shows(left + 60, 300, GREEN)
    border = left + 50 + width + 2
    desk.drag((border, 300), (border - 60, 300))
    client.wait_for("it is smaller", lambda: window.size[0] == width - 60)


def test_a_guest_in_full_screen_says_whose_it_is_for_a_moment(desk: Desk, client: Client) -> None:
    before = picture(desk, client)
    assert (before[:2, 2:-2] == RED).all()
    desk.press("Reserved+f")
    eventually("it has no border", lambda: desk.color(0, 300) not in (RED, GROUND))
    top = desk.wlvm.screen()[:40]
    assert (top == RED).sum() > 500, "the label on its colour"
    eventually("the label is gone", lambda: not (desk.wlvm.screen()[:40] == RED).any())
    assert desk.wlvm.stays_idle()
    desk.press("Reserved+f")
    desk.shows(0, 300, RED)


def test_a_wrong_configuration_is_on_the_screen_until_it_is_right(desk: Desk, client: Client) -> None:
    error = 0xE05A4E
    desk.wlvm.edit(CONFIG.replace("gap", "gup"))
    eventually("it is told", lambda: (desk.wlvm.screen() == error).sum() > 1000)
    assert desk.color(0, 300) == RED
    desk.wlvm.edit(CONFIG)
    eventually("it is no longer", lambda: not (desk.wlvm.screen() == error).any())


def test_a_key_whose_command_cannot_be_done_says_so(desk: Desk, client: Client) -> None:
    desk.wlvm.edit(f'{CONFIG}[bindings]\n"Reserved+x" = "focus guest nobody"\n')
    error = 0xE05A4E
    eventually("the key is bound", lambda: (desk.press("Reserved+x"), (desk.wlvm.screen() == error).any())[1])
    eventually("it is no longer told", lambda: not (desk.wlvm.screen() == error).any())


def test_a_message_goes_when_it_is_clicked_on(desk: Desk, client: Client) -> None:
    desk.wlvm.edit(CONFIG.replace("gap", "gup"))
    eventually("it is told", lambda: (desk.wlvm.screen() == 0xE05A4E).any())
    desk.click(400, 15)
    eventually("it is gone", lambda: not (desk.wlvm.screen() == 0xE05A4E).any())


def test_an_edited_look_is_drawn_at_once(desk: Desk, client: Client) -> None:
    text = CONFIG.replace("border = 4", "border = 1\ntitles = false\nfont_size = 20").replace(
        "#102030", "#405060"
    )
    text = text.replace("#cc0000", "#0000ff")
    desk.wlvm.edit(text)
    desk.shows(0, 300, BLUE)
    pixels = desk.wlvm.screen()
    assert (pixels[0] == BLUE).all()
    assert not (pixels[1:-1, 1:-1] == BLUE).all(axis=1).any()


def test_a_tab_is_clicked_on(runtime_dir: Path) -> None:
    with desk_at(runtime_dir, CONFIG.replace('"columns"', '"tabbed"')) as desk:
        client = desk.client()
        client.window(GREEN)
        client.window(BLUE)
        desk.shows(400, 300, BLUE)
        assert (desk.wlvm.screen()[0, :260] == RED).all(), "the stripe of the guest's tab"
        desk.click(400, 10)
        desk.shows(400, 300, GREEN)
        desk.click(100, 10)
        eventually("the guest is in front", lambda: desk.color(400, 599) == RED)
        assert desk.color(3, 300) == WHITE, "and has the keyboard"
