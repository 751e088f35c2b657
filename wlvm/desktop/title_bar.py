"""The picture of a title or a tab: whose view it is in bold, then what the view calls itself, then what wlvm notes.

The parts are cut and drawn one by one, so that nothing in a title of somebody else's changes how the label beside it reads.
"""

from __future__ import annotations

from PIL import Image

from wlvm.color import BLACK, Rgb
from wlvm.desktop.style import Look
from wlvm.text import BOLD, REGULAR, Typeface, plain

#: Of what has not got the keyboard: how far its text is on the way to the ground that it is on, and a tab that is not seen on the way to black.
_FADED = 0.35
_DARKENED = 0.5

#: The width of the air at both ends and between the parts, by the size of the font.
_AIR = 0.6


def draw_title(size: tuple[int, int], look: Look, font_size: int) -> Image.Image:
    """A title of so many pixels; the font's size is in these pixels, too."""
    image = Image.new("RGB", size, look.color)
    text = look.color.readable
    _write(image, look, font_size, text if look.focused else text.mixed(look.color, _FADED))
    return image


def draw_tab(size: tuple[int, int], look: Look, font_size: int, *, active: bool, focus: Rgb) -> Image.Image:
    """A tab of so many pixels. The one to be seen is as a title is, others are darker below a stripe of their colour.

    A line in the colour `focus` says that the active one has the keyboard.
    """
    width, height = size
    stripe = max(1, height // 8)
    ground = look.color if active else look.color.mixed(BLACK, _DARKENED)
    image = Image.new("RGB", size, ground)
    image.paste(look.color, (0, 0, width, stripe))
    if active and look.focused:
        image.paste(focus, (0, height - stripe, width, height))
    text = ground.readable
    _write(image, look, font_size, text if active else text.mixed(ground, _FADED))
    # What separates it from the next one.
    image.paste(look.color.mixed(BLACK, 0.7), (width - 1, 0, width, height))
    return image


def _write(image: Image.Image, look: Look, size: int, color: Rgb) -> None:
    size = min(size, image.height)
    air = round(size * _AIR)
    left, right = air, image.width - air
    y = (image.height - REGULAR.line_height(size)) / 2

    def put(text: str, face: Typeface) -> None:
        nonlocal left
        text = face.cut(plain(text), size, right - left)
        if text:
            face.draw(image, (left, y), text, size, color)
            left += round(face.width(text, size)) + air

    put(look.label, BOLD)
    note = REGULAR.cut(plain(look.note), size, right - left)
    if note:
        start = right - round(REGULAR.width(note, size))
        REGULAR.draw(image, (start, y), note, size, color)
        right = start - air
    put(look.title, REGULAR)
