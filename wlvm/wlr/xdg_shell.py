"""xdg-shell (types/wlr_xdg_shell.h): the windows and menus of host programs, as their clients made them.

An object here lives as long as its client has the role: `on_destroy` tells of the end, and after it no call may be made. Sizes and positions
are logical pixels; what a client draws outside its window geometry (shadows) does not count as its window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.framebuffer import Rect
from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip

_VERSION = 5
#: How long a client may take to answer, in milliseconds.
_PING_TIMEOUT_MS = 5000
_ALL_EDGES = 1 | 2 | 4 | 8  # enum wlr_edges: top, bottom, left, right

#: zxdg_toplevel_decoration_v1.mode and org_kde_kwin_server_decoration_manager.mode
_SERVER_SIDE = 2


class XdgShell:
    """The globals through which clients make windows. `forget()` before the display goes."""

    def __init__(
        self,
        display: Display,
        new_toplevel: Callable[[XdgToplevel], None],
        new_popup: Callable[[XdgPopup], None],
    ) -> None:
        """The callbacks get each window and each popup when its client first describes it; it has no picture yet."""
        self._new_toplevel = new_toplevel
        self._new_popup = new_popup
        self._decorations: set[_Decoration] = set()
        self._listeners = Listeners()
        shell = wlr.wlr_xdg_shell_create(display._ptr, _VERSION)
        shell.ping_timeout = _PING_TIMEOUT_MS
        decorations = wlr.wlr_xdg_decoration_manager_v1_create(display._ptr)
        # What the windows of toolkits ask that know only KDE's older protocol.
        wlr.wlr_server_decoration_manager_set_default_mode(
            wlr.wlr_server_decoration_manager_create(display._ptr), _SERVER_SIDE
        )
        self._listeners.add(wlr_ffi.addressof(shell.events.new_surface), self._on_surface)
        self._listeners.add(
            wlr_ffi.addressof(decorations.events.new_toplevel_decoration), self._on_decoration
        )

    def forget(self) -> None:
        self._listeners.remove()

    def _on_decoration(self, data: Any) -> None:
        """Raised when a client asks who draws a window's frame."""
        decoration = _Decoration(data)
        self._decorations.add(decoration)
        decoration.on_destroy(lambda: self._decorations.discard(decoration))

    def _on_surface(self, data: Any) -> None:
        """Raised at the first commit of a surface with a role: from here on it tells of its end, and not before (wlroots 0.16)."""
        surface = wlr_ffi.cast("struct wlr_xdg_surface *", data)
        if surface.role == wlr.WLR_XDG_SURFACE_ROLE_TOPLEVEL:
            self._new_toplevel(XdgToplevel(surface))
        elif surface.role == wlr.WLR_XDG_SURFACE_ROLE_POPUP:
            self._new_popup(XdgPopup(surface))


class _Decoration:
    """A window's wish about who draws its frame; we do, whatever it prefers."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_xdg_toplevel_decoration_v1 *", data)
        self._listeners = Listeners()
        self._listeners.add(
            wlr_ffi.addressof(self._pointer.events.request_mode), lambda _data: self._answer()
        )
        self._answer()

    def on_destroy(self, callback: Callable[[], None]) -> None:
        def destroyed(_data: Any) -> None:
            self._listeners.remove()
            callback()

        self._listeners.add(wlr_ffi.addressof(self._pointer.events.destroy), destroyed)

    def _answer(self) -> None:
        wlr.wlr_xdg_toplevel_decoration_v1_set_mode(self._pointer, _SERVER_SIDE)


class _XdgSurface:
    """What windows and popups have in common."""

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self.surface = Surface(pointer.surface)
        self._listeners = Listeners()
        self._destroyed: list[Callable[[], None]] = []
        self._listeners.add(wlr_ffi.addressof(pointer.events.destroy), self._on_destroy)

    def _on_destroy(self, _data: Any) -> None:
        """Raised when the client gives up the role or dies; the surface itself may outlive it."""
        self._listeners.remove()
        for callback in self._destroyed:
            callback()

    def _listen(self, signal: Any, callback: Callable[[], None]) -> None:
        self._listeners.add(wlr_ffi.addressof(signal), lambda _data: callback())

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when it is no more."""
        self._destroyed.append(callback)

    def on_map(self, callback: Callable[[], None]) -> None:
        """Raised when there is a picture to show: at first, and again after each unmapping."""
        self._listen(self._pointer.events.map, callback)

    def on_unmap(self, callback: Callable[[], None]) -> None:
        """Raised when there is none any more."""
        self._listen(self._pointer.events.unmap, callback)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Raised when the client has committed a new state of the surface, after the scene has followed it."""
        self._listen(self._pointer.surface.events.commit, callback)

    @property
    def geometry(self) -> Rect:
        """The window without what its client draws around it, in coordinates of the surface."""
        box = wlr_ffi.new("struct wlr_box *")
        wlr.wlr_xdg_surface_get_geometry(self._pointer, box)
        return Rect(box.x, box.y, box.width, box.height)

    def show(self, parent: Tree) -> Tree:
        """Show it in `parent` while it has a picture, its geometry's top left corner at the tree's. The tree ends with the surface."""
        return Tree(wlr.wlr_scene_xdg_surface_create(parent.pointer, self._pointer))


class XdgToplevel(_XdgSurface):
    """A window of a host program."""

    def __init__(self, pointer: Any) -> None:
        super().__init__(pointer)
        self._toplevel = pointer.toplevel
        self._abilities_told = False
        self._listen(pointer.surface.events.commit, self._tell_abilities)

    def _tell_abilities(self) -> None:
        """Raised at each commit. At the first, wlroots has promised menus, minimizing and maximizing too: no program need offer what is not granted."""
        if not self._abilities_told:
            self._abilities_told = True
            wlr.wlr_xdg_toplevel_set_wm_capabilities(
                self._toplevel, wlr.WLR_XDG_TOPLEVEL_WM_CAPABILITIES_FULLSCREEN
            )

    @property
    def title(self) -> str:
        return _text(self._toplevel.title)

    @property
    def app_id(self) -> str:
        return _text(self._toplevel.app_id)

    @property
    def parent(self) -> Surface | None:
        """The surface of the window that this one is a dialog of."""
        parent = self._toplevel.parent
        return None if parent == wlr_ffi.NULL else Surface(parent.base.surface)

    @property
    def fixed_size(self) -> bool:
        """Whether the client has one size only."""
        state = self._toplevel.current
        return bool(
            state.max_width and state.max_width == state.min_width
            and state.max_height and state.max_height == state.min_height
        )  # fmt: skip

    @property
    def wants_fullscreen(self) -> bool:
        return bool(self._toplevel.requested.fullscreen)

    @property
    def wanted_output(self) -> str | None:
        """The name of the output it wants to fill; None where any will do."""
        output = self._toplevel.requested.fullscreen_output
        return None if output == wlr_ffi.NULL else _text(output.name)

    def set_size(self, width: int, height: int) -> None:
        """Ask for this size of the geometry; 0 and 0 leave it to the client."""
        wlr.wlr_xdg_toplevel_set_size(self._toplevel, width, height)

    def set_bounds(self, width: int, height: int) -> None:
        """Tell how much room there is, for a client that chooses its own size."""
        wlr.wlr_xdg_toplevel_set_bounds(self._toplevel, width, height)

    def set_tiled(self, tiled: bool) -> None:
        """Whether the window is one of several that fill a screen: it needs no shadows and no edges to pull then."""
        wlr.wlr_xdg_toplevel_set_tiled(self._toplevel, _ALL_EDGES if tiled else 0)

    def set_activated(self, activated: bool) -> None:
        wlr.wlr_xdg_toplevel_set_activated(self._toplevel, activated)

    def set_fullscreen(self, fullscreen: bool) -> None:
        wlr.wlr_xdg_toplevel_set_fullscreen(self._toplevel, fullscreen)

    def set_maximized(self, maximized: bool) -> None:
        wlr.wlr_xdg_toplevel_set_maximized(self._toplevel, maximized)

    def answer(self) -> None:
        """Tell the client its state as it is: the answer to a wish that is not granted."""
        wlr.wlr_xdg_surface_schedule_configure(self._pointer)

    def close(self) -> None:
        """Ask the client to close the window."""
        wlr.wlr_xdg_toplevel_send_close(self._toplevel)

    def ping(self) -> None:
        """Ask whether the client is alive, unless it has been asked and has not answered yet: `on_ping_timeout` where it does not."""
        wlr.wlr_xdg_surface_ping(self._pointer)

    @property
    def answered(self) -> bool:
        """Whether the last `ping` was answered, or its time has passed."""
        return bool(self._pointer.client.ping_serial == 0)

    def on_ping_timeout(self, callback: Callable[[], None]) -> None:
        self._listen(self._pointer.events.ping_timeout, callback)

    def on_title(self, callback: Callable[[], None]) -> None:
        """Raised when the title or the app_id changes."""
        self._listen(self._toplevel.events.set_title, callback)
        self._listen(self._toplevel.events.set_app_id, callback)

    def on_parent(self, callback: Callable[[], None]) -> None:
        self._listen(self._toplevel.events.set_parent, callback)

    def on_fullscreen_request(self, callback: Callable[[], None]) -> None:
        self._listen(self._toplevel.events.request_fullscreen, callback)

    def on_maximize_request(self, callback: Callable[[], None]) -> None:
        self._listen(self._toplevel.events.request_maximize, callback)

    def on_minimize_request(self, callback: Callable[[], None]) -> None:
        self._listen(self._toplevel.events.request_minimize, callback)

    def on_move_request(self, callback: Callable[[], None]) -> None:
        """Raised when the client wants the pointer to move the window: a button went down on its title bar."""
        self._listen(self._toplevel.events.request_move, callback)

    def on_resize_request(self, callback: Callable[[int], None]) -> None:
        """Raised, with the edges (xdg_toplevel.resize_edge), when the client wants the pointer to resize the window."""

        def requested(data: Any) -> None:
            callback(wlr_ffi.cast("struct wlr_xdg_toplevel_resize_event *", data).edges)

        self._listeners.add(wlr_ffi.addressof(self._toplevel.events.request_resize), requested)


class XdgPopup(_XdgSurface):
    """A menu or tooltip, at a place that its client described in relation to what it opens from."""

    def __init__(self, pointer: Any) -> None:
        super().__init__(pointer)
        self._popup = pointer.popup

    @property
    def parent(self) -> Surface:
        """The surface that it opens from."""
        return Surface(self._popup.parent)

    def constrain(self, area: Rect) -> None:
        """Flip, slide or shrink it, as its client allows, to keep within `area`: coordinates of the surface all popups stand on."""
        wlr.wlr_xdg_popup_unconstrain_from_box(self._popup, wlr_ffi.new("struct wlr_box *", tuple(area)))

    def on_reposition(self, callback: Callable[[], None]) -> None:
        """Raised when the client describes another place."""
        self._listen(self._popup.events.reposition, callback)


def _text(pointer: Any) -> str:
    return "" if pointer == wlr_ffi.NULL else wlr_ffi.string(pointer).decode(errors="replace")
