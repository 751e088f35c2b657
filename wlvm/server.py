"""Server: owns the event loop, the backend, the scene and the seat, and wires the parts together. It does none of their work."""

from __future__ import annotations

import gc
import logging
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from wlvm import apply_config
from wlvm.capture import CapturePolicy, guest_refusal
from wlvm.command_runner import CommandRunner
from wlvm.commands import commands_of
from wlvm.config import Config, ConfigError, ConfigSource
from wlvm.desktop.bindings import ChordError, KeyRouter
from wlvm.desktop.command import (
    CommandError,
    Exec,
    Reload,
)
from wlvm.desktop.desktop import Desktop
from wlvm.desktop.host_programs import HostPrograms
from wlvm.desktop.idle import Idle
from wlvm.desktop.keys import Keys
from wlvm.desktop.layers import Layers
from wlvm.desktop.messages import ERROR, Message, Messages
from wlvm.desktop.output import Output
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.seat import Seat
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.view import View
from wlvm.desktop.window import Window
from wlvm.desktop_config import RESERVED_CODES
from wlvm.desktop_settings import desktop_settings, key_table
from wlvm.file_watch import FileWatch
from wlvm.framebuffer import Rect
from wlvm.guest import Guest
from wlvm.guest_surface import GuestSurface
from wlvm.guests import Guests
from wlvm.heads import Heads
from wlvm.input_rules import InputRules
from wlvm.ipc import ControlServer, default_socket
from wlvm.ipc.feed import Feed
from wlvm.ipc.messages import ConfigState
from wlvm.ipc.trace_feed import TraceFeed
from wlvm.launcher import Launcher
from wlvm.lock_keys import LockKeys
from wlvm.outputs import Outputs, OutputsEvents
from wlvm.picture import PictureMaker
from wlvm.qemu.display import DisplayThread
from wlvm.signals import Signals
from wlvm.state import state_of
from wlvm.text_typing import TextTyping
from wlvm.trace import TRACER
from wlvm.wlr.backend import BackendError, BackendKind
from wlvm.wlr.capture import CaptureProtocols
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.idle import IdleProtocols
from wlvm.wlr.input import SeatDevices
from wlvm.wlr.input_device import InputDevice
from wlvm.wlr.keymap import KeymapError, keysym
from wlvm.wlr.loader import LoaderError
from wlvm.wlr.output import WlrOutput
from wlvm.wlr.selection import SelectionText
from wlvm.wlr.texture import Textures

log = logging.getLogger(__name__)

#: How long a busy main thread may keep the interpreter's lock from the display thread, in seconds (Python's default is ten times this,
#: and makes QEMU wait 9 ms for the answer to a ScanoutMap instead of 1).
_SWITCH_INTERVAL = 0.0005

#: How long it is on the screen that an edited configuration cannot be used, in seconds.
_ERROR_SECONDS = 20.0


class Server(OutputsEvents):
    """A running wlvm. Make it, `run()` it; when that returns, everything it made is gone."""

    def __init__(
        self, config: Config, backend: BackendKind = "auto", source: ConfigSource | None = None
    ) -> None:
        """Make everything, and start nothing yet. `source` is where the configuration comes from; None: from no file.

        BackendError, ChordError, KeymapError or ControlError when wlvm cannot run here; nothing is left behind then.
        """
        self.config = config
        self._stop_requested = False
        self._started = self._ended = False
        self.runner = CommandRunner(self)
        self._failure = ""
        self._source = source
        self._file_watch: FileWatch | None = None
        self.config_state = ConfigState(0, "")
        self._signals = Signals()
        try:
            self._make(config, backend)
        except BaseException:
            self._signals.close()
            raise

    def _make(self, config: Config, backend: BackendKind) -> None:
        """What can fail, and what must not be left behind."""
        rules, keys = InputRules(config), key_table(config, keysym)
        self.wayland = Compositor(backend, outputs=max(1, len(config.outputs)))
        self.loop = self.wayland.loop
        policy = self.capture_policy = CapturePolicy(config.capture)
        self.captures = CaptureProtocols(
            self.wayland,
            allowed=policy.allows_client,
            # A dma-buf of an output shows what comes later too: not where something may come that must not be seen.
            export=not any(map(guest_refusal, config.guests)),
        )
        self.output_set = Outputs(self.wayland, config.outputs, self)
        self._layers = Layers(self.wayland.scene)
        pictures = PictureMaker(self.loop, Textures(self.wayland.backend.renderer))
        self._messages = Messages(self.loop, self._layers.messages)
        self.desktop = Desktop(
            self.loop, desktop_settings(config), self.wayland.scene, self._layers, self._messages
        )
        self.seat = Seat(self._view_at, self.desktop)
        self.desktop.use(self.seat)
        self.guest_set = Guests(self, self._layers.nowhere, pictures)
        self.feed = Feed(self.loop, lambda: state_of(self))
        self.trace_feed = TraceFeed(self.loop)
        self.desktop.changed = self.changed
        self.router = KeyRouter(keys)
        self._keys = Keys(
            self.loop,
            self.router,
            self.seat,
            lambda: self._programs.lock.locked,
            self.runner.obey,
            self._pull,
        )
        self.launcher = Launcher(self.loop)
        self.idle = Idle(
            self.loop,
            self._keys,
            config.idle.screen_off,
            self.output_set.switch,
            heard=lambda: self._idle_protocols.activity(),
        )
        self.devices = SeatDevices(self.wayland.display, self.wayland.layout, rules, self.idle)
        self.lock_keys = LockKeys(self.loop, self.devices)
        self.devices.on_locks = self.lock_keys.seat_changed
        self.typing = TextTyping(
            self.loop,
            lambda: self.devices.keymap,
            lambda *what: SelectionText(self.loop, self.devices.clients, *what),
            lambda message, seconds: self.desktop.tell(message, seconds, instead=TextTyping),
            lambda: self._messages.dismiss(TextTyping),
        )
        self._keys.takes = self.typing.takes
        self.use_keys(config)
        self.wayland.on_new_input(self.devices.add)
        self.seat.use(self.devices)
        self._idle_protocols = IdleProtocols(self.wayland.display, self.devices.clients, self.idle.inhibit)
        self._programs = HostPrograms(self.wayland, self._layers, self.devices, self, self.desktop)
        self.heads = Heads(self.desktop, self._programs.list, self.runner.close_guest)
        self.seat.focus_changed = self._focus_changed
        if (session := self.wayland.backend.session) is not None:
            session.on_active(self._session_activity)
            self.devices.switch_vt = session.change_vt
        self.wayland.backend.on_cards_lost(self._cards_lost)
        try:
            self.wayland_socket = self.wayland.add_socket()
            path = default_socket(self.wayland_socket)
            self.control = ControlServer(self.loop, path, commands_of(self), policy.refusal)
        except BaseException:
            self.desktop.close()
            self.feed.close()
            self.trace_feed.close()
            self.idle.close()
            self._programs.forget()
            self._idle_protocols.forget()
            self.output_set.forget()
            self.devices.destroy()
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
            self._started = True
            self.rearranged()
            os.environ["WAYLAND_DISPLAY"] = self.wayland_socket
            os.environ["WLVM_SOCKET"] = str(self.control.path)
            if (x11 := self._programs.start_xwayland(self.wayland)) is not None:
                os.environ["DISPLAY"] = x11
                log.info("X11 programs find wlvm on %s", x11)
            self._watch_config()
            self.displays.start()
            for guest in self.config.guests:
                if not self._stop_requested:
                    self.guest_set.add(guest)
            apply_config.tell_missing_outputs(self)
            log.info("wlvm is on %s, and obeys on %s", self.wayland_socket, self.control.path)
            # What exists by now lives as long as wlvm: no collection needs to look at it again.
            gc.collect()
            gc.freeze()
            for line in self.config.desktop.startup:
                self.runner.obey(Exec(line))
            started()
            if not self._stop_requested:
                self.wayland.run()
        finally:
            ending()
            self._destroy()
            self._signals.close()
        if self._failure:
            raise BackendError(self._failure)

    def _watch_config(self) -> None:
        if self._source is None:
            return
        try:
            self._file_watch = FileWatch(self.loop, self._source.path, lambda: self.runner.obey(Reload()))
        except OSError as error:
            log.warning(
                "%s is not watched: %s. The command reload reads it again", self._source.path, error.strerror
            )

    def stop(self) -> None:
        """Make `run()` return, soon."""
        self._stop_requested = True
        self.wayland.terminate()

    def _destroy(self) -> None:
        """Give everything back, last made first. The outputs go with the backend."""
        self._ended = True
        self.typing.close()
        self.guest_set.close()
        if self._file_watch is not None:
            self._file_watch.close()
        self._keys.close()
        self.lock_keys.close()
        self._display_news.remove()
        self.displays.stop()
        self.control.close()
        self.desktop.close()
        self.feed.close()
        self.trace_feed.close()
        self.idle.close()
        self.launcher.close()
        self.wayland.destroy_clients()
        self._programs.forget()
        self._idle_protocols.forget()
        self.output_set.forget()
        self.devices.destroy()
        self._messages.close()
        self._signals.unwatch()
        self.wayland.destroy()

    @property
    def guests(self) -> Mapping[str, Guest]:
        """The guests by their names, in the order in which they came."""
        return self.guest_set.by_name

    @property
    def outputs(self) -> dict[str, Output]:
        """The outputs that show the scene, by their names."""
        return self.output_set.on

    @property
    def locked(self) -> bool:
        """Whether the session is locked."""
        return self._programs.lock.locked

    @property
    def input_devices(self) -> Sequence[InputDevice]:
        """The devices of the person at the screen, those that wlvm has no use for too."""
        return self.devices.devices

    def changed(self) -> None:
        """Something may be otherwise than it was, for subscribers, and for guests that nobody sees."""
        self.feed.changed()
        if not self._ended:
            self.guest_set.hidden.look()

    def reload(self) -> None:
        """Read the configuration again, and have what is new of it. CommandError, and all stays as it is, where it is wrong."""
        if self._source is None:
            raise CommandError("this wlvm has no configuration file")
        error = "it could not be applied"
        try:
            apply_config.apply(self, self._source.read())
            error = ""
        except (ConfigError, CommandError, OSError) as problem:
            error = str(problem)
            raise CommandError(error) from None
        finally:
            if error:
                message = Message("The configuration stays as it was", error, ERROR)
                self.desktop.tell(message, _ERROR_SECONDS, instead="configuration")
            else:
                self._messages.dismiss("configuration")
            self.config_state = ConfigState(self.config_state.reloads + 1, error)
            self.changed()

    def use_keys(self, config: Config) -> None:
        """Have the reserved key, and the repetition of keys, that a configuration says."""
        self.devices.reserved_key = RESERVED_CODES[config.keys.reserved]
        self._keys.repeat_rate = config.keyboard.repeat_rate
        self._keys.repeat_delay = config.keyboard.repeat_delay

    def _pull(self, button: int, resize: bool) -> bool:
        """Have the pointer move or resize the view that is below it; False where there is none."""
        view = self._view_at(*self.seat.cursor)
        if not isinstance(view, GuestSurface | Window):
            return False
        self.desktop.pull(view, button, resize)
        return True

    def _focus_changed(self, view: View | None) -> None:
        """Raised when another view has the keyboard, or has grabbed or released it."""
        self._programs.focus_changed(view)
        guest = self.guests.get(view.identity.guest) if isinstance(view, GuestSurface) else None
        self.lock_keys.focus(None if guest is None else guest.locks)
        self.desktop.decorate()
        self.changed()

    # Host programs (wlvm.desktop.host_programs.Outputs).

    def output_for(self, name: str | None) -> WlrOutput | None:
        if name is None:
            name = self.desktop.workspaces.focused_output
        return self.outputs[name].wlr if name is not None and name in self.outputs else None

    def visible_outputs(self) -> set[str]:
        return {name for name, output in self.outputs.items() if output.active}

    def output_area(self, name: str) -> Rect:
        return self.outputs[name].box

    def area_around(self, box: Rect) -> Rect:
        return self.outputs[self._output_at(box)].box if self.outputs else box

    def usable_area_changed(self, name: str) -> None:
        if name in self.outputs:
            self._tell_desktop(self.outputs[name])

    def _tell_desktop(self, output: Output) -> None:
        wlr, usable = output.wlr, self._programs.usable_area(output.name)
        self.desktop.put_output(OutputArea(output.name, output.box, usable, wlr.description, wlr.scale))

    def _output_at(self, box: Rect) -> str:
        """The output, of at least one, that the middle of a box is on; the first where that is on none."""
        x, y = box.x + box.width // 2, box.y + box.height // 2
        for name, output in self.outputs.items():
            area = output.box
            if area.x <= x < area.x + area.width and area.y <= y < area.y + area.height:
                return name
        return next(iter(self.outputs))

    def _view_at(self, x: float, y: float) -> View | None:
        output = self.desktop.workspaces.outputs.at(math.floor(x), math.floor(y))
        if output is not None:
            x, y = self.desktop.workspaces.outputs[output].grid.middle(x, y)
        hit = self.wayland.scene.at(x, y)
        return hit.owner if hit is not None and isinstance(hit.owner, GuestSurface | SurfaceView) else None

    # Outputs.

    def came(self, output: Output) -> None:
        output.wlr.on_commit(lambda _buffer: self._refuse_captures(output))
        output.wlr.set_title("wlvm")
        self.idle.activity()

    def change_asked(self) -> None:
        self.idle.activity()

    def _refuse_captures(self, output: Output) -> None:
        """Raised at each commit of the output, before clients that capture get its frame."""
        if self.guest_set.capture_refusal(output):
            self.captures.refuse(output.wlr)

    def rearranged(self) -> None:
        if not self._started:
            return  # wlroots' backends announce the last one first, and the desktop counts them as they come
        self.changed()
        self.output_set.lay_out()
        for output in self.outputs.values():
            self.devices.load_cursor_theme(output.wlr.scale)
            self._programs.output_changed(output.name)
            self._tell_desktop(output)
        self.seat.outputs_changed()
        if self.outputs:
            # wlroots leaves it where it was drawn on each, at the top left of one that is new, until it moves.
            self.devices.warp_cursor(*self.devices.cursor)
        self.devices.place_touchscreens()

    def _cards_lost(self) -> None:
        self._failure = "the graphics card was removed, or its driver failed"
        self.stop()

    def _session_activity(self, active: bool) -> None:
        """Another session came to the front, or ours came back."""
        if active:
            for output in self.outputs.values():
                output.resume()
            self.idle.resume()
        else:
            self.idle.pause()
            self._keys.release_all()
            for output in self.outputs.values():
                output.suspend()

    # Outputs' events.

    def switched(self, output: Output) -> None:
        self.changed()

    def committed(self, output: Output, commit: int) -> None:
        self._programs.committed(output.name)
        for surface in self.guest_set.on(output):
            surface.presentation.committed(commit)

    def presented(self, output: Output, commit: int, when: float) -> None:
        if TRACER.recording is not None:
            TRACER.recording.presented(output.name, commit, when)
        for surface in self.guest_set.on(output):
            surface.presentation.presented(commit, when)

    def dark(self, output: Output) -> None:
        self._programs.committed(output.name)
        for surface in self.guest_set.on(output):
            surface.presentation.give_up("its output went dark")

    def resized(self, output: Output) -> None:
        self.rearranged()

    def gone(self, output: Output) -> None:
        """An output went. A window that was closed, if it was the last, ends wlvm; a screen that was unplugged leaves the guests."""
        self.output_set.gone(output)
        self.captures.output_gone(output.wlr)
        if self._ended:
            return
        self.dark(output)
        self._programs.output_gone(output.name)
        self.desktop.remove_output(output.name)
        if not self.outputs and self.wayland.backend.kind in ("wayland", "x11"):
            self.stop()
        self.rearranged()


def run(config: Config, backend: BackendKind, source: ConfigSource | None = None) -> int:
    """`wlvm run`: until it is told to end. Returns the exit status: 0, or 1 when wlvm cannot run here; the log says why.

    `source` as in Server.
    """
    try:
        Server(config, backend, source).run()
    except (BackendError, ChordError, KeymapError, LoaderError) as error:
        log.error("%s", error)
        return 1
    return 0
