"""A small change of a picture that is on the screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.scene_screen import SceneScreen
from wlvm.framebuffer import XRGB8888, Filter, Rect
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.scene import BufferNode
from wlvm.wlr.scene_buffer import private

WIDTH, HEIGHT = 40, 30


@pytest.fixture
def screen() -> Iterator[SceneScreen]:
    with SceneScreen(WIDTH, HEIGHT) as screen:
        yield screen


def staging(color: int) -> StagingFramebuffer:
    made = StagingFramebuffer(WIDTH, HEIGHT, WIDTH * 4, XRGB8888)
    paint(made, Rect(0, 0, WIDTH, HEIGHT), color)
    return made


def paint(target: StagingFramebuffer, rect: Rect, color: int) -> None:
    pixels = np.full((rect.height, rect.width), color, np.uint32)
    target.write(rect, pixels.tobytes(), rect.width * 4)


def test_the_texture_stays_and_the_screen_shows_what_changed(screen: SceneScreen) -> None:
    source = staging(0x112233)
    buffer, node = Buffer(source), BufferNode(screen.layers.tiled)
    node.set_buffer(buffer)
    node.set_size(WIDTH, HEIGHT)
    node.set_filter(Filter.NEAREST)
    expected = np.full((HEIGHT, WIDTH), 0x112233, np.uint32)
    assert (screen.pixels() == expected).all()
    inner = private(node._pointer)
    texture = inner.texture
    for x, color in ((3, 0xAA0000), (20, 0x00AA00), (3, 0x0000AA)):
        paint(source, Rect(x, 5, 7, 9), color)
        node.set_buffer_with_damage(buffer, [Rect(x, 5, 7, 9)])
        expected[5:14, x : x + 7] = color
        assert inner.texture == texture
        assert (screen.pixels() == expected).all()
    buffer.drop()
    assert buffer.locks > 0, "the scene shows it"


def test_another_buffer_has_another_texture_and_the_old_one_is_let_go(screen: SceneScreen) -> None:
    first, second, node = (
        Buffer(staging(0x111111)),
        Buffer(staging(0x222222)),
        BufferNode(screen.layers.tiled),
    )
    node.set_size(WIDTH, HEIGHT)
    node.set_filter(Filter.LINEAR)
    node.set_buffer(first)
    assert (screen.pixels() == 0x111111).all()
    node.set_buffer_with_damage(second, [Rect(0, 0, WIDTH, HEIGHT)])
    first.drop()
    assert first.destroyed
    assert (screen.pixels() == 0x222222).all()
    second.drop()


def test_what_moves_is_drawn_where_it_is_with_the_texture_it_has(screen: SceneScreen) -> None:
    source = staging(0x445566)
    buffer, node = Buffer(source), BufferNode(screen.layers.tiled)
    node.set_buffer(buffer)
    node.set_size(10, 10)
    node.set_filter(Filter.NEAREST)
    for x, y in ((0, 0), (12, 7), (35, 25)):
        node.set_position(x, y)
        expected = np.zeros((HEIGHT, WIDTH), np.uint32)
        expected[y : y + 10, x : x + 10] = 0x445566
        assert (screen.pixels() == expected).all()
    buffer.drop()
