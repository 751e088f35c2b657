"""xdg-activation (types/wlr_xdg_activation_v1.h): a program hands the focus on to a window, its own or another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import NULL, borrow, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip


class Activation:
    """The global. `forget()` before the display goes."""

    def __init__(self, display: Display, requested: Callable[[Surface], None]) -> None:
        """`requested` gets the surface that a client wants to have the focus, in answer to what a person did.

        That is proven by the token: it was made with the serial of a key or a click that its maker got, while it had the focus. A token
        without one proves nothing, and nothing follows from it.
        """
        self._listeners = Listeners()
        activation = wlr.wlr_xdg_activation_v1_create(display._ptr)

        def asked(data: Any) -> None:
            event = wlr_ffi.cast("struct wlr_xdg_activation_v1_request_activate_event *", data)
            if borrow("struct wlr_xdg_activation_token_v1 *", event.token).seat != NULL:
                requested(Surface(event.surface))

        self._listeners.add(wlr_ffi.addressof(activation.events.request_activate), asked)

    def forget(self) -> None:
        self._listeners.remove()
