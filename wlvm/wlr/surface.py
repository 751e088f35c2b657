"""A client's surface (types/wlr_compositor.h)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr import abi
from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners


class Surface:
    """A `struct wlr_surface`, which its client ends: whoever keeps one must hear of that. Equal when it is the same surface."""

    def __init__(self, pointer: Any) -> None:
        self.pointer = pointer

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in logical pixels, without subsurfaces."""
        return self.pointer.current.width, self.pointer.current.height

    @property
    def root(self) -> Surface:
        """The surface that this one is a part of, by however many subsurfaces, or itself."""
        return Surface(wlr.wlr_surface_get_root_surface(self.pointer))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surface) and bool(self.pointer == other.pointer)

    def __hash__(self) -> int:
        return abi.address(self.pointer)


class CursorSurface(Surface):
    """A surface that a client wants as the cursor, with the hotspot in its logical pixels. Knows when it is gone."""

    def __init__(self, pointer: Any, hot_x: int, hot_y: int) -> None:
        super().__init__(pointer)
        self.hot_x, self.hot_y = hot_x, hot_y
        self.alive = True
        #: Called when its client has ended it, while somebody still needs it.
        self.ended: Callable[[], None] = lambda: None
        self._listeners = Listeners()
        self._listeners.add(wlr_ffi.addressof(pointer.events.destroy), self._on_destroy)

    def _on_destroy(self, _data: Any) -> None:
        self.forget()
        self.ended()

    def forget(self) -> None:
        """Nobody needs it any more, or its client has ended it."""
        self.alive = False
        self._listeners.remove()

    def __eq__(self, other: object) -> bool:
        """Only the same wish is equal: a surface that ended may have had the address of a new one."""
        return self is other

    def __hash__(self) -> int:
        return id(self)
