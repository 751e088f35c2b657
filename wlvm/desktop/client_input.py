"""What host programs get of the seat: which of a view's surfaces has the pointer, and what its client does with the cursor.

A view of a host program is a tree of surfaces (subsurfaces, popups), and the pointer is over one of them. While a button is down that surface
keeps it (wl_pointer's implicit grab), wherever the pointer goes.
"""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_touch import ClientTouch
from wlvm.desktop.view import ARROW, ClientCursor, Cursor, HiddenCursor
from wlvm.wlr.input import Scroll
from wlvm.wlr.scene import Scene
from wlvm.wlr.seat import ClientSeat
from wlvm.wlr.surface import CursorSurface, Surface


class ClientInput:
    """The part of the seat that all views of host programs share: only one of them has the pointer."""

    def __init__(self, clients: ClientSeat, scene: Scene, cursor_changed: Callable[[], None]) -> None:
        """`cursor_changed` is called when the client that has the pointer wants another cursor."""
        self.clients = clients
        self._scene = scene
        self.touch = ClientTouch(clients, scene)
        self._cursor_changed = cursor_changed
        self._cursor: Cursor = ARROW
        self._surface: Surface | None = None
        self._origin = (0.0, 0.0)
        self._buttons: set[int] = set()
        #: Whether a frame of the client's pointer events is to be ended. What enters and leaves, wlroots ends by itself.
        self._frame_due = False
        #: Called when the pointer has moved over a surface, to another one, or to none.
        self.moved: Callable[[], None] = lambda: None
        clients.on_cursor(self._on_cursor)

    @property
    def cursor(self) -> Cursor:
        """What the client that has the pointer wants to see there."""
        return self._cursor

    @property
    def surface(self) -> Surface | None:
        """The surface that has the pointer."""
        return self._surface

    @property
    def origin(self) -> tuple[float, float]:
        """Where that surface's own top left corner is in the layout."""
        return self._origin

    def wish(self, cursor: Cursor) -> None:
        """The client that has the pointer wants this cursor."""
        self._forget_cursor()
        self._cursor = cursor
        self._cursor_changed()

    def enter(self, view: object, x: float, y: float) -> None:
        """The pointer is at this point of the layout, over `view`: tell the surface there, unless a button holds it to another."""
        if self._buttons:
            return
        hit = self._scene.at(x, y)
        if hit is None or hit.surface is None or hit.owner is not view:
            self.leave()
            return
        had_it, origin = self._surface == hit.surface, (x - hit.x, y - hit.y)
        if not had_it:
            self._forget_cursor()
        self._frame_due |= had_it and origin != self._origin
        self._surface, self._origin = hit.surface, origin
        self.clients.pointer_enter(hit.surface, hit.x, hit.y)
        if had_it:
            self.clients.pointer_motion(
                hit.x, hit.y
            )  # the surface may have moved; wlroots tells nothing twice
        self.moved()

    def motion(self, view: object, x: float, y: float) -> None:
        """The pointer moved to this point of the layout, over `view` or held to it."""
        self.enter(view, x, y)
        self._frame_due = True
        self.clients.pointer_motion(x - self._origin[0], y - self._origin[1])

    def leave(self) -> None:
        """The pointer is over no surface: buttons that are down come up for the client that has it."""
        for button in tuple(self._buttons):
            self.button(button, False)
        self._surface = None
        self._forget_cursor()
        self.clients.pointer_leave()
        self.moved()

    def button(self, button: int, pressed: bool) -> None:
        (self._buttons.add if pressed else self._buttons.discard)(button)
        self._frame_due = True
        self.clients.pointer_button(button, pressed)

    def axis(self, scroll: Scroll) -> None:
        self._frame_due = True
        self.clients.pointer_axis(scroll.vertical, scroll.length, scroll.v120, scroll.source)

    def frame(self) -> None:
        if self._frame_due:
            self._frame_due = False
            self.clients.pointer_frame()

    def drag_begins(self) -> None:
        """A drag has taken the buttons that are down: nobody hears of their release."""
        self._buttons.clear()
        self.leave()

    def surface_gone(self, surface: Surface) -> None:
        """A surface ends, and the pointer over it is over none."""
        self.touch.surface_gone(surface)
        if self._surface == surface:
            self._surface = None
            self._buttons.clear()
            self._forget_cursor()
            self.moved()

    def _on_cursor(self, surface: CursorSurface | None) -> None:
        if surface is None:
            self.wish(HiddenCursor())
        else:
            # wlroots would show the image from before the surface again.
            surface.ended = lambda: self.wish(HiddenCursor())
            self.wish(ClientCursor(surface))

    def _forget_cursor(self) -> None:
        if isinstance(self._cursor, ClientCursor):
            self._cursor.surface.forget()
        self._cursor = ARROW
