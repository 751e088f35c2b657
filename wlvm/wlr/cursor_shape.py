"""cursor-shape: clients that name a cursor and leave its image to the compositor (wlroots 0.16 does not have it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.resource import Global, Resource
from wlvm.wlr.seat import ClientSeat

from pywayland.protocol.cursor_shape_v1 import WpCursorShapeDeviceV1, WpCursorShapeManagerV1  # isort: skip
from pywayland.server import Display  # isort: skip

_DESTROY = 0  # of both interfaces
_GET_POINTER, _GET_TABLET_TOOL = 1, 2  # wp_cursor_shape_manager_v1's requests
_SET_SHAPE = 1  # wp_cursor_shape_device_v1's request
_INVALID_SHAPE = 1  # its error

#: The shapes by their numbers, as CSS calls them.
SHAPES = {shape.value: shape.name.replace("_", "-") for shape in WpCursorShapeDeviceV1.shape}


class CursorShapes:
    """The global. It ends with the display."""

    def __init__(self, display: Display, seat: ClientSeat, wished: Callable[[str], None]) -> None:
        """`wished` gets the name of the shape that the client wants which has the pointer."""
        self._seat = seat
        self._wished = wished
        self._global = Global(display, WpCursorShapeManagerV1, self._bound)

    def _bound(self, manager: Resource) -> None:
        def requested(opcode: int, arguments: Any) -> None:
            if opcode == _DESTROY:
                manager.destroy()
            elif opcode in (_GET_POINTER, _GET_TABLET_TOOL):
                self._add(manager, arguments[0].n)

        manager.on_request(requested)

    def _add(self, manager: Resource, number: int) -> None:
        device = Resource(manager.client, WpCursorShapeDeviceV1, manager.version, number)

        def requested(opcode: int, arguments: Any) -> None:
            if opcode == _DESTROY:
                device.destroy()
            elif opcode == _SET_SHAPE:
                self._set_shape(device, arguments[0].u, arguments[1].u)

        device.on_request(requested)

    def _set_shape(self, device: Resource, serial: int, shape: int) -> None:
        if shape not in SHAPES:
            device.refuse(_INVALID_SHAPE, f"there is no shape {shape}")
        elif self._seat.entered_with(device.client, serial):
            self._wished(SHAPES[shape])
