"""What the configuration says of workspaces, layouts and views, as the desktop uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from wlvm.desktop.identity import GuestHead, Identity, Match
from wlvm.desktop.layouts import BUILT_IN, Layout
from wlvm.desktop.style import Style
from wlvm.desktop.tiling import Spacing


class Wishes(Struct, frozen=True):
    """Where a view should go. None: where it would go anyway."""

    workspace: str | None = None
    output: str | None = None
    """The name or description of an output."""
    floating: bool | None = None
    fullscreen: bool | None = None
    position: tuple[int, int] | None = None
    """From the output's usable area, in logical pixels; a view with a position or a size floats."""
    size: tuple[int, int] | None = None
    focus: bool | None = None
    """Whether it takes the focus on its workspace. Otherwise windows do, and guests where nothing else has it."""

    @property
    def floats(self) -> bool | None:
        placed = self.position is not None or self.size is not None
        return True if self.floating is None and placed else self.floating

    def and_then(self, later: Wishes) -> Wishes:
        """These, with those of a later rule in their places."""
        given = {name: getattr(later, name) for name in _WISHES if getattr(later, name) is not None}
        return replace(self, **given)


_WISHES = tuple(Wishes.__struct_fields__)


class Rule(Struct, frozen=True):
    """What is wished for the views that match."""

    match: Match
    wishes: Wishes


class WorkspaceRule(Struct, frozen=True):
    """What a workspace is like."""

    name: str
    outputs: tuple[str, ...] = ()
    """Names or descriptions of the outputs that it belongs on, the best first."""
    layout: str | None = None


class Settings(Struct, frozen=True):
    """What the configuration says of the desktop."""

    layout: str = "grid"
    """Of workspaces that no rule names."""
    spacing: Spacing = field(default_factory=Spacing)
    style: Style = field(default_factory=Style)
    own_workspaces: bool = False
    """Whether a guest's console that no rule is for has a workspace of its own, and each output shows one."""
    workspaces: Sequence[WorkspaceRule] = ()
    rules: Sequence[Rule] = ()
    described: Mapping[str, Layout] = field(default_factory=dict)
    """The layouts that the configuration describes, by name."""

    @property
    def layouts(self) -> dict[str, Layout]:
        return {**BUILT_IN, **self.described}

    def workspace(self, name: str) -> WorkspaceRule | None:
        return next((rule for rule in self.workspaces if rule.name == name), None)

    def layout_of(self, workspace: str) -> Layout:
        """The layout that a workspace of this name starts with."""
        rule = self.workspace(workspace)
        return self.layouts[(rule and rule.layout) or self.layout]

    def wishes_for(self, identity: Identity) -> Wishes:
        """What the rules say of a view; of several for one view, a later one's word counts."""
        wishes = Wishes(focus=not isinstance(identity, GuestHead))
        for rule in self.rules:
            if rule.match.fits(identity):
                wishes = wishes.and_then(rule.wishes)
        return wishes
