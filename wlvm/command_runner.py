"""What a person tells wlvm, by a key or over the control socket, is done here, or by whoever this hands it to."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from wlvm.desktop.command import (
    ChangeDisks,
    Close,
    Command,
    CommandError,
    DiskAction,
    EnterMode,
    Exec,
    Paste,
    Power,
    PowerAction,
    Quit,
    Release,
    Reload,
    SwitchHead,
    Type,
)
from wlvm.desktop.messages import ERROR, Message
from wlvm.desktop.window import Window
from wlvm.guest import Guest
from wlvm.guest_surface import GuestSurface
from wlvm.vm.vm import PowerError

if TYPE_CHECKING:
    from wlvm.server import Server

log = logging.getLogger(__name__)

#: How long it is on the screen that a key's command could not be done, in seconds.
_REFUSAL_SECONDS = 4.0

#: A guest is closed by a second command within so many seconds.
_CLOSE_AGAIN = 5.0


class CommandRunner:
    """Does commands of every kind; those about views alone are the Desktop's."""

    def __init__(self, server: Server) -> None:
        self._server = server
        #: The guest that somebody wanted to close last, and when (time.monotonic).
        self._close_asked = "", 0.0

    def obey(self, command: Command) -> None:
        """Do a command, and say so on the screen where it cannot be done."""
        try:
            self.do(command)
        except CommandError as error:
            log.warning("%s", error)
            if not isinstance(command, Reload):  # which has told
                message = Message("That cannot be done now", str(error), ERROR)
                self._server.desktop.tell(message, _REFUSAL_SECONDS, instead="refusal")

    def do(self, command: Command) -> None:
        """Do a command. CommandError when it cannot be done now."""
        self._server.changed()
        try:
            self._do(command)
        except PowerError as error:
            raise CommandError(str(error)) from None

    def _do(self, command: Command) -> None:
        server = self._server
        match command:
            case Close():
                self._close_focused()
            case SwitchHead(on, guest, head):
                self._switch_head(self._named(guest), head, on)
            case Power(action, guest):
                self._power(action, self._named(guest))
            case ChangeDisks(action, value, guest):
                self._change_disks(action, value, self._named(guest))
            case Type(text):
                server.typing.type(self._focused(), text)
            case Paste(which):
                server.typing.paste(self._focused(), which)
            case Release():
                server.seat.release()
            case EnterMode(mode):
                server.router.enter(mode)
            case Exec(line):
                server.launcher.run(line)
            case Reload():
                server.reload()
            case Quit():
                server.stop()
            case _:
                server.desktop.run(command)

    def _close_focused(self) -> None:
        view = self._server.desktop.workspaces.focused
        if view is None:
            raise CommandError("no view has the focus")
        if isinstance(view, Window):
            view.close()
        elif isinstance(view, GuestSurface):
            self.close_guest(view.identity.guest)

    def close_guest(self, name: str) -> None:
        """A machine is not a window: one that wlvm launched shuts down, another is left, when that is asked for twice."""
        guest, now = self._server.guests[name], time.monotonic()
        runs = guest.runs_here
        before, at = self._close_asked
        if before != name or now - at > _CLOSE_AGAIN:
            self._close_asked = name, now
            what = "shut it down" if runs else "take it off the screen"
            text = f"{guest.label} is a machine: close it once more to {what}."
            log.info("%s", text)
            self._server.guest_set.tell(guest, text, _CLOSE_AGAIN)
            return
        self._close_asked = "", 0.0
        if runs:
            with contextlib.suppress(PowerError):  # It has ended meanwhile.
                guest.shut_down_machine()
        else:
            self._server.guest_set.remove(name)

    def _power(self, action: PowerAction, guest: Guest) -> None:
        act = {
            "start": guest.power_on,
            "shutdown": guest.shut_down_machine,
            "poweroff": guest.power_off,
            "pause": guest.pause,
            "resume": guest.resume,
            "reset": guest.reset_machine,
        }[action]
        act()
        if action == "pause":
            self._server.guest_set.hidden.person_paused(guest)
        elif action == "resume":
            self._server.guest_set.hidden.person_resumed(guest)

    def _change_disks(self, action: DiskAction, value: str, guest: Guest) -> None:
        disks = guest.disks
        act: dict[DiskAction, Callable[[], None]] = {
            "snapshot": partial(disks.save, value),
            "restore": partial(disks.load, value),
            "discard": partial(disks.delete, value),
            "cd": partial(disks.insert_cd, value),
            "eject": disks.eject_cd,
        }
        act[action]()

    def _switch_head(self, guest: Guest, head: int, on: bool) -> None:
        """Plug a screen into a guest's head, or out of it."""
        if head == 0:
            raise CommandError(f"{guest.name}:0 is the first console: it is always there")
        if head not in guest.surfaces:
            there = ", ".join(map(str, guest.surfaces))
            raise CommandError(f"{guest.name} has no console {head} now, but {there}")
        self._server.heads.switch(guest.surfaces[head], on)

    def _focused(self) -> Guest:
        view = self._server.desktop.workspaces.focused
        if not isinstance(view, GuestSurface):
            raise CommandError("no guest has the focus")
        return self._server.guests[view.identity.guest]

    def _named(self, name: str | None) -> Guest:
        """A guest; without a name, the one whose console has the focus. CommandError."""
        view = self._server.desktop.workspaces.focused
        if name is None and isinstance(view, GuestSurface):
            name = view.identity.guest
        if name is None:
            raise CommandError("no guest has the focus: name one")
        if name not in self._server.guests:
            raise CommandError(f"no guest {name}: there are {', '.join(self._server.guests) or 'none'}")
        return self._server.guests[name]
