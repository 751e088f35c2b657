"""Commands: what a person tells the desktop, by a key, by `wlvm msg`, or in the configuration. `wlvm.desktop.command_text` reads them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

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


class Amount(Struct, frozen=True):
    """A length: logical pixels, or per cent of what the view shares with others."""

    value: int
    percent: bool = False

    def pixels(self, whole: int) -> int:
        return self.value * whole // 100 if self.percent else self.value


class Back(Struct, frozen=True):
    """The workspace that had the focus before."""


WorkspaceTarget = str | Order | Back
OutputTarget = str | Direction | Order


class Focus(Struct, frozen=True):
    to: Direction | Order


class FocusView(Struct, frozen=True):
    match: Match


class FocusOutput(Struct, frozen=True):
    output: OutputTarget


class FocusFloating(Struct, frozen=True):
    """From the tiled views to the floating ones, and back."""


class Move(Struct, frozen=True):
    """A tiled view to another place; a floating one by `amount`."""

    direction: Direction
    amount: Amount


class MovePosition(Struct, frozen=True):
    """A floating view's top left corner, from that of the output's usable area."""

    x: Amount
    y: Amount


class MoveToWorkspace(Struct, frozen=True):
    workspace: WorkspaceTarget


class MoveToOutput(Struct, frozen=True):
    output: OutputTarget


class MoveWorkspaceToOutput(Struct, frozen=True):
    output: OutputTarget


class Swap(Struct, frozen=True):
    to: Direction | Order


class Resize(Struct, frozen=True):
    """Pull at both sides (`width`, `height`), or at one; `amount` is negative to shrink."""

    side: Dimension | Direction
    amount: Amount


class ResizeTo(Struct, frozen=True):
    width: Amount
    height: Amount


class Float(Struct, frozen=True):
    switch: Switch


class Fullscreen(Struct, frozen=True):
    switch: Switch


class SetLayout(Struct, frozen=True):
    layout: str | Order


class Split(Struct, frozen=True):
    """The next view shares the focused one's place."""

    into: SplitInto


class ShowWorkspace(Struct, frozen=True):
    workspace: WorkspaceTarget


#: What is done to the views and workspaces (`wlvm.desktop.workspaces`).
ViewCommand = (
    Focus | FocusView | FocusOutput | FocusFloating
    | Move | MovePosition | MoveToWorkspace | MoveToOutput | MoveWorkspaceToOutput
    | Swap | Resize | ResizeTo | Float | Fullscreen | SetLayout | Split | ShowWorkspace
)  # fmt: skip


class Close(Struct, frozen=True):
    """Ask what has the focus to close."""


class Power(Struct, frozen=True):
    """What is done to a machine: that of a guest, or (None) the one whose console has the focus."""

    action: PowerAction
    guest: str | None


class ChangeDisks(Struct, frozen=True):
    """What is done to a machine's disks: `value` is a snapshot's name, or the file of a CD, or "". `guest` as in Power."""

    action: DiskAction
    value: str
    guest: str | None


class SwitchHead(Struct, frozen=True):
    """Plug a screen into one of a guest's heads, or out of it."""

    on: bool
    guest: str
    head: int


class Type(Struct, frozen=True):
    """A text, typed into the guest that has the focus."""

    text: str


class Paste(Struct, frozen=True):
    """The same with a text that a program has copied, or that was selected."""

    which: Selection


class Release(Struct, frozen=True):
    """Take keyboard and pointer from the guest or program that has grabbed them."""


class EnterMode(Struct, frozen=True):
    mode: str


class Exec(Struct, frozen=True):
    """A line for the shell."""

    line: str


class Reload(Struct, frozen=True):
    """Read the configuration again."""


class Quit(Struct, frozen=True):
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
