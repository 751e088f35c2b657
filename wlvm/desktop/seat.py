"""The seat: which view has the keyboard, which the pointer, and where the events of the devices go.

Click-to-focus: a button that goes down on a view gives it the keyboard. While a button is down, the view it went down on keeps the pointer
(wl_pointer's implicit grab). A view that follows motion (a guest with a relative mouse) locks the pointer by a click, until the release
key is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wlvm.desktop.view import ARROW, Cursor, ImageCursor, NamedCursor, View
from wlvm.wlr.input import SeatDevices

#: The right Ctrl gives a locked pointer back (KEY_RIGHTCTRL).
RELEASE_KEY = 97


class Seat:
    """One person's keyboards and pointers."""

    def __init__(self, views: Callable[[], Sequence[View]]) -> None:
        """`views` gives the views from the topmost down, each time anew."""
        self._views = views
        self._devices: SeatDevices | None = None
        self._keyboard: View | None = None
        self._pointer: View | None = None
        self._locked: View | None = None
        self._buttons: set[int] = set()
        self._keys: set[int] = set()
        self._absolute: tuple[float, float] | None = None
        self._shown: Cursor | None = None

    def use(self, devices: SeatDevices) -> None:
        """The devices whose events come here."""
        self._devices = devices
        self._show(ARROW)

    @property
    def focus(self) -> View | None:
        """The view that has the keyboard."""
        return self._keyboard

    @property
    def locked(self) -> View | None:
        """The view that the pointer is locked to."""
        return self._locked

    def set_focus(self, view: View | None) -> None:
        """Give the keyboard to a view, or to none."""
        if view is self._keyboard:
            return
        if self._locked is not None and self._locked is not view:
            self._unlock()
        if self._keyboard is not None:
            self._keyboard.keyboard_leave()
        self._keyboard = view
        if view is not None:
            view.keyboard_enter()

    def view_changed(self, view: View) -> None:
        """A view appeared, moved, or wants another cursor: find out anew what the pointer is over."""
        if self._locked is view and not view.wants_motion:
            self._unlock()
        if not self._buttons and self._locked is None:
            self._enter(self._view_at(*self._cursor))
        self._update_cursor()

    def release_all(self) -> None:
        """Every key and button comes up: the devices went away with what they held down."""
        for key in tuple(self._keys):
            self.key(key, False)
        for button in tuple(self._buttons):
            self.button(button, False)

    def view_gone(self, view: View) -> None:
        """A view went: it gets no event any more."""
        if self._locked is view:
            self._locked = None
        if self._keyboard is view:
            self._keyboard = None
        if self._pointer is view:
            self._pointer = None
            self._buttons.clear()
        if self._devices is not None:
            self._enter(self._view_at(*self._cursor))
            self._update_cursor()

    # What the devices tell (wlvm.wlr.input.SeatEvents).

    def key(self, key: int, pressed: bool) -> None:
        if pressed:
            if key == RELEASE_KEY and self._locked is not None:
                self._unlock()
                return
            self._keys.add(key)
        elif key not in self._keys:
            return  # the release key's own release, or a device's that came with a key held
        else:
            self._keys.discard(key)
        if self._keyboard is not None:
            self._keyboard.key(key, pressed)

    def motion(self, dx: float, dy: float) -> None:
        if self._locked is not None:
            self._locked.pointer_motion_relative(dx, dy)
            return
        assert self._devices is not None
        self._devices.move_cursor(dx, dy)
        self._moved()

    def motion_absolute(self, x: float, y: float) -> None:
        previous, self._absolute = self._absolute, (x, y)
        if self._locked is not None:
            if previous is not None:
                self._locked.pointer_motion_relative(x - previous[0], y - previous[1])
            return
        assert self._devices is not None
        self._devices.warp_cursor(x, y)
        self._moved()

    def button(self, button: int, pressed: bool) -> None:
        if pressed:
            if not self._buttons and self._locked is None:
                self._enter(self._view_at(*self._cursor))
                self.set_focus(self._pointer)
            self._buttons.add(button)
        elif button not in self._buttons:
            return
        else:
            self._buttons.discard(button)
        target = self._locked or self._pointer
        if target is None:
            return
        if pressed and self._locked is None and target.wants_motion:
            self._lock(target)
        target.pointer_button(button, pressed)
        if not self._buttons and self._locked is None:
            self._moved()

    def axis(self, vertical: bool, v120: int) -> None:
        target = self._locked or self._pointer
        if target is not None:
            target.pointer_axis(vertical, v120)

    def frame(self) -> None:
        """The end of a group of events. Views coalesce motion by time, so there is nothing to do."""

    # What follows from it.

    @property
    def _cursor(self) -> tuple[float, float]:
        assert self._devices is not None
        return self._devices.cursor

    def _moved(self) -> None:
        x, y = self._cursor
        if not self._buttons:
            self._enter(self._view_at(x, y))
        if self._pointer is not None:
            box = self._pointer.box
            self._pointer.pointer_motion(x - box.x, y - box.y)
        self._update_cursor()

    def _enter(self, view: View | None) -> None:
        if view is not self._pointer:
            if self._pointer is not None:
                self._pointer.pointer_leave()
            self._pointer = view

    def _view_at(self, x: float, y: float) -> View | None:
        for view in self._views():
            box = view.box
            if view.visible and box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                return view
        return None

    def _lock(self, view: View) -> None:
        self._locked = view
        view.pointer_lock()
        self._update_cursor()

    def _unlock(self) -> None:
        view, self._locked = self._locked, None
        self._buttons.clear()
        if view is not None:
            view.pointer_leave()
        self._moved()

    def _update_cursor(self) -> None:
        view = self._locked or self._pointer
        self._show(ARROW if view is None else view.cursor)

    def _show(self, cursor: Cursor) -> None:
        if cursor == self._shown or self._devices is None:
            return
        self._shown = cursor
        if isinstance(cursor, NamedCursor):
            self._devices.show_named_cursor(cursor.name)
        elif isinstance(cursor, ImageCursor):
            self._devices.show_cursor_image(
                cursor.pixels, cursor.width, cursor.height, cursor.hot_x, cursor.hot_y
            )
        else:
            self._devices.hide_cursor()
