"""How a guest's picture lies in its place: pixel for pixel, magnified by a whole number, or fitted; and how it is sampled.

An output draws boxes of whole logical pixels. Where its scale is no whole number, how many physical pixels such a box has depends on
where it begins too: so a picture is put where its box has just the pixels that it needs. At scales of 2 and more there may be no such
box (an odd width at scale 2): the picture's box is then a little larger, and what is left of it repeats the picture's edge.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator

from msgspec import Struct

from wlvm.framebuffer import Filter, Rect
from wlvm.pixel_grid import SNAP, PixelGrid

#: A box is moved by up to so many logical pixels out of the middle of its place to have the physical pixels that it needs.
_REACH = 16


class Fit(enum.Enum):
    """How large a picture is, in physical pixels. One that is larger than its place is scaled down to it."""

    EXACT = "exact"
    """A guest pixel is a physical pixel."""
    INTEGER = "integer"
    """A guest pixel is as many physical pixels as there is room for, the same number in both directions."""
    FIT = "fit"
    """As large as the place allows."""


class Scaling(Struct, frozen=True):
    """What somebody chose for a picture. `filter` None: the nearest pixel where the factor is whole, linear elsewhere."""

    fit: Fit = Fit.EXACT
    filter: Filter | None = None


#: By so much less than a picture, in guest pixels, is shown where wlroots would forget its last pixels: too little to be seen.
_LESS = 1 / 256


class Fitted(Struct, frozen=True):
    """A picture in its place."""

    box: Rect
    """Where it is drawn, in layout coordinates."""
    physical: Rect
    """The output's pixels that it is drawn on."""
    picture: tuple[int, int]
    """Its size in guest pixels."""
    shown: tuple[float, float]
    """How many guest pixels lie in the box: the picture's, or a little more, which repeat its edge; or a part, from its top left corner on."""
    filter: Filter
    grid: PixelGrid

    @property
    def factor(self) -> tuple[float, float]:
        """Physical pixels per guest pixel."""
        return self.physical.width / self.shown[0], self.physical.height / self.shown[1]

    @property
    def source(self) -> tuple[float, float]:
        """What wlroots is to be told as `shown`.

        It draws a buffer from the rounded edge on, but damages it from the pixel that the edge lies in, for as many pixels as the buffer
        has, so that the last ones keep what was there before (0.16, wlr_scene_buffer_set_buffer_with_damage). Where the scale is not whole
        it damages one more on each side.
        """
        left, top = self.box.x - self.grid.origin[0], self.box.y - self.grid.origin[1]
        less = _LESS if self.grid.rounds_up(left) or self.grid.rounds_up(top) else 0
        return self.shown[0] - less, self.shown[1] - less

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """The guest pixel drawn at a point of the layout; the nearest one where there is none."""
        left, top = self.grid.origin
        factor_x, factor_y = self.factor
        column = math.floor(((x - left + SNAP) * self.grid.scale - self.physical.x) / factor_x)
        row = math.floor(((y - top + SNAP) * self.grid.scale - self.physical.y) / factor_y)
        width, height = self.picture
        return min(max(column, 0), width - 1), min(max(row, 0), height - 1)


def fitted(
    picture: tuple[int, int], area: Rect, grid: PixelGrid, scaling: Scaling, *, crops: bool = False
) -> Fitted:
    """Lay a picture, so many guest pixels wide and high, into the middle of an area of the layout on an output.

    `crops`: of one that is larger than the area its top left part is shown, where it is not to be as large as the place allows.
    """
    room_across, room_down = grid.size(area)
    width, height = picture
    if crops and scaling.fit is not Fit.FIT:
        width, height = min(width, room_across), min(height, room_down)
    whole = 1
    if scaling.fit is not Fit.EXACT:
        whole = max(1, min(room_across // width, room_down // height))
    factor: float = whole
    fits = whole * width <= room_across and whole * height <= room_down
    if scaling.fit is Fit.FIT or not fits:
        factor = min(room_across / width, room_down / height)
    x, columns = _span(area.x - grid.origin[0], area.width, _pixels(width, factor), grid)
    y, rows = _span(area.y - grid.origin[1], area.height, _pixels(height, factor), grid)
    box = Rect(x + grid.origin[0], y + grid.origin[1], columns, rows)
    left, top, _, _ = grid.physical(box)
    physical = Rect(left, top, *grid.size(box))
    shown: tuple[float, float] = width, height
    if factor == whole:
        shown = physical.width / whole, physical.height / whole
    sampled = scaling.filter or (Filter.NEAREST if factor == whole else Filter.LINEAR)
    return Fitted(box, physical, picture, shown, sampled, grid)


def natural_size(picture: tuple[int, int], scale: float) -> tuple[int, int]:
    """How many logical pixels a picture takes pixel for pixel."""
    width, height = (max(1, math.ceil(side / scale - 1e-6)) for side in picture)
    return width, height


def _pixels(side: int, factor: float) -> int:
    return max(1, round(side * factor))


def _span(start: int, length: int, pixels: int, grid: PixelGrid) -> tuple[int, int]:
    """Where in a length of logical pixels, and how many of them, to have so many physical pixels, or the next larger number that can be."""
    best, least = (start, length), math.inf
    for position, columns in _spans(start, length, pixels / grid.scale):
        excess = grid.edge(position + columns) - grid.edge(position) - pixels
        if 0 <= excess < least:
            best, least = (position, columns), excess
            if excess == 0:
                break
    return best


def _spans(start: int, length: int, size: float) -> Iterator[tuple[int, int]]:
    """Spans of about a size in a length, those in the middle first; at last the whole."""
    for step in range(_REACH):
        for columns in range(max(1, math.floor(size)), math.ceil(size) + 2):
            spare = length - columns
            for position in (spare // 2 - step, spare // 2 + step):
                if 0 <= position <= spare:
                    yield start + position, columns
    yield start, length
