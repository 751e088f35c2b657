"""What a running wlvm is doing, as the control socket tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wlvm.desktop.identity import GuestHead, Identity, Program
from wlvm.desktop.output import Output
from wlvm.desktop.view import PlacedView, View
from wlvm.desktop.window import Window
from wlvm.desktop.workspace import Workspace
from wlvm.framebuffer import Rect
from wlvm.guest import Guest
from wlvm.guest_surface import GuestSurface
from wlvm.ipc.messages import (
    ConsoleListing,
    Focus,
    GuestListing,
    KeyboardState,
    OutputListing,
    SessionState,
    State,
    ViewListing,
    WorkspaceListing,
)

if TYPE_CHECKING:
    from wlvm.server import Server

#: So much is told of what a client calls itself and its windows, in characters.
_LONGEST = 1000

_NOWHERE = Rect(0, 0, 0, 0)


def state_of(server: Server) -> State:
    """Everything."""
    return State(
        guests=guests(server),
        outputs=outputs(server),
        workspaces=workspaces(server),
        views=views(server),
        focus=_focus(server),
        keyboard=_keyboard(server),
        session=SessionState(locked=server.locked, idle=server.idle.dark),
        config=server.config_state,
    )


def guests(server: Server) -> tuple[GuestListing, ...]:
    """The guests, and where their consoles are."""
    return tuple(_guest(server, guest) for guest in server.guests.values())


def outputs(server: Server) -> tuple[OutputListing, ...]:
    return tuple(_output(server, output) for output in server.outputs.values())


def workspaces(server: Server) -> tuple[WorkspaceListing, ...]:
    ids = server.desktop.views
    return tuple(
        _workspace(server, index, workspace, tuple(ids[view] for view in workspace.views))
        for index, workspace in enumerate(server.desktop.workspaces.in_order)
    )


def views(server: Server) -> tuple[ViewListing, ...]:
    """The views, in the order in which they came."""
    desktop = server.desktop
    ids, places = desktop.views, desktop.workspaces.scene().places
    listings = []
    for view, number in ids.items():
        workspace, place = desktop.workspaces.workspace_of(view), places.get(view)
        parent = workspace.parent(view)
        guest, console, app_id, title = _names(workspace.identity(view))
        box = _NOWHERE if place is None else place.content
        listings.append(
            ViewListing(
                number,
                guest,
                console,
                app_id,
                title,
                workspace.name,
                None if place is None else place.output,
                *box,
                visible=place is not None and place.visible,
                focused=view is desktop.workspaces.focused,
                floating=workspace.floats(view),
                fullscreen=workspace.fullscreen is view,
                parent=None if parent is None else ids[parent],
                unresponsive=isinstance(view, Window) and view.unresponsive,
            )
        )
    return tuple(listings)


def _guest(server: Server, guest: Guest) -> GuestListing:
    consoles = tuple(_console(server, index, surface) for index, surface in sorted(guest.surfaces.items()))
    return GuestListing(
        guest.name, guest.label, guest.config.color, guest.state.value, guest.reason, consoles
    )


def _console(server: Server, index: int, surface: GuestSurface) -> ConsoleListing:
    picture, box = surface.picture, surface.box
    size = (0, 0) if picture is None else picture.visible[2:]
    output = server.outputs.get(surface.output)
    x, y = (box.x - output.box.x, box.y - output.box.y) if output is not None else (0, 0)
    return ConsoleListing(index, *size, output.name if output is not None else None, x, y)


def _output(server: Server, output: Output) -> OutputListing:
    workspaces = server.desktop.workspaces
    shown = workspaces.shown_on(output.name) if output.name in workspaces.outputs else None
    return OutputListing(
        output.name,
        output.wlr.description,
        output.active,
        *output.box,
        scale=output.wlr.scale,
        transform=output.wlr.transform,
        pixels=output.wlr.size,
        refresh=output.wlr.refresh / 1000,
        workspace=None if shown is None else shown.name,
        focused=workspaces.focused_output == output.name,
    )


def _workspace(
    server: Server, index: int, workspace: Workspace[PlacedView], views: tuple[int, ...]
) -> WorkspaceListing:
    workspaces = server.desktop.workspaces
    visible = workspace.output is not None and workspaces.shown_on(workspace.output) is workspace
    return WorkspaceListing(
        workspace.name,
        index,
        workspace.output,
        visible,
        focused=workspaces.focused_workspace is workspace,
        layout=workspace.layout.name,
        views=views,
    )


def _focus(server: Server) -> Focus:
    workspaces = server.desktop.workspaces
    workspace = workspaces.focused_workspace
    return Focus(
        workspaces.focused_output,
        None if workspace is None else workspace.name,
        _id(server, workspaces.focused),
    )


def _keyboard(server: Server) -> KeyboardState:
    grabbed = server.seat.keyboard_grabbed
    return KeyboardState(server.router.mode, _id(server, server.seat.focus) if grabbed else None)


def _id(server: Server, view: View | None) -> int | None:
    return next((number for each, number in server.desktop.views.items() if each is view), None)


def _names(identity: Identity) -> tuple[str | None, int | None, str | None, str | None]:
    """Guest, console, app_id and title of a view."""
    match identity:
        case GuestHead(guest, head):
            return guest, head, None, None
        case Program(app_id, title):
            return None, None, app_id[:_LONGEST], title[:_LONGEST]
