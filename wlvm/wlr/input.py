"""The devices of a seat as wlroots gives them: keyboards one by one, and all pointers through one cursor.

Times are milliseconds of an unspecified clock (CLOCK_MONOTONIC on real devices). Keys and buttons are evdev codes
(linux/input-event-codes.h).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from wlvm.key_symbols import KeySymbols
from wlvm.locks import Locks
from wlvm.wlr import abi
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.cursor_names import ARROW, OLDER_NAMES
from wlvm.wlr.input_device import DeviceRules, InputDevice, KeyboardSettings
from wlvm.wlr.keyboard import Keyboard, NoKeyboard, VirtualKeyboard
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.output import OutputLayout
from wlvm.wlr.seat import ClientSeat
from wlvm.wlr.surface import CursorSurface
from wlvm.wlr.touch import TouchEvent, Touchscreens

from pywayland.server import Display  # isort: skip

_PRESSED = 1

#: The length that a wheel's notch counts for where a device tells only lengths, in logical pixels (libinput's degrees).
_NOTCH_LENGTH = 15


class KeyboardEvents(Protocol):
    """Who hears of keys."""

    def key(self, key: int, pressed: bool, symbols: KeySymbols) -> None:
        """An evdev key went down or up, as a keyboard with our layout would send it."""


class Pointer:
    """A pointing device. The cursor tells what it does; this tells when it goes, with what it held down."""

    def __init__(self, pointer: Any, seat: SeatDevices) -> None:
        self._seat = seat
        self._held: set[int] = set()
        self.listeners = Listeners()
        self.listeners.add(wlr_ffi.addressof(pointer.events.button), self._on_button)
        self.listeners.add(wlr_ffi.addressof(pointer.base.events.destroy), self._on_destroy)

    def _on_button(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_pointer_button_event *", data)
        if event.state == _PRESSED:
            self._held.add(event.button)
        else:
            self._held.discard(event.button)

    def _on_destroy(self, _data: Any) -> None:
        """Raised when the device goes: what it held down will never come up by itself."""
        self.listeners.remove()
        for button in self._held:
            self._seat.events.button(button, False)
        self._seat.events.frame()
        self._seat.pointer_gone(self)


class Scroll(Struct, frozen=True):
    """One step of a wheel or of a finger along one axis. Positive is down or right."""

    vertical: bool
    #: In logical pixels.
    length: float
    #: 120ths of a wheel's notches (as in wl_pointer.axis_value120); 0 for what has no notches.
    v120: int
    #: As in wl_pointer.axis_source.
    source: int

    @property
    def notches120(self) -> int:
        """120ths of notches, for whoever knows nothing else."""
        return self.v120 or round(self.length * 120 / _NOTCH_LENGTH)


class PointerEvents(Protocol):
    """Who hears of the pointer. `frame` ends a group of events that belong together."""

    def motion(self, dx: float, dy: float, raw_dx: float, raw_dy: float) -> None:
        """The pointer moved by so many logical pixels; `raw_dx` and `raw_dy` are what the device told, before any acceleration."""

    def motion_absolute(self, x: float, y: float) -> None:
        """A device that knows its place moved the pointer to these layout coordinates."""

    def button(self, button: int, pressed: bool) -> None: ...

    def axis(self, scroll: Scroll) -> None: ...

    def frame(self) -> None: ...

    def touch(self, event: TouchEvent) -> None:
        """What a finger does, in layout coordinates."""


class SeatEvents(KeyboardEvents, PointerEvents, Protocol):
    """Everything a seat is told by its devices."""


class SeatDevices:
    """The devices of one seat; `clients` is the seat as clients see it.

    `cursor` coordinates are the layout's. `destroy()` before the backend goes.
    """

    def __init__(
        self, display: Display, layout: OutputLayout, rules: DeviceRules, events: SeatEvents
    ) -> None:
        #: What the backend announced and still has, used or not.
        self.devices: list[InputDevice] = []
        self.common = rules.common
        self.keymap = rules.common.keymap
        self.events = events
        self._rules = rules
        #: An evdev key that is no modifier and no lock, whatever the keyboards' layouts say; None: no such key.
        self.reserved_key: int | None = None
        #: Goes to a virtual terminal by its number; None where there are none to go to.
        self.switch_vt: Callable[[int], None] | None = None
        #: What is locked on the keyboards, also while there is none; and who is told which of them a key has changed.
        self.locks = Locks.NONE
        self.on_locks: Callable[[Locks], None] = lambda locks: None
        self._layout = layout
        self._keyboards: list[Keyboard] = []
        self._pointers: list[Pointer] = []
        self._listeners = Listeners()
        self.clients = ClientSeat(display)
        self._no_keyboard = NoKeyboard(self.common)
        self.clients.use_keyboard(self._no_keyboard.pointer)
        self._cursor = wlr.wlr_cursor_create()
        wlr.wlr_cursor_attach_output_layout(self._cursor, layout.pointer)
        self._theme = wlr.wlr_xcursor_manager_create(wlr_ffi.NULL, 24)
        wlr.wlr_xcursor_manager_load(self._theme, 1.0)
        self._image: Any = None
        self._touchscreens = Touchscreens(
            self._cursor, lambda event: events.touch(event), self.clients.has_touch
        )
        #: The devices that tell how far they moved, by their addresses, as do those of some that tell positions too.
        self._tells_motion: set[int] = set()
        self._absolute: tuple[float, float] | None = None
        virtual_keyboards = wlr.wlr_virtual_keyboard_manager_v1_create(display._ptr)
        virtual_pointers = wlr.wlr_virtual_pointer_manager_v1_create(display._ptr)
        signals = self._cursor.events
        listen = self._listeners.add
        listen(wlr_ffi.addressof(signals.motion), self._on_motion)
        listen(wlr_ffi.addressof(signals.motion_absolute), self._on_motion_absolute)
        listen(wlr_ffi.addressof(signals.button), self._on_button)
        listen(wlr_ffi.addressof(signals.axis), self._on_axis)
        listen(wlr_ffi.addressof(signals.frame), lambda _data: events.frame())
        listen(wlr_ffi.addressof(virtual_keyboards.events.new_virtual_keyboard), self._on_virtual_keyboard)
        listen(wlr_ffi.addressof(virtual_pointers.events.new_virtual_pointer), self._on_virtual_pointer)

    def destroy(self) -> None:
        for device in self.devices:
            device.listeners.remove()
        for keyboard in self._keyboards:
            keyboard.listeners.remove()
        for pointer in self._pointers:
            pointer.listeners.remove()
        self._listeners.remove()
        self._touchscreens.forget()
        wlr.wlr_xcursor_manager_destroy(self._theme)
        wlr.wlr_cursor_destroy(self._cursor)
        self.clients.destroy()
        self._no_keyboard.finish()

    def add(self, data: Any) -> None:
        """Set up a device that the backend announced (a `struct wlr_input_device *`), and use it if it is a keyboard, a pointer or a touchscreen."""
        pointer = wlr_ffi.cast("struct wlr_input_device *", data)
        device = InputDevice(pointer, self.devices.remove)
        self.devices.append(device)
        device.configure(self._rules.settings(device))
        if pointer.type == wlr.WLR_INPUT_DEVICE_KEYBOARD:
            device.keyboard = self._rules.keyboard(device)
            self._add_keyboard(wlr.wlr_keyboard_from_input_device(pointer), device.keyboard)
        elif pointer.type == wlr.WLR_INPUT_DEVICE_POINTER:
            self._add_pointer(wlr.wlr_pointer_from_input_device(pointer))
        elif pointer.type == wlr.WLR_INPUT_DEVICE_TOUCH:
            touch = wlr.wlr_touch_from_input_device(pointer)
            wlr.wlr_cursor_attach_input_device(self._cursor, pointer)
            self._place(device)
            self._touchscreens.add(touch)

    def use_rules(self, rules: DeviceRules) -> None:
        """Have other settings from now on, also on the devices that are there."""
        self._rules = rules
        self.common, self.keymap = rules.common, rules.common.keymap
        self._no_keyboard.use(rules.common)
        for keyboard in self._keyboards:
            if isinstance(keyboard, VirtualKeyboard):
                keyboard.set_repeat(rules.common)
        self.place_touchscreens()
        for device in self.devices:
            device.configure(rules.settings(device))
            if device.keyboard is not None:
                device.keyboard = rules.keyboard(device)
                pointer = wlr.wlr_keyboard_from_input_device(device.pointer)
                keyboard = next(each for each in self._keyboards if each.is_of(pointer))
                keyboard.set_layout(device.keyboard.keymap)
                keyboard.set_locks(self.locks)
                keyboard.set_repeat(device.keyboard)

    def place_touchscreens(self) -> None:
        """Outputs came, went or are another's: have each touchscreen be the one that the rules say, or all."""
        for device in self.devices:
            if device.pointer.type == wlr.WLR_INPUT_DEVICE_TOUCH:
                self._place(device)

    def _place(self, touchscreen: InputDevice) -> None:
        name = self._rules.output(touchscreen)
        if name is None:
            own = wlr.wlr_touch_from_input_device(touchscreen.pointer).output_name
            name = "" if own == wlr_ffi.NULL else wlr_ffi.string(own).decode()
        wlr.wlr_cursor_map_input_to_output(self._cursor, touchscreen.pointer, self._layout.find(name))

    def _add_keyboard(self, pointer: Any, settings: KeyboardSettings) -> None:
        """Have the keys of a `struct wlr_keyboard *`; Caps Lock is on it where it is on the others."""
        keyboard = Keyboard(pointer, self)
        keyboard.set_layout(settings.keymap)
        keyboard.set_repeat(settings)
        for other in self._keyboards:
            if keyboard.shares_locks(other):
                keyboard.take_locks(other)
        if all(isinstance(each, VirtualKeyboard) for each in self._keyboards):
            # Those that went with another session's coming to the front took what was locked with them.
            keyboard.set_locks(self.locks)
        self._keyboards.append(keyboard)
        self.clients.use_keyboard(pointer)

    def _add_pointer(self, pointer: Any, output: Any = wlr_ffi.NULL) -> None:
        """Have the cursor follow a `struct wlr_pointer *`; its positions are those of an output, or else of the whole layout."""
        device = wlr_ffi.addressof(pointer.base)
        wlr.wlr_cursor_attach_input_device(self._cursor, device)
        if output == wlr_ffi.NULL and pointer.output_name != wlr_ffi.NULL:
            # A window of a nested backend has a pointer of its own, whose positions are that window's.
            output = self._layout.find(wlr_ffi.string(pointer.output_name).decode())
        if output != wlr_ffi.NULL:
            wlr.wlr_cursor_map_input_to_output(self._cursor, device, output)
        self._pointers.append(Pointer(pointer, self))

    def _on_virtual_keyboard(self, data: Any) -> None:
        """Raised when a client makes a keyboard; its keymap comes later, from the client."""
        virtual = wlr_ffi.cast("struct wlr_virtual_keyboard_v1 *", data)
        self._keyboards.append(VirtualKeyboard(wlr_ffi.addressof(virtual.keyboard), self))

    def _on_virtual_pointer(self, data: Any) -> None:
        """Raised when a client makes a pointer, for an output or for all of them."""
        event = wlr_ffi.cast("struct wlr_virtual_pointer_v1_new_pointer_event *", data)
        self._add_pointer(wlr_ffi.addressof(event.new_pointer.pointer), event.suggested_output)

    def locks_changed(self, keyboard: Keyboard) -> None:
        """A keyboard's locks may have changed: the others that have its layout follow."""
        for other in self._keyboards:
            if other.shares_locks(keyboard):
                other.take_locks(keyboard)

    def locked(self, locks: Locks, changed: Locks) -> None:
        """These locks of a keyboard are on now, and those that `changed` were not so before."""
        now = (self.locks & ~changed) | (locks & changed)
        if now is not self.locks:
            self.locks, before = now, self.locks
            self.on_locks(now ^ before)

    def set_locks(self, locks: Locks) -> None:
        """Have these locks on, and no others, on all keyboards and their lights. `on_locks` is not told."""
        self.locks = locks
        for keyboard in self._keyboards:
            keyboard.set_locks(locks)

    def keyboard_gone(self, keyboard: Keyboard) -> None:
        self._keyboards.remove(keyboard)
        if self.clients.keyboard in (keyboard._pointer, wlr_ffi.NULL):
            self.clients.use_keyboard(self._no_keyboard.pointer)

    def pointer_gone(self, pointer: Pointer) -> None:
        self._pointers.remove(pointer)

    def pressed_elsewhere(self) -> None:
        """A button goes down: where that is on no client's surface, what clients hold on to ends, and their menus close."""
        if not self.clients.has_pointer_focus:
            self.clients.end_grabs()

    @property
    def cursor(self) -> tuple[float, float]:
        """Where the cursor is."""
        return self._cursor.x, self._cursor.y

    def move_cursor(self, dx: float, dy: float) -> None:
        """By so many logical pixels, but not off the outputs."""
        wlr.wlr_cursor_move(self._cursor, wlr_ffi.NULL, dx, dy)

    def warp_cursor(self, x: float, y: float) -> None:
        """To these layout coordinates, or the closest that are on an output."""
        wlr.wlr_cursor_warp_closest(self._cursor, wlr_ffi.NULL, x, y)

    def load_cursor_theme(self, scale: float) -> None:
        """Have the theme's images at an output's scale."""
        wlr.wlr_xcursor_manager_load(self._theme, scale)

    def show_named_cursor(self, name: str) -> None:
        """An image of the cursor theme, by its name or one of CSS; the arrow where the theme has none such."""
        names = (name, *OLDER_NAMES.get(name, ()))
        known = next((each for each in names if self._theme_has(each)), ARROW)
        wlr.wlr_xcursor_manager_set_cursor_image(self._theme, known.encode(), self._cursor)

    def _theme_has(self, name: str) -> bool:
        return bool(wlr.wlr_xcursor_manager_get_xcursor(self._theme, name.encode(), 1.0) != wlr_ffi.NULL)

    def show_cursor_image(self, pixels: bytes, width: int, height: int, hot_x: int, hot_y: int) -> None:
        """An image of one's own, in physical pixels: rows of ARGB8888, premultiplied; the hotspot in its pixels."""
        self._image = pixels
        c.wlr_cursor_set_image(
            abi.borrow("struct wlr_cursor *", self._cursor),
            ffi.from_buffer("uint8_t[]", pixels), width * 4, width, height, hot_x, hot_y, 0.0,  # on outputs of any scale
        )  # fmt: skip

    def show_cursor_surface(self, surface: CursorSurface) -> None:
        """A surface of a client's, for as long as it has it."""
        if surface.alive:
            wlr.wlr_cursor_set_surface(self._cursor, surface.pointer, surface.hot_x, surface.hot_y)
        else:
            self.hide_cursor()

    def hide_cursor(self) -> None:
        wlr.wlr_cursor_set_surface(self._cursor, wlr_ffi.NULL, 0, 0)

    # What the cursor raises.

    def _on_motion(self, data: Any) -> None:
        """Raised when a device tells how far it moved; a nested backend's window tells that beside the position, and the position is enough."""
        event = wlr_ffi.cast("struct wlr_pointer_motion_event *", data)
        self._tells_motion.add(abi.address(event.pointer))
        self.clients.relative_motion(event.delta_x, event.delta_y, event.unaccel_dx, event.unaccel_dy)
        if event.pointer.output_name != wlr_ffi.NULL:
            return
        self.events.motion(event.delta_x, event.delta_y, event.unaccel_dx, event.unaccel_dy)

    def _on_motion_absolute(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_pointer_motion_absolute_event *", data)
        point = wlr_ffi.new("double[2]")
        wlr.wlr_cursor_absolute_to_layout_coords(
            self._cursor, wlr_ffi.addressof(event.pointer.base), event.x, event.y, point, point + 1
        )
        previous, self._absolute = self._absolute, (point[0], point[1])
        if previous is not None and abi.address(event.pointer) not in self._tells_motion:
            dx, dy = point[0] - previous[0], point[1] - previous[1]
            self.clients.relative_motion(dx, dy, dx, dy)
        self.events.motion_absolute(point[0], point[1])

    def _on_button(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_pointer_button_event *", data)
        self.events.button(event.button, event.state == _PRESSED)

    def _on_axis(self, data: Any) -> None:
        """Raised for each step of a wheel or a finger: wheels count 120ths of notches (`delta_discrete`), others only lengths."""
        event = wlr_ffi.cast("struct wlr_pointer_axis_event *", data)
        vertical = event.orientation == wlr.WLR_AXIS_ORIENTATION_VERTICAL
        self.events.axis(Scroll(vertical, event.delta, event.delta_discrete, event.source))
