"""Toplevel: a window of a host program that speaks xdg-shell, as a view."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.place import Place, Stratum
from wlvm.desktop.window import Window
from wlvm.framebuffer import Rect
from wlvm.wlr.surface import Surface
from wlvm.wlr.xdg_shell import XdgToplevel


class Toplevel(Window):
    """A window. It may be mapped and unmapped any number of times before its client ends it."""

    def __init__(
        self, xdg: XdgToplevel, input: ClientInput, layers: Layers, area: Callable[[Rect], Rect]
    ) -> None:
        """`area` gives the output's area that popups of a view at some place must keep to."""
        super().__init__(xdg.surface, input, layers, layers.nowhere, lambda: area(self.box))
        self.xdg = xdg
        xdg.show(self.tree)

    @property
    def title(self) -> str:
        return self.xdg.title

    @property
    def app_id(self) -> str:
        return self.xdg.app_id

    @property
    def parent(self) -> Surface | None:
        return self.xdg.parent

    @property
    def wants_to_float(self) -> bool:
        return self.xdg.parent is not None or self.xdg.fixed_size

    @property
    def wants_fullscreen(self) -> bool:
        return self.xdg.wants_fullscreen

    @property
    def wanted_output(self) -> str | None:
        return self.xdg.wanted_output

    @property
    def natural_size(self) -> tuple[int, int]:
        return self.xdg.geometry[2:]

    @property
    def surface_offset(self) -> tuple[int, int]:
        geometry = self.xdg.geometry
        return -geometry.x, -geometry.y

    def suggest(self, place: Place) -> None:
        width, height = place.content[2:]
        floating = place.stratum is not Stratum.TILED and not self.fullscreen
        self.xdg.set_tiled(place.stratum is Stratum.TILED)
        if not floating or (width, height) != self.natural_size:
            self.xdg.set_size(width, height)

    def let_choose(self, area: Rect) -> None:
        """Have the client choose a size that this area has room for: before it has drawn anything."""
        self.xdg.set_size(0, 0)
        self.xdg.set_bounds(area.width, area.height)

    def set_fullscreen(self, fullscreen: bool) -> None:
        self.fullscreen = fullscreen
        self.xdg.set_fullscreen(fullscreen)

    def close(self) -> None:
        self.xdg.close()

    def keyboard_enter(self) -> None:
        self.xdg.set_activated(True)
        super().keyboard_enter()
        self.xdg.ping()

    def pointer_button(self, button: int, pressed: bool) -> None:
        super().pointer_button(button, pressed)
        self.xdg.ping()

    def keyboard_leave(self) -> None:
        self.xdg.set_activated(False)
        super().keyboard_leave()
