"""Slot: a view's part of the scene: what wlvm draws around it, and the view itself."""

from __future__ import annotations

from wlvm.desktop.decoration import Decoration
from wlvm.desktop.layers import Layers
from wlvm.desktop.place import Place, Stratum
from wlvm.desktop.view import PlacedView
from wlvm.pixel_grid import PixelGrid
from wlvm.wlr.scene import Tree


class Slot:
    """The tree that a view is drawn in, in the layer that its place belongs to. `destroy()` it after the view has left it."""

    def __init__(self, view: PlacedView, layers: Layers, id: int) -> None:
        self.view = view
        self.id = id
        #: The natural size that the view's place was made for.
        self.natural_size = view.natural_size
        self._layers = layers
        self._tree = Tree.create(layers.tiled)
        self._stratum = Stratum.TILED
        self._tree.set_enabled(False)
        view.move_into(self._tree)
        #: Above the view, which has nothing to draw there.
        self.decoration = Decoration(self._tree)
        #: Where the view is; None while it is nowhere.
        self.place: Place | None = None

    def destroy(self) -> None:
        self.view.move_into(self._layers.nowhere)
        self.decoration.destroy()
        self._tree.destroy()

    def show(self, place: Place, *, fullscreen: bool, grid: PixelGrid) -> None:
        """Have the view in this place."""
        if fullscreen != self.view.fullscreen:
            self.view.set_fullscreen(fullscreen)
        if place.stratum is not self._stratum:
            self._stratum = place.stratum
            self._tree.move_to(self._layers.of(place.stratum))
        self._tree.set_enabled(place.visible)
        self.view.place(place, grid)
        self.place = place

    def hide(self) -> None:
        """Have the view nowhere: there is no output."""
        self._tree.set_enabled(False)
        self.place = None

    def raise_to_top(self) -> None:
        """Above the others of its stratum."""
        self._tree.raise_to_top()
