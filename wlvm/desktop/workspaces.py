"""Workspaces: which views are on which workspace, and which workspace on which output.

Knows no Wayland: views are handles. Points and boxes are in layout coordinates, in logical pixels. An output shows one workspace at a time.
A workspace goes to another output when its own one goes, and comes back with it. One that is empty and not shown is no more.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Generic

from wlvm.desktop.command import Amount, CommandError
from wlvm.desktop.direction import Direction
from wlvm.desktop.floating import FloatingPlace
from wlvm.desktop.ground import Ground, Scene
from wlvm.desktop.identity import GuestHead, Identity
from wlvm.desktop.layouts import Layout
from wlvm.desktop.output_map import OutputArea, OutputMap
from wlvm.desktop.place import Place, Traits
from wlvm.desktop.settings import Settings, Wishes
from wlvm.desktop.tree import V
from wlvm.desktop.workspace import Workspace
from wlvm.framebuffer import Rect


class Workspaces(Generic[V]):
    """All views of a seat. Every change is made at once; `scene()` then says where everything is, `focused` what has the keyboard."""

    def __init__(self, settings: Settings, traits: Callable[[V], Traits]) -> None:
        """`traits` says what a view is by itself; it may change whenever a view does."""
        self.settings = settings
        self.outputs = OutputMap()
        self._traits = traits
        #: All workspaces, the one that had the focus last at the end.
        self._recent: list[Workspace[V]] = []
        self._shown: dict[str, Workspace[V]] = {}
        #: What outputs that went were showing.
        self._was_shown: dict[str, str] = {}
        self._focused_output: str | None = None
        self._of_view: dict[V, Workspace[V]] = {}
        #: Views whose output is not there, with its name or description.
        self._waiting: dict[V, str] = {}

    # What there is.

    @property
    def focused(self) -> V | None:
        """The view that has the focus: visible, or None."""
        workspace = self.focused_workspace
        return None if workspace is None else workspace.focused

    @property
    def focused_output(self) -> str | None:
        return self._focused_output

    @property
    def focused_workspace(self) -> Workspace[V] | None:
        return None if self._focused_output is None else self._shown[self._focused_output]

    @property
    def in_order(self) -> list[Workspace[V]]:
        """All workspaces, in the order of the configuration, then by number, then by name."""
        return sorted(self._recent, key=self._rank)

    @property
    def previous(self) -> Workspace[V] | None:
        """The workspace that had the focus before."""
        return self._recent[-2] if len(self._recent) > 1 else None

    def shown_on(self, output: str) -> Workspace[V]:
        return self._shown[output]

    def workspace_of(self, view: V) -> Workspace[V]:
        """KeyError for a view that is not there."""
        return self._of_view[view]

    def latest(self, fits: Callable[[Identity], bool]) -> V | None:
        """The view, of those that fit, that had the focus last."""
        found = (workspace.latest(fits) for workspace in reversed(self._recent))
        return next((view for view in found if view is not None), None)

    def scene(self) -> Scene[V]:
        """Where all views are; while there is no output, none is anywhere."""
        scene: Scene[V] = Scene()
        for workspace in self._recent:
            if workspace.output is not None:
                shown = self._shown[workspace.output] is workspace
                part = workspace.scene(self.ground(workspace), shown)
                scene.places.update(part.places)
                scene.tabs += part.tabs
        return scene

    def ground(self, workspace: Workspace[V]) -> Ground[V]:
        """What a workspace lies on. CommandError while there is no output."""
        if workspace.output is None:
            raise CommandError("there is no output")
        output = self.outputs[workspace.output]
        return Ground(output.name, output.box, output.usable, self.settings.spacing, self._traits)

    def _rank(self, workspace: Workspace[V]) -> tuple[int, int, str]:
        names = [rule.name for rule in self.settings.workspaces]
        name = workspace.name
        configured = names.index(name) if name in names else len(names)
        return configured, int(name) if name.isdecimal() else 1 << 32, name

    # Outputs.

    def add_output(self, output: OutputArea) -> None:
        """An output came: it shows the workspaces that belong on it, or a new one."""
        self.outputs.put(output)
        came = [workspace for workspace in self._recent if self._belongs_better(workspace, output)]
        for workspace in came:
            self._take_to(workspace, output.name)
        self._shown[output.name] = self._first_on(output, came)
        if self._focused_output is None:
            self._focused_output = output.name
        for view in [view for view, name in self._waiting.items() if output.is_meant_by(name)]:
            self.send(view, self._shown[output.name])
        self._tidy()

    def change_output(self, output: OutputArea) -> None:
        """An output has moved, or has another size, or its bars have."""
        self.outputs.put(output)

    def remove_output(self, name: str) -> None:
        """An output went: its workspaces go to others until it is back."""
        self.outputs.remove(name)
        self._was_shown[name] = self._shown.pop(name).name
        if self._focused_output == name:
            self._focused_output = self.outputs.first
        for workspace in self._recent:
            if workspace.output == name:
                workspace.output = self.outputs.best(workspace.outputs) or self._focused_output
        self._tidy()

    def _first_on(self, output: OutputArea, came: Sequence[Workspace[V]]) -> Workspace[V]:
        """What an output that came shows: what it did when it was there last, or a workspace that waited for an output, or a new one."""
        was_shown = self._was_shown.pop(output.name, None)
        for workspace in came:
            if workspace.name == was_shown:
                return workspace
        if came:
            return came[-1]
        shown = self._shown.values()
        hidden = [each for each in self._recent if not each.empty and each not in shown]
        if not (self.settings.own_workspaces and hidden):
            return self._new_workspace(self._free_name(output), output.name)
        hidden[0].output, hidden[0].outputs = output.name, (output.name,)
        return hidden[0]

    def _belongs_better(self, workspace: Workspace[V], output: OutputArea) -> bool:
        """Whether a workspace belongs rather on this output than where it is."""
        if workspace.output is None:
            return True
        here = self.outputs[workspace.output].preference(workspace.outputs)
        return output.preference(workspace.outputs) < here

    def _take_to(self, workspace: Workspace[V], output: str) -> None:
        """Have a workspace on another output, where it is not shown yet. What it was shown on shows another."""
        old, workspace.output = workspace.output, output
        workspace.outputs = workspace.outputs or (output,)
        if old is None or self._shown.get(old) is not workspace:
            return
        if self._focused_output == old:
            self._focused_output = output
        others = [each for each in self._recent if each.output == old]
        self._shown[old] = (
            others[-1] if others else self._new_workspace(self._free_name(self.outputs[old]), old)
        )

    # Workspaces.

    def named(self, name: str) -> Workspace[V]:
        """The workspace of a name; a new one, where it belongs or the focus is, if there is none. An empty one is kept while it is shown."""
        found = next((each for each in self._recent if each.name == name), None)
        if found is not None:
            return found
        rule = self.settings.workspace(name)
        best = None if rule is None else self.outputs.best(rule.outputs)
        return self._new_workspace(name, best or self._focused_output)

    def focus_workspace(self, workspace: Workspace[V]) -> None:
        """Show a workspace on its output, and have the focus there."""
        self._recent.remove(workspace)
        self._recent.append(workspace)
        if workspace.output is not None:
            self._shown[workspace.output] = workspace
            self._focused_output = workspace.output
        self._tidy()

    def move_workspace(self, workspace: Workspace[V], output: str) -> None:
        """Show a workspace on another output, where it belongs from now on, and have the focus there."""
        if workspace.output != output:
            self._take_to(workspace, output)
            workspace.outputs = (output,)
            self.focus_workspace(workspace)

    def _new_workspace(self, name: str, output: str | None) -> Workspace[V]:
        """A new workspace on an output, where it belongs if the configuration does not say."""
        rule = self.settings.workspace(name)
        outputs = rule.outputs if rule is not None else ()
        workspace: Workspace[V] = Workspace(name, self.settings.layout_of(name), outputs)
        if output is not None:
            workspace.output, workspace.outputs = output, outputs or (output,)
        self._recent.insert(0, workspace)
        return workspace

    def _free_name(self, output: OutputArea) -> str:
        """A name for an output's new workspace: one of the configuration's that belongs there, or that may be anywhere, or a number."""
        taken = {workspace.name for workspace in self._recent}
        free = [rule for rule in self.settings.workspaces if rule.name not in taken]
        meant = [rule.name for rule in free if self.outputs.best(rule.outputs) == output.name]
        anywhere = [rule.name for rule in free if not rule.outputs]
        if meant or anywhere:
            return (meant or anywhere)[0]
        taken |= {rule.name for rule in free}
        return next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)

    def _tidy(self) -> None:
        """Forget workspaces that are empty and not seen."""
        shown = list(self._shown.values())
        self._recent = [each for each in self._recent if not each.empty or each in shown]

    # Views.

    def add(self, view: V, identity: Identity, wishes: Wishes | None = None, parent: V | None = None) -> None:
        """Take a view in, where the rules, or else these `wishes`, have it; a dialog goes to its `parent`, and floats."""
        wishes = self.settings.wishes_for(identity) if wishes is None else wishes
        workspace = self._workspace_for(view, identity, wishes, parent)
        floats = parent is not None if wishes.floats is None else wishes.floats
        floating = FloatingPlace(wishes.position, wishes.size) if floats else None
        self._of_view[view] = workspace
        workspace.add(view, identity, floating=floating, parent=parent, focus=wishes.focus is not False)
        if wishes.fullscreen:
            workspace.set_fullscreen(view, True)
        self._tidy()

    def place_of_new(
        self, view: V, identity: Identity, wishes: Wishes | None = None, parent: V | None = None
    ) -> Place | None:
        """Where a view would be that is not there yet, and stays out; None while there is no output."""
        kept = (*self._of_view, view, parent, self._traits, self.settings)
        trial = copy.deepcopy(self, {id(each): each for each in kept})
        trial.add(view, identity, wishes, parent)
        return trial.scene().places.get(view)

    def remove(self, view: V) -> None:
        """A view went."""
        self._of_view.pop(view).remove(view)
        self._waiting.pop(view, None)
        self._tidy()

    def place_again(self, view: V) -> None:
        """Put a view where the rules have it now, wherever it has been moved."""
        workspace = self._of_view[view]
        identity, parent, focused = workspace.identity(view), workspace.parent(view), self.focused == view
        self.remove(view)
        self.add(view, identity, parent=parent)
        if focused:
            self.focus(view)

    def rename(self, view: V, identity: Identity) -> None:
        """A view's program calls it otherwise now; it stays where it is."""
        self._of_view[view].rename(view, identity)

    def focus(self, view: V) -> None:
        """Give a view the focus, and show the workspace that it is on."""
        workspace = self._of_view[view]
        workspace.focus(view)
        self.focus_workspace(workspace)

    def send(self, view: V, target: Workspace[V]) -> None:
        """Move a view and its dialogs to another workspace, where it has the focus."""
        source = self._of_view[view]
        if target is source:
            return
        fullscreen = source.fullscreen == view
        family = source.family(view)
        for each in family:
            identity, floating = source.identity(each), source.floating_place(each)
            self._of_view[each] = target
            self._waiting.pop(each, None)
            target.add(each, identity, floating=floating, parent=source.parent(each))
        for each in reversed(family):
            source.remove(each)
        if fullscreen:
            target.set_fullscreen(view, True)
        self._tidy()

    def drag(self, view: V, box: Rect) -> None:
        """Have a view float in this box, on the output that the box's middle is on."""
        under = self.outputs.at(box.x + box.width // 2, box.y + box.height // 2)
        if under is not None and self._of_view[view].output != under:
            self.send(view, self._shown[under])
            self.focus(view)
        workspace = self._of_view[view]
        workspace.place_floating(view, box, self.ground(workspace))

    def resize_edge(self, view: V, side: Direction, pixels: int) -> None:
        """Make a view larger at one side, or smaller by a negative number. CommandError where nothing is beside a tiled one."""
        workspace = self._of_view[view]
        workspace.resize(view, side, Amount(pixels), self.ground(workspace))

    def can_resize(self, view: V, side: Direction) -> bool:
        """Whether a view's size can be changed at one side."""
        return self._of_view[view].can_resize(view, side)

    def _workspace_for(self, view: V, identity: Identity, wishes: Wishes, parent: V | None) -> Workspace[V]:
        if wishes.workspace is not None:
            return self.named(wishes.workspace)
        if wishes.output is not None:
            output = self.outputs.meant_by(wishes.output)
            if output is not None:
                return self._shown[output]
            self._waiting[view] = wishes.output
        if parent is not None and parent in self._of_view:
            return self._of_view[parent]
        if self.settings.own_workspaces and isinstance(identity, GuestHead):
            return self._own_workspace(identity)
        return self.focused_workspace or (self._recent[-1] if self._recent else self.named("1"))

    def _own_workspace(self, head: GuestHead) -> Workspace[V]:
        """The workspace of a guest's console, on the first output that shows nothing, if there is one."""
        workspace = self.named(head.guest if head.head == 0 else f"{head.guest}:{head.head}")
        free = next((name for name, shown in self._shown.items() if shown.empty), None)
        if workspace.empty and free is not None and workspace not in self._shown.values():
            workspace.output, workspace.outputs = free, (free,)
            self._shown[free] = workspace
        return workspace

    # The configuration.

    def configure(self, settings: Settings) -> None:
        """Have other settings from now on. What did not change in them stays as the person has made it."""
        old, self.settings = self.settings, settings
        for workspace in list(self._recent):
            self._follow_rule(workspace, old)
            layout = self._layout_after(workspace)
            if layout != workspace.layout:
                workspace.set_layout(layout, None if workspace.output is None else self.ground(workspace))
            workspace.given = settings.layout_of(workspace.name)
        self._tidy()

    def _follow_rule(self, workspace: Workspace[V], old: Settings) -> None:
        """A workspace that belongs elsewhere now goes there."""
        before, now = old.workspace(workspace.name), self.settings.workspace(workspace.name)
        outputs = now.outputs if now is not None else ()
        if outputs == (before.outputs if before is not None else ()):
            return
        workspace.outputs = outputs or workspace.outputs
        best = self.outputs.best(workspace.outputs)
        if best is not None and best != workspace.output:
            was_shown = workspace in self._shown.values()
            self._take_to(workspace, best)
            if was_shown:
                self._shown[best] = workspace

    def _layout_after(self, workspace: Workspace[V]) -> Layout:
        """The layout of a workspace with the settings that are new."""
        given = self.settings.layout_of(workspace.name)
        if given.name != workspace.given.name:
            return given
        return self.settings.layouts.get(workspace.layout.name, given)
