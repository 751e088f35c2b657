"""wlr-output-management (types/wlr_output_management_v1.h): clients that list and change the outputs (wlr-randr, kanshi)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from wlvm.framebuffer import TRANSFORMS, Transform
from wlvm.wlr.abi import address, borrow, c, ffi, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.output import ModeNumbers, WlrOutput

from pywayland.server import Display  # isort: skip
from pywayland.utils import wl_list_for_each  # isort: skip
from wlroots.wlr_types.output_management_v1 import OutputConfigurationV1  # isort: skip

_HEAD_FINISHED = 9  # zwlr_output_head_v1's event


class Head(Struct, frozen=True):
    """How an output is, or is to be. What an output that is off would be, once it is on, counts too."""

    enabled: bool
    #: None is the preferred one.
    mode: ModeNumbers | None
    scale: float
    transform: Transform
    #: Its top left corner in layout coordinates.
    position: tuple[int, int]


#: Gets what a client wants of some outputs, by their names; whether it can be, or was done.
Decide = Callable[[Mapping[str, Head]], bool]


class OutputManagement:
    """The global. `forget()` before the display goes."""

    def __init__(self, display: Display, *, test: Decide, apply: Decide) -> None:
        """`apply` does all of what a client wants or nothing of it; `test` only says whether that could be."""
        self._manager = wlr.wlr_output_manager_v1_create(display._ptr)
        self._listeners = Listeners()
        events = self._manager.events
        self._listeners.add(wlr_ffi.addressof(events.test), lambda data: _answer(data, test))
        self._listeners.add(wlr_ffi.addressof(events.apply), lambda data: _answer(data, apply))

    def forget(self) -> None:
        self._listeners.remove()

    def tell(self, heads: Iterable[tuple[WlrOutput, Head]]) -> None:
        """Tell clients how all outputs are that there are."""
        told = wlr.wlr_output_configuration_v1_create()
        for output, head in heads:
            state = wlr.wlr_output_configuration_head_v1_create(told, output.pointer).state
            state.enabled = head.enabled
            state.mode = _reported_mode(output)
            state.x, state.y = head.position
            state.scale = head.scale
            state.transform = TRANSFORMS.index(head.transform)
            self._end_where_released(output, state.mode)
        wlr.wlr_output_manager_v1_set_configuration(self._manager, told)

    def _end_where_released(self, output: WlrOutput, mode: Any) -> None:
        """End the output for clients that have released what stands for a mode that it is to have: wlroots 0.16 aborts when it tells them."""
        for head in self._heads_of(output):
            modes = list(_resources(ffi.addressof(head, "mode_resources")))
            knowing = {
                address(c.wl_resource_get_client(each))
                for each in modes
                if address(c.wl_resource_get_user_data(each)) == address(mode)
            }
            for resource in list(_resources(ffi.addressof(head, "resources"))):
                if address(c.wl_resource_get_client(resource)) not in knowing:
                    c.wl_resource_post_event(resource, _HEAD_FINISHED)
                    c.wl_resource_destroy(resource)

    def _heads_of(self, output: WlrOutput) -> Iterator[Any]:
        """The `struct wlr_output_head_v1 *` of an output that clients know."""
        heads = borrow("struct wl_list *", wlr_ffi.addressof(self._manager.heads))
        for head in wl_list_for_each("struct wlr_output_head_v1 *", heads, "link", ffi=ffi):
            if address(head.state.output) == address(output.pointer):
                yield head


def _resources(links: Any) -> Iterator[Any]:
    """The `struct wl_resource *` of a list that holds them."""
    link = links.next
    while link != links:
        yield c.wl_resource_from_link(link)
        link = link.next


def _reported_mode(output: WlrOutput) -> Any:
    """The `struct wlr_output_mode *` of an output; NULL where there is no list to choose from.

    The protocol has a mode of one's own only where there is no list: wlroots aborts on another. The closest of the list stands for it.
    """
    if output.pointer.current_mode != wlr_ffi.NULL:
        return output.pointer.current_mode
    return wlr.wlr_output_preferred_mode(output.pointer)


def _answer(data: Any, decide: Decide) -> None:
    """Raised when a client has described a configuration and wants it tried, or used."""
    pointer = wlr_ffi.cast("struct wlr_output_configuration_v1 *", data)
    configuration = OutputConfigurationV1(pointer)
    if decide(dict(_head(head._ptr.state) for head in configuration.heads)):
        configuration.send_succeeded()
    else:
        configuration.send_failed()
    wlr.wlr_output_configuration_v1_destroy(pointer)


def _head(state: Any) -> tuple[str, Head]:
    name = wlr_ffi.string(state.output.name).decode(errors="replace")
    mode = state.custom_mode if state.mode == wlr_ffi.NULL else state.mode
    numbers = (mode.width, mode.height, mode.refresh)
    return name, Head(
        enabled=bool(state.enabled),
        mode=numbers if mode.width and mode.height else None,
        scale=float(state.scale),
        transform=TRANSFORMS[int(state.transform)],
        position=(state.x, state.y),
    )
