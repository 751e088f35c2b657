"""Where layer surfaces sit, and what they leave for views."""

from __future__ import annotations

import pytest

from wlvm.desktop.layer_layout import Anchor, LayerState, arrange_layers
from wlvm.framebuffer import Rect

OUTPUT = Rect(100, 50, 800, 600)
TOP, BOTTOM, LEFT, RIGHT = Anchor.TOP, Anchor.BOTTOM, Anchor.LEFT, Anchor.RIGHT
_TOP_LAYER, _OVERLAY = 2, 3


def surface(
    anchor: Anchor,
    size: tuple[int, int] = (0, 0),
    zone: int = 0,
    margin: tuple[int, int, int, int] = (0, 0, 0, 0),
    layer: int = _TOP_LAYER,
) -> LayerState:
    return LayerState(layer, anchor, size, zone, margin, keyboard=0)


@pytest.mark.parametrize(
    ("edge", "size", "place", "usable"),
    [
        (TOP | LEFT | RIGHT, (0, 30), Rect(100, 50, 800, 30), Rect(100, 80, 800, 570)),
        (BOTTOM | LEFT | RIGHT, (0, 30), Rect(100, 620, 800, 30), Rect(100, 50, 800, 570)),
        (LEFT | TOP | BOTTOM, (30, 0), Rect(100, 50, 30, 600), Rect(130, 50, 770, 600)),
        (RIGHT | TOP | BOTTOM, (30, 0), Rect(870, 50, 30, 600), Rect(100, 50, 770, 600)),
        (TOP, (200, 30), Rect(400, 50, 200, 30), Rect(100, 80, 800, 570)),
    ],
)
def test_a_bar_lies_at_its_edge_and_keeps_its_zone_free(
    edge: Anchor, size: tuple[int, int], place: Rect, usable: Rect
) -> None:
    assert arrange_layers(OUTPUT, [("bar", surface(edge, size, 30), True)]) == ({"bar": place}, usable)


def test_a_bar_that_is_not_mapped_has_a_place_but_no_zone() -> None:
    places, usable = arrange_layers(OUTPUT, [("bar", surface(TOP | LEFT | RIGHT, (0, 30), 30), False)])
    assert places["bar"] == Rect(100, 50, 800, 30)
    assert usable == OUTPUT


def test_others_keep_clear_of_zones_and_a_wallpaper_does_not() -> None:
    everywhere = TOP | BOTTOM | LEFT | RIGHT
    places, _ = arrange_layers(
        OUTPUT,
        [
            ("wallpaper", surface(everywhere, zone=-1, layer=0), True),
            ("note", surface(TOP | RIGHT, (200, 80), margin=(5, 10, 0, 0), layer=_OVERLAY), True),
            ("bar", surface(TOP | LEFT | RIGHT, (0, 30), 30), True),
        ],
    )
    assert places["wallpaper"] == OUTPUT
    assert places["note"] == Rect(900 - 200 - 10, 50 + 30 + 5, 200, 80)


def test_two_bars_at_an_edge_lie_below_each_other_and_their_margins_count() -> None:
    bar = surface(TOP | LEFT | RIGHT, (0, 30), 30, margin=(4, 0, 0, 0))
    places, usable = arrange_layers(OUTPUT, [("one", bar, True), ("two", bar, True)])
    assert (places["one"].y, places["two"].y) == (54, 88)
    assert usable == Rect(100, 118, 800, 532)


def test_what_is_anchored_nowhere_is_in_the_middle() -> None:
    places, _ = arrange_layers(OUTPUT, [("launcher", surface(Anchor(0), (400, 300)), True)])
    assert places["launcher"] == Rect(300, 200, 400, 300)


@pytest.mark.parametrize("zone", [460, 10_000, 2**31 - 1])
def test_a_zone_that_leaves_views_less_than_a_quarter_is_not_given(zone: int) -> None:
    _, usable = arrange_layers(OUTPUT, [("bar", surface(TOP | LEFT | RIGHT, (0, 30), zone), True)])
    assert usable == OUTPUT


def test_margins_larger_than_the_output_leave_a_pixel() -> None:
    places, _ = arrange_layers(
        OUTPUT, [("bar", surface(TOP | LEFT | RIGHT, (0, 30), margin=(0, 900, 0, 900)), True)]
    )
    assert places["bar"].width == 1
