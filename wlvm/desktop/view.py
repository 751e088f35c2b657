"""A View: anything with a place on the screens that can have the pointer and the keyboard: a guest's console, or a host program's window."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from wlvm.framebuffer import Rect
from wlvm.wlr.input import Scroll
from wlvm.wlr.surface import CursorSurface


class Fit(enum.Enum):
    """How a view lies in the cell it is given."""

    CENTER = "pixel for pixel in the middle of the cell, scaled down where it is too large"
    CORNER = "pixel for pixel at the cell's top left corner, scaled down where it is too large"
    SCALE = "scaled to the cell, up or down, keeping its shape, in its middle"


@dataclass(frozen=True, slots=True)
class Cell:
    """A place for a view: an output's name, an area in layout coordinates, and how to lie in it."""

    output: str
    area: Rect
    fit: Fit


@dataclass(frozen=True, slots=True)
class NamedCursor:
    """An image of the cursor theme."""

    name: str


@dataclass(frozen=True, slots=True)
class ImageCursor:
    """An image of the view's own: rows of ARGB8888, premultiplied; sizes and the hotspot in its pixels."""

    pixels: bytes
    width: int
    height: int
    hot_x: int
    hot_y: int


@dataclass(frozen=True, slots=True)
class HiddenCursor:
    """No image: the view draws its own, or none."""


@dataclass(frozen=True, slots=True)
class ClientCursor:
    """A surface that the client with the pointer has made for it."""

    surface: CursorSurface


Cursor = NamedCursor | ImageCursor | ClientCursor | HiddenCursor

ARROW = NamedCursor("left_ptr")


class View(Protocol):
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
        """The locked pointer moved by so many logical pixels."""

    def pointer_button(self, button: int, pressed: bool) -> None: ...

    def pointer_axis(self, scroll: Scroll) -> None:
        """The wheel turned, or a finger scrolls."""

    def pointer_frame(self) -> None:
        """The end of a group of events of the pointer that belong together."""
