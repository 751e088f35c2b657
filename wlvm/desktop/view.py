"""A View: anything with a place on the screens that can have the pointer and the keyboard: a guest's console, or a host program's window."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from msgspec import Struct

from wlvm.desktop.place import Place
from wlvm.desktop.style import Look
from wlvm.framebuffer import Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.wlr.input import Scroll
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import CursorSurface
from wlvm.wlr.touch import TouchEvent


class NamedCursor(Struct, frozen=True):
    """An image of the cursor theme."""

    name: str


class ImageCursor(Struct, frozen=True):
    """An image of the view's own, in physical pixels: rows of ARGB8888, premultiplied; sizes and the hotspot in its pixels."""

    pixels: bytes
    width: int
    height: int
    hot_x: int
    hot_y: int


class HiddenCursor(Struct, frozen=True):
    """No image: the view draws its own, or none."""


class ClientCursor(Struct, frozen=True):
    """A surface that the client with the pointer has made for it."""

    surface: CursorSurface


Cursor = NamedCursor | ImageCursor | ClientCursor | HiddenCursor

ARROW = NamedCursor("left_ptr")


class View(Hashable, Protocol):
    """What the seat asks of a view, and tells it.

    Points are in view coordinates: logical pixels from the view's top left corner. Keys and buttons are evdev codes
    (linux/input-event-codes.h).
    """

    @property
    def box(self) -> Rect:
        """The view's place in layout coordinates."""

    @property
    def visible(self) -> bool: ...

    @property
    def cursor(self) -> Cursor:
        """How the pointer looks over the view."""

    @property
    def wants_motion(self) -> bool:
        """Whether the view follows motion, not position: a click then locks the pointer to it, a relative mouse that is somewhere else."""

    @property
    def takes_keyboard(self) -> bool:
        """Whether a click on the view gives it the keyboard."""

    @property
    def grabs_keyboard(self) -> bool:
        """Whether all keys are for the view, and only what is pressed with the reserved key is wlvm's: a machine's own keyboard has them all."""

    def keyboard_enter(self) -> None:
        """The view's keyboard focus begins, with no key down."""

    def keyboard_leave(self) -> None:
        """The view's keyboard focus ends: what is down counts as released."""

    def key(self, key: int, pressed: bool) -> None: ...

    def pointer_enter(self, x: float, y: float) -> None:
        """The pointer is over the view now, here, or what the view shows there has changed."""

    def pointer_leave(self) -> None:
        """The pointer has left: buttons that are down count as released."""

    def pointer_lock(self) -> None:
        """The pointer is locked to the view until it leaves: its motion comes by `pointer_motion_relative`."""

    def pointer_motion(self, x: float, y: float) -> None:
        """The pointer is here (a point inside, or outside while a button is held that went down inside)."""

    def pointer_motion_relative(self, dx: float, dy: float) -> None:
        """The locked pointer moved: what its device counted, before any acceleration, which is the view's own affair."""

    def pointer_button(self, button: int, pressed: bool) -> None: ...

    def pointer_axis(self, scroll: Scroll) -> None:
        """The wheel turned, or a finger scrolls."""

    def pointer_frame(self) -> None:
        """The end of a group of events of the pointer that belong together."""

    @property
    def takes_touch(self) -> bool:
        """Whether the view has fingers as such. For others the first finger is the pointer with its left button down."""

    def touch(self, event: TouchEvent) -> None:
        """What a finger does that came down on the view."""


class PlacedView(View, Protocol):
    """A view that the desktop gives its place: a guest's console, or a host program's window."""

    @property
    def look(self) -> Look:
        """What is drawn around it, as far as the view knows: not whether it has the keyboard."""

    @property
    def natural_size(self) -> tuple[int, int]:
        """How large it is by itself, in logical pixels."""

    @property
    def fullscreen(self) -> bool: ...

    def set_fullscreen(self, fullscreen: bool) -> None:
        """Whether it covers an output from now on."""

    def move_into(self, tree: Tree) -> None:
        """Be drawn in this tree of the scene, whose position is the layout's."""

    def place(self, place: Place, grid: PixelGrid) -> None:
        """Be there from now on; `grid` is the output's."""
