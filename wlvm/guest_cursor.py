"""A guest's own cursor image as the host's cursor, scaled as the guest's picture is."""

from __future__ import annotations

from PIL import Image

from wlvm.desktop.view import ImageCursor
from wlvm.framebuffer import Filter
from wlvm.qemu.messages import Cursor

#: No side of a cursor is scaled up past this, in physical pixels: a large one on a small picture would take gigabytes.
_MAX_SIDE = 512

_RESAMPLING = {Filter.NEAREST: Image.Resampling.NEAREST, Filter.LINEAR: Image.Resampling.BILINEAR}


def scaled_cursor(cursor: Cursor, factor: tuple[float, float], filter: Filter) -> ImageCursor:
    """The cursor with so many physical pixels per guest pixel across and down."""
    across, down = (
        max(1.0, _MAX_SIDE / side) if side * each > _MAX_SIDE and each > 1 else each
        for side, each in zip((cursor.width, cursor.height), factor, strict=True)
    )
    if (across, down) == (1, 1):
        return ImageCursor(cursor.pixels, cursor.width, cursor.height, cursor.hot_x, cursor.hot_y)
    width, height = max(1, round(cursor.width * across)), max(1, round(cursor.height * down))
    # Premultiplied, whatever order the colours are in: all channels are scaled alike.
    image = Image.frombytes("RGBa", (cursor.width, cursor.height), cursor.pixels)
    image = image.resize((width, height), _RESAMPLING[filter])
    # The middle of the guest's hot pixel.
    hot_x, hot_y = int((cursor.hot_x + 0.5) * across), int((cursor.hot_y + 0.5) * down)
    return ImageCursor(image.tobytes(), width, height, min(hot_x, width - 1), min(hot_y, height - 1))
