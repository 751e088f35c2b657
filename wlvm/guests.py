"""Guests: all that wlvm shows, and what their consoles need of the desktop and the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wlvm.capture import guest_refusal
from wlvm.color import Rgb
from wlvm.desktop.command import Power
from wlvm.desktop.messages import Message
from wlvm.desktop.output import Output
from wlvm.desktop_settings import key_for
from wlvm.framebuffer import is_sideways
from wlvm.guest import Guest
from wlvm.guest_config import GuestConfig
from wlvm.guest_size import Screen
from wlvm.guest_surface import GuestSurface
from wlvm.hidden_guests import HiddenGuests
from wlvm.picture import PictureMaker
from wlvm.wlr.scene import Tree

if TYPE_CHECKING:
    from wlvm.server import Server

#: How long it is on the screen what became of a guest, in seconds.
_NEWS_SECONDS: Final = 8.0


class Guests:
    """All guests, and the surfaces of their consoles. `close()` it while the desktop and the outputs are still there."""

    def __init__(self, server: Server, parent: Tree, pictures: PictureMaker) -> None:
        """None yet. `parent` is where a surface is until the desktop has a place for it."""
        self._server = server
        self._parent = parent
        self._pictures = pictures
        self.by_name: dict[str, Guest] = {}
        self.hidden = HiddenGuests(server.loop, self._is_seen)
        self._surfaces: list[GuestSurface] = []
        #: Guests that were left, and whose QEMUs take their time to end.
        self._leaving: list[Guest] = []

    def add(self, config: GuestConfig) -> Guest:
        """Take a guest in, and start it."""
        server = self._server
        guest = self.by_name[config.name] = Guest(
            config,
            server.loop,
            server.displays,
            self._add_surface,
            self._remove_surface,
            server.changed,
            lambda guest, text: self.tell(guest, text, _NEWS_SECONDS),
        )
        guest.was_reset = lambda: server.typing.stop("the machine was reset", guest)
        guest.locks.changed = lambda: self._keyboard_changed(guest)
        if (key := key_for(server.config, "start")) is not None:
            guest.start_hint = f"It is started by Return, or by {key}, while it has the focus."
        guest.start()
        self.hidden.add(guest)
        return guest

    def attach(self, qmp: Path) -> Guest:
        """Take in the guest behind a QMP socket, named after the socket."""
        return self.add(GuestConfig.attached(qmp, taken=self.by_name))

    def remove(self, name: str) -> None:
        """Leave a guest; KeyError when there is none of that name."""
        guest = self.by_name.pop(name)
        self.hidden.remove(guest)
        guest.close()
        self._server.changed()
        # wlvm itself does not end before a QEMU that it launched.
        self._leaving = [each for each in (*self._leaving, guest) if not each.ended]

    def close(self) -> None:
        """Leave all, and wait for those that were launched to end; outside of the loop, for the end of wlvm itself."""
        self.hidden.close()
        for guest in self.by_name.values():
            guest.close()
        for guest in (*self.by_name.values(), *self._leaving):
            guest.finish()
        self._surfaces.clear()

    def tell(self, guest: Guest, text: str, seconds: float) -> None:
        """Tell the person at the screen something of a guest, for so long."""
        color = Rgb.parse(guest.config.color)
        self._server.desktop.tell(Message(guest.label, text, color), seconds, instead=guest)

    def on(self, output: Output) -> Sequence[GuestSurface]:
        """The surfaces whose frames an output shows."""
        return [surface for surface in self._surfaces if surface.output == output.name]

    def capture_refusal(self, output: Output) -> str:
        """Why nobody may have a picture of what the output shows now; "" if they may."""
        for guest in self.by_name.values():
            refusal = guest_refusal(guest.config)
            if refusal and any(
                s.picture and s.visible and s.box.overlaps(output.box) for s in guest.surfaces.values()
            ):
                return f"{output.name} may not be captured now: {refusal}"
        return ""

    def _add_surface(self, guest: Guest, console: int) -> GuestSurface:
        surface = GuestSurface(
            self._server.loop,
            self._parent,
            guest.identity(console),
            self._surface_changed,
            self._why_unseen,
            self._screen,
            self._pictures,
        )
        self._surfaces.append(surface)
        surface.card_answered = lambda: self._server.runner.obey(Power("start", guest.name))
        surface.set_scaling(guest.config.scaling(console))
        surface.size.configure(guest.config.follows(console))
        self._server.heads.add(surface, guest)
        return surface

    def _remove_surface(self, surface: GuestSurface) -> None:
        self._surfaces.remove(surface)
        self._server.heads.remove(surface)
        surface.destroy()

    def _surface_changed(self, surface: GuestSurface) -> None:
        self._server.heads.changed(surface)
        self._server.desktop.view_changed(surface)

    def _keyboard_changed(self, guest: Guest) -> None:
        """Raised when a guest's locks are others, or it takes keys now, or no more."""
        self._server.lock_keys.guest_changed(guest.locks)
        if guest.keyboard is None:
            self._server.typing.stop(f"it is {guest.state.value}", guest)

    def _is_seen(self, guest: Guest) -> bool:
        """Whether any of its consoles is on a screen that is lit."""
        if self._server.locked:
            return False
        shown = (surface for surface in guest.surfaces.values() if surface.visible)
        outputs = (self._server.outputs.get(surface.output) for surface in shown)
        return any(output is not None and output.active for output in outputs)

    def _why_unseen(self, surface: GuestSurface) -> str:
        """Why no frame that shows what was just applied to a surface is to come; "" where one is."""
        output = self._server.outputs.get(surface.output)
        if output is None or not surface.visible:
            return "hidden"
        if output.expects_frame:
            return ""
        return "nothing of it is to be seen" if output.active else "the output is off"

    def _screen(self, name: str) -> Screen | None:
        """What a guest is told of an output; None when it is no more."""
        output = self._server.outputs.get(name)
        if output is None:
            return None
        size, millimetres = output.wlr.size, output.wlr.millimetres
        if is_sideways(output.wlr.transform):
            size, millimetres = size[::-1], millimetres[::-1]
        return Screen(size, millimetres)
