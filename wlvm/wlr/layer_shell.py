"""wlr-layer-shell (types/wlr_layer_shell_v1.h): bars, wallpapers, launchers and notifications, as their clients made them.

A LayerSurface lives as long as its client has the role: `on_destroy` tells of the end, and after it no call may be made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.output import WlrOutput
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip


class LayerShell:
    """The global through which clients make layer surfaces. `forget()` before the display goes."""

    def __init__(self, display: Display, new_surface: Callable[[LayerSurface], None]) -> None:
        """`new_surface` gets each when its client first describes it, and must give it an output or close it, and then a size."""
        self._listeners = Listeners()
        shell = wlr.wlr_layer_shell_v1_create(display._ptr)
        self._listeners.add(
            wlr_ffi.addressof(shell.events.new_surface), lambda data: new_surface(LayerSurface(data))
        )

    def forget(self) -> None:
        self._listeners.remove()


class LayerSurface:
    """A `struct wlr_layer_surface_v1`."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_layer_surface_v1 *", data)
        self.surface = Surface(self._pointer.surface)
        self._listeners = Listeners()

    @property
    def namespace(self) -> str:
        """What its client calls its purpose."""
        return str(wlr_ffi.string(self._pointer.namespace).decode(errors="replace"))

    @property
    def output(self) -> str | None:
        """The name of the output that its client chose; None where any will do."""
        output = self._pointer.output
        return None if output == wlr_ffi.NULL else wlr_ffi.string(output.name).decode(errors="replace")

    def use_output(self, output: WlrOutput) -> None:
        """Choose the output for a client that did not."""
        self._pointer.output = output.pointer

    @property
    def configured(self) -> bool:
        """Whether its client has acknowledged a size."""
        return bool(self._pointer.configured)

    @property
    def layer(self) -> int:
        return int(self._pointer.current.layer)

    @property
    def anchor(self) -> int:
        return int(self._pointer.current.anchor)

    @property
    def desired_size(self) -> tuple[int, int]:
        state = self._pointer.current
        return state.desired_width, state.desired_height

    @property
    def exclusive_zone(self) -> int:
        return int(self._pointer.current.exclusive_zone)

    @property
    def margin(self) -> tuple[int, int, int, int]:
        """Top, right, bottom, left. The bindings call these unsigned; the protocol has them signed."""
        margin = self._pointer.current.margin
        top, right, bottom, left = (
            int(wlr_ffi.cast("int32_t", side))
            for side in (margin.top, margin.right, margin.bottom, margin.left)
        )
        return top, right, bottom, left

    @property
    def keyboard_interactivity(self) -> int:
        return int(self._pointer.current.keyboard_interactive)

    def configure(self, width: int, height: int) -> None:
        """Ask for this size; the client answers each time, asked for or not."""
        wlr.wlr_layer_surface_v1_configure(self._pointer, width, height)

    def close(self) -> None:
        """End it: the client is told that its output is gone."""
        wlr.wlr_layer_surface_v1_destroy(self._pointer)

    def show(self, parent: Tree) -> None:
        """Show it in `parent` while it has a picture, its top left corner at the tree's. Its node ends with it."""
        wlr.wlr_scene_layer_surface_v1_create(parent.pointer, self._pointer)

    def on_map(self, callback: Callable[[], None]) -> None:
        """Raised when there is a picture to show."""
        self._listen(self._pointer.events.map, callback)

    def on_unmap(self, callback: Callable[[], None]) -> None:
        """Raised when there is none any more."""
        self._listen(self._pointer.events.unmap, callback)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Raised when the client has committed a new state."""
        self._listen(self._pointer.surface.events.commit, callback)

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when it is no more."""

        def destroyed() -> None:
            self._listeners.remove()
            callback()

        self._listen(self._pointer.events.destroy, destroyed)

    def _listen(self, signal: Any, callback: Callable[[], None]) -> None:
        self._listeners.add(wlr_ffi.addressof(signal), lambda _data: callback())
