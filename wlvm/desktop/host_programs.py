"""Host programs: the windows of Wayland clients, as views among the others, and what clients put around them."""

from __future__ import annotations

import logging
from typing import Protocol

from wlvm.desktop.answers import Answers
from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.desktop import Desktop
from wlvm.desktop.drag import Drag
from wlvm.desktop.layer_layout import arrange_layers
from wlvm.desktop.layer_view import LayerView
from wlvm.desktop.layers import Layers
from wlvm.desktop.lock_screen import LockScreen
from wlvm.desktop.pointer_constraints import PointerConstraints
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.toplevel import Toplevel
from wlvm.desktop.view import NamedCursor, View
from wlvm.desktop.window import Window
from wlvm.desktop.window_list import WindowList
from wlvm.desktop.x11_programs import X11Programs
from wlvm.desktop.x11_window import X11Popup
from wlvm.framebuffer import Rect
from wlvm.wlr.activation import Activation
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.cursor_shape import CursorShapes
from wlvm.wlr.foreign_toplevel import ForeignToplevels
from wlvm.wlr.fractional_scale import FractionalScales
from wlvm.wlr.input import SeatDevices
from wlvm.wlr.layer_shell import LayerShell, LayerSurface
from wlvm.wlr.output import WlrOutput
from wlvm.wlr.seat import ClientDrag
from wlvm.wlr.surface import Surface
from wlvm.wlr.xdg_shell import XdgPopup, XdgShell, XdgToplevel

log = logging.getLogger(__name__)


class Outputs(Protocol):
    """What host programs need to know of the outputs."""

    def output_for(self, name: str | None) -> WlrOutput | None:
        """The output of a name; without a name the one in use; None where there is none."""

    def output_area(self, name: str) -> Rect:
        """An output's place in the layout."""

    def visible_outputs(self) -> set[str]:
        """The names of the outputs that show something."""

    def area_around(self, box: Rect) -> Rect:
        """The area of the output that a view at this place is on, in layout coordinates."""

    def usable_area_changed(self, name: str) -> None:
        """Bars came, went or changed: `HostPrograms.usable_area` says what they leave of an output."""


class HostPrograms:
    """The host programs of one seat. `forget()` before the display goes."""

    def __init__(
        self,
        wayland: Compositor,
        layers: Layers,
        devices: SeatDevices,
        outputs: Outputs,
        desktop: Desktop,
    ) -> None:
        self.windows: list[Window] = []
        self._scene = wayland.scene
        self._layers = layers
        self._outputs = outputs
        self._desktop = desktop
        seat = self._seat = desktop.seat
        self._input = ClientInput(devices.clients, wayland.scene, seat.cursor_changed)
        self._constraints = PointerConstraints(wayland, self._input, seat)
        self._shapes = CursorShapes(
            wayland.display, devices.clients, lambda shape: self._input.wish(NamedCursor(shape))
        )
        self._scales = FractionalScales(wayland.display, self._likely_scale)
        self._views: list[SurfaceView] = []
        #: What taskbars show; guests are added by whoever has them.
        self.list = WindowList(ForeignToplevels(wayland.display))
        self._usable: dict[str, Rect] = {}
        self._x11: X11Programs | None = None
        self._answers = Answers(wayland.loop, self._renamed)
        self._shell = XdgShell(wayland.display, self._new_toplevel, self._new_popup)
        self._activation = Activation(wayland.display, self._activate)
        self._layer_shell = LayerShell(wayland.display, self._new_layer)
        devices.clients.on_drag(self._drag_begins)
        self.lock = LockScreen(wayland, layers, self._input, outputs, self._lock_changed)

    def committed(self, output: str) -> None:
        """A frame of an output was committed, or none will be; what moved to another output is there now."""
        self.lock.committed(output)
        self._scales.update()

    def _likely_scale(self) -> float:
        """The scale of the output that new windows come to."""
        output = self._outputs.output_for(None)
        return 1.0 if output is None else output.scale

    def focus_changed(self, view: View | None) -> None:
        """Another view has the keyboard, or has grabbed or released it."""
        self.list.activate(view)
        self._constraints.update()

    def forget(self) -> None:
        self._constraints.forget()
        self._answers.close()
        self._shell.forget()
        self._layer_shell.forget()
        self._activation.forget()
        self.lock.forget()
        if self._x11 is not None:
            self._x11.destroy()
        self.list.clear()

    # Bars, wallpapers, launchers, notifications.

    def usable_area(self, output: str) -> Rect:
        """What bars leave of an output, in layout coordinates."""
        return self._usable.get(output) or self._outputs.output_area(output)

    def output_changed(self, output: str) -> None:
        """An output came, moved, or has another size: place anew what is at its edges."""
        self._arrange_layers(output)
        self.lock.output_changed(output)

    def output_gone(self, output: str) -> None:
        """An output went: what was at its edges is closed."""
        for view in self._layer_views(output):
            view.layer.close()
        self._usable.pop(output, None)
        self.lock.committed(output)

    def _layer_views(self, output: str) -> list[LayerView]:
        return [view for view in self._views if isinstance(view, LayerView) and view.output == output]

    def _new_layer(self, layer: LayerSurface) -> None:
        output = self._outputs.output_for(layer.output)
        if output is None:
            layer.close()
            return
        layer.use_output(output)
        view = LayerView(layer, output.name, self._input, self._layers, self._outputs.area_around)
        self._views.append(view)
        layer.on_map(lambda: self._layer_mapped(view, True))
        layer.on_unmap(lambda: self._layer_mapped(view, False))
        layer.on_commit(lambda: self._layer_committed(view))
        layer.on_destroy(lambda: self._layer_gone(view))
        self._arrange_layers(view.output)

    def _layer_mapped(self, view: LayerView, mapped: bool) -> None:
        view.mapped = mapped
        if not mapped:
            self._seat.view_gone(view)
        self._arrange_layers(view.output)
        self._seat.view_changed(view)

    def _layer_committed(self, view: LayerView) -> None:
        if view.committed():
            self._arrange_layers(view.output)
        if view.resized():
            self._seat.view_changed(view)

    def _layer_gone(self, view: LayerView) -> None:
        self._views.remove(view)
        view.destroy()
        self._arrange_layers(view.output)

    def _arrange_layers(self, output: str) -> None:
        if self._outputs.output_for(output) is None:
            return
        views = self._layer_views(output)
        places, usable = arrange_layers(
            self._outputs.output_area(output), [(view, view.state, view.mapped) for view in views]
        )
        for view, place in places.items():
            view.place(place)
        if usable != self._usable.get(output):
            self._usable[output] = usable
            self._outputs.usable_area_changed(output)
        self._hold_keyboard()

    def _hold_keyboard(self) -> None:
        """Give the keyboard to the lock screen, or else to the topmost layer surface that wants it for itself alone."""
        holders = [view for view in self._views if isinstance(view, LayerView) and view.holds_keyboard]
        topmost = max(holders, key=lambda view: view.state.layer, default=None)
        self._seat.hold_focus(self.lock.view or topmost)

    def _lock_changed(self) -> None:
        """The session was locked or unlocked, or another surface of the lock screen has the keyboard."""
        self._hold_keyboard()
        self._input.clients.end_grabs()
        self._seat.interrupt()

    def _drag_begins(self, drag: ClientDrag) -> None:
        Drag(drag, self._input, self._scene, self._layers, self._seat)

    # Windows.

    def parent_of(self, window: Window) -> Window | None:
        """The window that a dialog belongs to."""
        parent = window.parent
        return next((each for each in self.windows if each.surface == parent), None)

    def _new_toplevel(self, xdg: XdgToplevel) -> None:
        window = Toplevel(xdg, self._input, self._layers, self._outputs.area_around)
        self._views.append(window)
        self._answers.watch(window)
        xdg.on_map(lambda: self._mapped(window))
        xdg.on_unmap(lambda: self._unmapped(window))
        xdg.on_destroy(lambda: self._gone(window))
        xdg.on_commit(lambda: self._committed(window))
        xdg.on_title(lambda: self._renamed(window))
        xdg.on_parent(lambda: self._desktop.parent_changed(window, self.parent_of(window)))
        xdg.on_fullscreen_request(lambda: self._desktop.fullscreen_requested(window))
        xdg.on_maximize_request(xdg.answer)
        xdg.on_minimize_request(xdg.answer)
        xdg.on_move_request(lambda: self._desktop.move_requested(window))
        xdg.on_resize_request(lambda edges: self._desktop.resize_requested(window, edges))
        self._desktop.window_announced(window, self.parent_of(window))

    def _new_popup(self, popup: XdgPopup) -> None:
        view = next((view for view in self._views if view.has(popup.parent)), None)
        if view is not None:
            view.open_popup(popup)

    def _mapped(self, window: Toplevel) -> None:
        window.mapped = True
        self.appear(window)

    def _unmapped(self, window: Toplevel) -> None:
        window.mapped = False
        self.disappear(window)

    def _activate(self, surface: Surface) -> None:
        window = next((each for each in self.windows if each.surface == surface), None)
        if window is not None:
            self._desktop.focus(window)

    def appear(self, window: Window) -> None:
        self.windows.append(window)
        self.list.add(
            window, window.caption, window.app_id, lambda: self._desktop.focus(window), window.close
        )
        self._desktop.window_mapped(window, self.parent_of(window))

    def disappear(self, window: Window) -> None:
        self.windows.remove(window)
        self.list.remove(window)
        self._desktop.remove(window)

    def _renamed(self, window: Window) -> None:
        self.list.rename(window, window.caption, window.app_id)
        self._desktop.window_renamed(window)

    def _committed(self, window: Toplevel) -> None:
        if window.mapped:
            before = window.box
            window.follow()
            if window.resized() or window.box != before:
                self._desktop.view_changed(window)
            elif self._seat.pointer is window:
                self._seat.view_changed(window)  # its subsurfaces may lie otherwise, or take input elsewhere

    def _gone(self, window: Toplevel) -> None:
        self._answers.forget(window)
        self._views.remove(window)
        window.destroy()

    def resized(self, window: Window) -> None:
        self._desktop.view_changed(window)

    def fullscreen_requested(self, window: Window) -> None:
        self._desktop.fullscreen_requested(window)

    # X11 programs.

    def start_xwayland(self, wayland: Compositor) -> str | None:
        """Have an X server for whoever asks for one; its display's name, None where there can be none (the log says why)."""
        try:
            self._x11 = X11Programs(wayland, self._input, self._layers, self)
        except OSError as error:
            log.warning("no X11 programs: %s", error)
            return None
        return self._x11.display_name

    def popup_appeared(self, popup: X11Popup) -> None:
        self._views.append(popup)
        if popup.takes_keyboard:
            self._seat.set_focus(popup)
        self._seat.view_changed(popup)

    def popup_disappeared(self, popup: X11Popup) -> None:
        self._views.remove(popup)
        self._seat.view_gone(popup)

    def area_around(self, box: Rect) -> Rect:
        return self._outputs.area_around(box)
