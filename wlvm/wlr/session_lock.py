"""ext-session-lock (types/wlr_session_lock_v1.h): a client that locks the screens, and what it shows on each.

The objects live as long as their client keeps them: `on_destroy` tells of the end, and after it no call may be made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene import Tree
from wlvm.wlr.surface import Surface

from pywayland.server import Display  # isort: skip


class SessionLockGlobal:
    """The global through which clients lock. `forget()` before the display goes."""

    def __init__(self, display: Display, new_lock: Callable[[SessionLock], None]) -> None:
        """`new_lock` gets each wish to lock, and must accept it by `send_locked`, later, or refuse it by `refuse`."""
        self._listeners = Listeners()
        manager = wlr.wlr_session_lock_manager_v1_create(display._ptr)
        self._listeners.add(
            wlr_ffi.addressof(manager.events.new_lock), lambda data: new_lock(SessionLock(data))
        )

    def forget(self) -> None:
        self._listeners.remove()


class SessionLock:
    """A client's lock, until the client unlocks or dies: `on_unlock` tells which."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_session_lock_v1 *", data)
        self._listeners = Listeners()

    def send_locked(self) -> None:
        """Tell the client that nothing of the session is on any screen any more."""
        wlr.wlr_session_lock_v1_send_locked(self._pointer)

    def refuse(self) -> None:
        """Tell the client that it will not be locked, and end the lock."""
        self._listeners.remove()
        wlr.wlr_session_lock_v1_destroy(self._pointer)

    def on_unlock(self, callback: Callable[[], None]) -> None:
        """Raised when the client unlocks; the end of the lock follows."""
        self._listeners.add(wlr_ffi.addressof(self._pointer.events.unlock), lambda _data: callback())

    def on_surface(self, callback: Callable[[LockSurface], None]) -> None:
        """Raised for each surface with which the client covers an output; it wants a size."""
        self._listeners.add(
            wlr_ffi.addressof(self._pointer.events.new_surface), lambda data: callback(LockSurface(data))
        )

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when the lock is no more."""

        def destroyed(_data: Any) -> None:
            self._listeners.remove()
            callback()

        self._listeners.add(wlr_ffi.addressof(self._pointer.events.destroy), destroyed)


class LockSurface:
    """What a locking client shows on one output."""

    def __init__(self, data: Any) -> None:
        self._pointer = wlr_ffi.cast("struct wlr_session_lock_surface_v1 *", data)
        self.surface = Surface(self._pointer.surface)
        self._listeners = Listeners()

    @property
    def output(self) -> str:
        """The name of the output it is for."""
        return str(wlr_ffi.string(self._pointer.output.name).decode(errors="replace"))

    def configure(self, width: int, height: int) -> None:
        """Ask for this size, in logical pixels: a client that commits another one is disconnected."""
        wlr.wlr_session_lock_surface_v1_configure(self._pointer, width, height)

    def show(self, parent: Tree) -> None:
        """Show it in `parent`, its top left corner at the tree's. Its node ends with the surface."""
        wlr.wlr_scene_subsurface_tree_create(parent.pointer, self._pointer.surface)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Raised when the client has committed a picture; after the scene has followed it, where it is shown before this is called."""
        self._listeners.add(wlr_ffi.addressof(self._pointer.surface.events.commit), lambda _data: callback())

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when it is no more."""

        def destroyed(_data: Any) -> None:
            self._listeners.remove()
            callback()

        self._listeners.add(wlr_ffi.addressof(self._pointer.events.destroy), destroyed)
