"""Drag and drop between host programs: what is dragged follows the pointer, over whichever surface it is."""

from __future__ import annotations

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.seat import Seat
from wlvm.wlr.scene import Scene, Tree
from wlvm.wlr.seat import ClientDrag


class Drag:
    """One drag. Implements `wlvm.desktop.seat.PointerGrab`."""

    def __init__(
        self, drag: ClientDrag, input: ClientInput, scene: Scene, layers: Layers, seat: Seat
    ) -> None:
        self._drag = drag
        self._clients = input.clients
        self._scene = scene
        self._below = layers.session
        self._seat = seat
        self._over = True
        self._icon = Tree.create(layers.drag)
        drag.show_icon(self._icon)
        drag.on_destroy(self._ended)
        input.drag_begins()
        seat.grab_pointer(self)

    def motion(self, x: float, y: float) -> None:
        self._icon.set_position(round(x), round(y))
        hit = self._scene.at(x, y, self._below)
        if hit is None or hit.surface is None:
            self._clients.pointer_leave()
        else:
            self._clients.pointer_enter(hit.surface, hit.x, hit.y)
            self._clients.pointer_motion(hit.x, hit.y)

    def button(self, button: int, pressed: bool) -> None:
        """The release of the last button drops it, or cancels where nobody takes it."""
        self._clients.pointer_button(button, pressed)

    def end(self) -> None:
        if self._over:
            self._clients.end_grabs()

    def _ended(self) -> None:
        """Raised when it was dropped or cancelled."""
        self._over = False
        self._icon.destroy()
        self._seat.end_grab()
