"""Touchscreens: what fingers do on the seat's, each at a slot of its own while it is down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from wlvm.wlr import abi
from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners


class TouchDown(Struct, frozen=True):
    """A finger comes down at a point of the layout, or of the view that is told. Slots count from 0; no other finger has this one meanwhile."""

    slot: int
    x: float
    y: float


class TouchMotion(Struct, frozen=True):
    """A finger that is down is at this point now."""

    slot: int
    x: float
    y: float


class TouchUp(Struct, frozen=True):
    """A finger is lifted."""

    slot: int


class TouchCancel(Struct, frozen=True):
    """A finger is gone, and nothing is to come of what it did: it was the palm, or is somebody else's now."""

    slot: int


class TouchFrame(Struct, frozen=True):
    """The end of a group of events that belong together."""


TouchEvent = TouchDown | TouchMotion | TouchUp | TouchCancel | TouchFrame


class Touchscreens:
    """The touchscreens of a seat, through its `struct wlr_cursor *`, which knows where in the layout they are. `forget()` before that goes."""

    def __init__(
        self, cursor: Any, tell: Callable[[TouchEvent], None], present: Callable[[bool], None]
    ) -> None:
        """`present` is called with whether there is one, when that changes."""
        self._cursor = cursor
        self._tell = tell
        self._present = present
        self._listeners = Listeners()
        self._devices: dict[int, Listeners] = {}
        #: Slots by the device's address and its own number for the finger.
        self._slots: dict[tuple[int, int], int] = {}
        self._point = wlr_ffi.new("double[2]")
        signals = cursor.events
        listen = self._listeners.add
        listen(wlr_ffi.addressof(signals.touch_down), self._on_down)
        listen(wlr_ffi.addressof(signals.touch_motion), self._on_motion)
        listen(wlr_ffi.addressof(signals.touch_up), self._on_up)
        listen(wlr_ffi.addressof(signals.touch_cancel), self._on_cancel)
        listen(wlr_ffi.addressof(signals.touch_frame), lambda _data: tell(TouchFrame()))

    def forget(self) -> None:
        self._listeners.remove()
        for listeners in self._devices.values():
            listeners.remove()

    def add(self, touch: Any) -> None:
        """Hear of a `struct wlr_touch *`, which the cursor has been given, until it goes: what touched it then is cancelled."""
        address, listeners = abi.address(touch), Listeners()
        listeners.add(wlr_ffi.addressof(touch.base.events.destroy), lambda _data: self._gone(address))
        self._devices[address] = listeners
        self._present(True)

    def _gone(self, address: int) -> None:
        self._devices.pop(address).remove()
        for device, finger in [each for each in self._slots if each[0] == address]:
            self._tell(TouchCancel(self._slots.pop((device, finger))))
        self._tell(TouchFrame())
        self._present(bool(self._devices))

    def _on_down(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_touch_down_event *", data)
        finger = abi.address(event.touch), event.touch_id
        taken = set(self._slots.values())
        self._slots[finger] = next(slot for slot in range(len(taken) + 1) if slot not in taken)
        self._tell(TouchDown(self._slots[finger], *self._place(event)))

    def _on_motion(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_touch_motion_event *", data)
        slot = self._slots.get((abi.address(event.touch), event.touch_id))
        if slot is not None:
            self._tell(TouchMotion(slot, *self._place(event)))

    def _on_up(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_touch_up_event *", data)
        slot = self._slots.pop((abi.address(event.touch), event.touch_id), None)
        if slot is not None:
            self._tell(TouchUp(slot))

    def _on_cancel(self, data: Any) -> None:
        """Raised by libinput for a finger that it takes for a palm, and by a window's compositor for what it wants itself."""
        event = wlr_ffi.cast("struct wlr_touch_cancel_event *", data)
        slot = self._slots.pop((abi.address(event.touch), event.touch_id), None)
        if slot is not None:
            self._tell(TouchCancel(slot))

    def _place(self, event: Any) -> tuple[float, float]:
        """The place of a finger in the layout."""
        device, point = wlr_ffi.addressof(event.touch.base), self._point
        wlr.wlr_cursor_absolute_to_layout_coords(self._cursor, device, event.x, event.y, point, point + 1)
        return point[0], point[1]
