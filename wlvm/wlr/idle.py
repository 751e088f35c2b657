"""ext-idle-notify and idle-inhibit (types/wlr_idle_notify_v1.h, wlr_idle_inhibit_v1.h): programs that act on idleness, and programs against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.seat import ClientSeat

from pywayland.server import Display  # isort: skip


class IdleProtocols:
    """Both globals. `forget()` before the display goes."""

    def __init__(self, display: Display, seat: ClientSeat, inhibited: Callable[[bool], None]) -> None:
        """`inhibited` is called when the first program wants nothing to happen for want of input, and when the last one has let go."""
        self._seat = seat
        self._inhibited = inhibited
        self._notifier = wlr.wlr_idle_notifier_v1_create(display._ptr)
        self._inhibitors: set[Listeners] = set()
        self._listeners = Listeners()
        manager = wlr.wlr_idle_inhibit_v1_create(display._ptr)
        self._listeners.add(wlr_ffi.addressof(manager.events.new_inhibitor), self._on_inhibitor)

    def forget(self) -> None:
        self._listeners.remove()

    def activity(self) -> None:
        """Somebody is there."""
        wlr.wlr_idle_notifier_v1_notify_activity(self._notifier, self._seat.pointer)

    def _on_inhibitor(self, data: Any) -> None:
        """Raised when a program wants a surface of its to be seen for as long as it keeps this."""
        inhibitor = wlr_ffi.cast("struct wlr_idle_inhibitor_v1 *", data)
        listeners = Listeners()

        def destroyed(_data: Any) -> None:
            """Raised when the program lets go, or its surface ends."""
            listeners.remove()
            self._inhibitors.discard(listeners)
            self._tell()

        listeners.add(wlr_ffi.addressof(inhibitor.events.destroy), destroyed)
        self._inhibitors.add(listeners)
        self._tell()

    def _tell(self) -> None:
        wlr.wlr_idle_notifier_v1_set_inhibited(self._notifier, bool(self._inhibitors))
        self._inhibited(bool(self._inhibitors))
