"""A Wayland client with windows of one colour, that notes what it is told: for what real programs do not do on demand."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.clients.connection import connect, hang_up
from tests.wlvm_process import DEADLINE
from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.protocol.wayland import (  # isort: skip
    WlCompositor, WlOutput, WlSeat, WlShm,
)  # fmt: skip
from pywayland.protocol.xdg_shell import XdgWmBase  # isort: skip

_XRGB8888 = 1  # wl_shm.format
_TOUCH = 4  # wl_seat.capability


class Client:
    """A connection. `events` is what its surfaces heard, in order, as tuples that begin with a name."""

    def __init__(self, display: str | Path) -> None:
        self.display = connect(display)
        self.events: list[tuple[Any, ...]] = []
        self.serial = 0
        #: The outputs that there were, by name.
        self.outputs: dict[str, Any] = {}
        self._globals: dict[str, tuple[int, int]] = {}
        self._registry = self.display.get_registry()
        self._registry.dispatcher["global"] = self._found
        self.display.roundtrip()
        self.compositor = self.bind(WlCompositor)
        self.shm = self.bind(WlShm)
        self.wm_base = self.bind(XdgWmBase)
        self.wm_base.dispatcher["ping"] = lambda base, serial: base.pong(serial)
        self.seat = self.bind(WlSeat, 5)
        self._abilities = 0
        self.seat.dispatcher["capabilities"] = self._able
        self.pointer = self.seat.get_pointer()
        for name in ("enter", "leave", "motion", "button", "axis_discrete"):
            self.pointer.dispatcher[name] = self._note("pointer " + name)
        self.keyboard = self.seat.get_keyboard()
        for name in ("enter", "leave", "key", "modifiers", "repeat_info"):
            self.keyboard.dispatcher[name] = self._note("keyboard " + name)
        self.display.roundtrip()

    def _able(self, _seat: Any, abilities: int) -> None:
        self._abilities = abilities

    @property
    def has_touch(self) -> bool:
        """Whether the seat has a touchscreen."""
        return bool(self._abilities & _TOUCH)

    def touch(self) -> Any:
        """The seat's wl_touch, whose events are noted for as long as somebody has it."""
        touch = self.seat.get_touch()
        for name in ("down", "up", "motion", "frame", "cancel"):
            touch.dispatcher[name] = self._note("touch " + name)
        self.display.roundtrip()
        return touch

    def _found(self, registry: Any, number: int, name: str, version: int) -> None:
        self._globals[name] = (number, version)
        if name == WlOutput.name:
            output = registry.bind(number, WlOutput, version)
            output.dispatcher["name"] = lambda output, name: self.outputs.update({name: output})

    def _note(self, name: str) -> Callable[..., None]:
        def noted(_proxy: Any, *arguments: Any) -> None:
            self.events.append((name, *arguments))

        return noted

    def bind(self, interface: Any, version: int | None = None) -> Any:
        """Bind a global, in the version that both sides know or the one given."""
        number, offered = self._globals[interface.name]
        return self._registry.bind(number, interface, min(offered, version or interface.version))

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """The events of a name so far, without it."""
        return [event[1:] for event in self.events if event[0] == name]

    def wait_for(self, what: str, ask: Callable[[], Any]) -> Any:
        """The first true answer of `ask`, asked after whatever the compositor says."""
        end = time.monotonic() + DEADLINE
        while not (answer := ask()):
            assert time.monotonic() < end, f"it never came true that {what}; heard: {self.events}"
            self.display.flush()
            if select.select([self.display.get_fd()], [], [], 0.05)[0]:
                self.display.dispatch(block=True)
            else:
                self.display.dispatch(block=False)
        return answer

    def buffer(self, width: int, height: int, color: int) -> Any:
        """A buffer of one colour, 0x00RRGGBB."""
        fd = os.memfd_create("window")
        os.write(fd, color.to_bytes(4, "little") * (width * height))
        pool = self.shm.create_pool(fd, width * height * 4)
        buffer = pool.create_buffer(0, width, height, width * 4, _XRGB8888)
        pool.destroy()
        os.close(fd)
        return buffer

    def window(self, color: int, **options: Any) -> Window:
        """A window that is on the screen when this returns."""
        window = Window(self, color, **options)
        self.wait_for("the window is configured", lambda: window.mapped)
        self.display.roundtrip()
        return window

    def close(self) -> None:
        hang_up(self.display)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Window:
    """An xdg_toplevel that fills what it is given, or has a size of its own."""

    def __init__(
        self,
        client: Client,
        color: int,
        *,
        size: tuple[int, int] | None = None,
        parent: Window | None = None,
        title: str = "window",
        app_id: str = "wlvm.test",
    ) -> None:
        self._client = client
        self._color = color
        self._own_size = size
        self.mapped = False
        self.size = size or (0, 0)
        self.states: list[int] = []
        #: What the compositor does on request (xdg_toplevel.wm_capabilities), each time it told.
        self.abilities: list[list[int]] = []
        self.closed = False
        self._pending = (0, 0)
        self.surface = client.compositor.create_surface()
        self.xdg_surface = client.wm_base.get_xdg_surface(self.surface)
        self.xdg_surface.dispatcher["configure"] = self._configured
        self.toplevel = self.xdg_surface.get_toplevel()
        self.toplevel.dispatcher["configure"] = self._sized
        self.toplevel.dispatcher["close"] = self._close
        self.toplevel.dispatcher["wm_capabilities"] = self._abilities
        self.toplevel.set_title(title)
        self.toplevel.set_app_id(app_id)
        if parent is not None:
            self.toplevel.set_parent(parent.toplevel)
        self.surface.commit()
        client.display.flush()

    def _close(self, _toplevel: Any) -> None:
        self.closed = True

    def _sized(self, _toplevel: Any, width: int, height: int, states: Any) -> None:
        self._pending = (width, height)
        self.states = _integers(states)

    def _abilities(self, _toplevel: Any, abilities: Any) -> None:
        self.abilities.append(_integers(abilities))

    def _configured(self, xdg_surface: Any, serial: int) -> None:
        xdg_surface.ack_configure(serial)
        size = self._own_size or (self._pending[0] or 100, self._pending[1] or 100)
        if size != self.size or not self.mapped:
            self.draw(*size)
        self.mapped = True

    def draw(self, width: int, height: int) -> None:
        """Have this size from now on."""
        self.size = (width, height)
        self._buffer = self._client.buffer(width, height, self._color)
        self.surface.attach(self._buffer, 0, 0)
        self.surface.damage_buffer(0, 0, width, height)
        self.surface.commit()
        self._client.display.flush()

    def popup(
        self, color: int, anchor: tuple[int, int], size: tuple[int, int], *, grab: int | None = None
    ) -> Popup:
        """A popup whose top left corner is at a point of the window; `grab` is the serial of the click that opens it."""
        popup = Popup(self._client, self.xdg_surface, color, anchor, size, grab)
        self._client.wait_for("the popup is configured", lambda: popup.place)
        self._client.display.roundtrip()
        return popup

    def destroy(self) -> None:
        self.toplevel.destroy()
        self.xdg_surface.destroy()
        self.surface.destroy()
        self._client.display.roundtrip()


def _integers(array: Any) -> list[int]:
    """A wl_array of 32-bit numbers."""
    data = bytes(array)
    return [int.from_bytes(data[start : start + 4], "little") for start in range(0, len(data), 4)]


_TOP_LEFT, _BOTTOM_RIGHT = 5, 8  # xdg_positioner.anchor, .gravity
_SLIDE = 1 | 2  # xdg_positioner.constraint_adjustment


class Popup:
    """An xdg_popup, which may slide to stay on the screen."""

    def __init__(
        self,
        client: Client,
        parent: Any,
        color: int,
        anchor: tuple[int, int],
        size: tuple[int, int],
        grab: int | None,
    ) -> None:
        self._client = client
        self._color = color
        #: x, y, width, height as the compositor decided, in the window's coordinates.
        self.place: tuple[int, int, int, int] | None = None
        self.done = False
        positioner = client.wm_base.create_positioner()
        positioner.set_size(*size)
        positioner.set_anchor_rect(*anchor, 1, 1)
        positioner.set_anchor(_TOP_LEFT)
        positioner.set_gravity(_BOTTOM_RIGHT)
        positioner.set_constraint_adjustment(_SLIDE)
        self.surface = client.compositor.create_surface()
        self.xdg_surface = client.wm_base.get_xdg_surface(self.surface)
        self.xdg_surface.dispatcher["configure"] = self._configured
        self.popup = self.xdg_surface.get_popup(parent, positioner)
        self.popup.dispatcher["configure"] = self._placed
        self.popup.dispatcher["popup_done"] = self._done
        if grab is not None:
            self.popup.grab(client.seat, grab)
        self.surface.commit()
        client.display.flush()

    def _placed(self, _popup: Any, x: int, y: int, width: int, height: int) -> None:
        self._placing = (x, y, width, height)

    def _configured(self, xdg_surface: Any, serial: int) -> None:
        xdg_surface.ack_configure(serial)
        width, height = self._placing[2:]
        self._buffer = self._client.buffer(width, height, self._color)
        self.surface.attach(self._buffer, 0, 0)
        self.surface.commit()
        self._client.display.flush()
        self.place = self._placing

    def _done(self, _popup: Any) -> None:
        self.done = True

    def destroy(self) -> None:
        self.popup.destroy()
        self.xdg_surface.destroy()
        self.surface.destroy()
        self._client.display.roundtrip()
