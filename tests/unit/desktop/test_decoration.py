"""What wlvm draws around views and above them, on a real scene, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.scene_screen import SceneScreen
from wlvm.color import WHITE, Rgb
from wlvm.desktop.background import Background
from wlvm.desktop.decoration import Decoration
from wlvm.desktop.messages import _MOST, Message, Messages, Sheet
from wlvm.desktop.picture_node import PictureNode
from wlvm.desktop.place import Place, Stratum, Traits, framed
from wlvm.desktop.style import HOST, Look, Style
from wlvm.desktop.tab_strip import TabStrips
from wlvm.desktop.tiling import Tab
from wlvm.desktop.title_bar import draw_tab, draw_title
from wlvm.framebuffer import Rect
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.scene import RectNode

RED = Rgb(0xCC, 0, 0)
STYLE = Style(border=4, background=Rgb(1, 2, 3))
OUTER = Rect(20, 10, 200, 100)


def number(color: Rgb) -> int:
    return color.red << 16 | color.green << 8 | color.blue


@pytest.fixture
def screen() -> Iterator[SceneScreen]:
    with SceneScreen(400, 300) as screen:
        yield screen


def place(border: int = STYLE.border, title: int = STYLE.title, outer: Rect = OUTER) -> Place:
    traits = Traits(border=border, title=title)
    return framed("HEADLESS-1", outer, traits, visible=True, stratum=Stratum.TILED)


def part(pixels: np.ndarray, box: Rect) -> np.ndarray:
    return pixels[box.y : box.y + box.height, box.x : box.x + box.width]


def around(outer: Rect, inner: Rect) -> np.ndarray:
    """Which pixels of `outer` lie outside of `inner`."""
    mask = np.ones((outer.height, outer.width), bool)
    part(mask, Rect(inner.x - outer.x, inner.y - outer.y, inner.width, inner.height))[:] = False
    return mask


def test_a_guests_border_and_title_are_its_colour_and_leave_its_content_alone(screen: SceneScreen) -> None:
    where = place()
    RectNode(screen.layers.bottom, 400, 300, (0, 0, 1, 1))
    Decoration(screen.layers.floating).show(where, Look("Debian", color=RED), screen.area, STYLE)
    pixels = screen.pixels()
    assert where.title is not None
    inner = where.title.union(where.content)
    assert (part(pixels, OUTER)[around(OUTER, inner)] == number(RED)).all()
    assert (part(pixels, where.content) == 0x0000FF).all()
    assert (pixels == 0x0000FF).sum() == 400 * 300 - OUTER.width * OUTER.height + (
        where.content.width * where.content.height
    )
    title = part(pixels, where.title)
    assert title[0, 0] == title[-1, -1] == number(RED)
    assert (title != number(RED)).any(), "the label"


def test_the_ring_of_the_keyboard_leaves_the_outer_half_its_colour(screen: SceneScreen) -> None:
    where = place()
    decoration = Decoration(screen.layers.floating)
    decoration.show(where, Look("Debian", color=RED, focused=True), screen.area, STYLE)
    pixels = part(screen.pixels(), OUTER)
    assert (pixels[:2] == number(RED)).all()
    assert (pixels[:, -2:] == number(RED)).all()
    assert (pixels[2:4, 2:-2] == number(WHITE)).all()
    assert (pixels[2:-2, 2:4] == number(WHITE)).all()
    decoration.show(where, Look("Debian", color=RED), screen.area, STYLE)
    assert not (part(screen.pixels(), OUTER)[:4] == number(WHITE)).any()


def test_a_view_in_full_screen_has_nothing_around_it(screen: SceneScreen) -> None:
    decoration = Decoration(screen.layers.floating)
    decoration.show(place(), Look("Debian", color=RED), screen.area, STYLE)
    decoration.show(place(border=0, title=0), Look("Debian", color=RED, focused=True), screen.area, STYLE)
    assert not screen.pixels().any()


def test_what_did_not_change_is_not_drawn_again(screen: SceneScreen) -> None:
    decoration = Decoration(screen.layers.floating)
    look = Look("Debian", color=RED)
    decoration.show(place(), look, screen.area, STYLE)
    screen.pixels()
    screen.run(0.1)
    before = screen.output.frames
    decoration.show(place(), look, screen.area, STYLE)
    screen.run(0.1)
    assert screen.output.frames == before
    buffers = Buffer.count()
    decoration.show(place(outer=Rect(40, 50, 200, 100)), look, screen.area, STYLE)
    screen.run(0.1)
    assert screen.output.frames == before + 1, "it moved"
    assert Buffer.count() == buffers


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("x", [0, 21])
def test_titles_are_sharp_at_any_scale(scale: float, x: int) -> None:
    """Each pixel of the title is one of the screen."""
    with SceneScreen(500, 300, scale, x=100) as screen:
        where = place(outer=Rect(100 + x, 11, 201, 103))
        look = Look("Debian", "a title", color=RED)
        Decoration(screen.layers.floating).show(where, look, screen.area, STYLE)
        assert where.title is not None
        size = screen.area.physical(where.title)
        expected = np.asarray(draw_title(size, look, round(STYLE.font_size * scale)), np.uint32) @ (
            1 << 16,
            1 << 8,
            1,
        )
        left, top = round((x + STYLE.border) * scale + 1e-9), round((11 + STYLE.border) * scale + 1e-9)
        shown = screen.pixels()
        matches = [
            (dx, dy)
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            if np.array_equal(part(shown, Rect(left + dx, top + dy, *size)), expected)
        ]
        assert len(matches) == 1


def test_a_hostile_title_leaves_the_label_as_it_is() -> None:
    size, label = (300, 24), "Debian"
    harmless = np.asarray(draw_title(size, Look(label, color=RED), 13))
    width = np.flatnonzero((harmless != RED).any(axis=(0, 2))).max() + 1
    for title in (
        "\u202eevil\u202c",
        "\u05e9\u05dc\u05d5\u05dd",
        "\n" * 99 + "Whonix",
        "W" * 100_000,
        "\u0301" * 500,
        "\b" * 50,
    ):
        image = np.asarray(draw_title(size, Look(label, title, color=RED), 13))
        assert np.array_equal(image[:, :width], harmless[:, :width])


def test_no_text_is_longer_than_its_bar() -> None:
    for width in (1, 2, 9, 40, 100):
        image = np.asarray(draw_title((width, 24), Look("Debian", "title", "note", RED), 13))
        assert image.shape == (24, width, 3)


def test_a_tab_to_be_seen_is_its_views_colour_and_others_have_a_stripe_of_it() -> None:
    look = Look("Debian", color=RED)
    active = np.asarray(draw_tab((100, 24), look, 13, active=True, focus=WHITE))
    other = np.asarray(draw_tab((100, 24), look, 13, active=False, focus=WHITE))
    assert (active[4, :99] == RED).all()
    assert (other[:3, :99] == RED).all()
    assert not (other[4] == RED).all(axis=1).any()
    focused = np.asarray(
        draw_tab((100, 24), Look("Debian", color=RED, focused=True), 13, active=True, focus=WHITE)
    )
    assert (focused[-1, :99] == WHITE).all()


def test_tabs_come_and_go_and_tell_whose_they_are(screen: SceneScreen) -> None:
    strips: TabStrips[str] = TabStrips(screen.layers.floating)
    looks = {"a": Look("A", color=RED), "b": Look("", "b", color=HOST)}
    tabs = [Tab(Rect(0, 0, 200, 24), "a", False), Tab(Rect(200, 0, 200, 24), "b", True)]
    buffers = Buffer.count()
    strips.show(tabs, looks.__getitem__, lambda view: screen.area, STYLE)
    pixels = screen.pixels()
    assert pixels[0, 0] == number(RED)
    assert pixels[8, 202] == number(HOST)
    assert (strips.at(199.9, 23), strips.at(200, 0), strips.at(200, 24)) == ("a", "b", None)
    hit = screen.compositor.scene.at(10, 10)
    assert hit is not None
    assert hit.owner is strips
    strips.show(tabs[1:], looks.__getitem__, lambda view: screen.area, STYLE)
    assert strips.at(10, 10) is None
    assert not screen.pixels()[:, :200].any()
    strips.destroy()
    assert not screen.pixels().any()
    assert Buffer.count() == buffers


def test_a_title_is_found_by_its_decoration(screen: SceneScreen) -> None:
    decoration = Decoration(screen.layers.floating)
    decoration.show(place(), Look("Debian", color=RED), screen.area, STYLE)
    hit = screen.compositor.scene.at(30, 20)
    assert hit is not None
    assert hit.owner is decoration
    buffers = Buffer.count()
    decoration.destroy()
    assert screen.compositor.scene.at(30, 20) is None
    assert Buffer.count() == buffers - 1


def test_the_background_follows_the_outputs(screen: SceneScreen) -> None:
    background = Background(screen.layers.background)
    background.show([screen.area], STYLE.background)
    assert (screen.pixels() == number(STYLE.background)).all()
    background.show([screen.area], RED)
    assert (screen.pixels() == number(RED)).all()
    background.show([], RED)
    assert not screen.pixels().any()


def message_rows(pixels: np.ndarray) -> np.ndarray:
    """The rows in which there is something, in the middle of the screen."""
    return np.flatnonzero(pixels[:, 200])


def test_messages_stack_in_the_middle_and_go_when_their_time_is_over(screen: SceneScreen) -> None:
    messages = Messages(screen.loop, screen.layers.drag)
    messages.show(Message("first", color=RED), 0.3, screen.area)
    one = message_rows(screen.pixels())
    messages.show(Message("second", "with\ntwo lines"), 60, screen.area)
    two = message_rows(screen.pixels())
    assert len(two) > 2 * len(one)
    assert np.array_equal(two[: len(one)], one)
    assert (np.diff(two) > 1).sum() == 1, "a gap between them"
    while len(message_rows(screen.pixels())) == len(two):
        screen.run(0.05)
    assert message_rows(screen.pixels())[0] > one[-1], "the second is where it was"
    messages.close()
    assert not screen.pixels().any()


def test_a_message_takes_the_place_of_the_one_it_is_shown_instead_of(screen: SceneScreen) -> None:
    messages = Messages(screen.loop, screen.layers.drag)
    messages.show(Message("wrong"), 60, screen.area, instead="configuration")
    one = message_rows(screen.pixels())
    messages.show(Message("still wrong"), 60, screen.area, instead="configuration")
    assert np.array_equal(message_rows(screen.pixels()), one)
    messages.dismiss("configuration")
    assert not screen.pixels().any()


def test_a_flood_of_messages_leaves_the_latest(screen: SceneScreen) -> None:
    messages = Messages(screen.loop, screen.layers.drag)
    buffers = Buffer.count()
    for index in range(50):
        messages.show(Message(f"message {index}", "x " * 100_000), 60, screen.area)
    assert Buffer.count() - buffers == _MOST
    messages.output_gone(screen.area.name)
    assert Buffer.count() == buffers
    assert not screen.pixels().any()


def test_a_long_message_is_wrapped_and_has_an_end() -> None:
    text = "\n".join(
        f"config.toml: line {index} is wrong in more ways than fit on a line" for index in range(99)
    )
    width, height = Sheet(Message("wrong", text), 13, 300).size
    assert width <= 300
    assert height < 300
    image = Sheet(Message("wrong", text), 13, 300).draw((width, height))
    assert image.size == (width, height)


def test_a_picture_is_drawn_when_it_would_be_another_one(screen: SceneScreen) -> None:
    node, drawn = PictureNode(screen.layers.floating), 0

    def draw() -> Image.Image:
        nonlocal drawn
        drawn += 1
        return draw_title((10, 10), Look(), 8)

    node.show(Rect(0, 0, 10, 10), "a", draw)
    node.show(Rect(9, 9, 20, 20), "a", draw)
    assert drawn == 1
    node.show(Rect(9, 9, 20, 20), "b", draw)
    assert drawn == 2
    node.destroy()
