"""The Wayland side as a whole: display, backend, scene, and the protocols that clients find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import borrow, c, wlr
from wlvm.wlr.backend import Backend, BackendError, BackendKind
from wlvm.wlr.event_loop import WaylandEventLoop
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.log import route_messages
from wlvm.wlr.output import OutputLayout, WlrOutput
from wlvm.wlr.scene import Scene

from pywayland.server import Display  # isort: skip


class Compositor:
    """Everything between `wl_display_create` and `wl_display_destroy`. `destroy()` ends it, in the order that wlroots wants."""

    def __init__(self, kind: BackendKind, outputs: int) -> None:
        """Make a backend with so many outputs (virtual and nested ones), not started yet. BackendError when there is none."""
        route_messages()
        self.display = Display()
        self.loop = WaylandEventLoop(self.display)
        try:
            self.backend = Backend(self.display, kind, outputs)
        except BackendError:
            self.display.destroy()
            raise
        self.scene = Scene(direct_scanout=self.backend.kind == "drm")
        self.layout = OutputLayout()
        self._listeners = Listeners()
        self._wake = self.loop.timer(lambda: None)
        wlr.wlr_scene_attach_output_layout(self.scene.pointer, self.layout.pointer)
        #: The `struct wlr_compositor *`.
        self.compositor = self.backend.make_compositor(self.display)
        self._make_globals()

    def _make_globals(self) -> None:
        display = self.display._ptr
        wlr.wlr_data_device_manager_create(display)
        wlr.wlr_viewporter_create(display)
        if self.backend.renderer_name != "pixman":
            # pixman blends the edge of what it scales with black, and one pixel is all edge.
            wlr.wlr_single_pixel_buffer_manager_v1_create(display)
        wlr.wlr_scene_set_presentation(self.scene.pointer, self.backend.make_presentation(self.display))
        wlr.wlr_xdg_output_manager_v1_create(display, self.layout.pointer)
        wlr.wlr_gamma_control_manager_v1_create(display)

    def on_new_output(self, callback: Callable[[WlrOutput], None]) -> None:
        """Raised for each output that the backend finds. OutputError for one that cannot be drawn for goes to the log."""
        self._listeners.add(self.backend.new_output, lambda data: callback(WlrOutput(data, self.backend)))

    def on_new_input(self, callback: Callable[[Any], None]) -> None:
        """Raised for each input device; `callback` gets what `SeatDevices.add` takes."""
        self._listeners.add(self.backend.new_input, callback)

    def add_socket(self) -> str:
        """Listen for clients; returns the name of the socket in XDG_RUNTIME_DIR. BackendError when that cannot be."""
        try:
            name: bytes = self.display.add_socket()
        except RuntimeError:
            raise BackendError(
                "no Wayland socket: XDG_RUNTIME_DIR must name a directory of your own that can be written to"
            ) from None
        return name.decode()

    def start(self) -> None:
        """Start the backend: outputs and devices appear. BackendError when it does not start."""
        # A nested backend waits for the parent's answer with an event loop that nothing may wake: the timer does.
        self._wake.arm(1)
        self.backend.start()

    def run(self) -> None:
        """Run the event loop until `terminate`."""
        self.display.run()

    def terminate(self) -> None:
        self.display.terminate()

    def destroy_clients(self) -> None:
        """Hang up on all clients: what they made ends, and tells of it, while what it stood on is still there."""
        c.wl_display_destroy_clients(borrow("struct wl_display *", self.display._ptr))

    def destroy(self) -> None:
        """End everything. The loop's other sources must have been removed."""
        self._wake.remove()
        self._listeners.remove()
        self.destroy_clients()
        self.scene.destroy()
        self.backend.destroy()
        self.layout.destroy()
        self.display.destroy()
