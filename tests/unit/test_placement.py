"""Where views sit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wlvm.desktop.placement import Rule, arrange, grid, side_by_side
from wlvm.desktop.view import Cell, Fit
from wlvm.framebuffer import Rect

LEFT, RIGHT = Rect(0, 0, 1280, 800), Rect(1280, 0, 1920, 1080)
OUTPUTS = {"left": LEFT, "right": RIGHT}


@given(width=st.integers(100, 5000), height=st.integers(100, 5000), count=st.integers(0, 40))
def test_a_grid_covers_its_area_without_overlap(width: int, height: int, count: int) -> None:
    cells = grid(Rect(7, 9, width, height), count)
    assert len(cells) == count
    assert sum(cell.width * cell.height for cell in cells) == (width * height if count else 0)
    for index, one in enumerate(cells):
        assert Rect(7, 9, width, height).contains(one)
        for other in cells[index + 1 :]:
            overlap = Rect(one.x - other.x, one.y - other.y, one.width, one.height)
            assert overlap.clipped(other.width, other.height) is None


def test_one_view_has_the_whole_output() -> None:
    assert arrange(OUTPUTS, [("a", None)]) == {"a": Cell("left", LEFT, Fit.CENTER)}


def test_a_rule_with_a_size_scales_and_one_without_does_not() -> None:
    cells = arrange(OUTPUTS, [("a", Rule("right", (10, 20), (640, 400))), ("b", Rule(None, (5, 6), None))])
    assert cells["a"] == Cell("right", Rect(1290, 20, 640, 400), Fit.SCALE)
    assert cells["b"] == Cell("left", Rect(5, 6, 1275, 794), Fit.CORNER)


def test_a_view_whose_output_is_gone_is_not_lost() -> None:
    cells = arrange({"left": LEFT}, [("a", Rule("right", (10, 20), None)), ("b", None)])
    assert cells["a"].output == "left"
    assert cells["a"].area != cells["b"].area


def test_outputs_stand_in_their_order() -> None:
    places = side_by_side({"HEADLESS-1": (None, (800, 600)), "HEADLESS-2": (None, (1024, 768))})
    assert places == {"HEADLESS-1": (0, 0), "HEADLESS-2": (800, 0)}


def test_outputs_that_nobody_placed_stand_right_of_those_that_somebody_did() -> None:
    size = (100, 50)
    places = side_by_side(
        {"a": (None, size), "b": ((-300, 40), size), "c": (None, size), "d": ((0, 90), size)}
    )
    assert places == {"a": (100, 40), "b": (-300, 40), "c": (200, 40), "d": (0, 90)}
