"""Commands: what a person tells the desktop, by a key, by `wlvm msg`, or in the configuration. `wlvm.desktop.command_text` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wlvm.desktop.direction import Direction, Order
from wlvm.desktop.identity import Match

Switch = Literal["on", "off", "toggle"]
SplitInto = Literal["columns", "rows", "tabbed"]
Dimension = Literal["width", "height"]
Selection = Literal["clipboard", "primary"]
PowerAction = Literal["start", "shutdown", "poweroff", "pause", "resume", "reset"]
DiskAction = Literal["snapshot", "restore", "discard", "cd", "eject"]


#: The mode that wlvm starts in.
DEFAULT_MODE = "default"


@dataclass(frozen=True, slots=True)
class Amount:
    """A length: logical pixels, or per cent of what the view shares with others."""

    value: int
    percent: bool = False

    def pixels(self, whole: int) -> int:
        return self.value * whole // 100 if self.percent else self.value


@dataclass(frozen=True, slots=True)
class Back:
    """The workspace that had the focus before."""


WorkspaceTarget = str | Order | Back
OutputTarget = str | Direction | Order


@dataclass(frozen=True, slots=True)
class Focus:
    to: Direction | Order


@dataclass(frozen=True, slots=True)
class FocusView:
    match: Match


@dataclass(frozen=True, slots=True)
class FocusOutput:
    output: OutputTarget


@dataclass(frozen=True, slots=True)
class FocusFloating:
    """From the tiled views to the floating ones, and back."""


@dataclass(frozen=True, slots=True)
class Move:
    """A tiled view to another place; a floating one by `amount`."""

    direction: Direction
    amount: Amount


@dataclass(frozen=True, slots=True)
class MovePosition:
    """A floating view's top left corner, from that of the output's usable area."""

    x: Amount
    y: Amount


@dataclass(frozen=True, slots=True)
class MoveToWorkspace:
    workspace: WorkspaceTarget


@dataclass(frozen=True, slots=True)
class MoveToOutput:
    output: OutputTarget


@dataclass(frozen=True, slots=True)
class MoveWorkspaceToOutput:
    output: OutputTarget


@dataclass(frozen=True, slots=True)
class Swap:
    to: Direction | Order


@dataclass(frozen=True, slots=True)
class Resize:
    """Pull at both sides (`width`, `height`), or at one; `amount` is negative to shrink."""

    side: Dimension | Direction
    amount: Amount


@dataclass(frozen=True, slots=True)
class ResizeTo:
    width: Amount
    height: Amount


@dataclass(frozen=True, slots=True)
class Float:
    switch: Switch


@dataclass(frozen=True, slots=True)
class Fullscreen:
    switch: Switch


@dataclass(frozen=True, slots=True)
class SetLayout:
    layout: str | Order


@dataclass(frozen=True, slots=True)
class Split:
    """The next view shares the focused one's place."""

    into: SplitInto


@dataclass(frozen=True, slots=True)
class ShowWorkspace:
    workspace: WorkspaceTarget


#: What is done to the views and workspaces (`wlvm.desktop.workspaces`).
ViewCommand = (
    Focus | FocusView | FocusOutput | FocusFloating
    | Move | MovePosition | MoveToWorkspace | MoveToOutput | MoveWorkspaceToOutput
    | Swap | Resize | ResizeTo | Float | Fullscreen | SetLayout | Split | ShowWorkspace
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Close:
    """Ask what has the focus to close."""


@dataclass(frozen=True, slots=True)
class Power:
    """What is done to a machine: that of a guest, or (None) the one whose console has the focus."""

    action: PowerAction
    guest: str | None


@dataclass(frozen=True, slots=True)
class ChangeDisks:
    """What is done to a machine's disks: `value` is a snapshot's name, or the file of a CD, or "". `guest` as in Power."""

    action: DiskAction
    value: str
    guest: str | None


@dataclass(frozen=True, slots=True)
class SwitchHead:
    """Plug a screen into one of a guest's heads, or out of it."""

    on: bool
    guest: str
    head: int


@dataclass(frozen=True, slots=True)
class Type:
    """A text, typed into the guest that has the focus."""

    text: str


@dataclass(frozen=True, slots=True)
class Paste:
    """The same with a text that a program has copied, or that was selected."""

    which: Selection


@dataclass(frozen=True, slots=True)
class Release:
    """Take keyboard and pointer from the guest or program that has grabbed them."""


@dataclass(frozen=True, slots=True)
class EnterMode:
    mode: str


@dataclass(frozen=True, slots=True)
class Exec:
    """A line for the shell."""

    line: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the configuration again."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End wlvm."""


Command = (
    ViewCommand
    | Close
    | Power
    | ChangeDisks
    | SwitchHead
    | Type
    | Paste
    | Release
    | EnterMode
    | Exec
    | Reload
    | Quit
)


class CommandError(ValueError):
    """What somebody wrote is no command, or cannot be done now. The text says why."""
