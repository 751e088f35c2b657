"""Xwayland (xwayland/xwayland.h): an X server for programs that need one, started when the first of them connects.

An XWindow has a `surface` only between `on_map` and `on_unmap`, and after the last of these no call may be made. Positions are layout coordinates, which are the X screen's; both count logical pixels.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from wlvm.framebuffer import Rect
from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene import Tree
from wlvm.wlr.seat import ClientSeat
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip


class Xwayland:
    """The X server, and wlroots' window manager for it. `destroy()` before the display and the seat go."""

    def __init__(
        self, display: Display, compositor: Any, seat: ClientSeat, new_window: Callable[[XWindow], None]
    ) -> None:
        """`compositor` is the `struct wlr_compositor *`. `new_window` gets each X11 window when it is made.

        OSError where no X server can be had.
        """
        if shutil.which("Xwayland") is None:
            raise OSError("Xwayland is not installed")
        self._pointer = wlr.wlr_xwayland_create(display._ptr, compositor, True)
        if self._pointer == wlr_ffi.NULL:
            raise OSError("Xwayland has no free display number, or no place in /tmp/.X11-unix")
        self._listeners = Listeners()
        events = self._pointer.events
        self._listeners.add(wlr_ffi.addressof(events.new_surface), lambda data: new_window(XWindow(data)))
        wlr.wlr_xwayland_set_seat(self._pointer, seat.pointer)

    @property
    def display_name(self) -> str:
        """What programs find in DISPLAY, such as ":1"."""
        return str(wlr_ffi.string(self._pointer.display_name).decode())

    def destroy(self) -> None:
        self._listeners.remove()
        wlr.wlr_xwayland_destroy(self._pointer)


class XWindow:
    """A `struct wlr_xwayland_surface`."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_xwayland_surface *", data)
        self._listeners = Listeners()
        self._listen(self._pointer.events.destroy, lambda _data: self._listeners.remove())

    @property
    def surface(self) -> Surface:
        """What it shows, while it is mapped."""
        return Surface(self._pointer.surface)

    @property
    def unmanaged(self) -> bool:
        """Whether it is a menu or a tooltip, which places itself (X11's override-redirect)."""
        return bool(self._pointer.override_redirect)

    @property
    def wants_keyboard(self) -> bool:
        """Whether an unmanaged window is typed into."""
        return bool(wlr.wlr_xwayland_or_surface_wants_focus(self._pointer))

    @property
    def title(self) -> str:
        return _text(self._pointer.title)

    @property
    def app_id(self) -> str:
        """X11's class, which is what comes closest."""
        return _text(getattr(self._pointer, "class"))

    @property
    def box(self) -> Rect:
        """Where X11 has it."""
        window = self._pointer
        return Rect(window.x, window.y, window.width, window.height)

    @property
    def is_dialog(self) -> bool:
        """Whether it belongs to another window."""
        return bool(self._pointer.parent != wlr_ffi.NULL)

    @property
    def wants_fullscreen(self) -> bool:
        return bool(self._pointer.fullscreen)

    def configure(self, box: Rect) -> None:
        """Put it there in this size. X11 has 16 bits for each."""
        wlr.wlr_xwayland_surface_configure(
            self._pointer, _short(box.x), _short(box.y), max(1, _short(box.width)), max(1, _short(box.height))
        )

    def set_activated(self, activated: bool) -> None:
        """Give it X11's focus, or take that away, and bring it before the others of X11."""
        wlr.wlr_xwayland_surface_activate(self._pointer, activated)
        if activated:
            wlr.wlr_xwayland_surface_restack(self._pointer, wlr_ffi.NULL, _STACK_ABOVE)

    def set_fullscreen(self, fullscreen: bool) -> None:
        wlr.wlr_xwayland_surface_set_fullscreen(self._pointer, fullscreen)

    def close(self) -> None:
        """Ask the program to close it."""
        wlr.wlr_xwayland_surface_close(self._pointer)

    def show(self, parent: Tree) -> None:
        """Show its surface in `parent`. The node ends with the surface."""
        wlr.wlr_scene_subsurface_tree_create(parent.pointer, self._pointer.surface)

    def on_map(self, callback: Callable[[], None]) -> None:
        """Raised when it has something to show."""
        self._listen(self._pointer.events.map, lambda _data: callback())

    def on_unmap(self, callback: Callable[[], None]) -> None:
        """Raised when it has nothing to show any more; its surface is still there for the last time."""
        self._listen(self._pointer.events.unmap, lambda _data: callback())

    def on_configure_request(self, callback: Callable[[Rect], None]) -> None:
        """Raised when the program wants to have another place or size."""

        def requested(data: Any) -> None:
            event = wlr_ffi.cast("struct wlr_xwayland_surface_configure_event *", data)
            callback(Rect(event.x, event.y, event.width, event.height))

        self._listen(self._pointer.events.request_configure, requested)

    def on_fullscreen_request(self, callback: Callable[[], None]) -> None:
        self._listen(self._pointer.events.request_fullscreen, lambda _data: callback())

    def on_geometry(self, callback: Callable[[], None]) -> None:
        """Raised when an unmanaged window has moved itself."""
        self._listen(self._pointer.events.set_geometry, lambda _data: callback())

    def _listen(self, signal: Any, callback: Callable[[Any], None]) -> None:
        self._listeners.add(wlr_ffi.addressof(signal), callback)


_STACK_ABOVE = 0  # XCB_STACK_MODE_ABOVE


def _short(value: int) -> int:
    return max(-0x8000, min(0x7FFF, value))


def _text(pointer: Any) -> str:
    return "" if pointer == wlr_ffi.NULL else wlr_ffi.string(pointer).decode(errors="replace")
