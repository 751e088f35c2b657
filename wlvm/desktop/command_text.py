"""The commands as a person writes them: one text form, one parser.

docs/keys.md lists the forms; a test compares it with FORMS.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Sequence
from typing import get_args

from msgspec import Struct

from wlvm.desktop.command import (
    Amount,
    Back,
    ChangeDisks,
    Close,
    Command,
    CommandError,
    Dimension,
    DiskAction,
    EnterMode,
    Exec,
    Float,
    Focus,
    FocusFloating,
    FocusOutput,
    FocusView,
    Fullscreen,
    Move,
    MovePosition,
    MoveToOutput,
    MoveToWorkspace,
    MoveWorkspaceToOutput,
    OutputTarget,
    Paste,
    Power,
    PowerAction,
    Quit,
    Release,
    Reload,
    Resize,
    ResizeTo,
    SetLayout,
    ShowWorkspace,
    Split,
    Swap,
    Switch,
    SwitchHead,
    Type,
    WorkspaceTarget,
)
from wlvm.desktop.direction import Direction, Order
from wlvm.desktop.identity import Match


class Form(Struct, frozen=True):
    """A command's text form.

    A word in small letters stands for itself, `a|b` for one of these, capitals for a value, `[...]` may be left out.
    """

    usage: str
    meaning: str
    make: Callable[..., Command]
    """Called with the chosen words and the values, in order."""

    @property
    def verb(self) -> str:
        return self.usage.partition(" ")[0]


#: What a command is moved or resized by where nobody says.
STEP = Amount(10)


def _amount(word: str) -> Amount:
    match = re.fullmatch(r"([0-9]{1,5})(px|%)?", word)
    if match is None:
        raise ValueError('a number of pixels, such as "20" or "20px", or of per cent, such as "5%"')
    return Amount(int(match[1]), match[2] == "%")


def _workspace(word: str) -> WorkspaceTarget:
    if word == "back":
        return Back()
    return Order(word) if word in _ORDERS else _name(word)


def _output(word: str) -> OutputTarget:
    if word in _DIRECTIONS:
        return Direction(word)
    return Order(word) if word in _ORDERS else _name(word)


def _layout(word: str) -> str | Order:
    return Order(word) if word in _ORDERS else _name(word)


def _name(word: str) -> str:
    if not word or not word.isprintable():
        raise ValueError("a name")
    return word


def _head(word: str) -> tuple[str, int]:
    guest, colon, number = word.rpartition(":")
    if not (guest and colon and re.fullmatch("[0-9]{1,3}", number)):
        raise ValueError('a guest and the number of one of its heads, such as "debian:1"')
    return _name(guest), int(number)


def _anywhere(word: str) -> Direction | Order:
    return Direction(word) if word in _DIRECTIONS else Order(word)


def _side(word: str) -> Dimension | Direction:
    return Direction(word) if word in _DIRECTIONS else _DIMENSIONS[word]


_DIRECTIONS = tuple(direction.value for direction in Direction)
_ORDERS = tuple(order.value for order in Order)
_DIMENSIONS: dict[str, Dimension] = {dimension: dimension for dimension in get_args(Dimension)}

_VALUES: dict[str, Callable[[str], object]] = {
    "AMOUNT": _amount, "X": _amount, "Y": _amount, "WIDTH": _amount, "HEIGHT": _amount,
    "WORKSPACE": _workspace, "OUTPUT": _output, "LAYOUT": _layout,
    "NAME": _name, "FILE": _name, "GUEST": _name, "HEAD": _head, "APP_ID": _name, "MODE": _name,
}  # fmt: skip


def _resize(sign: str, side: str, amount: Amount | None) -> Resize:
    by = amount or STEP
    return Resize(_side(side), by if sign == "grow" else Amount(-by.value, by.percent))


_SIDES = "|".join((*get_args(Dimension), *_DIRECTIONS))
_TOWARDS = "|".join(_DIRECTIONS)
_ROUND = "|".join((*_DIRECTIONS, *_ORDERS))
_SWITCH = "|".join(get_args(Switch))

_POWER: dict[PowerAction, str] = {
    "start": "Start a guest that is off, or look for it at once where it is lost; without a name, the one that has the focus.",
    "shutdown": "Ask the guest to shut down; it is switched off where that takes longer than its `shutdown_limit`.",
    "poweroff": "Switch the guest off at once.",
    "pause": "Stop the guest where it is.",
    "resume": "Have a paused guest go on.",
    "reset": "Reset the guest, as the button of a machine does.",
}


def _power(action: PowerAction, meaning: str) -> Form:
    return Form(f"{action} [GUEST]", meaning, lambda guest: Power(action, guest))


_DISKS: dict[DiskAction, str] = {
    "snapshot": "Keep the guest, its memory and disks, as it is now, under a name (docs/machines.md).",
    "restore": "Have the guest be as it was when the snapshot was made.",
    "discard": "Delete a snapshot.",
    "cd": "Put a file, by its whole path or one from `~`, into the guest's CD drive.",
}


def _disks(action: DiskAction, meaning: str) -> Form:
    value = "FILE" if action == "cd" else "NAME"
    return Form(f"{action} {value} [GUEST]", meaning, lambda value, guest: ChangeDisks(action, value, guest))


FORMS: tuple[Form, ...] = (
    Form(
        f"focus {_ROUND}",
        "Give the keyboard to the view on that side; at the edge, to the output there. `next` and `prev` go round all views of the workspace.",
        lambda to: Focus(_anywhere(to)),
    ),
    Form(
        "focus guest GUEST",
        "To a guest's console, wherever it is: `debian`, or `debian:1` for its second head.",
        lambda guest: FocusView(Match(guest=guest)),
    ),
    Form(
        "focus app APP_ID",
        "To the window of a host program; `*` stands for any characters.",
        lambda app_id: FocusView(Match(app_id=app_id)),
    ),
    Form(
        "focus floating",
        "From the tiled views to the floating ones, or back.",
        FocusFloating,
    ),
    Form(
        "focus output OUTPUT",
        "To the output of a name or description, or the one that lies `left`, `right`, `up`, `down`, or is `next` or `prev`.",
        FocusOutput,
    ),
    Form(
        f"move {_TOWARDS} [AMOUNT]",
        "Move the view: a tiled one to the next place on that side, and at the edge to the output there; a floating one by 10 pixels, or by "
        "the amount.",
        lambda to, amount: Move(Direction(to), amount or STEP),
    ),
    Form(
        "move position X Y",
        "Move a floating view's top left corner to this point of the output.",
        MovePosition,
    ),
    Form(
        "move to workspace WORKSPACE",
        "Send the view to a workspace; `next`, `prev` and `back` as with `workspace`.",
        MoveToWorkspace,
    ),
    Form(
        "move to output OUTPUT",
        "Send the view to the workspace that an output shows.",
        MoveToOutput,
    ),
    Form(
        "move workspace to output OUTPUT",
        "Show the workspace on another output, and keep it there.",
        MoveWorkspaceToOutput,
    ),
    Form(
        f"swap {_ROUND}",
        "Have the view and its neighbour change places.",
        lambda to: Swap(_anywhere(to)),
    ),
    Form(
        f"resize grow|shrink {_SIDES} [AMOUNT]",
        "Change the view's size by 10 pixels, or by the amount; at one side, or (`width`, `height`) against all that are beside it.",
        _resize,
    ),
    Form(
        "resize set WIDTH HEIGHT",
        "Give the view this size. `0` leaves a side as it is.",
        ResizeTo,
    ),
    Form(
        f"float {_SWITCH}",
        "Lay the view above the tiled ones, or put it back among them.",
        Float,
    ),
    Form(
        f"fullscreen {_SWITCH}",
        "Have the view cover its output.",
        Fullscreen,
    ),
    Form(
        "layout LAYOUT",
        "Place the workspace's views by this layout (docs/layouts.md), or by the `next` or `prev` one.",
        SetLayout,
    ),
    Form(
        "split columns|rows|tabbed",
        "Have the next view share the focused one's place. Only in layouts that are arranged by hand.",
        Split,
    ),
    Form(
        "workspace WORKSPACE",
        "Show a workspace, a new one if there is none of the name. `next` and `prev` go round those of the output, `back` goes to the one that had "
        "the focus before.",
        ShowWorkspace,
    ),
    Form("close", "Ask what has the focus to close.", Close),
    *(_power(action, meaning) for action, meaning in _POWER.items()),
    *(_disks(action, meaning) for action, meaning in _DISKS.items()),
    Form(
        "eject [GUEST]",
        "Take the CD out of the guest's drive.",
        lambda guest: ChangeDisks("eject", "", guest),
    ),
    Form(
        "head on|off HEAD",
        "Plug a screen into one of a guest's heads, such as `debian:1`, or out of it (docs/guest-displays.md).",
        lambda switch, head: SwitchHead(switch == "on", *head),
    ),
    Form(
        "paste [clipboard|primary]",
        "Type the text of the clipboard, or the one that was selected last, into the guest that has the focus.",
        lambda which: Paste(which or "clipboard"),
    ),
    Form("type TEXT...", "Type a text into the guest that has the focus.", Type),
    Form("release", "Take keyboard and pointer from the guest or program that has grabbed them.", Release),
    Form(
        "mode MODE",
        "Have the bindings of a mode, and no others. `default` is the usual one.",
        EnterMode,
    ),
    Form("exec LINE...", "Have the shell run a line.", Exec),
    Form("reload", "Read the configuration again.", Reload),
    Form("quit", "End wlvm.", Quit),
)


def parse(text: str) -> Command:
    """The command of a text. CommandError says what is wrong with it, and what is known."""
    verb, _, rest = text.strip().partition(" ")
    forms = [form for form in FORMS if form.verb == verb]
    if not forms:
        raise CommandError(_unknown(verb))
    if forms[0].usage.endswith("..."):
        if not rest.strip():
            raise CommandError(f"expected {forms[0].usage}")
        return forms[0].make(rest.strip())
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CommandError(f"{text}: {str(error).lower()}") from None
    for form in forms:
        values = _values(form, words)
        if values is not None:
            return form.make(*values)
    raise CommandError(f"{text}: expected {', or '.join(form.usage for form in forms)}")


def _values(form: Form, words: Sequence[str]) -> list[object] | None:
    """What the words mean in a form; None where they do not fit. CommandError where a value is none."""
    usages = form.usage.split()
    if len(words) > len(usages):
        return None
    values: list[object] = []
    for index, usage in enumerate(usages):
        kind = usage.strip("[]")
        if index >= len(words):
            if kind == usage:
                return None
            values.append(None)
        elif kind.isupper():
            try:
                values.append(_VALUES[kind](words[index]))
            except ValueError as error:
                raise CommandError(f"{' '.join(words)}: expected {error} for {kind}") from None
        elif words[index] not in kind.split("|"):
            return None
        elif "|" in kind:
            values.append(words[index])
    return values


def _unknown(verb: str) -> str:
    verbs = list(dict.fromkeys(form.verb for form in FORMS))
    if close := difflib.get_close_matches(verb, verbs, 1):
        return f'{verb}: expected a command: did you mean "{close[0]}"?'
    return f"{verb or 'nothing'}: expected a command: {', '.join(sorted(verbs))}"
