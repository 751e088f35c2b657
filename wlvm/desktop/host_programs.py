"""Host programs: the windows of Wayland clients, as views among the others."""

from __future__ import annotations

from typing import Protocol

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.seat import Seat
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.toplevel import Toplevel
from wlvm.framebuffer import Rect
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.input import SeatDevices
from wlvm.wlr.xdg_shell import XdgPopup, XdgShell, XdgToplevel


class Desktop(Protocol):
    """Who gives the views their places, and hears what clients wish."""

    def window_mapped(self, window: Toplevel) -> None:
        """A window appeared: it wants a place, and usually the keyboard."""

    def window_unmapped(self, window: Toplevel) -> None:
        """A window went, or has nothing to show for now: it needs no place, and the seat has forgotten it."""

    def window_changed(self, window: Toplevel) -> None:
        """A window has another parent, or wishes to be in full screen or not (`Toplevel.fullscreen`): it may need another place."""

    def move_requested(self, window: Toplevel) -> None:
        """A client wants the pointer, with the button that is down, to move its window."""

    def resize_requested(self, window: Toplevel, edges: int) -> None:
        """A client wants the pointer to pull its window's edges (xdg_toplevel.resize_edge)."""

    def area_around(self, box: Rect) -> Rect:
        """The area of the output that a view at this place is on, in layout coordinates."""


class HostPrograms:
    """The host programs of one seat. `forget()` before the display goes."""

    def __init__(
        self, wayland: Compositor, layers: Layers, seat: Seat, devices: SeatDevices, desktop: Desktop
    ) -> None:
        self.windows: list[Toplevel] = []
        self._layers = layers
        self._seat = seat
        self._desktop = desktop
        self._input = ClientInput(devices.clients, wayland.scene, seat.cursor_changed)
        self._views: list[SurfaceView] = []
        self._shell = XdgShell(wayland.display, self._new_toplevel, self._new_popup)

    def forget(self) -> None:
        self._shell.forget()

    def parent_of(self, window: Toplevel) -> Toplevel | None:
        """The window that a dialog belongs to."""
        parent = window.xdg.parent
        return next((each for each in self.windows if each.surface == parent), None)

    def _new_toplevel(self, xdg: XdgToplevel) -> None:
        window = Toplevel(xdg, self._input, self._layers, self._desktop.area_around)
        self._views.append(window)
        xdg.on_map(lambda: self._mapped(window))
        xdg.on_unmap(lambda: self._unmapped(window))
        xdg.on_destroy(lambda: self._gone(window))
        xdg.on_parent(lambda: self._changed(window))
        xdg.on_fullscreen_request(lambda: self._fullscreen_requested(window))
        xdg.on_maximize_request(xdg.answer)
        xdg.on_minimize_request(xdg.answer)
        xdg.on_move_request(lambda: self._desktop.move_requested(window))
        xdg.on_resize_request(lambda edges: self._desktop.resize_requested(window, edges))

    def _new_popup(self, popup: XdgPopup) -> None:
        view = next((view for view in self._views if view.has(popup.parent)), None)
        if view is not None:
            view.open_popup(popup)

    def _mapped(self, window: Toplevel) -> None:
        window.mapped = True
        window.fullscreen = window.xdg.wants_fullscreen
        self.windows.append(window)
        window.raise_to_top()
        self._desktop.window_mapped(window)

    def _unmapped(self, window: Toplevel) -> None:
        window.mapped = False
        self.windows.remove(window)
        self._seat.view_gone(window)
        self._desktop.window_unmapped(window)

    def _gone(self, window: Toplevel) -> None:
        self._views.remove(window)
        window.destroy()

    def _changed(self, window: Toplevel) -> None:
        if window.mapped:
            self._desktop.window_changed(window)

    def _fullscreen_requested(self, window: Toplevel) -> None:
        window.set_fullscreen(window.xdg.wants_fullscreen)
        self._changed(window)
