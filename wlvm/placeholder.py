"""The card shown in a guest's place while there is no picture of it: its name, its state, and the reason."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wlvm.framebuffer import XRGB8888, Rect
from wlvm.staging import StagingFramebuffer

_BACKGROUND = (0x20, 0x24, 0x2C)
_TITLE = (0xEC, 0xEF, 0xF4)
_TEXT = (0xA8, 0xB0, 0xBE)
_MARGIN = 0.08  # of the card's width, left and right


def draw_card(width: int, height: int, title: str, lines: list[str], color: str) -> StagingFramebuffer:
    """A card of `width` x `height` pixels: a bar of `color` ("#rrggbb"), the title, and `lines` below it, wrapped to fit."""
    image = Image.new("RGB", (width, height), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, max(2, height // 60)), fill=color)
    left = int(width * _MARGIN)
    room = width - 2 * left
    title_font = _font(max(12, min(width // 18, height // 8)))
    text_font = _font(max(10, min(width // 40, height // 16)))
    y = height * 0.3
    for text, font, fill in [(title, title_font, _TITLE), *((line, text_font, _TEXT) for line in lines)]:
        for part in _wrapped(text, font, room):
            draw.text((left, y), part, font=font, fill=fill)
            y += font.size * 1.4
        y += font.size * 0.3
    card = StagingFramebuffer(width, height, width * 4, XRGB8888)
    red, green, blue = (np.asarray(image)[:, :, channel].astype(np.uint32) for channel in range(3))
    words = (red << 16 | green << 8 | blue).astype("<u4")
    card.write(Rect(0, 0, width, height), words.tobytes(), width * 4)
    return card


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, so that a card looks the same on every machine."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels bring FreeType"
    return font


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """`text` in lines no wider than `room` pixels where its words allow it."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
