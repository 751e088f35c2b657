"""TabStrips: the tabs of all workspaces that are seen, which only wlvm draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.picture_node import PictureNode
from wlvm.desktop.style import Look, Style
from wlvm.desktop.tiling import Tab
from wlvm.desktop.title_bar import draw_tab
from wlvm.desktop.tree import V
from wlvm.wlr.scene import Tree


class TabStrips(Generic[V]):
    """Tabs, in a tree that no client and no guest draws into. It is its tree's owner (see `wlvm.wlr.scene.Scene.at`)."""

    def __init__(self, parent: Tree) -> None:
        """`parent`'s position is the layout's."""
        self.tree = Tree.create(parent, owner=self)
        self._tabs: Sequence[Tab[V]] = ()
        self._nodes: list[PictureNode] = []

    def show(
        self,
        tabs: Sequence[Tab[V]],
        look_of: Callable[[V], Look],
        output_of: Callable[[V], OutputArea],
        style: Style,
    ) -> None:
        """Show these tabs, and no other ones; `output_of` says where a view is."""
        self._tabs = tabs
        while len(self._nodes) < len(tabs):
            self._nodes.append(PictureNode(self.tree))
        for node in self._nodes[len(tabs) :]:
            node.destroy()
        del self._nodes[len(tabs) :]
        for node, tab in zip(self._nodes, tabs, strict=True):
            self._show(node, tab, look_of(tab.view), output_of(tab.view), style)

    def _show(self, node: PictureNode, tab: Tab[V], look: Look, output: OutputArea, style: Style) -> None:
        size, font_size = output.physical(tab.box), round(style.font_size * output.scale)
        node.show(
            tab.box,
            (size, font_size, look, tab.active, style.focus),
            lambda: draw_tab(size, look, font_size, active=tab.active, focus=style.focus),
        )

    def at(self, x: float, y: float) -> V | None:
        """The view whose tab is at a point of the layout."""
        for tab in self._tabs:
            box = tab.box
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                return tab.view
        return None

    def destroy(self) -> None:
        for node in self._nodes:
            node.destroy()
        self.tree.destroy()
