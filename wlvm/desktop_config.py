"""The configuration's part on the desktop: workspaces, layouts, rules for views, and keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, field

from wlvm.config_reader import Fault, Key, Table, key_path
from wlvm.desktop.bindings import Chord, ChordError
from wlvm.desktop.command import DEFAULT_MODE, CommandError, EnterMode, SetLayout
from wlvm.desktop.command_text import parse
from wlvm.desktop.layouts import BUILT_IN
from wlvm.framebuffer import MAX_SIDE

#: What a workspace, a mode or a layout may be called.
NAME = r"[A-Za-z0-9_-]{1,64}\Z"

Name = Annotated[str, Meta(pattern=r"\A" + NAME)]
GuestPattern = Annotated[str, Meta(pattern=r"\A[a-z0-9_*-]{1,64}(:[0-9]{1,3})?\Z")]
Pattern = Annotated[str, Meta(min_length=1, max_length=256)]
Gap = Annotated[int, Meta(ge=0, le=256)]
Coordinate = Annotated[int, Meta(ge=-32768, le=32767)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]
Percent = Annotated[str, Meta(pattern=r"\A(100|[1-9][0-9]?)%\Z")]

#: A command or several, by the key that runs them.
BindingTable = dict[str, str | tuple[str, ...]]

_ON_OFF = "true or false"
_GAP = "a whole number from 0 to 256"
_A_NAME = "1 to 64 of the characters A-Z, a-z, 0-9, - and _"
_LAYOUT = f"one of {', '.join(BUILT_IN)}, or the name of a [layout.NAME]"
_GUEST = 'a guest\'s name, or "NAME:HEAD"'
_OUTPUT = "the name of an output, or its description"

ReservedKey = Literal[
    "right_ctrl", "right_alt", "right_super", "left_super", "menu", "caps_lock", "scroll_lock", "pause"
]

#: The evdev codes of the keys that may be the reserved one (linux/input-event-codes.h).
RESERVED_CODES: Mapping[ReservedKey, int] = {
    "right_ctrl": 97,
    "right_alt": 100,
    "right_super": 126,
    "left_super": 125,
    "menu": 127,
    "caps_lock": 58,
    "scroll_lock": 70,
    "pause": 119,
}


class DesktopConfig(Table, frozen=True, kw_only=True):
    """How guests and windows share the screens."""

    layout: Annotated[
        Name, Key(_LAYOUT, "The layout of workspaces for which no `[[workspace]]` has one.")
    ] = "grid"
    gap: Annotated[Gap, Key(_GAP, "Logical pixels between tiled views.")] = 6
    margin: Annotated[Gap, Key(_GAP, "Logical pixels around all tiled views of an output.")] = 6
    own_workspaces: Annotated[
        bool,
        Key(
            _ON_OFF,
            "Whether each console of a guest that no rule is for has a workspace of its own, named after it. Each output shows one, as far "
            "as there are outputs.",
        ),
    ] = False
    startup: Annotated[
        tuple[Pattern, ...],
        Key(
            "a list of lines for the shell",
            "Programs that are started with wlvm: bars, wallpapers, daemons. A list that is edited counts at the next start.",
        ),
    ] = ()


class WorkspaceConfig(Table, frozen=True, kw_only=True):
    """A workspace."""

    name: Annotated[Name, Key(_A_NAME, "What commands call it.")] = ""
    outputs: Annotated[
        tuple[Pattern, ...],
        Key(
            "a list of names or descriptions of outputs",
            "Where it belongs, the best first: on the first of these that is there. Without it, where it is shown first.",
        ),
    ] = ()
    layout: Annotated[Name | None, Key(_LAYOUT, "Without it, that of `[desktop]`.")] = None

    def faults(self) -> Iterator[Fault]:
        if not self.name:
            yield Fault(("name",), None, "expected a name")
        elif self.name in ("next", "prev", "back"):
            yield Fault(("name",), self.name, "expected another name: commands mean another workspace by it")


class RuleConfig(Table, frozen=True, kw_only=True):
    """Where the views go that `guest`, or `app_id` and `title`, are true of."""

    guest: Annotated[
        GuestPattern | None, Key(_GUEST, "Consoles of this guest; `*` stands for any characters.")
    ] = None
    app_id: Annotated[
        Pattern | None,
        Key("a name", "Windows of host programs that call themselves so; `*` stands for any characters."),
    ] = None
    title: Annotated[
        Pattern | None, Key("a text", "Windows with this title; `*` stands for any characters.")
    ] = None
    workspace: Annotated[Name | None, Key(_A_NAME, "The workspace that it goes to.")] = None
    output: Annotated[
        Pattern | None,
        Key(
            _OUTPUT,
            "The output that it goes to: to the workspace that is shown there. While it is not there, where others go.",
        ),
    ] = None
    float: Annotated[bool | None, Key(_ON_OFF, "Whether it floats above the tiled views.")] = None
    fullscreen: Annotated[bool | None, Key(_ON_OFF, "Whether it covers its output.")] = None
    position: Annotated[
        tuple[Coordinate, Coordinate] | None,
        Key(
            "[x, y], whole numbers from -32768 to 32767",
            "Its top left corner on the output, less its bars, in logical pixels. It floats then. Without it, the middle.",
        ),
    ] = None
    size: Annotated[
        tuple[Side, Side] | None,
        Key(
            f"[width, height], whole numbers from 1 to {MAX_SIDE}",
            "Its size with border and title, in logical pixels. It floats then. Without it, its own.",
        ),
    ] = None
    focus: Annotated[
        bool | None,
        Key(
            _ON_OFF,
            "Whether it takes the keyboard from what has it on its workspace. Without it, windows do, and guests do not.",
        ),
    ] = None

    def faults(self) -> Iterator[Fault]:
        of_program = self.app_id is not None or self.title is not None
        if (self.guest is not None) == of_program:
            yield Fault((), None, "expected either guest, or app_id or title")
        if self.float is False and (self.position or self.size):
            yield Fault(
                ("float",), False, "expected no position and no size beside it: they are for views that float"
            )


class PartConfig(Table, frozen=True, kw_only=True):
    """A part of a layout: parts beside each other, or a place for views."""

    split: Annotated[
        Literal["columns", "rows", "tabbed"] | None,
        Key(
            '"columns", "rows" or "tabbed"',
            "How its parts lie, or several views that share the place. Without it, parts are columns, and views are tabbed.",
        ),
    ] = None
    size: Annotated[
        Side | Percent | None,
        Key(
            f'a whole number from 1 to {MAX_SIDE}, or per cent, such as "30%"',
            "How much it has beside the others, in logical pixels or of the whole.",
        ),
    ] = None
    weight: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        Key("a whole number from 1 to 1000", "Its share of what sizes leave. Without it and `size`, 1."),
    ] = None
    parts: Annotated[
        tuple[PartConfig, ...], Key("an array of tables", "The parts, each as this table is.")
    ] = field(default=(), name="part")
    guests: Annotated[
        tuple[GuestPattern, ...],
        Key(f"a list, each {_GUEST}", "The place is for these consoles; `*` stands for any characters."),
    ] = ()
    apps: Annotated[
        tuple[Pattern, ...],
        Key("a list of names", "The place is for windows of host programs that call themselves so."),
    ] = ()
    rest: Annotated[bool, Key(_ON_OFF, "Whether the place is for views that no other is for.")] = False

    def faults(self) -> Iterator[Fault]:
        is_place = bool(self.guests or self.apps or self.rest)
        if bool(self.parts) == is_place:
            yield Fault((), None, "expected either parts, or views: guests, apps or rest")
        if self.size is not None and self.weight is not None:
            yield Fault((), None, "expected either size or weight")


class LayoutConfig(PartConfig, frozen=True, kw_only=True):
    """A layout: a part that is the whole."""

    name: str

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.name in BUILT_IN or self.name in ("next", "prev"):
            yield Fault((), None, f"expected another name: {self.name} means something already")
        for key in ("size", "weight"):
            if getattr(self, key) is not None:
                yield Fault((key,), getattr(self, key), "expected none: the layout is the whole")


class KeysConfig(Table, frozen=True, kw_only=True):
    """The keys that are wlvm's."""

    reserved: Annotated[
        ReservedKey,
        Key(
            f"one of {', '.join(RESERVED_CODES)}",
            "The key that is always wlvm's, also while a guest has grabbed the keyboard.",
        ),
    ] = "right_ctrl"
    tap: Annotated[
        str, Key("a command", "What the reserved key does when it is pressed and released alone.")
    ] = "release"
    default_bindings: Annotated[
        bool,
        Key(
            _ON_OFF, "Whether the bindings of docs/keys.md hold, beside those of `[bindings]` and after them."
        ),
    ] = True

    def faults(self) -> Iterator[Fault]:
        try:
            parse(self.tap)
        except CommandError as error:
            yield Fault(("tap",), None, str(error))


def layout_faults(
    desktop: DesktopConfig, workspaces: Collection[WorkspaceConfig], layouts: Collection[str]
) -> Iterator[Fault]:
    """Layouts that are named and are not there, of a configuration with layouts of these names beside the built-in ones."""
    known = (*BUILT_IN, *layouts)
    named: dict[tuple[str | int, ...], str | None] = {("desktop", "layout"): desktop.layout}
    for index, workspace in enumerate(workspaces):
        named["workspace", index, "layout"] = workspace.layout
    for keys, layout in named.items():
        if layout is not None and layout not in known:
            yield Fault(keys, layout, f"expected a layout: {', '.join(known)}")


def binding_faults(
    bindings: BindingTable, modes: Mapping[str, BindingTable], layouts: Collection[str]
) -> Iterator[Fault]:
    """What is wrong with `[bindings]` and `[mode.NAME]`, of a configuration with layouts of these names beside the built-in ones."""
    tables: dict[tuple[str, ...], BindingTable] = {("bindings",): bindings}
    tables.update({("mode", name): mode for name, mode in modes.items()})
    if DEFAULT_MODE in modes:
        yield Fault(
            ("mode", DEFAULT_MODE), None, "expected another name: these are the bindings of [bindings]"
        )
    for keys, table in tables.items():
        yield from _repeated_chords(keys, table)
        for key, value in table.items():
            for text in commands_of(value):
                yield from _command_faults((*keys, key), text, modes, layouts)


def _repeated_chords(keys: tuple[str, ...], table: BindingTable) -> Iterator[Fault]:
    seen: dict[Chord, str] = {}
    for key in table:
        try:
            chord = Chord.parse(key)
        except ChordError as error:
            yield Fault((*keys, key), None, str(error))
            continue
        if chord in seen:
            first = key_path((*keys, seen[chord]))
            yield Fault((*keys, key), None, f"expected each key once: {first} is the same")
        seen.setdefault(chord, key)


def _command_faults(
    keys: tuple[str, ...], text: str, modes: Collection[str], layouts: Collection[str]
) -> Iterator[Fault]:
    try:
        command = parse(text)
    except CommandError as error:
        yield Fault(keys, None, str(error))
        return
    if isinstance(command, EnterMode) and command.mode not in (DEFAULT_MODE, *modes):
        yield Fault(keys, text, f"expected a mode: {', '.join((DEFAULT_MODE, *modes))}")
    if isinstance(command, SetLayout) and isinstance(command.layout, str):
        known = (*BUILT_IN, *layouts)
        if command.layout not in known:
            yield Fault(keys, text, f"expected a layout: {', '.join(known)}")


def commands_of(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """The commands of a binding."""
    return (value,) if isinstance(value, str) else value
