"""The lock screen: while a client has locked, nothing of the session is seen and nothing of it gets input.

A cover lies over everything, outputs that are still to come included, and takes all input; the client's surfaces lie on the cover. A client that
dies without unlocking leaves the cover: only another one that locks, and then unlocks, takes it away (ext-session-lock).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layers import Layers
from wlvm.desktop.surface_view import SurfaceView
from wlvm.desktop.view import ARROW, Cursor, View
from wlvm.framebuffer import Rect
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.input import Scroll
from wlvm.wlr.scene import RectNode, Tree
from wlvm.wlr.session_lock import LockSurface, SessionLock, SessionLockGlobal
from wlvm.wlr.touch import TouchEvent

#: A side of the cover, in logical pixels: more than any layout of outputs has.
_SIDE = 1 << 20

_BLACK = (0.0, 0.0, 0.0, 1.0)


class Outputs(Protocol):
    """What the lock screen needs to know of the outputs."""

    def visible_outputs(self) -> set[str]:
        """The names of the outputs that show something."""

    def output_area(self, name: str) -> Rect:
        """An output's place in the layout."""


class Cover:
    """What lies over the session. Implements `wlvm.desktop.view.View`, and does nothing with what it gets."""

    takes_keyboard = True
    grabs_keyboard = False
    wants_motion = False
    takes_touch = False
    visible = True
    cursor: Cursor = ARROW
    box = Rect(-_SIDE // 2, -_SIDE // 2, _SIDE, _SIDE)

    def __init__(self, parent: Tree) -> None:
        self._tree = Tree.create(parent, owner=self)
        self._tree.set_position(self.box.x, self.box.y)
        RectNode(self._tree, _SIDE, _SIDE, _BLACK)

    def destroy(self) -> None:
        self._tree.destroy()

    def keyboard_enter(self) -> None: ...

    def keyboard_leave(self) -> None: ...

    def key(self, key: int, pressed: bool) -> None: ...

    def pointer_enter(self, x: float, y: float) -> None: ...

    def pointer_leave(self) -> None: ...

    def pointer_lock(self) -> None: ...

    def pointer_motion(self, x: float, y: float) -> None: ...

    def pointer_motion_relative(self, dx: float, dy: float) -> None: ...

    def pointer_button(self, button: int, pressed: bool) -> None: ...

    def pointer_axis(self, scroll: Scroll) -> None: ...

    def pointer_frame(self) -> None: ...

    def touch(self, event: TouchEvent) -> None: ...


class LockView(SurfaceView):
    """A locking client's surface on one output."""

    def __init__(self, lock: LockSurface, input: ClientInput, layers: Layers, area: Rect) -> None:
        super().__init__(lock.surface, input, layers, layers.lock, lambda: self.box)
        self.lock = lock
        self.output = lock.output
        lock.show(self.tree)
        self.place(area)

    def place(self, area: Rect) -> None:
        """Fill this area of the layout."""
        self.box = area
        self.move_to(area.x, area.y)
        self.lock.configure(area.width, area.height)


class LockScreen:
    """Whether the session is locked, and what shows that. `forget()` before the display goes."""

    def __init__(
        self,
        wayland: Compositor,
        layers: Layers,
        input: ClientInput,
        outputs: Outputs,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when the session has been locked or unlocked, and when `view` is another one or appears."""
        self._layers = layers
        self._input = input
        self._outputs = outputs
        self._changed = changed
        self._global = SessionLockGlobal(wayland.display, self._new_lock)
        self._lock: SessionLock | None = None
        self._waiting = False
        self._unseen: set[str] = set()
        self._cover: Cover | None = None
        self._views: list[LockView] = []

    def forget(self) -> None:
        self._global.forget()

    @property
    def locked(self) -> bool:
        return self._cover is not None

    @property
    def view(self) -> View | None:
        """What has the keyboard while the session is locked; None while it is not."""
        return self._views[0] if self._views else self._cover

    def committed(self, output: str) -> None:
        """A frame of an output was committed, or none will be: what it shows of the session is covered."""
        self._unseen.discard(output)
        if self._lock is not None and self._waiting and not self._unseen:
            self._waiting = False
            self._lock.send_locked()

    def output_changed(self, name: str) -> None:
        """An output moved or has another size."""
        for view in self._views:
            if view.output == name:
                view.place(self._outputs.output_area(name))

    def _new_lock(self, lock: SessionLock) -> None:
        if self._lock is not None:
            lock.refuse()
            return
        self._lock = lock
        lock.on_surface(self._new_surface)
        lock.on_unlock(self._unlocked)
        lock.on_destroy(self._lock_gone)
        if self._cover is None:
            self._cover = Cover(self._layers.lock)
            self._unseen = self._outputs.visible_outputs()
            self._changed()
        self._waiting = True
        self.committed("")

    def _new_surface(self, surface: LockSurface) -> None:
        view = LockView(surface, self._input, self._layers, self._outputs.output_area(surface.output))
        self._views.append(view)
        surface.on_commit(lambda: self._committed(view))
        surface.on_destroy(lambda: self._surface_gone(view))
        self._changed()

    def _committed(self, view: LockView) -> None:
        if view.resized():
            self._changed()

    def _surface_gone(self, view: LockView) -> None:
        self._views.remove(view)
        view.destroy()
        self._changed()

    def _unlocked(self) -> None:
        cover, self._cover = self._cover, None
        if cover is not None:
            cover.destroy()
        self._changed()

    def _lock_gone(self) -> None:
        """The client unlocked, or died: then the cover stays."""
        self._lock = None
