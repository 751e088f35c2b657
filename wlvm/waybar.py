"""What a waybar shows of wlvm: a custom module's lines (waybar-custom(5), "return-type": "json")."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from typing import TypeVar

from wlvm.ipc.messages import Event, GuestListing, Kind, State, ViewListing, WorkspaceListing
from wlvm.qemu.text import readable

Key = TypeVar("Key")
Value = TypeVar("Value")

#: What the module has to be told about.
KINDS: tuple[Kind, ...] = ("guest", "workspace", "view", "focus", "keyboard", "session")


def lines(events: Iterable[Event], output: str | None = None) -> Iterator[str]:
    """A line for the bar whenever what it shows is another; with an `output`, of its workspaces alone."""
    status, shown = Status(), ""
    for event in events:
        status.learn(event)
        if (line := json.dumps(status.module(output))) != shown:
            shown = line
            yield line


class Status:
    """What is known of a running wlvm, from its events."""

    def __init__(self) -> None:
        self._guests: dict[str, GuestListing] = {}
        self._workspaces: dict[str, WorkspaceListing] = {}
        self._views: dict[int, ViewListing] = {}
        self._focused: int | None = None
        self._grabbed_by: int | None = None
        self._mode = "default"
        self._locked = False

    def learn(self, event: Event) -> None:
        """Take in what an event tells; the first is the whole state."""
        gone = event.change == "gone"
        told = event.state or State(
            focus=event.focus,
            keyboard=event.keyboard,
            session=event.session,
            guests=None if event.guest is None else (event.guest,),
            workspaces=None if event.workspace is None else (event.workspace,),
            views=None if event.view is None else (event.view,),
        )
        for guest in told.guests or ():
            _put(self._guests, guest.name, guest, gone)
        for workspace in told.workspaces or ():
            _put(self._workspaces, workspace.name, workspace, gone)
        for view in told.views or ():
            _put(self._views, view.id, view, gone)
        if told.focus is not None:
            self._focused = told.focus.view
        if told.keyboard is not None:
            self._mode, self._grabbed_by = told.keyboard.mode, told.keyboard.grabbed_by
        if told.session is not None:
            self._locked = told.session.locked

    def module(self, output: str | None = None) -> dict[str, object]:
        """The line of the module: the workspaces, the mode, and what has the keyboard; a guest in its own colour, and with its own label."""
        view = None if self._focused is None else self._views.get(self._focused)
        guest = None if view is None or view.guest is None else self._guests.get(view.guest)
        parts = [self._workspace_names(output)]
        if self._mode != "default":
            parts.append(f"<i>{_markup(self._mode)}</i>")
        if guest is not None:
            parts.append(_guest_text(guest))
        elif view is not None:
            parts.append(_markup(view.title or view.app_id or ""))
        return {
            "text": "  ".join(part for part in parts if part),
            "tooltip": "\n".join(_guest_line(each) for each in self._guests.values()) or "no guests",
            "alt": "" if guest is None else guest.state,
            "class": self._classes(view, guest),
        }

    def _workspace_names(self, output: str | None) -> str:
        shown = [each for each in self._workspaces.values() if output is None or each.output == output]
        return " ".join(
            f"<b>{_markup(each.name)}</b>" if each.visible else _markup(each.name)
            for each in sorted(shown, key=lambda each: each.index)
        )

    def _classes(self, view: ViewListing | None, guest: GuestListing | None) -> list[str]:
        """For the bar's style sheet."""
        classes = [] if view is None else ["program"] if guest is None else ["guest", guest.state]
        if self._grabbed_by is not None:
            classes.append("grabbed")
        if self._locked:
            classes.append("locked")
        return classes


def _put(known: dict[Key, Value], key: Key, value: Value, gone: bool) -> None:
    if gone:
        known.pop(key, None)
    else:
        known[key] = value


def _guest_text(guest: GuestListing) -> str:
    label = f'<span color="{_markup(guest.color)}">■</span> {_markup(guest.label)}'
    return label if guest.state == "running" else f"{label} ({_markup(guest.state)})"


def _guest_line(guest: GuestListing) -> str:
    reason = f": {_markup(guest.reason)}" if guest.reason else ""
    return f"{_markup(guest.label)}: {_markup(guest.state)}{reason}"


def _markup(text: str) -> str:
    """Text as Pango's markup: whatever a program calls its window, it says nothing else."""
    return html.escape(readable(text))
