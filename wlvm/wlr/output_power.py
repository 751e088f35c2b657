"""wlr-output-power-management (types/wlr_output_power_management_v1.h): clients that switch screens off and on (wlopm, swayidle's commands)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import borrow, c, ffi, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.output import WlrOutput

from pywayland.server import Display  # isort: skip
from pywayland.utils import wl_list_for_each  # isort: skip

#: zwlr_output_power_v1: its events, and its modes.
_MODE, _FAILED = 0, 1
_ON = 1


class OutputPower:
    """The global. `forget()` before the display goes."""

    def __init__(self, display: Display, asked: Callable[[str, bool], None]) -> None:
        """`asked` gets the name of an output that a client wants on or off, and must `tell` what became of it."""
        self._manager = wlr.wlr_output_power_manager_v1_create(display._ptr)
        self._listeners = Listeners()

        def set_mode(data: Any) -> None:
            event = wlr_ffi.cast("struct wlr_output_power_v1_set_mode_event *", data)
            asked(wlr_ffi.string(event.output.name).decode(errors="replace"), event.mode == _ON)

        self._listeners.add(wlr_ffi.addressof(self._manager.events.set_mode), set_mode)

    def forget(self) -> None:
        self._listeners.remove()

    def tell(self, output: WlrOutput, on: bool) -> None:
        """Tell the client that has this output's switch. wlroots tells only what the backend can switch."""
        if not output.can_switch:
            self._send(output, _MODE, ffi.cast("uint32_t", on))

    def refuse(self, output: WlrOutput) -> None:
        """Tell the client that has this output's switch that it has none."""
        self._send(output, _FAILED)

    def _send(self, output: WlrOutput, event: int, *arguments: Any) -> None:
        switches = wl_list_for_each(
            "struct wlr_output_power_v1 *", self._manager.output_powers, "link", ffi=wlr_ffi
        )
        for switch in switches:
            if switch.output == output.pointer:
                c.wl_resource_post_event(borrow("struct wl_resource *", switch.resource), event, *arguments)
