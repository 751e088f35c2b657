"""Floating views: what somebody chose of their places, and the boxes that follow."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from wlvm.framebuffer import Rect

#: How far views that nobody placed lie from each other, in logical pixels.
_CASCADE = 24


class FloatingPlace(Struct):
    """A place above the tiled views, relative to the output's usable area, in logical pixels, with whatever is around the view."""

    position: tuple[int, int] | None = None
    """The top left corner; None while it is in the middle."""
    size: tuple[int, int] | None = None
    """None: as large as the view is by itself."""
    by_layout: bool = False
    """Whether it floats only because all views of the layout do."""

    def box(self, area: Rect, natural: tuple[int, int], around: Rect | None, taken: Collection[Rect]) -> Rect:
        """The box in layout coordinates, inside `area`: what does not fit is moved, and then made smaller.

        In the middle is that of `around` (None: of the area), a little off where another view is exactly there.
        """
        width, height = (min(side, whole) for side, whole in zip(self.size or natural, area[2:], strict=True))
        width, height = max(1, width), max(1, height)
        if self.position is not None:
            x, y = area.x + self.position[0], area.y + self.position[1]
            return inside(Rect(x, y, width, height), area)
        middle = around or area
        x, y = middle.x + (middle.width - width) // 2, middle.y + (middle.height - height) // 2
        box = inside(Rect(x, y, width, height), area)
        for step in range(1, len(taken) + 1):
            if all(box[:2] != other[:2] for other in taken):
                break
            offset = step * _CASCADE
            box = inside(Rect(x + offset, y + offset, width, height), area)
        return box


def inside(box: Rect, area: Rect) -> Rect:
    """A box that is no larger than the area, moved into it."""
    x = max(area.x, min(box.x, area.x + area.width - box.width))
    y = max(area.y, min(box.y, area.y + area.height - box.height))
    return Rect(x, y, box.width, box.height)
