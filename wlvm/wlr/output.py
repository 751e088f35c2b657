"""A wlr_output and its view of the scene."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from wlvm.framebuffer import TRANSFORMS, XRGB8888, Rect, Transform
from wlvm.wlr import abi, sampling
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.backend import Backend
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene import Scene

from wlroots.wlr_types.output import Output  # isort: skip

log = logging.getLogger(__name__)

#: How far a listed refresh rate may be from the one asked for, in millihertz: a person who writes 60 means a screen's 59.94 or 59.95.
_REFRESH_TOLERANCE = 500

_STATE_BUFFER = 1 << 0  # WLR_OUTPUT_STATE_BUFFER
_STATE_GAMMA_LUT = 1 << 7  # WLR_OUTPUT_STATE_GAMMA_LUT

#: Width, height, and refresh rate in millihertz, 0 for the backend's choice.
ModeNumbers = tuple[int, int, int]


class OutputError(RuntimeError):
    """The output cannot be what is asked of it."""


class OutputLayout:
    """Where the outputs are in layout coordinates (types/wlr_output_layout.h)."""

    def __init__(self) -> None:
        self.pointer = wlr.wlr_output_layout_create()
        self._outputs: dict[str, Any] = {}

    def add(self, output: WlrOutput, x: int, y: int) -> None:
        """Put an output there, or move it there; `remove` it before it goes."""
        self._outputs[output.name] = output.pointer
        wlr.wlr_output_layout_add(self.pointer, output.pointer, x, y)

    def remove(self, output: WlrOutput) -> None:
        """Forget an output that goes."""
        del self._outputs[output.name]
        wlr.wlr_output_layout_remove(self.pointer, output.pointer)

    def find(self, name: str) -> Any:
        """The `struct wlr_output *` of an output in the layout, by its name; NULL where there is none."""
        return self._outputs.get(name, wlr_ffi.NULL)

    def box(self, output: WlrOutput) -> Rect:
        """The output's place and logical size."""
        box = wlr_ffi.new("struct wlr_box *")
        wlr.wlr_output_layout_get_box(self.pointer, output.pointer, box)
        return Rect(box.x, box.y, box.width, box.height)

    def destroy(self) -> None:
        wlr.wlr_output_layout_destroy(self.pointer)


class WlrOutput:
    """One output. The backend owns it and ends it; the destroy signal says when."""

    def __init__(self, pointer: Any, backend: Backend) -> None:
        """`pointer` is what the backend's `new_output` carried. OutputError when nothing can be drawn for it."""
        self.pointer = wlr_ffi.cast("struct wlr_output *", pointer)
        self._renderer = backend.renderer
        self._scene_output: Any = None
        self._damage: Any = None
        #: How many commits there were: what wlroots numbers them by (wlr_output.commit_seq).
        self.commits = 0
        self._output = abi.borrow("struct wlr_output *", self.pointer)
        self._pending = abi.borrow("struct wlr_output_state *", wlr_ffi.addressof(self.pointer.pending))
        #: Those of whoever shows something here, until `unlisten`. One listener does for all commits, and one for all presentations: each costs.
        self._listeners = Listeners()
        self._on_commit: list[Callable[[Any], None]] = []
        self._on_present: list[Callable[[int, float], None]] = []
        self._own_listeners = Listeners()
        events = self.pointer.events
        self._own_listeners.add(wlr_ffi.addressof(events.commit), self._committed)
        self._own_listeners.add(wlr_ffi.addressof(events.present), self._presented)
        self._own_listeners.add(wlr_ffi.addressof(events.destroy), lambda _data: self._own_listeners.remove())
        self._presents_early = bool(c.wlr_output_is_headless(self._output))
        self._commit_presented: int | None = None
        if not wlr.wlr_output_init_render(self.pointer, backend.allocator, backend.renderer):
            raise OutputError(f"{self.name}: the renderer cannot draw for this output")

    @property
    def name(self) -> str:
        """The connector's name, or what the backend calls the output."""
        return str(wlr_ffi.string(self.pointer.name).decode(errors="replace"))

    @property
    def description(self) -> str:
        """What a person reads on it: maker, model and serial number, as far as they are known."""
        parts = (self.pointer.make, self.pointer.model, self.pointer.serial)
        texts = (wlr_ffi.string(part).decode(errors="replace") for part in parts if part != wlr_ffi.NULL)
        return " ".join(text for text in texts if text)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in physical pixels."""
        return self.pointer.width, self.pointer.height

    @property
    def millimetres(self) -> tuple[int, int]:
        """Width and height of its screen, before it is turned; (0, 0) when the backend does not know."""
        return max(0, int(self.pointer.phys_width)), max(0, int(self.pointer.phys_height))

    @property
    def scale(self) -> float:
        return float(self.pointer.scale)

    @property
    def refresh(self) -> int:
        """Millihertz; 0 when the backend does not know."""
        return int(self.pointer.refresh)

    @property
    def transform(self) -> Transform:
        """How its picture is turned."""
        return TRANSFORMS[int(self.pointer.transform)]

    @property
    def mode(self) -> ModeNumbers:
        """What it shows now."""
        return (*self.size, self.refresh)

    @property
    def modes(self) -> list[ModeNumbers]:
        """The modes that it lists, its preferred one first; none where the backend takes any."""
        preferred = wlr.wlr_output_preferred_mode(self.pointer)
        if preferred == wlr_ffi.NULL:
            return []
        listed = [(mode.width, mode.height, mode.refresh_mhz) for mode in Output(self.pointer).modes]
        return list(dict.fromkeys([(preferred.width, preferred.height, preferred.refresh), *listed]))

    def enable(self, *, mode: ModeNumbers | None, scale: float, transform: Transform) -> None:
        """Switch the output on. None is its preferred mode.

        A mode that is refused is replaced by the preferred one, and that by the others of the list; a warning tells. OutputError when
        the backend refuses them all.
        """
        modes = self.modes
        asked = [] if mode is None else [_closest(mode, modes)]
        candidates: list[ModeNumbers | None] = [*asked, *modes] if modes else [*asked, None]
        for candidate in dict.fromkeys(candidates):
            if self._commit(self._state(candidate, scale, transform)):
                break
        else:
            raise OutputError(f"{self.name} cannot be switched on: it refuses every mode. {_offer(modes)}")
        if asked and candidate != asked[0]:
            log.warning("%s refuses the mode %s. %s", self.name, mode_text(asked[0]), _offer(modes))

    def configure(self, *, mode: ModeNumbers | None, scale: float, transform: Transform) -> None:
        """Switch the output on, or change it, in just this way. OutputError when the backend refuses; it stays as it is then."""
        if not self._commit(self._state(self._mode(mode), scale, transform)):
            raise OutputError(self._refusal(mode))

    def try_out(self, *, mode: ModeNumbers | None, scale: float, transform: Transform) -> None:
        """OutputError if `configure` would be refused, as far as the backend knows. Nothing changes."""
        state = self._state(self._mode(mode), scale, transform)
        if not c.wlr_output_test_state(self._output, state):
            raise OutputError(self._refusal(mode))

    def _mode(self, mode: ModeNumbers | None) -> ModeNumbers | None:
        modes = self.modes
        if mode is None:
            return modes[0] if modes else None
        return _closest(mode, modes)

    def _refusal(self, mode: ModeNumbers | None) -> str:
        wanted = "its preferred mode" if mode is None else f"the mode {mode_text(mode)}"
        return f"{self.name} refuses {wanted}. {_offer(self.modes)}"

    def _state(self, mode: ModeNumbers | None, scale: float, transform: Transform) -> Any:
        """Switched on, in a mode of the list or one that the driver makes (None: the one the backend has), as a `struct wlr_output_state`.

        Not the output's own pending state: what gamma control has left there stays for the next frame.
        """
        state = ffi.new("struct wlr_output_state *")
        if mode is not None:
            listed = self._listed(mode)
            if listed is None:
                c.wlr_output_state_set_custom_mode(state, *mode)
            else:
                c.wlr_output_state_set_mode(state, listed)
        c.wlr_output_state_set_scale(state, scale)
        c.wlr_output_state_set_transform(state, TRANSFORMS.index(transform))
        c.wlr_output_state_set_enabled(state, True)
        return state

    def _listed(self, mode: ModeNumbers) -> Any:
        """The `struct wlr_output_mode *` of a mode; None where the output does not list it."""
        for listed in Output(self.pointer).modes:
            if (listed.width, listed.height, listed.refresh_mhz) == mode:
                return abi.borrow("struct wlr_output_mode *", listed._ptr)
        return None

    def _commit(self, state: Any) -> bool:
        return bool(c.wlr_output_commit_state(self._output, state))

    @property
    def can_switch(self) -> bool:
        """Whether there is a screen to be dark, which only DRM has."""
        return bool(c.wlr_output_is_drm(self._output))

    def switch(self, on: bool) -> None:
        """Switch the output off, so that its screen is dark and may sleep, or on again as it was. OutputError when it refuses.

        Where there is nothing to switch (`can_switch`) it stays as it is.
        """
        if not self.can_switch:
            return
        state = ffi.new("struct wlr_output_state *")
        c.wlr_output_state_set_enabled(state, on)
        if not self._commit(state):
            raise OutputError(f"{self.name} cannot be switched {'on' if on else 'off'}")

    def show(self, scene: Scene, layout: OutputLayout) -> None:
        """Announce the output to clients and show the scene on it, at the layout's origin until it is moved."""
        wlr.wlr_output_create_global(self.pointer)
        layout.add(self, 0, 0)
        self._scene = scene
        self._scene_output = wlr.wlr_scene_get_scene_output(scene.pointer, self.pointer)
        self._damage = wlr_ffi.addressof(self._scene_output.damage_ring.current)

    def hide(self, layout: OutputLayout) -> None:
        """Show the scene no longer; clients find no such output any more."""
        layout.remove(self)
        wlr.wlr_output_destroy_global(self.pointer)

    def on_frame(self, callback: Callable[[], None]) -> None:
        """Raised when the output is ready for a frame."""
        self._listeners.add(wlr_ffi.addressof(self.pointer.events.frame), lambda _data: callback())

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised when the output goes; after it no call may be made."""
        self._listeners.add(wlr_ffi.addressof(self.pointer.events.destroy), lambda _data: callback())

    def on_commit(self, callback: Callable[[Any], None]) -> None:
        """Raised for each commit, with the `struct wlr_buffer *` committed, or None where the commit had none."""
        self._on_commit.append(callback)

    def on_present(self, callback: Callable[[int, float], None]) -> None:
        """Raised for each commit that reached the screen, or that never will: its number, and when (time.monotonic).

        Backends without a screen raise it inside `commit()`.
        """
        self._on_present.append(callback)

    def unlisten(self) -> None:
        """Raise nothing of all this any more. Harmless when repeated."""
        self._listeners.remove()
        self._on_commit.clear()
        self._on_present.clear()

    def _committed(self, data: Any) -> None:
        self.commits += 1
        buffer = abi.borrow("struct wlr_output_event_commit *", data).buffer or None
        for callback in tuple(self._on_commit):
            callback(buffer)

    def _presented(self, data: Any) -> None:
        event = abi.borrow("struct wlr_output_event_present *", data)
        if self._presents_early:
            # The headless backend (wlroots 0.16) raises it inside a commit, before anybody has been told of that.
            self._commit_presented = event.commit_seq
            return
        when = event.when
        now = when.tv_sec + when.tv_nsec / 1e9 if event.presented and when else time.monotonic()
        self._tell_presented(event.commit_seq, now)

    def _tell_presented(self, commit: int, when: float) -> None:
        for callback in tuple(self._on_present):
            callback(commit, when)

    def on_mode(self, callback: Callable[[], None]) -> None:
        """Raised when the size or refresh rate has changed (a nested window was resized)."""
        self._listeners.add(wlr_ffi.addressof(self.pointer.events.mode), lambda _data: callback())

    @property
    def damaged(self) -> bool:
        """Whether anything differs from the frame on the screen."""
        return bool(self.pointer.needs_frame or wlr.pixman_region32_not_empty(self._damage))

    def commit(self) -> bool:
        """Draw what is damaged and hand it to the backend; False when that failed."""
        if not c.wlr_output_get_gamma_size(self._output):
            # A client of gamma control that was told so leaves "no table" behind, which such an output refuses with the frame.
            c.wlr_output_rollback(self._output)
        sampling.prepare(self._scene_output, self._renderer)
        if self._pending.committed & _STATE_GAMMA_LUT:
            # wlroots 0.16 forgets a new colour table with a buffer that the screen does not take as it is: none is tried.
            with self._scene.drawn():
                committed = bool(wlr.wlr_scene_output_commit(self._scene_output))
        else:
            committed = bool(wlr.wlr_scene_output_commit(self._scene_output))
        if self._commit_presented is not None:
            self._present_again(self._commit_presented)
        return committed

    def _present_again(self, commit: int) -> None:
        """Tell of it when it is known: clients that want to know of their frames would never hear otherwise."""
        event = ffi.new("struct wlr_output_event_present *", {"commit_seq": commit, "presented": True})
        c.wlr_output_send_present(self._output, event)
        self._commit_presented = None
        self._tell_presented(commit, time.monotonic())

    def forget_damage(self) -> None:
        """What is on the screen is what the scene shows. wlroots sees to it itself, except when it hands on a buffer of the scene as it is."""
        c.wlr_damage_ring_rotate(self._damage_ring)

    def compose_always(self, always: bool) -> None:
        """Draw each frame, or (as many times later) no longer: let the screen show a buffer of the scene as it is, where that can be."""
        c.wlr_output_lock_attach_render(self._output, always)

    def takes(self, buffer: Buffer) -> bool:
        """Whether the screen would show a buffer as it is, in place of a frame."""
        state = ffi.new("struct wlr_output_state *")
        state.committed = _STATE_BUFFER
        state.buffer = abi.borrow("struct wlr_buffer *", buffer.pointer)
        return bool(c.wlr_output_test_state(self._output, state))

    @property
    def has_cursor_plane(self) -> bool:
        """Whether a cursor is on the screen that is no part of the frames."""
        return bool(self.pointer.hardware_cursor != wlr_ffi.NULL)

    def damage_whole(self) -> None:
        """Make the next frame draw everything, and ask for that frame."""
        c.wlr_damage_ring_add_whole(self._damage_ring)
        c.wlr_output_schedule_frame(self._output)

    @property
    def _damage_ring(self) -> Any:
        return abi.borrow("struct wlr_damage_ring *", wlr_ffi.addressof(self._scene_output.damage_ring))

    def send_frame_done(self, now: tuple[int, int]) -> None:
        """Tell the clients shown here that their frame was used; `now` is CLOCK_MONOTONIC in seconds and nanoseconds."""
        wlr.wlr_scene_output_send_frame_done(
            self._scene_output, wlr_ffi.new("struct timespec *", {"tv_sec": now[0], "tv_nsec": now[1]})
        )

    def set_title(self, title: str) -> None:
        """The title of the window that a nested output is; other outputs have none."""
        output = self._output
        text = title.encode()
        if c.wlr_output_is_wl(output):
            c.wlr_wl_output_set_title(output, text)
        elif c.wlr_output_is_x11(output):
            c.wlr_x11_output_set_title(output, text)

    def read_pixels(self, buffer: Any) -> bytearray:
        """The pixels of a committed buffer (see `on_commit`), XRGB8888, rows of `size[0] * 4` bytes. OutputError if they cannot be read."""
        width, height = self.size
        pixels = bytearray(width * height * 4)
        renderer = abi.borrow("struct wlr_renderer *", self._renderer)
        if not c.wlr_renderer_begin_with_buffer(renderer, abi.borrow("struct wlr_buffer *", buffer)):
            raise OutputError(f"{self.name}: its frame cannot be read")
        done = c.wlr_renderer_read_pixels(
            renderer, XRGB8888, width * 4, width, height, 0, 0, 0, 0, ffi.from_buffer(pixels)
        )
        c.wlr_renderer_end(renderer)
        if not done:
            raise OutputError(f"{self.name}: its frame cannot be read as XRGB8888")
        return pixels


def mode_text(mode: ModeNumbers) -> str:
    """A mode as the configuration spells it."""
    width, height, refresh = mode
    return f"{width}x{height}" + (f"@{refresh / 1000:g}" if refresh else "")


def _closest(mode: ModeNumbers, modes: Sequence[ModeNumbers]) -> ModeNumbers:
    """The mode of a list that a person means; the one asked for where the list has none such."""
    width, height, refresh = mode
    alike = [listed for listed in modes if listed[:2] == (width, height)]
    if refresh:
        alike = [listed for listed in alike if abs(listed[2] - refresh) <= _REFRESH_TOLERANCE]
        alike.sort(key=lambda listed: abs(listed[2] - refresh))
    return alike[0] if alike else mode


def _offer(modes: Sequence[ModeNumbers]) -> str:
    return f"It has: {', '.join(map(mode_text, modes))}" if modes else "It lists no modes"
