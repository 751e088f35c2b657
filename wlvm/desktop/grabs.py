"""Views that are pulled with the pointer. Edges are those of xdg_toplevel.resize_edge: the sum of TOP, BOTTOM, LEFT and RIGHT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wlvm.desktop.direction import Direction
from wlvm.desktop.place import Place, Stratum
from wlvm.desktop.tree_commands import LEAST
from wlvm.desktop.view import NamedCursor, PlacedView
from wlvm.framebuffer import Rect

if TYPE_CHECKING:
    from wlvm.desktop.desktop import Desktop

TOP, BOTTOM, LEFT, RIGHT = 1, 2, 4, 8

#: How far from a corner of a border it is still the corner that is pulled, in logical pixels.
_CORNER = 16

SIDES = {
    TOP: Direction.UP,
    BOTTOM: Direction.DOWN,
    LEFT: Direction.LEFT,
    RIGHT: Direction.RIGHT,
}

#: How the cursor looks over edges that can be pulled.
CURSORS = {
    TOP: NamedCursor("n-resize"),
    BOTTOM: NamedCursor("s-resize"),
    LEFT: NamedCursor("w-resize"),
    RIGHT: NamedCursor("e-resize"),
    TOP | LEFT: NamedCursor("nw-resize"),
    TOP | RIGHT: NamedCursor("ne-resize"),
    BOTTOM | LEFT: NamedCursor("sw-resize"),
    BOTTOM | RIGHT: NamedCursor("se-resize"),
}


class _Grab:
    """What both have in common. Implements `wlvm.desktop.seat.PointerGrab`."""

    def __init__(self, desktop: Desktop, view: PlacedView, at: tuple[float, float]) -> None:
        """`at` is where the pointer is now, in layout coordinates."""
        place = desktop.place_of(view)
        assert place is not None, "it is below the pointer"
        self._desktop = desktop
        self._view = view
        self._at = at
        self._place = place

    def button(self, button: int, pressed: bool) -> None:
        """Whichever else is pressed meanwhile: the last that comes up ends it."""

    def end(self) -> None:
        """The view stays where it is."""

    def _way(self, x: float, y: float) -> tuple[int, int]:
        """How far the pointer has come since the beginning."""
        return round(x - self._at[0]), round(y - self._at[1])


class MoveGrab(_Grab):
    """A view follows the pointer: one that was tiled floats as soon as it moves."""

    def motion(self, x: float, y: float) -> None:
        right, down = self._way(x, y)
        box = self._place.outer
        self._desktop.drag(self._view, Rect(box.x + right, box.y + down, box.width, box.height))


class ResizeGrab(_Grab):
    """A view's edges follow the pointer; of a tiled one, with those of its neighbours."""

    def __init__(self, desktop: Desktop, view: PlacedView, at: tuple[float, float], edges: int) -> None:
        super().__init__(desktop, view, at)
        self._edges = edges
        self._done = (0, 0)

    @classmethod
    def nearest(cls, desktop: Desktop, view: PlacedView, at: tuple[float, float], box: Rect) -> ResizeGrab:
        """With the edges at the corner of `box` that is nearest to the pointer."""
        horizontal = LEFT if at[0] < box.x + box.width / 2 else RIGHT
        vertical = TOP if at[1] < box.y + box.height / 2 else BOTTOM
        return cls(desktop, view, at, horizontal | vertical)

    def motion(self, x: float, y: float) -> None:
        way = self._way(x, y)
        if self._place.stratum is Stratum.FLOATING:
            self._desktop.drag(self._view, pulled(self._place.outer, self._edges, way))
        else:
            by = way[0] - self._done[0], way[1] - self._done[1]
            self._done = way
            self._desktop.resize_edge(self._view, self._edges, by)

    @staticmethod
    def growth(edges: int, by: tuple[int, int]) -> Iterator[tuple[Direction, int]]:
        """By how much a view grows at each of its edges that moves by so many pixels to the right and down."""
        for edge, side in SIDES.items():
            pixels = side.step * by[0 if side.horizontal else 1]
            if edges & edge and pixels:
                yield side, pixels


def edges_at(place: Place, x: float, y: float) -> int:
    """The edges of a view's border that a point on it pulls, two near a corner; 0 for one on the title."""
    inner, box = place.content if place.title is None else place.title.union(place.content), place.outer
    if inner.x <= x < inner.x + inner.width and inner.y <= y < inner.y + inner.height:
        return 0
    across, down = min(_CORNER, box.width // 3), min(_CORNER, box.height // 3)
    edges = 0
    if x < box.x + across:
        edges |= LEFT
    elif x >= box.x + box.width - across:
        edges |= RIGHT
    if y < box.y + down:
        edges |= TOP
    elif y >= box.y + box.height - down:
        edges |= BOTTOM
    return edges


def pulled(box: Rect, edges: int, way: tuple[int, int]) -> Rect:
    """A box whose edges have moved by so many pixels to the right and down; the others stay, and it keeps some size."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    least_width, least_height = min(LEAST, box.width), min(LEAST, box.height)
    if edges & LEFT:
        left = min(left + way[0], right - least_width)
    if edges & RIGHT:
        right = max(right + way[0], left + least_width)
    if edges & TOP:
        top = min(top + way[1], bottom - least_height)
    if edges & BOTTOM:
        bottom = max(bottom + way[1], top + least_height)
    return Rect(left, top, right - left, bottom - top)
