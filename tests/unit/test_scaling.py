"""How a picture lies in its place: physical pixels, and the pointer's way back."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from wlvm.framebuffer import Filter, Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.scaling import Fit, Fitted, Scaling, fitted, natural_size

SCALES = st.sampled_from([0.5, 1.0, 1.1, 1.25, 4 / 3, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0])
GRIDS = st.builds(PixelGrid, st.tuples(st.integers(-4000, 4000), st.integers(-4000, 4000)), SCALES)
PICTURES = st.tuples(st.integers(1, 2000), st.integers(1, 2000))
AREAS = st.builds(
    Rect, st.integers(-5000, 5000), st.integers(-5000, 5000), st.integers(1, 3000), st.integers(1, 3000)
)
FITS = st.sampled_from(Fit)


def lies_in(box: Rect, area: Rect) -> bool:
    return area.contains(box) and box.width >= 1 and box.height >= 1


@given(PICTURES, AREAS, GRIDS, FITS)
def test_a_picture_never_leaves_its_place(
    picture: tuple[int, int], area: Rect, grid: PixelGrid, fit: Fit
) -> None:
    assert lies_in(fitted(picture, area, grid, Scaling(fit)).box, area)


@given(PICTURES, AREAS, GRIDS)
def test_exact_is_one_physical_pixel_for_each_of_the_guests_where_there_is_room(
    picture: tuple[int, int], area: Rect, grid: PixelGrid
) -> None:
    room = Rect(0, 0, *grid.size(area))
    found = fitted(picture, area, grid, Scaling(Fit.EXACT))
    if picture[0] <= room.width and picture[1] <= room.height:
        assert found.factor == (1, 1)
        assert found.filter is Filter.NEAREST
    else:
        assert found.shown == picture
        assert found.physical.width <= room.width
        assert found.physical.height <= room.height


@given(
    PICTURES,
    st.integers(-500, 500),
    st.integers(-500, 500),
    st.sampled_from([1.0, 1.1, 1.25, 1.5, 1.75, 0.5]),
)
def test_below_scale_2_a_picture_with_a_little_room_has_just_its_own_pixels(
    picture: tuple[int, int], x: int, y: int, scale: float
) -> None:
    """Also where the box that it is drawn in has no whole number of them."""
    width, height = natural_size(picture, scale)
    found = fitted(picture, Rect(x, y, width + 20, height + 20), PixelGrid((0, 0), scale), Scaling(Fit.EXACT))
    assert found.physical[2:] == picture
    assert found.shown == picture


def test_at_scale_2_an_odd_side_is_a_pixel_longer_which_repeats_the_edge() -> None:
    found = fitted((1365, 768), Rect(0, 0, 1000, 1000), PixelGrid((0, 0), 2.0), Scaling(Fit.EXACT))
    assert found.physical[2:] == (1366, 768)
    assert found.shown == (1366, 768)
    assert found.pixel(found.box.x + found.box.width - 0.25, found.box.y) == (1364, 0)


@given(PICTURES, AREAS, GRIDS)
def test_integer_is_the_largest_whole_factor(picture: tuple[int, int], area: Rect, grid: PixelGrid) -> None:
    room = Rect(0, 0, *grid.size(area))
    found = fitted(picture, area, grid, Scaling(Fit.INTEGER))
    across, down = (round(factor, 9) for factor in found.factor)
    if picture[0] > room.width or picture[1] > room.height:
        assert max(found.shown[0] - picture[0], found.shown[1] - picture[1]) == 0
        return
    assert across == down == int(across) >= 1
    assert picture[0] * across <= room.width
    assert picture[1] * across <= room.height
    assert picture[0] * (across + 1) > room.width or picture[1] * (across + 1) > room.height


@given(PICTURES, AREAS, GRIDS)
def test_fitted_fills_a_side_and_keeps_its_shape(
    picture: tuple[int, int], area: Rect, grid: PixelGrid
) -> None:
    room = Rect(0, 0, *grid.size(area))
    found = fitted(picture, area, grid, Scaling(Fit.FIT))
    # A box that has one pixel too many for its place is as large as can be.
    spare = room.width - found.physical.width, room.height - found.physical.height
    assert min(spare) <= 1
    factor = min(room.width / picture[0], room.height / picture[1])
    step = 1 + max(1, grid.scale)
    assert abs(found.physical.width - picture[0] * factor) <= step
    assert abs(found.physical.height - picture[1] * factor) <= step


@given(PICTURES, AREAS, GRIDS, FITS, st.data())
def test_the_pointer_is_on_the_pixel_that_is_drawn_below_it(
    picture: tuple[int, int], area: Rect, grid: PixelGrid, fit: Fit, data: st.DataObject
) -> None:
    found = fitted(picture, area, grid, Scaling(fit))
    column = data.draw(st.integers(0, found.physical.width - 1))
    row = data.draw(st.integers(0, found.physical.height - 1))
    # The middle of a physical pixel, where no rounding is near.
    x = grid.origin[0] + (found.physical.x + column + 0.5) / grid.scale
    y = grid.origin[1] + (found.physical.y + row + 0.5) / grid.scale
    assert found.pixel(x, y) == (drawn(found, 0, column), drawn(found, 1, row))


def drawn(found: Fitted, axis: int, pixel: int) -> int:
    """The guest pixel whose colour the nearest filter gives a physical pixel, counted from the picture's corner."""
    # With the little that lets a pointer at an edge count for the pixel behind it.
    middle = (pixel + 0.5 + found.grid.scale / 512) * found.shown[axis] / found.physical[2 + axis]
    return min(int(middle), found.picture[axis] - 1)


@given(PICTURES, AREAS, GRIDS)
def test_a_chosen_filter_is_had_everywhere(picture: tuple[int, int], area: Rect, grid: PixelGrid) -> None:
    for filter in Filter:
        assert fitted(picture, area, grid, Scaling(Fit.FIT, filter)).filter is filter


def test_of_filters_the_nearest_is_taken_for_whole_factors() -> None:
    def chosen(width: int, height: int) -> Filter:
        return fitted((100, 100), Rect(0, 0, width, height), PixelGrid((0, 0), 1.5), Scaling(Fit.FIT)).filter

    assert chosen(200, 200) is Filter.NEAREST
    assert chosen(210, 210) is Filter.LINEAR
    assert chosen(50, 50) is Filter.LINEAR


def test_a_box_has_the_pixels_that_wlroots_gives_it() -> None:
    """wlr_scene.c: scale_length(427, 1, 1.5) is round(642) - round(1.5)."""
    assert PixelGrid((0, 0), 1.5).physical(Rect(1, 0, 427, 427)) == (2, 0, 640, 641)
    assert PixelGrid((100, 0), 1.5).physical(Rect(99, 0, 1, 1)) == (-2, 0, 2, 2)


@given(GRIDS, AREAS, st.integers(0, 5000))
def test_a_physical_pixel_lies_in_the_box_that_it_is_drawn_for(
    grid: PixelGrid, box: Rect, column: int
) -> None:
    physical = grid.physical(box)
    pixel = physical.x + min(column, physical.width)  # or the one after the box
    assume(pixel >= 0)  # on the output
    x, _ = grid.middle(grid.origin[0] + pixel / grid.scale, grid.origin[1])
    assert (box.x <= x < box.x + box.width) == (column < physical.width)
