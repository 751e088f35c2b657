"""Touch: which view each finger is on, and the first finger as a pointer for views that know of none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from wlvm.desktop.view import View
from wlvm.wlr.touch import TouchCancel, TouchDown, TouchEvent, TouchFrame, TouchMotion, TouchUp

_LEFT = 0x110  # BTN_LEFT (linux/input-event-codes.h)


class Pointer(Protocol):
    """What a finger does to the seat."""

    def touched(self, view: View) -> None:
        """A finger came down on a view: it gets what a click on it would give it."""

    def motion_absolute(self, x: float, y: float) -> None: ...

    def button(self, button: int, pressed: bool) -> None: ...

    def frame(self) -> None: ...


class Touch:
    """The fingers of a seat. A finger belongs to the view that it came down on, wherever it goes."""

    def __init__(self, seat: Pointer, view_at: Callable[[float, float], View | None]) -> None:
        self._seat = seat
        self._view_at = view_at
        self._views: dict[int, View] = {}
        #: The views that hear of the end of this frame.
        self._told: list[View] = []
        #: The finger that is the pointer.
        self._pointing: int | None = None

    def tell(self, event: TouchEvent) -> None:
        """What a finger does; points are of the layout."""
        match event:
            case TouchDown(slot, x, y):
                self._down(slot, event, x, y)
            case TouchMotion(slot, x, y) if slot == self._pointing:
                self._seat.motion_absolute(x, y)
            case TouchUp(slot) | TouchCancel(slot) if slot == self._pointing:
                self._pointing = None
                self._seat.button(_LEFT, False)
                self._seat.frame()
            case TouchMotion(slot, x, y) if slot in self._views:
                self._tell(self._views[slot], event)
            case TouchUp(slot) | TouchCancel(slot) if slot in self._views:
                self._tell(self._views.pop(slot), event)
            case TouchFrame():
                self._frame()
            case _:
                pass  # a finger that came down where there is nothing for it

    def cancel(self) -> None:
        """Take all fingers from whoever has them."""
        for slot in (*self._views, *(() if self._pointing is None else (self._pointing,))):
            self.tell(TouchCancel(slot))
        self._frame()

    def view_gone(self, view: View) -> None:
        """A view went: its fingers are nobody's."""
        self._views = {slot: each for slot, each in self._views.items() if each is not view}
        self._told = [each for each in self._told if each is not view]

    def _down(self, slot: int, event: TouchDown, x: float, y: float) -> None:
        view = self._view_at(x, y)
        if view is not None and (view.takes_touch or view.wants_motion):
            self._seat.touched(view)
        if view is not None and view.takes_touch:
            self._views[slot] = view
            self._tell(view, event)
        elif self._pointing is None and (view is None or not view.wants_motion):
            # What a mouse would click on in a guest that has no other is not below the finger.
            self._pointing = slot
            self._seat.motion_absolute(x, y)
            self._seat.button(_LEFT, True)

    def _tell(self, view: View, event: TouchEvent) -> None:
        if isinstance(event, TouchDown | TouchMotion):
            event = replace(event, x=event.x - view.box.x, y=event.y - view.box.y)
        view.touch(event)
        if view not in self._told:
            self._told.append(view)

    def _frame(self) -> None:
        told, self._told = self._told, []
        for view in told:
            view.touch(TouchFrame())
        if self._pointing is not None:
            self._seat.frame()
