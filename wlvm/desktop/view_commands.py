"""What a person's commands do to views and workspaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from wlvm.desktop import command as commands
from wlvm.desktop.command import CommandError, OutputTarget, ViewCommand, WorkspaceTarget
from wlvm.desktop.direction import Direction, Order
from wlvm.desktop.identity import Identity
from wlvm.desktop.tree import V
from wlvm.desktop.workspace import Workspace
from wlvm.desktop.workspaces import Workspaces


class ViewCommands(Generic[V]):
    """Does what is said to the view, the workspace or the output that has the focus."""

    def __init__(self, workspaces: Workspaces[V]) -> None:
        self._workspaces = workspaces

    def run(self, command: ViewCommand) -> None:
        """CommandError when it cannot be done; nothing has changed then."""
        match command:
            case commands.FocusView(match):
                self._focus_latest(match.fits)
            case commands.FocusOutput(target):
                self._workspaces.focus_workspace(self._workspaces.shown_on(self._output(target)))
            case commands.ShowWorkspace(target):
                self._workspaces.focus_workspace(self._workspace(target))
            case commands.MoveWorkspaceToOutput(target):
                self._workspaces.move_workspace(self._here(), self._output(target))
            case commands.SetLayout(layout):
                self._set_layout(layout)
            case commands.Focus(to):
                self._focus_beside(to)
            case _:
                self._run_on_view(command, self._focused_view())

    def _run_on_view(self, command: ViewCommand, view: V) -> None:
        workspace = self._workspaces.workspace_of(view)
        ground = self._workspaces.ground(workspace)
        match command:
            case commands.FocusFloating():
                if (other := workspace.other_stratum(view)) is not None:
                    workspace.focus(other)
            case commands.Move(direction, amount):
                if not workspace.move(view, direction, amount, ground):
                    self._move_over_edge(view, direction)
            case commands.MovePosition(x, y):
                workspace.move_to(view, x, y, ground)
            case commands.MoveToWorkspace(target):
                self._workspaces.send(view, self._workspace(target))
            case commands.MoveToOutput(target):
                self._workspaces.send(view, self._workspaces.shown_on(self._output(target)))
            case commands.Swap(to):
                workspace.swap(view, to, ground)
            case commands.Resize(side, amount):
                workspace.resize(view, side, amount, ground)
            case commands.ResizeTo(width, height):
                workspace.resize_to(view, width, height, ground)
            case commands.Float(switch):
                workspace.set_floating(view, _switched(switch, workspace.floats(view)))
            case commands.Fullscreen(switch):
                workspace.set_fullscreen(view, _switched(switch, workspace.fullscreen == view))
            case commands.Split(into):
                workspace.split(view, into)

    def _here(self) -> Workspace[V]:
        workspace = self._workspaces.focused_workspace
        if workspace is None:
            raise CommandError("there is no output")
        return workspace

    def _focused_view(self) -> V:
        view = self._workspaces.focused
        if view is None:
            raise CommandError("no view has the focus")
        return view

    def _focus_latest(self, fits: Callable[[Identity], bool]) -> None:
        view = self._workspaces.latest(fits)
        if view is None:
            raise CommandError("there is no such view")
        self._workspaces.focus(view)

    def _focus_beside(self, to: Direction | Order) -> None:
        """The view on a side; over the edge, the output there."""
        here, view = self._here(), self._workspaces.focused
        other = None if view is None else here.neighbour(view, to, self._workspaces.ground(here))
        if other is not None:
            here.focus(other)
        elif isinstance(to, Direction) and (output := self._output_beside(to)) is not None:
            self._workspaces.focus_workspace(self._workspaces.shown_on(output))

    def _move_over_edge(self, view: V, direction: Direction) -> None:
        if (output := self._output_beside(direction)) is not None:
            self._workspaces.send(view, self._workspaces.shown_on(output))
            self._workspaces.focus(view)

    def _set_layout(self, layout: str | Order) -> None:
        here = self._here()
        layouts = self._workspaces.settings.layouts
        names = list(layouts)
        if isinstance(layout, Order):
            layout = names[(names.index(here.layout.name) + layout.step) % len(names)]
        if layout not in layouts:
            raise CommandError(f"{layout}: expected a layout: {', '.join(names)}")
        here.set_layout(layouts[layout], self._workspaces.ground(here))

    def _workspace(self, target: WorkspaceTarget) -> Workspace[V]:
        if isinstance(target, str):
            return self._workspaces.named(target)
        here = self._here()
        if isinstance(target, Order):
            beside = [each for each in self._workspaces.in_order if each.output == here.output]
            return beside[(beside.index(here) + target.step) % len(beside)]
        return self._workspaces.previous or here

    def _output(self, target: OutputTarget) -> str:
        """The name of the output that somebody means."""
        outputs = self._workspaces.outputs
        found = outputs.meant_by(target) if isinstance(target, str) else self._output_beside(target)
        if found is None:
            said = target if isinstance(target, str) else target.value
            raise CommandError(f"{said}: expected an output: {', '.join(outputs.names) or 'none is there'}")
        return found

    def _output_beside(self, to: Direction | Order) -> str | None:
        focused = self._workspaces.focused_output
        return None if focused is None else self._workspaces.outputs.beside(focused, to)


def _switched(switch: commands.Switch, on: bool) -> bool:
    return not on if switch == "toggle" else switch == "on"
