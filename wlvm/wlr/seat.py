"""The seat as clients see it (wl_seat): what of the devices goes to whose surface.

Focus and grabs are the desktop's: nothing here decides who gets what. Clients' grabs, a popup's or a drag's, are wlroots': it sees each event
first. Positions are in the coordinates of the surface that has the pointer, keys and buttons are evdev codes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import NULL, borrow, c, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import CursorSurface, Surface

from pywayland.server import Display  # isort: skip

#: wl_seat.capability
_POINTER, _KEYBOARD, _TOUCH = 1, 2, 4

_RELEASED, _PRESSED = 0, 1

#: wl_pointer.axis
_VERTICAL, _HORIZONTAL = 0, 1

#: What a client gets where a cursor is asked for: its surface, or None for no cursor at all.
CursorRequested = Callable[[CursorSurface | None], None]


def _now() -> int:
    """The time that events carry, in milliseconds."""
    return time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF


class ClientSeat:
    """The `struct wlr_seat`. `destroy()` before the display goes."""

    def __init__(self, display: Display) -> None:
        self.pointer = wlr.wlr_seat_create(display._ptr, b"seat0")
        self._listeners = Listeners()
        #: What hears of the ends of surfaces that fingers are on.
        self._fingers: dict[int, Listeners] = {}
        wlr.wlr_seat_set_capabilities(self.pointer, _POINTER | _KEYBOARD)
        wlr.wlr_primary_selection_v1_device_manager_create(display._ptr)
        wlr.wlr_data_control_manager_v1_create(display._ptr)
        self._relative_pointers = wlr.wlr_relative_pointer_manager_v1_create(display._ptr)
        events = self.pointer.events
        self._listeners.add(wlr_ffi.addressof(events.request_set_selection), self._on_selection)
        self._listeners.add(wlr_ffi.addressof(events.request_set_primary_selection), self._on_primary)
        self._listeners.add(wlr_ffi.addressof(events.request_start_drag), self._on_drag_request)

    def destroy(self) -> None:
        self._listeners.remove()
        for listeners in self._fingers.values():
            listeners.remove()
        wlr.wlr_seat_destroy(self.pointer)

    # The keyboard.

    @property
    def has_keyboard_focus(self) -> bool:
        """Whether a client's surface has the keyboard."""
        return bool(self.pointer.keyboard_state.focused_surface != wlr_ffi.NULL)

    @property
    def keyboard(self) -> Any:
        """The `struct wlr_keyboard *` whose keys came last; NULL when it went."""
        return wlr.wlr_seat_get_keyboard(self.pointer)

    def has_keyboard(self, surface: Surface) -> bool:
        return bool(self.pointer.keyboard_state.focused_surface == surface.pointer)

    def use_keyboard(self, keyboard: Any) -> None:
        """The `struct wlr_keyboard *` whose keys come next: clients learn its keymap and its modifiers."""
        if self.keyboard != keyboard:
            wlr.wlr_seat_set_keyboard(self.pointer, keyboard)

    def keyboard_enter(self, surface: Surface) -> None:
        """The surface has the keyboard from now on, with no key down."""
        modifiers = wlr_ffi.addressof(self.keyboard.modifiers)
        wlr.wlr_seat_keyboard_notify_enter(self.pointer, surface.pointer, wlr_ffi.NULL, 0, modifiers)

    def keyboard_leave(self) -> None:
        """No surface has the keyboard; a popup's grab of it ends."""
        self.end_grabs()
        wlr.wlr_seat_keyboard_clear_focus(self.pointer)

    def key(self, key: int, pressed: bool) -> None:
        wlr.wlr_seat_keyboard_notify_key(self.pointer, _now(), key, _PRESSED if pressed else _RELEASED)

    def modifiers(self, keyboard: Any) -> None:
        """The modifiers of a keyboard changed."""
        if self.keyboard == keyboard:
            wlr.wlr_seat_keyboard_notify_modifiers(self.pointer, wlr_ffi.addressof(keyboard.modifiers))

    # The pointer.

    def pointer_enter(self, surface: Surface, x: float, y: float) -> None:
        """The surface has the pointer, at this point. Harmless when it had it before."""
        wlr.wlr_seat_pointer_notify_enter(self.pointer, surface.pointer, x, y)

    def pointer_leave(self) -> None:
        """No surface has the pointer."""
        wlr.wlr_seat_pointer_notify_clear_focus(self.pointer)

    @property
    def has_pointer_focus(self) -> bool:
        """Whether a client's surface has the pointer."""
        return bool(self.pointer.pointer_state.focused_surface != wlr_ffi.NULL)

    def entered_with(self, client: Any, serial: int) -> bool:
        """Whether this `struct wl_client *` has the pointer, and the serial of an event that it got."""
        focused = borrow("struct wlr_seat_client *", self.pointer.pointer_state.focused_client)
        return bool(
            focused != NULL
            and focused.client == client
            and c.wlr_seat_client_validate_event_serial(focused, serial)
        )

    def pointer_motion(self, x: float, y: float) -> None:
        wlr.wlr_seat_pointer_notify_motion(self.pointer, _now(), x, y)

    def relative_motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        """How far the pointer was moved, wherever it is, and what that was before acceleration; for the client that has it."""
        wlr.wlr_relative_pointer_manager_v1_send_relative_motion(
            self._relative_pointers, self.pointer, time.monotonic_ns() // 1000, dx, dy, raw_dx, raw_dy
        )

    def pointer_button(self, button: int, pressed: bool) -> None:
        wlr.wlr_seat_pointer_notify_button(self.pointer, _now(), button, _PRESSED if pressed else _RELEASED)

    def pointer_axis(self, vertical: bool, length: float, v120: int, source: int) -> None:
        """`length` in logical pixels; `v120` 120ths of notches, 0 where there are none; `source` as in wl_pointer.axis_source."""
        axis = _VERTICAL if vertical else _HORIZONTAL
        wlr.wlr_seat_pointer_notify_axis(self.pointer, _now(), axis, length, v120, source)

    def pointer_frame(self) -> None:
        """The end of a group of events of the pointer that belong together."""
        wlr.wlr_seat_pointer_notify_frame(self.pointer)

    # Touchscreens. A finger keeps its number while it is down.

    def has_touch(self, has: bool) -> None:
        """Whether there is a touchscreen: clients that know of none hear of no finger."""
        wlr.wlr_seat_set_capabilities(self.pointer, _POINTER | _KEYBOARD | (_TOUCH if has else 0))

    def takes_touch(self, surface: Surface) -> bool:
        """Whether the surface's client hears of fingers."""
        return bool(wlr.wlr_surface_accepts_touch(self.pointer, surface.pointer))

    def touch_down(self, surface: Surface, finger: int, x: float, y: float) -> None:
        """A finger comes down on the surface. It is lifted for its client where the surface ends before."""

        def ended(_data: Any) -> None:
            self.touch_up(finger)
            self.touch_frame()

        self._fingers[finger] = Listeners()
        self._fingers[finger].add(wlr_ffi.addressof(surface.pointer.events.destroy), ended)
        wlr.wlr_seat_touch_notify_down(self.pointer, surface.pointer, _now(), finger, x, y)

    def touch_motion(self, finger: int, x: float, y: float) -> None:
        wlr.wlr_seat_touch_notify_motion(self.pointer, _now(), finger, x, y)

    def touch_up(self, finger: int) -> None:
        if finger in self._fingers:
            self._fingers.pop(finger).remove()
        wlr.wlr_seat_touch_notify_up(self.pointer, _now(), finger)

    def touch_cancel(self, surface: Surface) -> None:
        """Nothing is to come of any finger that the surface's client has. Each finger is to be lifted all the same."""
        wlr.wlr_seat_touch_notify_cancel(self.pointer, surface.pointer)

    def touch_frame(self) -> None:
        """The end of a group of events of fingers that belong together."""
        wlr.wlr_seat_touch_notify_frame(self.pointer)

    def end_grabs(self) -> None:
        """End what a client holds on to: its menus close, its drag is cancelled. A popup's grab of the keyboard ends with that of the pointer."""
        wlr.wlr_seat_pointer_end_grab(self.pointer)

    def on_cursor(self, callback: CursorRequested) -> None:
        """Raised when the client that has the pointer says how its cursor looks."""

        def requested(data: Any) -> None:
            event = wlr_ffi.cast("struct wlr_seat_pointer_request_set_cursor_event *", data)
            if event.seat_client != self.pointer.pointer_state.focused_client:
                return
            if event.surface == wlr_ffi.NULL:
                callback(None)
            else:
                callback(CursorSurface(event.surface, event.hotspot_x, event.hotspot_y))

        self._listeners.add(wlr_ffi.addressof(self.pointer.events.request_set_cursor), requested)

    # The clipboard. wlroots has checked that the client had the focus when the serial was sent.

    def _on_selection(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_seat_request_set_selection_event *", data)
        wlr.wlr_seat_set_selection(self.pointer, event.source, event.serial)

    def _on_primary(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_seat_request_set_primary_selection_event *", data)
        wlr.wlr_seat_set_primary_selection(self.pointer, event.source, event.serial)

    # Drag and drop.

    def on_drag(self, callback: Callable[[ClientDrag], None]) -> None:
        """Raised when a client has begun to drag something, with the button that is down."""
        self._listeners.add(
            wlr_ffi.addressof(self.pointer.events.start_drag), lambda data: callback(ClientDrag(data))
        )

    def _on_drag_request(self, data: Any) -> None:
        """Raised when a client wants to drag: only what the pointer was pressed on may."""
        event = wlr_ffi.cast("struct wlr_seat_request_start_drag_event *", data)
        if wlr.wlr_seat_validate_pointer_grab_serial(self.pointer, event.origin, event.serial):
            wlr.wlr_seat_start_pointer_drag(self.pointer, event.drag, event.serial)
        elif event.drag.source != wlr_ffi.NULL:
            wlr.wlr_data_source_destroy(event.drag.source)


class ClientDrag:
    """A `struct wlr_drag`: wlroots' grab of the pointer until the drop, or until it is cancelled."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_drag *", data)
        self._listeners = Listeners()

    def show_icon(self, parent: Tree) -> None:
        """Show the client's picture of what is dragged, where there is one, in `parent`. Its node ends with it."""
        if self._pointer.icon != wlr_ffi.NULL:
            wlr.wlr_scene_subsurface_tree_create(parent.pointer, self._pointer.icon.surface)

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when it is over."""

        def destroyed(_data: Any) -> None:
            self._listeners.remove()
            callback()

        self._listeners.add(wlr_ffi.addressof(self._pointer.events.destroy), destroyed)
