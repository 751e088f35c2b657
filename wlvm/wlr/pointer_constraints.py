"""pointer-constraints (types/wlr_pointer_constraints_v1.h): clients that keep the pointer where it is, or inside a surface (games, viewers).

Coordinates are those of the surface.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import NULL, borrow, c, ffi, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip


class PointerConstraint:
    """A `struct wlr_pointer_constraint_v1`: a client's wish. After `on_destroy` no call may be made."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_pointer_constraint_v1 *", data)
        self.surface = Surface(self._pointer.surface)
        #: Whether the pointer is to stay where it is; else it is to stay in the region.
        self.locks = bool(self._pointer.type == wlr.WLR_POINTER_CONSTRAINT_V1_LOCKED)
        self._listeners = Listeners()

    @property
    def _region(self) -> Any:
        """What the client named, as far as the surface takes input there: a `struct pixman_region32 *`."""
        return borrow("struct pixman_region32 *", wlr_ffi.addressof(self._pointer.region))

    @property
    def hint(self) -> tuple[float, float] | None:
        """Where the client would have the pointer when it is no longer locked."""
        state = self._pointer.current
        if not state.committed & wlr.WLR_POINTER_CONSTRAINT_V1_STATE_CURSOR_HINT:
            return None
        x, y = state.cursor_hint.x, state.cursor_hint.y
        width, height = self.surface.size
        return (x, y) if 0 <= x < width and 0 <= y < height else None

    def contains(self, x: float, y: float) -> bool:
        """Whether a point is in the region."""
        return bool(c.pixman_region32_contains_point(self._region, math.floor(x), math.floor(y), NULL))

    def confine(self, x1: float, y1: float, x2: float, y2: float) -> tuple[float, float] | None:
        """How far the way from one point to another goes inside the region; None where it does not even begin there."""
        end = ffi.new("double[2]")
        if not c.wlr_region_confine(self._region, x1, y1, x2, y2, end, end + 1):
            return None
        return end[0], end[1]

    def activate(self) -> None:
        """Tell the client that the pointer is kept from now on."""
        wlr.wlr_pointer_constraint_v1_send_activated(self._pointer)

    def deactivate(self) -> None:
        """Tell the client that it is no longer; a wish for one time ends with this."""
        wlr.wlr_pointer_constraint_v1_send_deactivated(self._pointer)

    def on_region(self, callback: Callable[[], None]) -> None:
        """Raised when the client has named another region, or hint."""
        self._listeners.add(wlr_ffi.addressof(self._pointer.events.set_region), lambda _data: callback())

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when the client gives up its wish or ends the surface."""

        def destroyed(_data: Any) -> None:
            self._listeners.remove()
            callback()

        self._listeners.add(wlr_ffi.addressof(self._pointer.events.destroy), destroyed)


class PointerConstraintsGlobal:
    """The global. `forget()` before the display goes."""

    def __init__(self, display: Display, new_constraint: Callable[[PointerConstraint], None]) -> None:
        """`new_constraint` gets each wish. A surface has one at a time."""
        self._listeners = Listeners()
        constraints = wlr.wlr_pointer_constraints_v1_create(display._ptr)
        self._listeners.add(
            wlr_ffi.addressof(constraints.events.new_constraint),
            lambda data: new_constraint(PointerConstraint(data)),
        )

    def forget(self) -> None:
        self._listeners.remove()
