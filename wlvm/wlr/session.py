"""The session of a seat (libseat): whether it is the one in front, and the way to another.

Only the DRM backend has one. While another session is in front, the screens and the devices are that one's: the kernel refuses what is
drawn, and wlroots closes the devices and opens them anew when the session comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr import abi
from wlvm.wlr.abi import ffi, wlr
from wlvm.wlr.listeners import Listeners


class Session:
    """A `struct wlr_session`, which the backend owns. `forget()` before the backend goes."""

    def __init__(self, pointer: Any) -> None:
        """`pointer` is pywlroots' `struct wlr_session *`."""
        self._pointer = pointer
        self._session = abi.borrow("struct wlr_session *", pointer)
        self._listeners = Listeners()

    @property
    def active(self) -> bool:
        """Whether it is the session in front."""
        return bool(self._session.active)

    def on_active(self, callback: Callable[[bool], None]) -> None:
        """Raised when the session goes to the background or comes back, with `active`; the backend has followed by then."""
        signal = abi.lend("struct wl_signal *", ffi.addressof(self._session.events, "active"))
        self._listeners.add(signal, lambda _data: callback(self.active))

    def change_vt(self, number: int) -> None:
        """Ask for the session on another virtual terminal; `on_active` tells when it comes to that."""
        wlr.wlr_session_change_vt(self._pointer, number)

    def forget(self) -> None:
        self._listeners.remove()
