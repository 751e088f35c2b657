"""Window: what the windows of host programs have in common, whatever protocol brought them."""

from __future__ import annotations

from wlvm.desktop.place import Place, Stratum
from wlvm.desktop.style import Look
from wlvm.desktop.surface_view import SurfaceView
from wlvm.framebuffer import Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.wlr.crop import crop_surfaces
from wlvm.wlr.surface import Surface


class Window(SurfaceView):
    """A window with a place among the views, while it has a picture. Implements `wlvm.desktop.view.PlacedView`.

    Its client is asked to have the size of its place. A window that is smaller lies in the middle of the place where it floats, and at its top
    left corner elsewhere; of one that is larger the rest is not seen.
    """

    mapped = False
    fullscreen = False
    #: Whether its program has been asked something and does not answer.
    unresponsive = False
    _place: Place | None = None
    _cropped = False

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def caption(self) -> str:
        """The title as a person reads it, with what is to be known of the window."""
        return f"{self.title} (not responding)" if self.unresponsive else self.title

    @property
    def app_id(self) -> str:
        raise NotImplementedError

    @property
    def look(self) -> Look:
        return Look(title=self.title or self.app_id)

    @property
    def wants_to_float(self) -> bool:
        """Whether it is a dialog, or of one size only."""
        raise NotImplementedError

    @property
    def parent(self) -> Surface | None:
        """The surface of the window that this one is a dialog of."""
        raise NotImplementedError

    @property
    def wants_fullscreen(self) -> bool:
        raise NotImplementedError

    @property
    def wanted_output(self) -> str | None:
        """The name of the output that it wants to fill in full screen; None where any will do."""
        raise NotImplementedError

    @property
    def natural_size(self) -> tuple[int, int]:
        """How large its client has made it."""
        raise NotImplementedError

    def suggest(self, place: Place) -> None:
        """Ask the client for what fits this place: also before it has drawn anything."""
        raise NotImplementedError

    def set_fullscreen(self, fullscreen: bool) -> None:
        """Tell the client; whoever places the window gives it an output's whole area by `place`, or its old one."""
        raise NotImplementedError

    def close(self) -> None:
        """Ask the program to close the window."""
        raise NotImplementedError

    @property
    def floating(self) -> bool:
        """Whether it lies above the tiled views, in a place of its own."""
        return self._place is not None and self._place.stratum is not Stratum.TILED and not self.fullscreen

    def place(self, place: Place, grid: PixelGrid) -> None:
        """Have another place; the client follows when it can."""
        if place == self._place:
            return
        self._place = place
        self.show(place.visible)
        self.suggest(place)
        self.follow()

    def follow(self) -> None:
        """Lay the window, as large as its client has made it, into its place."""
        if self._place is None:
            return
        area, (width, height) = self._place.content, self.natural_size
        x, y = area.x, area.y
        if self.floating:
            x += max(0, (area.width - width) // 2)
            y += max(0, (area.height - height) // 2)
        self.box = Rect(x, y, max(1, min(width, area.width)), max(1, min(height, area.height)))
        self.move_to(x, y)
        larger = width > area.width or height > area.height
        if larger or self._cropped:
            crop_surfaces(self.tree, area)
        self._cropped = larger
