"""The seat: which view has the keyboard, which the pointer, and where the events of the devices go.

Click-to-focus: a button that goes down on a view gives it the keyboard. While a button is down, the view it went down on keeps the pointer
(wl_pointer's implicit grab). A view that follows motion (a guest with a relative mouse) locks the pointer by a click, until it is released.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from wlvm.desktop.touch import Touch
from wlvm.desktop.view import ClientCursor, Cursor, ImageCursor, NamedCursor, View
from wlvm.wlr.input import Scroll, SeatDevices

#: Gets where the pointer would go, in layout coordinates, and says where it goes instead; None: it stays where it is.
Keep = Callable[[float, float], tuple[float, float] | None]


class PointerGrab(Protocol):
    """What takes the pointer from all views for a while: a drag, a window that is moved."""

    def motion(self, x: float, y: float) -> None:
        """The pointer is at this point of the layout."""

    def button(self, button: int, pressed: bool) -> None: ...

    def end(self) -> None:
        """The last button came up, or the seat is needed otherwise: no more is told from now on."""


class FocusPolicy(Protocol):
    """Who decides which view has the keyboard."""

    def view_pressed(self, view: View | None) -> None:
        """A button went down on a view that takes the keyboard, or where none is."""

    def default_focus(self) -> View | None:
        """The view that has the keyboard where no other wants it."""

    def cursor_at(self, x: float, y: float) -> Cursor:
        """How the cursor looks at a point of the layout where no view is."""


class Seat:
    """One person's keyboards and pointers."""

    def __init__(self, view_at: Callable[[float, float], View | None], policy: FocusPolicy) -> None:
        """`view_at` gives the topmost view at a point of the layout that takes input there."""
        self._view_at = view_at
        self._policy = policy
        self._devices: SeatDevices | None = None
        self.touch = Touch(self, view_at)
        #: Called with the view that has the keyboard now, also when that has grabbed or released keyboard or pointer.
        self.focus_changed: Callable[[View | None], None] = lambda view: None
        self._keyboard: View | None = None
        self._holder: View | None = None
        self._pointer: View | None = None
        self._locked: View | None = None
        self._grab: PointerGrab | None = None
        self._keep: Keep | None = None
        #: Whether the view that has the keyboard does without what it would grab.
        self._released = False
        self._buttons: set[int] = set()
        self._keys: set[int] = set()
        self._absolute: tuple[float, float] | None = None
        #: How the cursor looks; None before anything has moved it: it is hidden where nobody has a pointer.
        self._shown: Cursor | None = None
        self._has_moved = False

    def use(self, devices: SeatDevices) -> None:
        """The devices whose events come here."""
        self._devices = devices

    @property
    def focus(self) -> View | None:
        """The view that has the keyboard."""
        return self._keyboard

    @property
    def locked(self) -> View | None:
        """The view that the pointer is locked to."""
        return self._locked

    @property
    def pointer(self) -> View | None:
        """The view that the pointer is over, or held to."""
        return self._pointer

    @property
    def held(self) -> View | None:
        """The view that a button went down on, while it is down."""
        return self._pointer if self._buttons else None

    @property
    def keyboard_grabbed(self) -> bool:
        """Whether the view that has the keyboard has grabbed it, and has not been made to release it."""
        return self._keyboard is not None and self._keyboard.grabs_keyboard and not self._released

    @property
    def released(self) -> bool:
        """Whether the view that has the keyboard was made to release what it grabs, and has not been clicked on since."""
        return self._released

    def set_focus(self, view: View | None) -> None:
        """Give the keyboard to a view, or to none, unless one holds it."""
        if self._holder is None:
            self._give_keyboard(view)

    def release(self) -> None:
        """Take from a view what it has grabbed, keyboard and pointer, until it is clicked on or gets the keyboard anew."""
        if self._locked is not None:
            self._unlock()
        if self.keyboard_grabbed or self._keep is not None:
            self._released = True
            self.focus_changed(self._keyboard)

    def _give_keyboard(self, view: View | None) -> None:
        if view is self._keyboard:
            return
        if self._locked is not None and self._locked is not view:
            self._unlock()
        if self._keyboard is not None:
            self._keyboard.keyboard_leave()
        # What is held was pressed for the view that had the keyboard: the next one hears nothing of its release.
        self._keys.clear()
        self._keyboard, self._released = view, False
        if view is not None:
            view.keyboard_enter()
        self.focus_changed(view)

    def hold_focus(self, view: View | None) -> None:
        """Give the keyboard to a view that keeps it whatever is clicked on, until None leaves it to the policy again."""
        if view is self._holder:
            return
        self._holder = view
        self._give_keyboard(self._policy.default_focus() if view is None else view)

    def keep_pointer(self, keep: Keep | None) -> None:
        """Have `keep` say where the pointer goes from now on, until None. Its view still gets all that the pointer does."""
        self._keep = keep

    def put_cursor(self, x: float, y: float) -> None:
        """Put the cursor there in the layout; views hear of it when it moves next."""
        assert self._devices is not None
        self._devices.warp_cursor(x, y)

    def grab_pointer(self, grab: PointerGrab) -> None:
        """Tell all that the pointer does to `grab`, until the last button comes up or `end_grab`. No view has the pointer then."""
        self.end_grab()
        if self._locked is not None:
            self._unlock()
        self._enter(None)
        self._grab = grab
        self._update_cursor()

    def end_grab(self) -> None:
        """End what has taken the pointer, if anything has: it goes to what is below it."""
        grab, self._grab = self._grab, None
        if grab is not None:
            grab.end()
            self._buttons.clear()
            self._moved()

    def interrupt(self) -> None:
        """Take the pointer from whoever holds on to it, by a button or a lock: what is below it now gets it. So are fingers."""
        self.touch.cancel()
        self.end_grab()
        self._locked = None
        self._buttons.clear()
        self._enter(None)
        self._moved()
        self.frame()

    def view_changed(self, view: View) -> None:
        """A view appeared, moved, or wants another cursor: find out anew what the pointer is over."""
        self.views_changed((view,))

    def views_changed(self, views: Collection[View]) -> None:
        """The same for several at once."""
        if self._locked is not None and self._locked in views and not self._locked.wants_motion:
            self._unlock()
        if not self._buttons and self._locked is None and self._grab is None:
            below = self._view_at(*self.cursor)
            if below is not None and below is self._pointer and below in views:
                self._tell_enter(below)
            self._enter(below)
            self.frame()
        self._update_cursor()

    def release_all(self) -> None:
        """Every key and button comes up, and the pointer is let go: the devices went away with what they held down."""
        for key in tuple(self._keys):
            self.key(key, False)
        for button in tuple(self._buttons):
            self.button(button, False)
        self.touch.cancel()
        if self._locked is not None:
            self._unlock()

    def view_gone(self, view: View) -> None:
        """A view went: it gets no event any more."""
        self.touch.view_gone(view)
        if self._locked is view:
            self._locked = None
        if self._holder is view:
            self._holder = None
        if self._keyboard is view:
            self._keyboard = None
            self.set_focus(self._policy.default_focus())
        if self._pointer is view:
            self._pointer = None
            self._buttons.clear()
        if self._grab is None and self._devices is not None:
            self._enter(self._view_at(*self.cursor))
            self._update_cursor()

    # What the devices tell (wlvm.wlr.input.SeatEvents).

    def key(self, key: int, pressed: bool) -> None:
        if pressed:
            self._keys.add(key)
        elif key not in self._keys:
            return  # it went down for the view that had the keyboard before, or on a device that came with it held
        else:
            self._keys.discard(key)
        if self._keyboard is not None:
            self._keyboard.key(key, pressed)

    def motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        self._has_moved = True
        if self._locked is not None:
            self._locked.pointer_motion_relative(raw_dx, raw_dy)
            return
        if self._keep is not None:
            x, y = self.cursor
            self._move_kept(self._keep, x + dx, y + dy)
            return
        assert self._devices is not None
        self._devices.move_cursor(dx, dy)
        self._moved()

    def motion_absolute(self, x: float, y: float) -> None:
        self._has_moved = True
        previous, self._absolute = self._absolute, (x, y)
        if self._locked is not None:
            if previous is not None:
                self._locked.pointer_motion_relative(x - previous[0], y - previous[1])
            return
        if self._keep is not None:
            self._move_kept(self._keep, x, y)
            return
        self.put_cursor(x, y)
        self._moved()

    def _move_kept(self, keep: Keep, x: float, y: float) -> None:
        point = keep(x, y)
        if point is not None:
            self.put_cursor(*point)
            self._moved()

    def button(self, button: int, pressed: bool) -> None:
        if self._grab is not None:
            self._grab_button(self._grab, button, pressed)
            return
        if pressed:
            if not self._buttons and self._locked is None:
                self._enter(self._view_at(*self.cursor))
                assert self._devices is not None
                self._devices.pressed_elsewhere()
                self._pressed_on(self._pointer)
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

    def _pressed_on(self, view: View | None) -> None:
        if view is None or view.takes_keyboard:
            self._policy.view_pressed(view)
        if self._released and view is self._keyboard:
            self._released = False
            self.focus_changed(view)

    def touched(self, view: View) -> None:
        """A finger came down on a view: it gets what a click on it would give it."""
        self._pressed_on(view)

    def axis(self, scroll: Scroll) -> None:
        target = self._locked or self._pointer
        if target is not None:
            target.pointer_axis(scroll)

    def frame(self) -> None:
        target = self._locked or self._pointer
        if target is not None:
            target.pointer_frame()

    def _grab_button(self, grab: PointerGrab, button: int, pressed: bool) -> None:
        (self._buttons.add if pressed else self._buttons.discard)(button)
        grab.button(button, pressed)
        if not self._buttons and grab is self._grab:
            self.end_grab()

    # What follows from it.

    @property
    def cursor(self) -> tuple[float, float]:
        """Where the cursor is, in layout coordinates."""
        assert self._devices is not None
        return self._devices.cursor

    def _moved(self) -> None:
        x, y = self.cursor
        if self._grab is not None:
            self._grab.motion(x, y)
            return
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
            if view is not None:
                self._tell_enter(view)

    def _tell_enter(self, view: View) -> None:
        x, y = self.cursor
        view.pointer_enter(x - view.box.x, y - view.box.y)

    def _lock(self, view: View) -> None:
        self._locked = view
        view.pointer_lock()
        self._update_cursor()
        self.focus_changed(self._keyboard)

    def _unlock(self) -> None:
        view, self._locked = self._locked, None
        self._buttons.clear()
        if view is not None:
            view.pointer_leave()
        self._moved()
        self.focus_changed(self._keyboard)

    def outputs_changed(self) -> None:
        """Outputs came, or have another scale, and no image of the cursor yet."""
        shown, self._shown = self._shown, None
        if shown is not None:
            self._show(shown)

    def cursor_changed(self) -> None:
        """The view that has the pointer wants another cursor."""
        self._update_cursor()

    def _update_cursor(self) -> None:
        if self._grab is not None or not self._has_moved:
            return
        view = self._locked or self._pointer
        self._show(self._policy.cursor_at(*self.cursor) if view is None else view.cursor)

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
        elif isinstance(cursor, ClientCursor):
            self._devices.show_cursor_surface(cursor.surface)
        else:
            self._devices.hide_cursor()
