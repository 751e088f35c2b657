"""Guests' cursors as images of the host's: what alpha they have, how large they are, where their hot spot is."""

from __future__ import annotations

import numpy as np
import pytest

from wlvm.cursor_image import dot, premultiplied, scaled_cursor
from wlvm.framebuffer import Filter
from wlvm.qemu.messages import Cursor


def pixels(*colors: int) -> bytes:
    return np.array(colors, "<u4").tobytes()


def test_colours_that_are_multiplied_already_stay_as_they_are() -> None:
    image = pixels(0x80808080, 0x80004020, 0xFFFFFFFF, 0)
    assert premultiplied(image) is image


def test_colours_stronger_than_their_alpha_were_not_multiplied() -> None:
    assert premultiplied(pixels(0x80FF8000, 0x80004020, 0x00FFFFFF, 0xFF123456)) == pixels(
        0x80804000, 0x80002010, 0, 0xFF123456
    )


@pytest.mark.parametrize(
    ("factor", "size", "hot"),
    [((1, 1), (4, 2), (3, 1)), ((3, 3), (12, 6), (10, 4)), ((0.1, 0.1), (1, 1), (0, 0)), ((1000, 1), (512, 2), (448, 1))],
)  # fmt: skip
def test_the_middle_of_the_hot_pixel_is_the_hot_spot(
    factor: tuple[float, float], size: tuple[int, int], hot: tuple[int, int]
) -> None:
    image = scaled_cursor(Cursor(4, 2, 3, 1, pixels(*range(8))), factor, Filter.NEAREST)
    assert (image.width, image.height) == size
    assert (image.hot_x, image.hot_y) == hot
    assert len(image.pixels) == size[0] * size[1] * 4


@pytest.mark.parametrize(("scale", "side"), [(1, 5), (1.25, 5), (2, 10)])
def test_a_dot_is_as_large_on_every_output(scale: float, side: int) -> None:
    image = dot(scale)
    assert (image.width, image.height, image.hot_x, image.hot_y) == (side, side, side // 2, side // 2)
    assert image.pixels[:4] == pixels(0xFF000000)
    middle = (side // 2 * side + side // 2) * 4
    assert image.pixels[middle : middle + 4] == pixels(0xFFFFFFFF)
