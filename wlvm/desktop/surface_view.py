"""SurfaceView: what the views of host programs have in common, whatever protocol brought them: a surface, popups, and input."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.view import Cursor
from wlvm.framebuffer import Rect
from wlvm.wlr.input import Scroll
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import Surface
from wlvm.wlr.touch import TouchEvent
from wlvm.wlr.xdg_shell import XdgPopup


class SurfaceView:
    """Implements `wlvm.desktop.view.View` for a surface and what opens from it.

    Its tree is at the top left corner of what its popups' positions count from; popups are in a layer of their own, above other
    views. `destroy()` when the client has ended the surface.
    """

    takes_keyboard = True
    grabs_keyboard = False
    wants_motion = False

    def __init__(
        self, surface: Surface, input: ClientInput, layers: Layers, parent: Tree, area: Callable[[], Rect]
    ) -> None:
        """Show nothing yet, in `parent`. `area` gives the part of the layout that popups must keep to."""
        self.surface = surface
        self.box = Rect(0, 0, 1, 1)
        self.input = input
        self.layers = layers
        self.tree = Tree.create(parent, owner=self)
        self._popups = Tree.create(layers.popups, owner=self)
        self._popup_trees: dict[Surface, Tree] = {}
        self._area = area
        self._size = (0, 0)

    def destroy(self) -> None:
        self.input.surface_gone(self.surface)
        self._popups.destroy()
        self.tree.destroy()

    def move_to(self, x: int, y: int) -> None:
        """Put the top left corner there in the layout."""
        self.box = Rect(x, y, self.box.width, self.box.height)
        self.tree.set_position(x, y)
        self._popups.set_position(x, y)

    def raise_to_top(self) -> None:
        """Above the others of its layer."""
        self.tree.raise_to_top()
        self._popups.raise_to_top()

    def move_into(self, tree: Tree) -> None:
        """Be drawn in this tree of the scene, whose position is the layout's."""
        self.tree.move_to(tree)

    def show(self, visible: bool) -> None:
        """Show it and its popups, or hide them."""
        self.tree.set_enabled(visible)
        self._popups.set_enabled(visible)

    def resized(self) -> bool:
        """Whether the surface has another size than when this was asked last: then what is below the pointer may be another."""
        before, self._size = self._size, self.surface.size
        return self._size != before

    @property
    def surface_offset(self) -> tuple[int, int]:
        """How far the surface's own top left corner is from the view's: shadows that a client draws itself lie outside."""
        return 0, 0

    def open_popup(self, popup: XdgPopup) -> None:
        """Show a popup of the view's surface, or of another popup of its."""
        tree = popup.show(self._popup_trees.get(popup.parent, self._popups))
        self._popup_trees[popup.surface] = tree
        popup.on_reposition(lambda: self._constrain(popup))
        popup.on_destroy(lambda: self._popup_gone(popup))
        self._constrain(popup)

    def _popup_gone(self, popup: XdgPopup) -> None:
        del self._popup_trees[popup.surface]
        self.input.surface_gone(popup.surface)

    def has(self, surface: Surface) -> bool:
        """Whether a surface is the view's own or one of its popups'."""
        return surface == self.surface or surface in self._popup_trees

    def _constrain(self, popup: XdgPopup) -> None:
        """Have the popup flip or slide so that it stays on the screen; it knows the screen in its parent surface's coordinates."""
        area, (dx, dy) = self._area(), self.surface_offset
        popup.constrain(Rect(area.x - self.box.x - dx, area.y - self.box.y - dy, area.width, area.height))

    # View: what the seat asks and tells.

    @property
    def visible(self) -> bool:
        return True

    @property
    def cursor(self) -> Cursor:
        return self.input.cursor

    def keyboard_enter(self) -> None:
        self.input.clients.keyboard_enter(self.surface)

    def keyboard_leave(self) -> None:
        self.input.clients.keyboard_leave()

    def key(self, key: int, pressed: bool) -> None:
        self.input.clients.key(key, pressed)

    def pointer_enter(self, x: float, y: float) -> None:
        self.input.enter(self, self.box.x + x, self.box.y + y)

    def pointer_leave(self) -> None:
        self.input.leave()

    def pointer_lock(self) -> None:
        """Never: it wants positions."""

    def pointer_motion(self, x: float, y: float) -> None:
        self.input.motion(self, self.box.x + x, self.box.y + y)

    def pointer_motion_relative(self, dx: float, dy: float) -> None:
        """Never: its pointer is not locked."""

    def pointer_button(self, button: int, pressed: bool) -> None:
        self.input.button(button, pressed)

    def pointer_axis(self, scroll: Scroll) -> None:
        self.input.axis(scroll)

    def pointer_frame(self) -> None:
        self.input.frame()

    @property
    def takes_touch(self) -> bool:
        return self.input.touch.takes(self.surface)

    def touch(self, event: TouchEvent) -> None:
        self.input.touch.tell(self, self.box, event)
