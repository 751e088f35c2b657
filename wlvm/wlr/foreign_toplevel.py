"""wlr-foreign-toplevel-management (types/wlr_foreign_toplevel_management_v1.h): lists of windows, for taskbars and switchers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners

from pywayland.server import Display  # isort: skip


class ForeignToplevels:
    """The list that clients see. It ends with the display; its entries must be removed before."""

    def __init__(self, display: Display) -> None:
        self._manager = wlr.wlr_foreign_toplevel_manager_v1_create(display._ptr)

    def add(self) -> ForeignToplevel:
        """A new entry, without a name."""
        return ForeignToplevel(wlr.wlr_foreign_toplevel_handle_v1_create(self._manager))


class ForeignToplevel:
    """An entry of the list. `remove()` ends it."""

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self._listeners = Listeners()

    def set_title(self, title: str) -> None:
        wlr.wlr_foreign_toplevel_handle_v1_set_title(self._pointer, title.encode())

    def set_app_id(self, app_id: str) -> None:
        wlr.wlr_foreign_toplevel_handle_v1_set_app_id(self._pointer, app_id.encode())

    def set_activated(self, activated: bool) -> None:
        """Whether it has the keyboard."""
        wlr.wlr_foreign_toplevel_handle_v1_set_activated(self._pointer, activated)

    def on_activate(self, callback: Callable[[], None]) -> None:
        """Raised when somebody chooses it in a list."""
        self._listen(self._pointer.events.request_activate, callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Raised when somebody closes it in a list."""
        self._listen(self._pointer.events.request_close, callback)

    def remove(self) -> None:
        self._listeners.remove()
        wlr.wlr_foreign_toplevel_handle_v1_destroy(self._pointer)

    def _listen(self, signal: Any, callback: Callable[[], None]) -> None:
        self._listeners.add(wlr_ffi.addressof(signal), lambda _data: callback())
