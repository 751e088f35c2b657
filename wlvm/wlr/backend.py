"""The backend: where outputs and input devices come from; and what draws for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from wlvm.wlr import abi, renderer, seat_daemon
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.drm_cards import cards, is_master
from wlvm.wlr.environment import environment
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.renderer import RendererChoice
from wlvm.wlr.session import Session

from pywayland.server import Display  # isort: skip
from wlroots.allocator import Allocator  # isort: skip
from wlroots.backend import Backend as WlrootsBackend  # isort: skip
from wlroots.renderer import Renderer  # isort: skip

log = logging.getLogger(__name__)

BackendKind = Literal["auto", "drm", "wayland", "x11", "headless"]

_BUFFER_CAP_DMABUF = 1 << 1  # WLR_BUFFER_CAP_DMABUF

#: What wlroots calls the backends (WLR_BACKENDS).
_WLR_BACKENDS = {
    "drm": "drm,libinput",
    "wayland": "wayland",
    "x11": "x11",
    "headless": "headless",
}

#: How a person gets what a backend lacks.
_ADVICE = {
    "drm": "the seat or its card is another session's: go to a free text console (Ctrl+Alt+F2), or end that session",
    "wayland": "set WAYLAND_DISPLAY to a running Wayland compositor, or choose --backend headless",
    "x11": "set DISPLAY to a running X server, or choose --backend headless",
    "headless": "see the messages of wlroots above",
}


class BackendError(RuntimeError):
    """There is no backend, or nothing that can draw for it. The text says what to do."""


def choose(kind: BackendKind) -> BackendKind:
    """The backend that "auto" means here and now: the compositor or the X server we are in, else the machine's own screens."""
    if kind != "auto":
        return kind
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("WAYLAND_SOCKET"):
        return "wayland"
    if os.environ.get("DISPLAY"):
        return "x11"
    return "drm"


class Backend:
    """A started backend, its renderer and its allocator.

    `destroy()` gives everything back; it must be called before the display is destroyed.
    """

    def __init__(self, display: Display, kind: BackendKind, outputs: int) -> None:
        """Make the backend `kind` with `outputs` outputs (a number that only virtual and nested backends follow).

        BackendError when there is none to be had.
        """
        self.kind = choose(kind)
        if not _answers(self.kind):
            raise BackendError(f"no {self.kind} backend: {_ADVICE[self.kind]}")
        choice = renderer.choose(self.kind == "drm", os.environ)
        with environment(
            WLR_BACKENDS=_WLR_BACKENDS[self.kind],
            WLR_HEADLESS_OUTPUTS=str(outputs),
            WLR_WL_OUTPUTS=str(outputs),
            WLR_X11_OUTPUTS=str(outputs),
            # The other cards' renderers are made here; ours below.
            WLR_RENDERER=choice.name,
        ):
            try:
                self._backend = WlrootsBackend(display)
            except RuntimeError:
                raise BackendError(f"no {self.kind} backend: {_obstacle(self.kind)}") from None
        try:
            if self.kind == "drm":
                self._check_master()
            self.renderer_choice = self._make_renderer(display, choice)
        except BackendError:
            self._backend.destroy()
            raise
        log.info("drawing with %s: %s", self.renderer_choice.name, self.renderer_choice.reason)
        session = wlr.wlr_backend_get_session(self._backend._ptr)
        self._card_listeners: list[Listeners] = []
        #: The seat's session, where the backend has one.
        self.session = None if session == wlr_ffi.NULL else Session(session)

    def _make_renderer(self, display: Display, choice: RendererChoice) -> RendererChoice:
        """Make the renderer and the allocator that were chosen, or else pixman's, and return what was made. BackendError when nothing can."""
        with environment(WLR_RENDERER=choice.name):
            try:
                self._renderer = Renderer.autocreate(self._backend)
            except RuntimeError:
                self._renderer = None
        if self._renderer is not None:
            try:
                self._allocator = Allocator.autocreate(self._backend, self._renderer)
                self._renderer.init_display(display)
                return choice
            except RuntimeError:
                wlr.wlr_renderer_destroy(self._renderer._ptr)
        if choice.insisted or choice.name == "pixman":
            raise BackendError(
                f"the {self.kind} backend cannot be drawn for with {choice.name} ({choice.reason}): "
                "see the messages of wlroots above"
            )
        reason = f"{choice.name} did not start, though there is {choice.reason}"
        return self._make_renderer(display, RendererChoice("pixman", reason))

    def _check_master(self) -> None:
        """BackendError when somebody shows pictures on our screens without having asked the seat for them."""
        fd = c.wlr_backend_get_drm_fd(abi.borrow("struct wlr_backend *", self._backend._ptr))
        if not is_master(fd):
            node = os.readlink(f"/proc/self/fd/{fd}")
            raise BackendError(
                f"{node} is in use: a compositor, X server or boot screen shows its picture there. End it, or name another card in "
                "WLR_DRM_DEVICES"
            )

    def start(self) -> None:
        """Open the outputs and devices: `new_output` and `new_input` are emitted from here on."""
        if not self._backend.start():
            raise BackendError(f"the {self.kind} backend does not start: {_ADVICE[self.kind]}")

    def on_cards_lost(self, callback: Callable[[], None]) -> None:
        """Raised when the last graphics card was removed: its outputs have gone by then, and no other will come."""
        cards = self._cards()

        def lost(card: Any, listeners: Listeners, _data: Any) -> None:
            listeners.remove()
            cards.remove(card)
            if not cards:
                callback()

        for card in list(cards):
            listeners = Listeners()
            listeners.add(wlr_ffi.addressof(card.events.destroy), partial(lost, card, listeners))
            self._card_listeners.append(listeners)

    def _cards(self) -> list[Any]:
        """The `struct wlr_backend *` of each graphics card."""
        found = []

        @ffi.callback("void(struct wlr_backend *, void *)")  # type: ignore[untyped-decorator]
        def see(backend: Any, _data: Any) -> None:
            if c.wlr_backend_is_drm(backend):
                found.append(abi.lend("struct wlr_backend *", backend))

        if self.kind == "drm":
            whole = abi.borrow("struct wlr_backend *", self._backend._ptr)
            c.wlr_multi_for_each_backend(whole, see, ffi.NULL)
        return found

    def destroy(self) -> None:
        for listeners in self._card_listeners:
            listeners.remove()
        if self.session is not None:
            self.session.forget()
        self._backend.destroy()

    @property
    def new_output(self) -> Any:
        """The signal of a new `struct wlr_output`."""
        return wlr_ffi.addressof(self._backend._ptr.events.new_output)

    @property
    def new_input(self) -> Any:
        """The signal of a new `struct wlr_input_device`."""
        return wlr_ffi.addressof(self._backend._ptr.events.new_input)

    @property
    def renderer_name(self) -> str:
        renderer = abi.borrow("struct wlr_renderer *", self.renderer)
        if c.wlr_renderer_is_pixman(renderer):
            return "pixman"
        return "gles2" if c.wlr_renderer_is_gles2(renderer) else "unknown"

    @property
    def renderer(self) -> Any:
        """The `struct wlr_renderer *`."""
        return self._renderer._ptr

    @property
    def allocator(self) -> Any:
        """The `struct wlr_allocator *`."""
        return self._allocator._ptr

    @property
    def allocates_dmabufs(self) -> bool:
        """Whether outputs are drawn into dma-bufs (else into memory of this process alone)."""
        allocator = abi.borrow("struct wlr_allocator *", self.allocator)
        return bool(allocator.buffer_caps & _BUFFER_CAP_DMABUF)

    def make_presentation(self, display: Display) -> Any:
        """The global that tells clients when their frames were seen, by the backend's clock: a `struct wlr_presentation *`."""
        return wlr.wlr_presentation_create(display._ptr, self._backend._ptr)

    def make_compositor(self, display: Display) -> Any:
        """The wl_compositor and wl_subcompositor globals, which clients expect everywhere; returns the `struct wlr_compositor *`."""
        compositor = wlr.wlr_compositor_create(display._ptr, self.renderer)
        wlr.wlr_subcompositor_create(display._ptr)
        return compositor


def _obstacle(kind: BackendKind) -> str:
    """Why wlroots made no backend, and what to do about it."""
    if kind == "drm" and (seat := seat_daemon.obstacle(os.environ)):
        return f"no seat: {seat}"
    if kind == "drm" and not (found := [str(card.node) for card in cards()]):
        return "no graphics card with screens: the kernel needs a driver for it (lspci -k tells which)"
    if kind == "drm" and (chosen := os.environ.get("WLR_DRM_DEVICES")) and not _names_one(chosen, found):
        return f"no graphics card {chosen}, as WLR_DRM_DEVICES says: there is {', '.join(found)}"
    return _ADVICE[kind]


def _names_one(devices: str, nodes: list[str]) -> bool:
    """Whether a value of WLR_DRM_DEVICES names one of these device nodes, perhaps by a link to it."""
    return any(os.path.realpath(device) in nodes for device in devices.split(":"))


def _answers(kind: BackendKind) -> bool:
    """Whether the compositor or X server to be nested in lets us connect: wlroots 0.16 aborts the process where it does not."""
    if kind == "wayland" and not os.environ.get("WAYLAND_SOCKET"):
        display = c.wl_display_connect(ffi.NULL)
        if display == ffi.NULL:
            return False
        c.wl_display_disconnect(display)
    elif kind == "x11":
        connection = c.xcb_connect(ffi.NULL, ffi.NULL)
        refused = c.xcb_connection_has_error(connection)
        c.xcb_disconnect(connection)
        return not refused
    return True
