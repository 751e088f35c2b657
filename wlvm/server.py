"""Server: owns the event loop, the backend, the scene and the seat, and wires the parts together. It does none of their work."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wlvm.capture import CapturePolicy, guest_refusal
from wlvm.commands import commands_of
from wlvm.config import Config, GuestConfig, Mode, OutputConfig
from wlvm.desktop.host_programs import HostPrograms
from wlvm.desktop.idle import Idle
from wlvm.desktop.layers import Layers
from wlvm.desktop.output import Output, OutputEvents
from wlvm.desktop.placement import Rule, arrange, side_by_side
from wlvm.desktop.seat import Seat
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.view import Cell, Fit, View
from wlvm.desktop.window import Window
from wlvm.framebuffer import Rect
from wlvm.guest import Guest
from wlvm.guest_surface import GuestSurface
from wlvm.input_rules import InputRules
from wlvm.ipc import ControlServer, default_socket
from wlvm.picture import PictureMaker
from wlvm.qemu.display import DisplayThread
from wlvm.signals import Signals
from wlvm.wlr.backend import BackendError, BackendKind
from wlvm.wlr.capture import CaptureProtocols
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.idle import IdleProtocols
from wlvm.wlr.input import SeatDevices
from wlvm.wlr.input_device import InputDevice
from wlvm.wlr.keymap import KeymapError
from wlvm.wlr.loader import LoaderError
from wlvm.wlr.output import OutputError, WlrOutput
from wlvm.wlr.texture import Textures

log = logging.getLogger(__name__)

#: How long a busy main thread may keep the interpreter's lock from the display thread, in seconds (Python's default is ten times this,
#: and makes QEMU wait 9 ms for the answer to a ScanoutMap instead of 1).
_SWITCH_INTERVAL = 0.0005


class Server(OutputEvents):
    """A running wlvm. Make it, `run()` it; when that returns, everything it made is gone."""

    def __init__(self, config: Config, backend: BackendKind = "auto") -> None:
        """Make everything, and start nothing yet.

        BackendError, KeymapError or ControlError when wlvm cannot run here; nothing is left behind then.
        """
        self.config = config
        self.outputs: dict[str, Output] = {}
        self.guests: dict[str, Guest] = {}
        self._views: list[GuestSurface] = []
        self._leaving: list[Guest] = []
        self._stop_requested = False
        self._failure = ""
        self._signals = Signals()
        try:
            self._make(config, backend)
        except BaseException:
            self._signals.close()
            raise

    def _make(self, config: Config, backend: BackendKind) -> None:
        """What can fail, and what must not be left behind."""
        rules = InputRules(config)
        self.wayland = Compositor(backend, outputs=max(1, len(config.outputs)))
        self.loop = self.wayland.loop
        policy = CapturePolicy(config.capture)
        self._captures = CaptureProtocols(
            self.wayland,
            allowed=policy.allows_client,
            # A dma-buf of an output shows what comes later too: not where something may come that must not be seen.
            export=not any(map(guest_refusal, config.guests)),
        )
        self.wayland.on_new_output(self._new_output)
        self._layers = Layers(self.wayland.scene)
        self._pictures = PictureMaker(self.loop, Textures(self.wayland.backend.renderer))
        self.seat = Seat(self._view_at)
        self._idle = Idle(
            self.loop,
            self.seat,
            config.idle.screen_off,
            self._switch_outputs,
            heard=lambda: self._idle_protocols.activity(),
        )
        self._devices = SeatDevices(self.wayland.display, self.wayland.layout, rules, self._idle)
        self.wayland.on_new_input(self._devices.add)
        self.seat.use(self._devices)
        self._idle_protocols = IdleProtocols(self.wayland.display, self._devices.clients, self._idle.inhibit)
        self._programs = HostPrograms(self.wayland, self._layers, self.seat, self._devices, self)
        if (session := self.wayland.backend.session) is not None:
            session.on_active(self._session_activity)
            self._devices.switch_vt = session.change_vt
        self.wayland.backend.on_cards_lost(self._cards_lost)
        try:
            self.wayland_socket = self.wayland.add_socket()
            path = default_socket(self.wayland_socket)
            self.control = ControlServer(self.loop, path, commands_of(self), policy.refusal)
        except BaseException:
            self._idle.close()
            self._programs.forget()
            self._idle_protocols.forget()
            self._devices.destroy()
            self.wayland.destroy()
            raise
        # QEMU waits for the display thread's answers, and that thread for the interpreter's lock: the shorter a turn, the better.
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self.displays = DisplayThread()
        self._display_news = self.loop.watch(self.displays.fileno(), self.displays.dispatch)

    def run(
        self, started: Callable[[], None] = lambda: None, ending: Callable[[], None] = lambda: None
    ) -> None:
        """Run until `stop()` or a signal that ends programs. BackendError when what wlvm shows its outputs on is no more.

        `started` is called when outputs and guests have been started, `ending` when they are still there for the last time.
        """
        try:
            self._signals.watch(self.loop, self.stop)
            self.wayland.start()
            os.environ["WAYLAND_DISPLAY"] = self.wayland_socket
            os.environ["WLVM_SOCKET"] = str(self.control.path)
            if (x11 := self._programs.start_xwayland(self.wayland)) is not None:
                os.environ["DISPLAY"] = x11
                log.info("X11 programs find wlvm on %s", x11)
            self.displays.start()
            for guest in self.config.guests:
                if not self._stop_requested:
                    self.add_guest(guest)
            log.info("wlvm is on %s, and obeys on %s", self.wayland_socket, self.control.path)
            # What exists by now lives as long as wlvm: no collection needs to look at it again.
            gc.collect()
            gc.freeze()
            started()
            if not self._stop_requested:
                self.wayland.run()
        finally:
            ending()
            self._destroy()
            self._signals.close()
        if self._failure:
            raise BackendError(self._failure)

    def stop(self) -> None:
        """Make `run()` return, soon."""
        self._stop_requested = True
        self.wayland.terminate()

    def _destroy(self) -> None:
        """Give everything back, last made first. The outputs go with the backend."""
        for guest in self.guests.values():
            guest.close()
        for guest in (*self.guests.values(), *self._leaving):
            guest.finish()
        self._views.clear()
        self._display_news.remove()
        self.displays.stop()
        self.control.close()
        self._idle.close()
        self.wayland.destroy_clients()
        self._programs.forget()
        self._idle_protocols.forget()
        self._devices.destroy()
        self.wayland.destroy()

    @property
    def input_devices(self) -> Sequence[InputDevice]:
        """The devices of the person at the screen, those that wlvm has no use for too."""
        return self._devices.devices

    # Guests, and where their consoles are.

    def add_guest(self, config: GuestConfig) -> Guest:
        """Take a guest in, and start it."""
        guest = self.guests[config.name] = Guest(
            config, self.loop, self.displays, self._add_surface, self._remove_surface
        )
        guest.start()
        return guest

    def attach(self, qmp: Path) -> Guest:
        """Take in the guest behind a QMP socket, named after the socket."""
        return self.add_guest(GuestConfig.attached(qmp, taken=self.guests))

    def remove_guest(self, name: str) -> None:
        """Leave a guest; KeyError when there is none of that name."""
        guest = self.guests.pop(name)
        guest.close()
        # A QEMU that was launched takes its time to end; wlvm itself does not end before it.
        self._leaving = [each for each in (*self._leaving, guest) if not each.ended]

    def _add_surface(self, guest: Guest, console: int) -> GuestSurface:
        surface = GuestSurface(
            self.loop,
            self._layers.views,
            guest.identity(console),
            self._surface_changed,
            self._will_be_shown,
            self._pictures,
        )
        self._views.append(surface)
        label = surface.identity.label
        self._programs.list.add(
            surface,
            label,
            "wlvm.guest",
            lambda: self.seat.set_focus(surface),
            lambda: self._close_asked(label),
        )
        self._arrange()
        return surface

    def _remove_surface(self, surface: GuestSurface) -> None:
        self._views.remove(surface)
        self._programs.list.remove(surface)
        self.seat.view_gone(surface)
        surface.destroy()
        self._arrange()

    def _close_asked(self, label: str) -> None:
        """A machine is not a window: a click in a taskbar does not switch it off."""
        log.info("%s was asked to close by a list of windows, and stays", label)

    def _surface_changed(self, surface: GuestSurface) -> None:
        self.seat.view_changed(surface)

    def _arrange(self) -> None:
        """Give every view its place."""
        if not self.outputs:
            return
        for view, cell in self._cells(self._programs.windows).items():
            view.place(cell, self.outputs[cell.output].wlr.scale)
        views: list[View] = [*self._views, *self._programs.windows]
        if self.seat.focus is None and views:
            self.seat.set_focus(self.seat.previous() or views[0])

    def _cells(self, windows: Sequence[Window]) -> dict[GuestSurface | Window, Cell]:
        """The places of guests and windows, as the configuration says or else side by side; dialogs lie over their windows."""
        areas = {name: self._programs.usable_area(name) for name in self.outputs}
        tiled = [window for window in windows if not (window.floats or window.fullscreen)]
        views: list[GuestSurface | Window] = [*self._views, *tiled]
        cells = arrange(areas, [(view, self._rule(view)) for view in views])
        for window in windows:
            if window not in cells:
                cells[window] = self._cell_above(window, cells)
        return cells

    def _cell_above(self, window: Window, cells: Mapping[GuestSurface | Window, Cell]) -> Cell:
        """The cell of a window that lies above the others: a whole output, or that of the window that it is a dialog of."""
        parent = self._programs.parent_of(window)
        if not window.fullscreen and parent is not None and parent in cells:
            return cells[parent]
        name = self._output_at(window.box)
        if window.fullscreen and window.wanted_output in self.outputs:
            name = window.wanted_output
        area = self.outputs[name].box if window.fullscreen else self._programs.usable_area(name)
        return Cell(name, area, Fit.CENTER)

    # Host programs.

    def window_announced(self, window: Window) -> None:
        if self.outputs:
            window.suggest(self._cells([*self._programs.windows, window])[window])

    def window_mapped(self, window: Window) -> None:
        self._arrange()
        self.seat.set_focus(window)
        self.seat.view_changed(window)

    def window_unmapped(self, window: Window) -> None:
        self._arrange()

    def window_changed(self, window: Window) -> None:
        self._arrange()
        self.seat.view_changed(window)

    def move_requested(self, window: Window) -> None:
        """Views keep their places."""

    def resize_requested(self, window: Window, edges: int) -> None:
        """Views keep their sizes."""

    def usable_areas_changed(self) -> None:
        self._arrange()

    def output_for(self, name: str | None) -> WlrOutput | None:
        if name is None and self.outputs:
            focus = self.seat.focus
            name = next(iter(self.outputs)) if focus is None else self._output_at(focus.box)
        return self.outputs[name].wlr if name is not None and name in self.outputs else None

    def visible_outputs(self) -> set[str]:
        return {name for name, output in self.outputs.items() if output.active}

    def output_area(self, name: str) -> Rect:
        return self.outputs[name].box

    def area_around(self, box: Rect) -> Rect:
        return self.outputs[self._output_at(box)].box if self.outputs else box

    def _output_at(self, box: Rect) -> str:
        """The output, of at least one, that the middle of a box is on; the first where that is on none."""
        x, y = box.x + box.width // 2, box.y + box.height // 2
        for name, output in self.outputs.items():
            area = output.box
            if area.x <= x < area.x + area.width and area.y <= y < area.y + area.height:
                return name
        return next(iter(self.outputs))

    def _view_at(self, x: float, y: float) -> View | None:
        hit = self.wayland.scene.at(x, y)
        return hit.owner if hit is not None and isinstance(hit.owner, GuestSurface | SurfaceView) else None

    def _rule(self, view: GuestSurface | Window) -> Rule | None:
        if isinstance(view, Window):
            return None
        guest = self.guests.get(view.identity.guest)
        rule = guest.config.console(view.identity.console) if guest is not None else None
        return None if rule is None else Rule(rule.output, rule.position, rule.size)

    # Outputs.

    def _new_output(self, wlr: WlrOutput) -> None:
        """Raised by the backend for each output it has: when it starts, and when a screen is plugged in."""
        rule = self._output_rule(wlr.name)
        mode = None if rule.mode is None else (rule.mode.width, rule.mode.height, rule.mode.refresh)
        try:
            if not rule.enabled:
                wlr.switch(False)
                log.info("%s stays off, as the configuration says", wlr.name)
                return
            output = Output(
                wlr, self.wayland.scene, self.wayland.layout,
                mode=mode, scale=rule.scale, transform=rule.transform, events=self,
            )  # fmt: skip
        except OutputError as error:
            log.error("%s", error)
            return
        wlr.on_commit(lambda _buffer: self._refuse_captures(output))
        wlr.set_title("wlvm")
        self._devices.load_cursor_theme(rule.scale)
        self._idle.activity()
        self.outputs[output.name] = output
        self.outputs = dict(sorted(self.outputs.items(), key=lambda item: _number(item[0])))
        self._lay_out()

    def _refuse_captures(self, output: Output) -> None:
        """Raised at each commit of the output, before clients that capture get its frame."""
        if self.capture_refusal(output):
            self._captures.refuse(output.wlr)

    def capture_refusal(self, output: Output) -> str:
        """Why nobody may have a picture of what the output shows now; "" if they may."""
        for guest in self.guests.values():
            refusal = guest_refusal(guest.config)
            if refusal and any(s.picture and s.box.overlaps(output.box) for s in guest.surfaces.values()):
                return f"{output.name} may not be captured now: {refusal}"
        return ""

    def _lay_out(self) -> None:
        """Put the outputs in their places, in the order of their numbers: wlroots' backends announce the last one first."""
        wanted = {
            name: (self._output_rule(name).position, output.box[2:]) for name, output in self.outputs.items()
        }
        for name, place in side_by_side(wanted).items():
            self.outputs[name].move_to(*place)
        for name in self.outputs:
            self._programs.output_changed(name)
        self._arrange()

    def _output_rule(self, name: str) -> OutputConfig:
        """The table of an output: the one of its name; else, for an output that wlroots numbers (HEADLESS-2), the one of that number."""
        for rule in self.config.outputs:
            if rule.name == name:
                return rule
        index = _number(name) - 1
        if 0 <= index < len(self.config.outputs) and self.config.outputs[index].name is None:
            return self.config.outputs[index]
        return OutputConfig(mode=Mode(1280, 800) if name.startswith("HEADLESS") else None)

    def _switch_outputs(self, on: bool) -> None:
        """Nobody has touched the seat for a while, or somebody does again. What is in a window is not ours to switch."""
        if self.wayland.backend.kind in ("wayland", "x11"):
            return
        for output in self.outputs.values():
            try:
                output.switch(on)
            except OutputError as error:
                log.error("%s", error)

    def _cards_lost(self) -> None:
        self._failure = "the graphics card was removed, or its driver failed"
        self.stop()

    def _session_activity(self, active: bool) -> None:
        """Another session came to the front, or ours came back."""
        if active:
            for output in self.outputs.values():
                output.resume()
            self._idle.resume()
        else:
            self._idle.pause()
            self.seat.release_all()
            for output in self.outputs.values():
                output.suspend()

    # Outputs' events.

    def committed(self, output: Output, commit: int) -> None:
        self._programs.lock.committed(output.name)
        for view in self._views_on(output):
            view.presentation.committed(commit)

    def presented(self, output: Output, commit: int, when: float) -> None:
        for view in self._views_on(output):
            view.presentation.presented(commit, when)

    def dark(self, output: Output) -> None:
        self._programs.lock.committed(output.name)
        for view in self._views_on(output):
            view.presentation.give_up()

    def _views_on(self, output: Output) -> list[GuestSurface]:
        return [view for view in self._views if view.output == output.name]

    def _will_be_shown(self, surface: GuestSurface) -> bool:
        """Whether a frame that shows what was just applied to a surface is to come."""
        output = self.outputs.get(surface.output)
        return output is not None and output.expects_frame

    def resized(self, output: Output) -> None:
        self._lay_out()

    def gone(self, output: Output) -> None:
        """An output went. A window that was closed, if it was the last, ends wlvm; a screen that was unplugged leaves the guests."""
        del self.outputs[output.name]
        self._captures.output_gone(output.wlr)
        self.dark(output)
        if not self.outputs and self.wayland.backend.kind in ("wayland", "x11"):
            self.stop()
        self._lay_out()


def run(config: Config, backend: BackendKind) -> int:
    """`wlvm run`: until it is told to end. Returns the exit status: 0, or 1 when wlvm cannot run here; the log says why."""
    try:
        Server(config, backend).run()
    except (BackendError, KeymapError, LoaderError) as error:
        log.error("%s", error)
        return 1
    return 0


def _number(name: str) -> int:
    """The number at the end of an output's name, 0 without one."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0
