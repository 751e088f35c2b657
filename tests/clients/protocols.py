"""wlr-virtual-pointer-unstable-v1, virtual-keyboard-unstable-v1 and wlr-foreign-toplevel-management-unstable-v1 as pywayland interfaces: it
brings none of them.

The order of the requests, and that of the events, is their number on the wire.
"""

from __future__ import annotations

from typing import Any

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.protocol.wayland import WlOutput, WlSeat  # isort: skip
from pywayland.protocol_core import Argument, ArgumentType, Interface, Proxy, Resource  # isort: skip

_INT = Argument(ArgumentType.Int)
_UINT = Argument(ArgumentType.Uint)
_FIXED = Argument(ArgumentType.Fixed)
_FD = Argument(ArgumentType.FileDescriptor)
_SEAT = Argument(ArgumentType.Object, interface=WlSeat)
_ANY_SEAT = Argument(ArgumentType.Object, interface=WlSeat, nullable=True)
_ANY_OUTPUT = Argument(ArgumentType.Object, interface=WlOutput, nullable=True)


class VirtualPointer(Interface):
    """Coordinates are fractions of the extents; an axis is 0 for vertical, 1 for horizontal."""

    name = "zwlr_virtual_pointer_v1"
    version = 2


class VirtualPointerProxy(Proxy[VirtualPointer]):
    interface = VirtualPointer

    @VirtualPointer.request(_UINT, _FIXED, _FIXED)
    def motion(self, time: int, dx: float, dy: float) -> None:
        self._marshal(0, time, dx, dy)

    @VirtualPointer.request(_UINT, _UINT, _UINT, _UINT, _UINT)
    def motion_absolute(self, time: int, x: int, y: int, x_extent: int, y_extent: int) -> None:
        self._marshal(1, time, x, y, x_extent, y_extent)

    @VirtualPointer.request(_UINT, _UINT, _UINT)
    def button(self, time: int, button: int, state: int) -> None:
        self._marshal(2, time, button, state)

    @VirtualPointer.request(_UINT, _UINT, _FIXED)
    def axis(self, time: int, axis: int, value: float) -> None:
        self._marshal(3, time, axis, value)

    @VirtualPointer.request()
    def frame(self) -> None:
        self._marshal(4)

    @VirtualPointer.request(_UINT)
    def axis_source(self, source: int) -> None:
        self._marshal(5, source)

    @VirtualPointer.request(_UINT, _UINT)
    def axis_stop(self, time: int, axis: int) -> None:
        self._marshal(6, time, axis)

    @VirtualPointer.request(_UINT, _UINT, _FIXED, _INT)
    def axis_discrete(self, time: int, axis: int, value: float, discrete: int) -> None:
        self._marshal(7, time, axis, value, discrete)

    @VirtualPointer.request()
    def destroy(self) -> None:
        self._marshal(8)
        self._destroy()


class VirtualPointerManager(Interface):
    name = "zwlr_virtual_pointer_manager_v1"
    version = 2


class VirtualPointerManagerProxy(Proxy[VirtualPointerManager]):
    interface = VirtualPointerManager

    @VirtualPointerManager.request(_ANY_SEAT, Argument(ArgumentType.NewId, interface=VirtualPointer))
    def create_virtual_pointer(self, seat: Any) -> Any:
        return self._marshal_constructor(0, VirtualPointer, seat)

    @VirtualPointerManager.request()
    def destroy(self) -> None:
        self._marshal(1)
        self._destroy()

    @VirtualPointerManager.request(
        _ANY_SEAT, _ANY_OUTPUT, Argument(ArgumentType.NewId, interface=VirtualPointer), version=2
    )
    def create_virtual_pointer_with_output(self, seat: Any, output: Any) -> Any:
        return self._marshal_constructor(2, VirtualPointer, seat, output)


class VirtualKeyboard(Interface):
    """Keys are evdev's; the keymap is a file of xkb text (format 1)."""

    name = "zwp_virtual_keyboard_v1"
    version = 1


class VirtualKeyboardProxy(Proxy[VirtualKeyboard]):
    interface = VirtualKeyboard

    @VirtualKeyboard.request(_UINT, _FD, _UINT)
    def keymap(self, format: int, fd: int, size: int) -> None:
        self._marshal(0, format, fd, size)

    @VirtualKeyboard.request(_UINT, _UINT, _UINT)
    def key(self, time: int, key: int, state: int) -> None:
        self._marshal(1, time, key, state)

    @VirtualKeyboard.request(_UINT, _UINT, _UINT, _UINT)
    def modifiers(self, depressed: int, latched: int, locked: int, group: int) -> None:
        self._marshal(2, depressed, latched, locked, group)

    @VirtualKeyboard.request()
    def destroy(self) -> None:
        self._marshal(3)
        self._destroy()


class VirtualKeyboardManager(Interface):
    name = "zwp_virtual_keyboard_manager_v1"
    version = 1


class VirtualKeyboardManagerProxy(Proxy[VirtualKeyboardManager]):
    interface = VirtualKeyboardManager

    @VirtualKeyboardManager.request(_SEAT, Argument(ArgumentType.NewId, interface=VirtualKeyboard))
    def create_virtual_keyboard(self, seat: Any) -> Any:
        return self._marshal_constructor(0, VirtualKeyboard, seat)


class ForeignToplevel(Interface):
    """A window of a list. A state is an array of 32-bit numbers: 0 maximized, 1 minimized, 2 activated, 3 fullscreen."""

    name = "zwlr_foreign_toplevel_handle_v1"
    version = 1


class ForeignToplevelProxy(Proxy[ForeignToplevel]):
    interface = ForeignToplevel

    @ForeignToplevel.request()
    def set_maximized(self) -> None:
        self._marshal(0)

    @ForeignToplevel.request()
    def unset_maximized(self) -> None:
        self._marshal(1)

    @ForeignToplevel.request()
    def set_minimized(self) -> None:
        self._marshal(2)

    @ForeignToplevel.request()
    def unset_minimized(self) -> None:
        self._marshal(3)

    @ForeignToplevel.request(_SEAT)
    def activate(self, seat: Any) -> None:
        self._marshal(4, seat)

    @ForeignToplevel.request()
    def close(self) -> None:
        self._marshal(5)


class ForeignToplevelResource(Resource):
    interface = ForeignToplevel

    @ForeignToplevel.event(Argument(ArgumentType.String))
    def title(self, title: str) -> None: ...

    @ForeignToplevel.event(Argument(ArgumentType.String))
    def app_id(self, app_id: str) -> None: ...

    @ForeignToplevel.event(_ANY_OUTPUT)
    def output_enter(self, output: Any) -> None: ...

    @ForeignToplevel.event(_ANY_OUTPUT)
    def output_leave(self, output: Any) -> None: ...

    @ForeignToplevel.event(Argument(ArgumentType.Array))
    def state(self, state: list[int]) -> None: ...

    @ForeignToplevel.event()
    def done(self) -> None: ...

    @ForeignToplevel.event()
    def closed(self) -> None: ...


class ForeignToplevelManager(Interface):
    name = "zwlr_foreign_toplevel_manager_v1"
    version = 1


class ForeignToplevelManagerProxy(Proxy[ForeignToplevelManager]):
    interface = ForeignToplevelManager

    @ForeignToplevelManager.request()
    def stop(self) -> None:
        self._marshal(0)


class ForeignToplevelManagerResource(Resource):
    interface = ForeignToplevelManager

    @ForeignToplevelManager.event(Argument(ArgumentType.NewId, interface=ForeignToplevel))
    def toplevel(self, toplevel: Any) -> None: ...

    @ForeignToplevelManager.event()
    def finished(self) -> None: ...


for _interface, _proxy in (
    (VirtualPointer, VirtualPointerProxy),
    (VirtualPointerManager, VirtualPointerManagerProxy),
    (VirtualKeyboard, VirtualKeyboardProxy),
    (VirtualKeyboardManager, VirtualKeyboardManagerProxy),
    (ForeignToplevel, ForeignToplevelProxy),
    (ForeignToplevelManager, ForeignToplevelManagerProxy),
):
    _interface._gen_c()
    _interface.proxy_class = _proxy
