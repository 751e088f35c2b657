"""PixelGrid: the physical pixels of an output below the logical ones of the layout, as wlroots rounds them."""

from __future__ import annotations

import math
import struct

from msgspec import Struct

from wlvm.framebuffer import Rect

#: wl_fixed_t counts in 1/256 logical pixels: a point closer than half of that to a pixel's edge is on it (a device's fraction of the
#: output's width times that width is off by rounding).
SNAP = 1 / 512


class PixelGrid(Struct, frozen=True):
    """An output's physical pixels, counted from its top left corner, before it is turned."""

    origin: tuple[int, int] = (0, 0)
    """The output's top left corner, in layout coordinates."""
    scale: float = 1.0
    """Physical pixels per logical pixel."""

    def edge(self, position: int) -> int:
        """The physical pixel that an edge so many logical pixels from the output's corner is drawn at.

        wlroots (scale_box in types/scene/wlr_scene.c) multiplies single floats and rounds halves away from zero.
        """
        product: float = struct.unpack("f", struct.pack("f", position * self.scale))[0]
        return int(math.copysign(math.floor(abs(product) + 0.5), product))

    def rounds_up(self, position: int) -> bool:
        """Whether `edge` is past the pixel that so many logical pixels end in."""
        return self.edge(position) > math.floor(position * self.scale)

    def physical(self, box: Rect) -> Rect:
        """The physical pixels that a box of the layout is drawn on."""
        left, top = box.x - self.origin[0], box.y - self.origin[1]
        x, y = self.edge(left), self.edge(top)
        return Rect(x, y, self.edge(left + box.width) - x, self.edge(top + box.height) - y)

    def middle(self, x: float, y: float) -> tuple[float, float]:
        """The middle of the physical pixel that a point of the layout is on: it lies in those boxes that the pixel is drawn for.

        Where the scale is not whole a box can be drawn half a pixel past its logical edge, at which that middle lies then: so it is a
        little less.
        """
        left, top = self.origin
        column, row = ((each + SNAP) * self.scale // 1 + 0.5 - SNAP for each in (x - left, y - top))
        return left + column / self.scale, top + row / self.scale

    def size(self, box: Rect) -> tuple[int, int]:
        """How many physical pixels a box of the layout is drawn on, one at least in each direction."""
        _, _, width, height = self.physical(box)
        return max(1, width), max(1, height)
