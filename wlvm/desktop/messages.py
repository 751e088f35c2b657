"""Messages: what wlvm has to say, on the screen for a while."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import Struct
from PIL import Image

from wlvm.color import Rgb
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.picture_node import PictureNode
from wlvm.desktop.style import Style
from wlvm.framebuffer import Rect
from wlvm.loop import EventLoop, Timer
from wlvm.text import BOLD, REGULAR, plain
from wlvm.wlr.scene import Tree

#: At most so many are on an output at a time, the latest at the bottom, and each has at most so many lines.
_MOST = 5
_MOST_LINES = 12

#: The widest that one may be, by the size of the font and by the output's width; and, in logical pixels, the distances between them.
_WIDTH = 60
_SHARE = 0.9
_GAP = 6

_GROUND = Rgb(0x2E, 0x33, 0x3C)
_TEXT = Rgb(0xEC, 0xEF, 0xF4)

#: Of a message that tells of something wrong.
ERROR = Rgb(0xE0, 0x5A, 0x4E)
#: Of any other one that is about nobody.
NOTICE = Rgb(0x7A, 0x86, 0x9A)


class Message(Struct, frozen=True):
    """What is shown: `heading` in bold on a bar of `color`, and `text` below, whose lines are wrapped."""

    heading: str
    text: str = ""
    color: Rgb = NOTICE


class Messages:
    """The messages of all outputs, at the top of each in the middle. It is its tree's owner (see `wlvm.wlr.scene.Scene.at`).

    No timer runs while none is shown.
    """

    def __init__(self, loop: EventLoop, parent: Tree) -> None:
        """`parent`'s position is the layout's."""
        self.tree = Tree.create(parent, owner=self)
        self.style = Style()
        self._loop = loop
        self._shown: dict[str, list[_Shown]] = {}

    def show(self, message: Message, seconds: float, output: OutputArea, *, instead: Hashable = None) -> None:
        """Show a message on an output for so long. It takes the place of the one that was shown with the same `instead`, if that is not None."""
        for each in [each for each in self._all() if instead is not None and each.instead == instead]:
            self._remove(each)
        shown = _Shown(message, output.name, instead, PictureNode(self.tree))
        shown.timer = self._loop.timer(lambda: self._remove(shown))
        shown.timer.arm(max(1, round(seconds * 1000)))
        self._shown.setdefault(output.name, []).append(shown)
        for oldest in self._shown[output.name][:-_MOST]:
            self._remove(oldest)
        self.arrange(output)

    def arrange(self, output: OutputArea) -> None:
        """Lay an output's messages anew: it has moved, or has another size or scale."""
        top = output.box.y + _GAP
        font_size = round(self.style.font_size * output.scale)
        room = min(_WIDTH * font_size, round(output.box.width * output.scale * _SHARE))
        for shown in self._shown.get(output.name, ()):
            top += shown.place(output, top, font_size, room) + _GAP

    def dismiss(self, instead: Hashable) -> None:
        """Show the message that was shown with this `instead` no longer."""
        for shown in [each for each in self._all() if each.instead == instead]:
            self._remove(shown)

    def dismiss_at(self, x: float, y: float) -> None:
        """Show the message at a point of the layout no longer."""
        for shown in self._all():
            box = shown.box
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                self._remove(shown)

    def output_gone(self, name: str) -> None:
        """An output went, and its messages with it."""
        for shown in list(self._shown.get(name, ())):
            self._remove(shown)

    def close(self) -> None:
        """Show nothing more. The tree ends with its parent."""
        for shown in self._all():
            self._remove(shown)

    def _all(self) -> list[_Shown]:
        return [shown for messages in self._shown.values() for shown in messages]

    def _remove(self, shown: _Shown) -> None:
        shown.destroy()
        self._shown[shown.output].remove(shown)
        if not self._shown[shown.output]:
            del self._shown[shown.output]


class _Shown:
    """A message on an output."""

    timer: Timer
    box: Rect
    """Where it is, in layout coordinates, once it has been placed."""

    def __init__(self, message: Message, output: str, instead: Hashable, node: PictureNode) -> None:
        self.message, self.output, self.instead = message, output, instead
        self._node = node

    def place(self, output: OutputArea, top: int, font_size: int, room: int) -> int:
        """Have it in the middle of the output, from `top` on; returns its height, in logical pixels."""
        sheet = Sheet(self.message, font_size, room)
        width, height = (max(1, round(side / output.scale)) for side in sheet.size)
        self.box = Rect(output.box.x + (output.box.width - width) // 2, top, width, height)
        size = output.physical(self.box)
        self._node.show(self.box, (self.message, font_size, room, size), lambda: sheet.draw(size))
        return height

    def destroy(self) -> None:
        self.timer.remove()
        self._node.destroy()


class Sheet:
    """A message as it is laid out; all in pixels."""

    def __init__(self, message: Message, font_size: int, room: int) -> None:
        """`room`: how wide it may be at most."""
        self._color = message.color
        self._font_size = self._air = font_size
        inside = room - 2 * self._air
        self._heading = BOLD.cut(plain(message.heading), font_size, inside)
        lines = [
            line
            for paragraph in message.text.splitlines()
            for line in REGULAR.wrapped(plain(paragraph), font_size, inside)
        ]
        if len(lines) > _MOST_LINES:
            left = len(lines) - _MOST_LINES + 1
            lines[_MOST_LINES - 1 :] = [f"and {left} more lines"]
        self._lines = lines
        self._line_height = REGULAR.line_height(font_size)
        self._bar = self._line_height + self._air

    @property
    def size(self) -> tuple[int, int]:
        """What it needs."""
        widths = [BOLD.width(self._heading, self._font_size)]
        widths += [REGULAR.width(line, self._font_size) for line in self._lines]
        text = len(self._lines) * self._line_height + self._air if self._lines else 0
        return round(max(widths)) + 2 * self._air, self._bar + text

    def draw(self, size: tuple[int, int]) -> Image.Image:
        """Its picture in this size."""
        image = Image.new("RGB", size, _GROUND)
        image.paste(self._color, (0, 0, size[0], self._bar if self._lines else size[1]))
        top = self._air / 2
        BOLD.draw(image, (self._air, top), self._heading, self._font_size, self._color.readable)
        for index, line in enumerate(self._lines):
            y = self._bar + top + index * self._line_height
            REGULAR.draw(image, (self._air, y), line, self._font_size, _TEXT)
        return image
