"""Window: what the windows of host programs have in common, whatever protocol brought them."""

from __future__ import annotations

from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.view import Cell
from wlvm.framebuffer import Rect
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import Surface


class Window(SurfaceView):
    """A window with a place among the views, while it has a picture.

    A dialog, and a window of one size, floats: it has the size that its client chose, in the middle of its cell. Others are asked to fill
    theirs, and lie at its top left corner where they do not.
    """

    mapped = False
    fullscreen = False
    _cell: Cell | None = None

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def app_id(self) -> str:
        raise NotImplementedError

    @property
    def floats(self) -> bool:
        """Whether it stays above the others, in its own size."""
        raise NotImplementedError

    @property
    def parent(self) -> Surface | None:
        """The surface of the window that this one is a dialog of."""
        raise NotImplementedError

    @property
    def wanted_output(self) -> str | None:
        """The name of the output that it wants to fill in full screen; None where any will do."""
        raise NotImplementedError

    @property
    def size(self) -> tuple[int, int]:
        """How large its client has made it."""
        raise NotImplementedError

    def suggest(self, cell: Cell) -> None:
        """Ask the client for what fits this place: also before it has drawn anything."""
        raise NotImplementedError

    def set_fullscreen(self, fullscreen: bool) -> None:
        """Tell the client; whoever places the window gives it an output's whole area by `place`, or its old one."""
        raise NotImplementedError

    def close(self) -> None:
        """Ask the program to close the window."""
        raise NotImplementedError

    @property
    def output(self) -> str:
        """The name of the output it is placed on; "" before it is placed."""
        return "" if self._cell is None else self._cell.output

    def place(self, cell: Cell, scale: float) -> None:
        """Give the window a place; the client follows when it can."""
        self._cell = cell
        self.tree.move_to(self._layer())
        self.suggest(cell)
        self.follow()

    def follow(self) -> None:
        """Lay the window, as large as its client has made it, into its cell."""
        if self._cell is None:
            return
        area, (width, height) = self._cell.area, self.size
        x, y = area.x, area.y
        if self.floats and not self.fullscreen:
            x += max(0, (area.width - width) // 2)
            y += max(0, (area.height - height) // 2)
        self.box = Rect(x, y, max(1, width), max(1, height))
        self.move_to(x, y)

    def _layer(self) -> Tree:
        if self.fullscreen:
            return self.layers.fullscreen
        return self.layers.floating if self.floats else self.layers.views
