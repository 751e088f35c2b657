"""fractional-scale: clients that draw in an output's scale, whole number or not (wlroots 0.16 does not have it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import lend, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.resource import Global, Resource

from pywayland.protocol.fractional_scale_v1 import WpFractionalScaleManagerV1, WpFractionalScaleV1  # isort: skip
from pywayland.server import Display  # isort: skip
from pywayland.utils import wl_list_for_each  # isort: skip

_DESTROY, _GET_FRACTIONAL_SCALE = 0, 1  # wp_fractional_scale_manager_v1's requests
_FRACTIONAL_SCALE_EXISTS = 0  # its error
_PREFERRED_SCALE = 0  # wp_fractional_scale_v1's event
_ONE = 120


class FractionalScales:
    """The global. It ends with the display."""

    def __init__(self, display: Display, default: Callable[[], float]) -> None:
        """`default` is the scale that a surface will most likely have which is on no output yet."""
        self._default = default
        self._surfaces: dict[int, _ScaledSurface] = {}
        self._global = Global(display, WpFractionalScaleManagerV1, self._bound)

    def update(self) -> None:
        """Surfaces may be on other outputs, or outputs have other scales."""
        for surface in self._surfaces.values():
            surface.update()

    def _bound(self, manager: Resource) -> None:
        def requested(opcode: int, arguments: Any) -> None:
            if opcode == _DESTROY:
                manager.destroy()
            elif opcode == _GET_FRACTIONAL_SCALE:
                self._add(manager, arguments[0].n, arguments[1].o)

        manager.on_request(requested)

    def _add(self, manager: Resource, number: int, surface_resource: Any) -> None:
        pointer = wlr.wlr_surface_from_resource(lend("struct wl_resource *", surface_resource))
        key = int(wlr_ffi.cast("uintptr_t", pointer))
        if key in self._surfaces:
            manager.refuse(_FRACTIONAL_SCALE_EXISTS, "the surface has a fractional scale object already")
            return
        resource = Resource(manager.client, WpFractionalScaleV1, manager.version, number)
        surface = self._surfaces[key] = _ScaledSurface(pointer, resource, self._default)
        surface.on_end(lambda: self._surfaces.pop(key))
        surface.update()


class _ScaledSurface:
    """A surface whose client wants to know its scale, until the surface or that wish ends."""

    def __init__(self, pointer: Any, resource: Resource, default: Callable[[], float]) -> None:
        self._pointer = pointer
        self._resource = resource
        self._default = default
        self._told = 0
        self._listeners = Listeners()
        self._end: Callable[[], object] = lambda: None
        self._listeners.add(wlr_ffi.addressof(pointer.events.destroy), lambda _data: self._ended())
        resource.on_destroy(self._ended)
        resource.on_request(lambda opcode, _arguments: resource.destroy())

    def on_end(self, callback: Callable[[], object]) -> None:
        self._end = callback

    def _ended(self) -> None:
        """Raised when the surface ends, and when the object does: whichever comes first."""
        self._listeners.remove()
        end, self._end = self._end, lambda: None
        end()

    def update(self) -> None:
        """Tell the client its scale, if that is new: the largest of the outputs that the surface is on."""
        on = wl_list_for_each(
            "struct wlr_surface_output *", self._pointer.current_outputs, "link", ffi=wlr_ffi
        )
        scale = max((float(each.output.scale) for each in on), default=0.0)
        preferred = round((scale or (self._told / _ONE) or self._default()) * _ONE)
        if preferred != self._told:
            self._told = preferred
            self._resource.send(_PREFERRED_SCALE, preferred)
