"""The card shown in a guest's place while there is no picture of it: whose place it is, what the guest is doing, and why."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from PIL import Image, ImageDraw

from wlvm.color import WHITE, Rgb
from wlvm.staging import StagingFramebuffer
from wlvm.text import BOLD, REGULAR, Typeface, plain

#: Of what is on its way, or as somebody wanted it; and of what is not.
CALM = Rgb(0x5B, 0x6B, 0x82)
TROUBLE = Rgb(0xB8, 0x6E, 0x1E)
BAD = Rgb(0xB4, 0x3C, 0x34)

_GROUND = Rgb(0x1E, 0x21, 0x27)
_TITLE = Rgb(0xEC, 0xEF, 0xF4)
_TEXT = Rgb(0xA8, 0xB0, 0xBE)

#: The size of the text in logical pixels where there is room for it, and the least in the screen's; the widest line is so many times that.
_FONT_SIZE = 15
_LEAST_FONT_SIZE = 8
_LINE = 44


class Card(Struct, frozen=True):
    """What a card says: the `state` in a word or two on a ground of its `color`, and why."""

    state: str
    lines: Sequence[str] = ()
    color: Rgb = CALM


def draw_card(size: tuple[int, int], scale: float, label: str, color: Rgb, card: Card) -> StagingFramebuffer:
    """A card of so many of the screen's pixels, `scale` for each logical one, for the guest of this label and colour."""
    image = Image.new("RGB", size, _GROUND)
    width, height = size
    # All of it takes some fourteen lines' height.
    text = max(_LEAST_FONT_SIZE, min(round(_FONT_SIZE * scale), width // 20, height // 14))
    room = min(width - 2 * text, _LINE * text)
    rows = [_Monogram(label, color, 4 * text), _Line(label, BOLD, 2 * text, _TITLE), _Pill(card, text)]
    for line in card.lines:
        rows += [_Line(part, REGULAR, text, _TEXT) for part in _wrapped(line, text, room)]
    y = max(0, (height - sum(row.height for row in rows)) // 2)
    for row in rows:
        row.draw(image, y, room)
        y += row.height
    return StagingFramebuffer.of_image(image)


def _wrapped(text: str, size: int, room: int) -> list[str]:
    return REGULAR.wrapped(plain(text), size, room, most=6)


class _Row:
    """A part of the card in its middle; `height` with the air below it."""

    height: int

    def draw(self, image: Image.Image, y: int, room: int) -> None:
        raise NotImplementedError


class _Line(_Row):
    def __init__(self, text: str, face: Typeface, size: int, color: Rgb) -> None:
        self._text, self._face, self._size, self._color = plain(text), face, size, color
        self.height = round(size * 1.5)

    def draw(self, image: Image.Image, y: int, room: int) -> None:
        text = self._face.cut(self._text, self._size, room)
        x = (image.width - self._face.width(text, self._size)) / 2
        self._face.draw(image, (round(x), y), text, self._size, self._color)


class _Monogram(_Row):
    """The label's first letter on the guest's colour."""

    def __init__(self, label: str, color: Rgb, side: int) -> None:
        self._letter, self._color, self._side = plain(label)[:1].upper(), color, side
        self.height = round(side * 1.25)

    def draw(self, image: Image.Image, y: int, room: int) -> None:
        side, x = self._side, (image.width - self._side) // 2
        ImageDraw.Draw(image).rounded_rectangle(
            (x, y, x + side - 1, y + side - 1), radius=side // 6, fill=self._color
        )
        size = side // 2
        left = x + (side - BOLD.width(self._letter, size)) / 2
        top = y + (side - BOLD.line_height(size)) / 2
        BOLD.draw(image, (round(left), round(top)), self._letter, size, self._color.readable)


class _Pill(_Row):
    """The state."""

    def __init__(self, card: Card, size: int) -> None:
        self._state, self._color, self._size = card.state, card.color, size
        self.height = round(size * 2.8)

    def draw(self, image: Image.Image, y: int, room: int) -> None:
        size, across = self._size, REGULAR.width(self._state, self._size)
        x, height = (image.width - across) / 2, round(size * 1.6)
        box = (round(x - size * 0.8), y, round(x + across + size * 0.8), y + height)
        ImageDraw.Draw(image).rounded_rectangle(box, radius=height // 2, fill=self._color)
        top = y + (height - REGULAR.line_height(size)) / 2
        REGULAR.draw(image, (round(x), round(top)), self._state, size, WHITE)
