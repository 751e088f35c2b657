"""Toplevel: a window of a host program that speaks xdg-shell, as a view."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.view import Cell
from wlvm.framebuffer import Rect
from wlvm.wlr.scene import Tree
from wlvm.wlr.xdg_shell import XdgToplevel


class Toplevel(SurfaceView):
    """A window. It has a picture, and a place among the views, from its mapping to its unmapping.

    A dialog, and a window of one size, floats: it has the size that its client chose, in the middle of its cell. Others are asked to fill
    theirs, and lie at its top left corner where they do not.
    """

    def __init__(
        self, xdg: XdgToplevel, input: ClientInput, layers: Layers, area: Callable[[Rect], Rect]
    ) -> None:
        """`area` gives the output's area that popups of a view at some place must keep to."""
        super().__init__(xdg.surface, input, layers, layers.views, lambda: area(self.box))
        self.xdg = xdg
        self.mapped = False
        self.fullscreen = False
        self._layers = layers
        self._cell: Cell | None = None
        xdg.show(self.tree)

    @property
    def title(self) -> str:
        return self.xdg.title

    @property
    def app_id(self) -> str:
        return self.xdg.app_id

    @property
    def floats(self) -> bool:
        """Whether it stays above the others, in its own size."""
        return self.xdg.parent is not None or self.xdg.fixed_size

    @property
    def output(self) -> str:
        """The name of the output it is placed on; "" before it is placed."""
        return "" if self._cell is None else self._cell.output

    def suggest(self, cell: Cell) -> None:
        """Ask the client for what fits this place: also before it has drawn anything."""
        if self.floats and not self.fullscreen:
            self.xdg.set_bounds(cell.area.width, cell.area.height)
        else:
            self.xdg.set_tiled(not self.fullscreen)
            self.xdg.set_size(cell.area.width, cell.area.height)

    def place(self, cell: Cell, scale: float) -> None:
        """Give the window a place; the client follows when it can."""
        self._cell = cell
        self.tree.move_to(self._tree_of_layer())
        self.suggest(cell)
        self.follow()

    def set_fullscreen(self, fullscreen: bool) -> None:
        """Tell the client; whoever places the window gives it an output's whole area by `place`, or its old one."""
        self.fullscreen = fullscreen
        self.xdg.set_fullscreen(fullscreen)

    def close(self) -> None:
        """Ask the program to close the window."""
        self.xdg.close()

    def keyboard_enter(self) -> None:
        self.xdg.set_activated(True)
        super().keyboard_enter()

    def keyboard_leave(self) -> None:
        self.xdg.set_activated(False)
        super().keyboard_leave()

    @property
    def surface_offset(self) -> tuple[int, int]:
        geometry = self.xdg.geometry
        return -geometry.x, -geometry.y

    def _tree_of_layer(self) -> Tree:
        if self.fullscreen:
            return self._layers.fullscreen
        return self._layers.floating if self.floats else self._layers.views

    def follow(self) -> None:
        """Lay the window, as large as its client has made it, into its cell."""
        if self._cell is None:
            return
        area, geometry = self._cell.area, self.xdg.geometry
        x, y = area.x, area.y
        if self.floats and not self.fullscreen:
            x += max(0, (area.width - geometry.width) // 2)
            y += max(0, (area.height - geometry.height) // 2)
        self.box = Rect(x, y, max(1, geometry.width), max(1, geometry.height))
        self.move_to(x, y)
