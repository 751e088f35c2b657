"""Heads: which consoles of guests have a place on the desktop.

The first console of a guest always has one. Another one has a place while the guest shows something on it, or while it is offered to the
guest: because a `[[guest.NAME.console]]` is for it, or by the command `head on`. A console that is offered is asked to have the size of its place
(`wlvm.guest_size`), which is how a guest learns that a screen is plugged in; a card waits there until it draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wlvm.desktop.desktop import Desktop
from wlvm.desktop.identity import GuestHead
from wlvm.desktop.window_list import WindowList
from wlvm.guest_config import GuestConfig
from wlvm.guest_surface import GuestSurface


class HeadGuest(Protocol):
    """What is to be known of a console's guest."""

    name: str
    config: GuestConfig


class Heads:
    """The consoles of all guests, those with a place and the others."""

    def __init__(self, desktop: Desktop, listed: WindowList, close: Callable[[str], None]) -> None:
        """`listed` has those with a place; `close` is called with a guest's name when somebody asks for that there."""
        self._desktop = desktop
        self._listed = listed
        self._close = close
        #: Of each console its guest, and what a person has switched it to since: None is nothing.
        self._guests: dict[GuestSurface, HeadGuest] = {}
        self._switched: dict[GuestSurface, bool | None] = {}

    def add(self, surface: GuestSurface, guest: HeadGuest) -> None:
        """A console came."""
        self._guests[surface] = guest
        self._switched[surface] = None
        self.changed(surface)

    def remove(self, surface: GuestSurface) -> None:
        """A console goes."""
        del self._guests[surface], self._switched[surface]
        self._leave(surface)

    def changed(self, surface: GuestSurface) -> None:
        """A console may be in use now, or no more."""
        if surface not in self._guests:
            return
        placed = surface in self._desktop.views
        if self._is_wanted(surface, placed) and not placed:
            self._take_in(surface)
        elif placed and not self._is_wanted(surface, placed):
            self._leave(surface)

    def configured(self, guest: HeadGuest) -> None:
        """A guest has another configuration."""
        for surface, its in list(self._guests.items()):
            if its is guest:
                self.changed(surface)

    def switch(self, surface: GuestSurface, on: bool) -> None:
        """Offer a console to its guest, or take it away: it is unplugged then, whatever the guest shows there."""
        self._switched[surface] = on
        if not on:
            surface.size.unplug()
        self.changed(surface)

    def _is_wanted(self, surface: GuestSurface, placed: bool) -> bool:
        index, switched = surface.identity.console, self._switched[surface]
        if index == 0:
            return True
        if switched is not None:
            return switched
        # While nothing is known of a guest, such as one that is lost, its consoles stay where they are.
        used = surface.picture is not None or (placed and not surface.is_dark)
        return used or self._guests[surface].config.console(index) is not None

    def _take_in(self, surface: GuestSurface) -> None:
        guest, console, label = surface.identity.guest, surface.identity.console, surface.identity.label
        self._listed.add(
            surface,
            label,
            "wlvm.guest",
            lambda: self._desktop.focus(surface),
            lambda: self._close(guest),
        )
        self._desktop.add(surface, GuestHead(guest, console))

    def _leave(self, surface: GuestSurface) -> None:
        if surface in self._desktop.views:
            self._listed.remove(surface)
            self._desktop.remove(surface)
            surface.leave_place()
