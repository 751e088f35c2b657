"""Which client keeps the pointer, if any does: one whose surface has the pointer and the keyboard, until the person takes it away."""

from __future__ import annotations

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.seat import Seat
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.pointer_constraints import PointerConstraint, PointerConstraintsGlobal
from wlvm.wlr.surface import Surface


class PointerConstraints:
    """The wishes of all clients. `forget()` before the display goes."""

    def __init__(self, wayland: Compositor, input: ClientInput, seat: Seat) -> None:
        self._input = input
        self._seat = seat
        self._wishes: dict[Surface, PointerConstraint] = {}
        self._active: PointerConstraint | None = None
        self._global = PointerConstraintsGlobal(wayland.display, self._wished)
        input.moved = self.update

    def forget(self) -> None:
        self._global.forget()

    def update(self) -> None:
        """Pointer or keyboard may be somewhere else, or were taken from whoever grabbed them."""
        wish = self._granted()
        if wish is self._active:
            return
        ended, self._active = self._active, wish
        self._seat.keep_pointer(None if wish is None else self._keep)
        if ended is not None:
            self._follow_hint(ended)
            ended.deactivate()
        if wish is not None:
            wish.activate()

    def _wished(self, wish: PointerConstraint) -> None:
        self._wishes[wish.surface] = wish
        wish.on_region(self.update)
        wish.on_destroy(lambda: self._ended(wish))
        self.update()

    def _ended(self, wish: PointerConstraint) -> None:
        del self._wishes[wish.surface]
        if wish is self._active:
            self._active = None
            self._seat.keep_pointer(None)
            self._follow_hint(wish)

    def _granted(self) -> PointerConstraint | None:
        """The wish that is granted as things are."""
        surface = self._input.surface
        wish = None if surface is None else self._wishes.get(surface)
        if wish is None or self._seat.released or not self._input.clients.has_keyboard(wish.surface.root):
            return None
        return wish if wish.contains(*self._on_surface(*self._seat.cursor)) else None

    def _on_surface(self, x: float, y: float) -> tuple[float, float]:
        """A point of the layout in coordinates of the surface that has the pointer."""
        return x - self._input.origin[0], y - self._input.origin[1]

    def _keep(self, x: float, y: float) -> tuple[float, float] | None:
        assert self._active is not None
        if self._active.locks:
            return None
        here, there = self._on_surface(*self._seat.cursor), self._on_surface(x, y)
        end = self._active.confine(*here, *there)
        return None if end is None else (end[0] + self._input.origin[0], end[1] + self._input.origin[1])

    def _follow_hint(self, wish: PointerConstraint) -> None:
        """Put the cursor where a client drew its own, if the pointer is still over its surface."""
        if wish.locks and wish.hint is not None and wish.surface == self._input.surface:
            x, y = wish.hint
            self._seat.put_cursor(x + self._input.origin[0], y + self._input.origin[1])
