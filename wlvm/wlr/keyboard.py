"""Keyboards as wlroots gives them: plugged in, or made by a client. Keys are evdev codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wlvm.key_symbols import KeySymbols
from wlvm.locks import Locks
from wlvm.wlr import abi
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.input_device import KeyboardSettings
from wlvm.wlr.keymap import EVDEV_OFFSET, SHIFT, Keymap
from wlvm.wlr.listeners import Listeners

if TYPE_CHECKING:
    from wlvm.wlr.input import SeatDevices

_PRESSED = 1

#: wlr_keyboard's modifier bits (types/wlr_keyboard.h) that a virtual keyboard may hold without a key, and the evdev keys for them.
#: Shift, Control, Alt, Logo (the left ones), AltGr.
_MODIFIER_KEYS = {1 << 0: 42, 1 << 2: 29, 1 << 3: 56, 1 << 6: 125, 1 << 7: 100}
#: Either Shift key makes a symbol's Shift.
_ALIKE = {SHIFT: (SHIFT, 54)}

#: wlr_keyboard's modifier bits of the locks (WLR_MODIFIER_CAPS; WLR_MODIFIER_MOD2, to which xkeyboard-config binds Num Lock).
_LOCK_BITS = {Locks.CAPS: 1 << 1, Locks.NUM: 1 << 4}

#: The keysym XF86Switch_VT_1, which layouts put on Ctrl+Alt+F1; those of the other terminals follow it.
_SWITCH_VT_1, _MOST_VTS = 0x1008FE01, 12


class Keyboard:
    """A keyboard with a layout of the configuration: what its keys are is what it sends."""

    def __init__(self, pointer: Any, seat: SeatDevices) -> None:
        self._pointer = pointer
        self._seat = seat
        #: None for one that brings a keymap of its own.
        self._keymap: Keymap | None = None
        self._locks = Locks.NONE
        self.listeners = Listeners()
        events = pointer.events
        self.listeners.add(wlr_ffi.addressof(events.key), self._on_key)
        self.listeners.add(wlr_ffi.addressof(events.modifiers), self._on_modifiers)
        self.listeners.add(wlr_ffi.addressof(pointer.base.events.destroy), self._on_destroy)
        self.set_repeat(seat.common)

    def is_of(self, pointer: Any) -> bool:
        """Whether it is this `struct wlr_keyboard *`."""
        return bool(self._pointer == pointer)

    def set_repeat(self, settings: KeyboardSettings) -> None:
        wlr.wlr_keyboard_set_repeat_info(self._pointer, settings.repeat_rate, settings.repeat_delay)

    def set_layout(self, keymap: Keymap) -> None:
        self._keymap = keymap
        wlr.wlr_keyboard_set_keymap(self._pointer, wlr_ffi.cast("struct xkb_keymap *", keymap.xkb._keymap))

    def shares_locks(self, other: Keyboard) -> bool:
        """Whether Caps Lock on the other is Caps Lock on this one too: they have the same layout."""
        return self._keymap is not None and self._keymap is other._keymap

    def take_locks(self, other: Keyboard) -> None:
        """Have the other's locks and its one of several layouts. wlroots switches the keyboard's lights."""
        own, wanted = self._pointer.modifiers, other._pointer.modifiers
        if (own.locked, own.group) != (wanted.locked, wanted.group):
            wlr.wlr_keyboard_notify_modifiers(
                self._pointer, own.depressed, own.latched, wanted.locked, wanted.group
            )

    def set_locks(self, locks: Locks) -> None:
        """Have these locks on, and no others; nothing happens on a keyboard whose keymap and locks are a client's."""
        state = self._pointer.modifiers
        locked = state.locked
        for lock, bit in _LOCK_BITS.items():
            locked = locked | bit if lock in locks else locked & ~bit
        if self._keymap is not None and locked != state.locked:
            wlr.wlr_keyboard_notify_modifiers(
                self._pointer, state.depressed, state.latched, locked, state.group
            )

    def _on_key(self, data: Any) -> None:
        """Raised when a key goes down or up, before the keyboard's own state has changed."""
        event = wlr_ffi.cast("struct wlr_keyboard_key_event *", data)
        pressed = event.state == _PRESSED
        if event.keycode == self._seat.reserved_key:
            event.update_state = False
        if pressed and self._seat.switch_vt is not None and (number := self._vt(event.keycode)):
            # The key's release is one that the seat has not seen go down, and ignores.
            self._seat.switch_vt(number)
        else:
            self.send(event.keycode, pressed)

    def _vt(self, code: int) -> int:
        """The number of the virtual terminal that a key stands for with the modifiers that are down; 0 for none."""
        state = abi.borrow("struct xkb_state *", self._pointer.xkb_state)
        number = c.xkb_state_key_get_one_sym(state, code + EVDEV_OFFSET) - _SWITCH_VT_1 + 1
        return int(number) if 1 <= number <= _MOST_VTS else 0

    def send(self, key: int, pressed: bool) -> None:
        if self._pointer.xkb_state != wlr_ffi.NULL:
            self._seat.clients.use_keyboard(self._pointer)
        self._seat.events.key(key, pressed, self._symbols(key))

    def _symbols(self, key: int) -> KeySymbols:
        """What a key of the seat's layout means now."""
        state = abi.borrow("struct xkb_state *", self._pointer.xkb_state)
        if self._keymap is None or state == abi.NULL:
            return self._seat.keymap.symbols(key)
        return self._keymap.symbols(key, state)

    def _on_modifiers(self, _data: Any) -> None:
        """Raised when the keyboard's modifiers have changed, after the key that changed them."""
        self._seat.clients.modifiers(self._pointer)
        self._seat.locks_changed(self)
        locked = self._pointer.modifiers.locked
        before, self._locks = (
            self._locks,
            Locks(sum(lock.value for lock, bit in _LOCK_BITS.items() if locked & bit)),
        )
        if before is not self._locks:
            self._seat.locked(self._locks, before ^ self._locks)

    def _on_destroy(self, _data: Any) -> None:
        """Raised when the device goes: what it held down will never come up by itself."""
        self.release_all()
        self.listeners.remove()
        self._seat.keyboard_gone(self)

    def release_all(self) -> None:
        for index in range(self._pointer.num_keycodes):
            self.send(self._pointer.keycodes[index], False)


class NoKeyboard:
    """The keyboard that clients know while there is none: a client that has the focus must have got a keymap, or it crashes (fuzzel)."""

    def __init__(self, settings: KeyboardSettings) -> None:
        self.pointer = wlr_ffi.new("struct wlr_keyboard *")
        c.wlr_keyboard_init(abi.borrow("struct wlr_keyboard *", self.pointer), ffi.NULL, b"none")
        self.use(settings)

    def use(self, settings: KeyboardSettings) -> None:
        """Have this layout, and this repetition of keys."""
        keymap = settings.keymap.xkb._keymap
        wlr.wlr_keyboard_set_keymap(self.pointer, wlr_ffi.cast("struct xkb_keymap *", keymap))
        wlr.wlr_keyboard_set_repeat_info(self.pointer, settings.repeat_rate, settings.repeat_delay)

    def finish(self) -> None:
        c.wlr_keyboard_finish(abi.borrow("struct wlr_keyboard *", self.pointer))


class VirtualKeyboard(Keyboard):
    """A keyboard made by a client (virtual-keyboard-v1), with a keymap of its own.

    Its key codes mean something only in its own keymap: wtype numbers the symbols it types from 1. A client gets them as they are, with
    that keymap. A guest wants the keys of a real keyboard, so each symbol is looked up in the seat's layout; a key that means the same in
    both is passed on as it is.
    """

    def __init__(self, pointer: Any, seat: SeatDevices) -> None:
        super().__init__(pointer, seat)
        self._held: dict[int, tuple[int, ...]] = {}
        self._modifiers: dict[int, int] = {}

    def _on_key(self, data: Any) -> None:
        event = wlr_ffi.cast("struct wlr_keyboard_key_event *", data)
        if event.state != _PRESSED:
            self._release(event.keycode)
        elif event.keycode not in self._held:
            keys = self._held[event.keycode] = self._keys(event.keycode)
            for key in keys:
                self.send(key, True)

    def _keys(self, code: int) -> tuple[int, ...]:
        """The keys to press on a real keyboard for this key: one, after Shift and AltGr where the symbol needs them; none if none makes it."""
        state = abi.borrow("struct xkb_state *", self._pointer.xkb_state)
        if state == abi.NULL or self._seat.clients.has_keyboard_focus:
            return (code,)
        symbol = self._unlocked_symbol(state, code)
        if symbol in (0, self._seat.keymap.symbol(code)):
            return (code,)
        stroke = self._seat.keymap.stroke_of_any(symbol)
        if stroke is None:
            return ()
        wanted = (key for key in stroke.modifiers if not any(map(self._holds, _ALIKE.get(key, (key,)))))
        return (*wanted, stroke.key)

    def _unlocked_symbol(self, state: Any, code: int) -> int:
        """What a key means without the locks: a guest has these itself."""
        others, held = ~sum(_LOCK_BITS.values()), self._pointer.modifiers
        unlocked = c.xkb_state_new(c.xkb_state_get_keymap(state))
        c.xkb_state_update_mask(
            unlocked, held.depressed & others, held.latched & others, held.locked & others, 0, 0, held.group
        )
        symbol = c.xkb_state_key_get_one_sym(unlocked, code + EVDEV_OFFSET)
        c.xkb_state_unref(unlocked)
        return int(symbol)

    def _symbols(self, key: int) -> KeySymbols:
        """What a client is sent is a key of the keyboard's own keymap; a guest's is one of the seat's."""
        state = abi.borrow("struct xkb_state *", self._pointer.xkb_state)
        if state == abi.NULL or not self._seat.clients.has_keyboard_focus:
            return super()._symbols(key)
        symbol = int(c.xkb_state_key_get_one_sym(state, key + EVDEV_OFFSET))
        return KeySymbols((symbol,), symbol)

    def _release(self, code: int) -> None:
        for key in reversed(self._held.pop(code, ())):
            self.send(key, False)

    def _on_modifiers(self, _data: Any) -> None:
        """Raised when the client sets modifiers, which it may hold without any key: hold the key of each for a guest."""
        super()._on_modifiers(_data)
        depressed = self._pointer.modifiers.depressed
        for bit, key in _MODIFIER_KEYS.items():
            if depressed & bit and not self._holds(key) and not self._seat.clients.has_keyboard_focus:
                self._modifiers[bit] = key
                self.send(key, True)
            elif not depressed & bit and bit in self._modifiers:
                del self._modifiers[bit]
                self.send(key, False)

    def _holds(self, key: int) -> bool:
        return key in self._modifiers.values() or any(key in keys for keys in self._held.values())

    def release_all(self) -> None:
        for code in list(self._held):
            self._release(code)
        for key in self._modifiers.values():
            self.send(key, False)
        self._modifiers.clear()
