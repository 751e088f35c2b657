"""X11 programs: an X server for whoever asks for one, and what becomes of its windows."""

from __future__ import annotations

from typing import Protocol

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.window import Window
from wlvm.desktop.x11_window import X11Popup, X11Window
from wlvm.framebuffer import Rect
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.xwayland import Xwayland, XWindow


class Windows(Protocol):
    """Who has the windows of host programs."""

    def appear(self, window: Window) -> None:
        """A window has a picture, and wants a place."""

    def disappear(self, window: Window) -> None:
        """A window has none any more."""

    def resized(self, window: Window) -> None:
        """A window that chooses its own size has chosen another."""

    def fullscreen_requested(self, window: Window) -> None:
        """A window wishes to cover an output, or not to any more."""

    def popup_appeared(self, popup: X11Popup) -> None:
        """A menu opened, at a place of its own."""

    def popup_disappeared(self, popup: X11Popup) -> None: ...

    def area_around(self, box: Rect) -> Rect:
        """The area of the output that a view at this place is on, in layout coordinates."""


class X11Programs:
    """The X server. `destroy()` before the display goes."""

    def __init__(self, wayland: Compositor, input: ClientInput, layers: Layers, windows: Windows) -> None:
        """OSError where there can be no X server."""
        self.input, self.layers, self.windows = input, layers, windows
        self._xwayland = Xwayland(
            wayland.display, wayland.compositor, input.clients, lambda x11: _Life(x11, self).follow()
        )

    @property
    def display_name(self) -> str:
        """What programs find in DISPLAY."""
        return self._xwayland.display_name

    def destroy(self) -> None:
        self._xwayland.destroy()


class _Life:
    """One X11 window from its making to its end; it has a view while it is mapped."""

    def __init__(self, x11: XWindow, programs: X11Programs) -> None:
        self._x11 = x11
        self._programs = programs
        self._view: X11Window | X11Popup | None = None

    def follow(self) -> None:
        """Follow the window: its listeners keep this object."""
        self._x11.on_map(self._mapped)
        self._x11.on_unmap(self._unmapped)
        self._x11.on_configure_request(self._asked)
        self._x11.on_geometry(self._moved)
        self._x11.on_fullscreen_request(self._fullscreen)

    def _mapped(self) -> None:
        programs = self._programs
        if self._x11.unmanaged:
            popup = self._view = X11Popup(self._x11, programs.input, programs.layers)
            programs.windows.popup_appeared(popup)
        else:
            window = self._view = X11Window(
                self._x11, programs.input, programs.layers, programs.windows.area_around
            )
            programs.windows.appear(window)

    def _unmapped(self) -> None:
        view, self._view = self._view, None
        if isinstance(view, X11Window):
            self._programs.windows.disappear(view)
        elif view is not None:
            self._programs.windows.popup_disappeared(view)
        if view is not None:
            view.destroy()

    def _asked(self, box: Rect) -> None:
        """A tiled window keeps its place, and is told so; a floating one chooses its size, and others have what they ask for."""
        view = self._view
        if not isinstance(view, X11Window):
            self._x11.configure(box)
        elif view.floating:
            self._x11.configure(Rect(view.box.x, view.box.y, box.width, box.height))
        else:
            self._x11.configure(view.box)
        self._moved()

    def _moved(self) -> None:
        if self._view is not None:
            self._view.follow()
        if isinstance(self._view, X11Window) and self._view.floating:
            self._programs.windows.resized(self._view)

    def _fullscreen(self) -> None:
        if isinstance(self._view, X11Window):
            self._programs.windows.fullscreen_requested(self._view)
