"""The windows of X11 programs, as views."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.place import Place
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.window import Window
from wlvm.framebuffer import Rect
from wlvm.wlr.surface import Surface
from wlvm.wlr.xwayland import XWindow


class X11Window(Window):
    """An X11 window that is managed, from its mapping to its unmapping. X11 is told where it lies: its menus are placed by that."""

    mapped = True
    parent: Surface | None = None
    wanted_output: str | None = None

    def __init__(
        self, x11: XWindow, input: ClientInput, layers: Layers, area: Callable[[Rect], Rect]
    ) -> None:
        super().__init__(x11.surface, input, layers, layers.nowhere, lambda: area(self.box))
        self.x11 = x11
        self.fullscreen = x11.wants_fullscreen
        x11.show(self.tree)

    @property
    def title(self) -> str:
        return self.x11.title

    @property
    def app_id(self) -> str:
        return self.x11.app_id

    @property
    def wants_to_float(self) -> bool:
        return self.x11.is_dialog

    @property
    def wants_fullscreen(self) -> bool:
        return self.x11.wants_fullscreen

    @property
    def natural_size(self) -> tuple[int, int]:
        return self.x11.box[2:]

    def suggest(self, place: Place) -> None:
        self.x11.configure(place.content)

    def set_fullscreen(self, fullscreen: bool) -> None:
        self.fullscreen = fullscreen
        self.x11.set_fullscreen(fullscreen)

    def close(self) -> None:
        self.x11.close()

    def keyboard_enter(self) -> None:
        self.x11.set_activated(True)
        super().keyboard_enter()

    def keyboard_leave(self) -> None:
        self.x11.set_activated(False)
        super().keyboard_leave()


class X11Popup(SurfaceView):
    """An X11 menu or tooltip, where it has put itself, above the views."""

    def __init__(self, x11: XWindow, input: ClientInput, layers: Layers) -> None:
        super().__init__(x11.surface, input, layers, layers.unmanaged, lambda: self.box)
        self.x11 = x11
        x11.show(self.tree)
        self.follow()

    @property
    def takes_keyboard(self) -> bool:  # type: ignore[override]
        return self.x11.wants_keyboard

    def follow(self) -> None:
        """It has moved itself."""
        self.box = self.x11.box
        self.move_to(self.box.x, self.box.y)
