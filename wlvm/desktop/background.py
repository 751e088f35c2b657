"""Background: the colour of each output below everything else, wallpapers included."""

from __future__ import annotations

from collections.abc import Iterable

from wlvm.color import Rgb
from wlvm.desktop.output_map import OutputArea
from wlvm.wlr.scene import RectNode, Tree


class Background:
    """A rectangle on each output."""

    def __init__(self, parent: Tree) -> None:
        """`parent`'s position is the layout's."""
        self._tree = Tree.create(parent)
        self._nodes: dict[str, RectNode] = {}

    def show(self, outputs: Iterable[OutputArea], color: Rgb) -> None:
        """Have this colour on these outputs, and on no other."""
        there = {output.name: output.box for output in outputs}
        for gone in self._nodes.keys() - there.keys():
            self._nodes.pop(gone).destroy()
        for name, box in there.items():
            node = self._nodes.get(name)
            if node is None:
                node = self._nodes[name] = RectNode(self._tree, box.width, box.height, color.scene)
            node.set_color(color.scene)
            node.set_position(box.x, box.y)
            node.set_size(box.width, box.height)
