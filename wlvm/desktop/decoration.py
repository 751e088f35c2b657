"""Decoration: the border and the title around one view, which only wlvm draws."""

from __future__ import annotations

from wlvm.color import Rgb
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.picture_node import PictureNode
from wlvm.desktop.place import Place
from wlvm.desktop.style import Look, Style
from wlvm.desktop.title_bar import draw_title
from wlvm.framebuffer import Rect
from wlvm.wlr.scene import RectNode, Tree


class Decoration:
    """What is around a view, in a tree that no client and no guest draws into. It is its tree's owner (see `wlvm.wlr.scene.Scene.at`).

    The outer part of the border always has the view's colour, and so has the title; while the view has the keyboard, the border's inner half is
    the ring that says so. Nothing lies over the content.
    """

    def __init__(self, parent: Tree) -> None:
        """`parent`'s position is the layout's."""
        self.tree = Tree.create(parent, owner=self)
        self._edges = _Ring(self.tree)
        self._ring = _Ring(self.tree)
        self._title = PictureNode(self.tree)
        self._shown: tuple[Place, Look, OutputArea, Style] | None = None

    def show(self, place: Place, look: Look, output: OutputArea, style: Style) -> None:
        """Be around the content of this place, on this output."""
        if self._shown == (place, look, output, style):
            return
        self._shown = place, look, output, style
        self.tree.set_enabled(True)
        inner = place.content if place.title is None else place.title.union(place.content)
        border = inner.x - place.outer.x
        ring = border // 2 if look.focused else 0
        self._edges.show(place.outer, border - ring, look.color)
        self._ring.show(_grown(inner, ring), ring, style.focus)
        if place.title is None:
            self._title.hide()
        else:
            size = output.physical(place.title)
            font_size = round(style.font_size * output.scale)
            self._title.show(place.title, (size, font_size, look), lambda: draw_title(size, look, font_size))

    def hide(self) -> None:
        self._shown = None
        self.tree.set_enabled(False)

    def destroy(self) -> None:
        self._title.destroy()
        self.tree.destroy()


class _Ring:
    """Four rectangles around a hole."""

    def __init__(self, parent: Tree) -> None:
        self._sides = [RectNode(parent, 0, 0, (0, 0, 0, 1)) for _ in range(4)]

    def show(self, outer: Rect, width: int, color: Rgb) -> None:
        for side in self._sides:
            side.set_enabled(width > 0)
        if width <= 0:
            return
        x, y, right, bottom = outer.x, outer.y, outer.x + outer.width, outer.y + outer.height
        inside = outer.height - 2 * width
        boxes = (
            Rect(x, y, outer.width, width),
            Rect(x, bottom - width, outer.width, width),
            Rect(x, y + width, width, inside),
            Rect(right - width, y + width, width, inside),
        )
        for side, box in zip(self._sides, boxes, strict=True):
            side.set_color(color.scene)
            side.set_position(box.x, box.y)
            side.set_size(box.width, box.height)


def _grown(box: Rect, by: int) -> Rect:
    return Rect(box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by)
