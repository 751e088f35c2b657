"""What a guest's console has for a cursor, as the image that the host's cursor shows."""

from __future__ import annotations

import numpy as np
from PIL import Image

from wlvm.desktop.view import ImageCursor
from wlvm.framebuffer import Filter
from wlvm.qemu.messages import Cursor

#: No side of a cursor is scaled up past this, in physical pixels: a large one on a small picture would take gigabytes.
_MAX_SIDE = 512

_RESAMPLING = {Filter.NEAREST: Image.Resampling.NEAREST, Filter.LINEAR: Image.Resampling.BILINEAR}


def premultiplied(pixels: bytes) -> bytes:
    """ARGB8888 pixels with their colours multiplied by alpha, if they are not so yet.

    QEMU does not say which they are. A colour that is stronger than its alpha cannot be premultiplied: then none of the image is.
    """
    image = np.frombuffer(pixels, np.uint8).reshape(-1, 4)
    alpha = image[:, 3:]
    if not np.any(image[:, :3] > alpha):
        return pixels
    multiplied = image.copy()
    multiplied[:, :3] = (image[:, :3] * alpha.astype(np.uint16) + 127) // 255
    return multiplied.tobytes()


def scaled_cursor(cursor: Cursor, factor: tuple[float, float], filter: Filter) -> ImageCursor:
    """A premultiplied cursor with so many physical pixels per guest pixel across and down."""
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


def dot(scale: float) -> ImageCursor:
    """A small white dot in a black frame, three logical pixels wide and one more on each side, on an output of this scale.

    It says where the pointer is in a guest that has told of no cursor, and hides no more than the tip of one that such a guest draws itself.
    """
    unit = max(1, round(scale))
    side = 5 * unit
    image = np.full((side, side), 0xFF000000, np.uint32)
    image[unit:-unit, unit:-unit] = 0xFFFFFFFF
    return ImageCursor(image.tobytes(), side, side, side // 2, side // 2)
