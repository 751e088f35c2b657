"""From the configuration to what the desktop works with: settings of workspaces, and a table of keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from wlvm.config import Config
from wlvm.desktop.bindings import Bindings, Chord, KeyTable
from wlvm.desktop.command import DEFAULT_MODE
from wlvm.desktop.command_text import parse
from wlvm.desktop.default_bindings import DEFAULT_BINDINGS
from wlvm.desktop.identity import Match
from wlvm.desktop.layouts import Described, Part
from wlvm.desktop.settings import Rule, Settings, Wishes, WorkspaceRule
from wlvm.desktop.sizes import EVEN, Size, Unit
from wlvm.desktop.tiling import Spacing
from wlvm.desktop.tree import Arrangement
from wlvm.desktop_config import RESERVED_CODES, PartConfig, RuleConfig, commands_of
from wlvm.guest_config import GuestConfig


def desktop_settings(config: Config) -> Settings:
    """What the desktop is to know of a configuration."""
    style = config.look.style
    return Settings(
        layout=config.desktop.layout,
        spacing=Spacing(config.desktop.gap, config.desktop.margin, style.line),
        style=style,
        own_workspaces=config.desktop.own_workspaces,
        workspaces=tuple(WorkspaceRule(each.name, each.outputs, each.layout) for each in config.workspaces),
        rules=(
            *(_rule(rule) for rule in config.rules),
            *(rule for guest in config.guests for rule in console_rules(guest)),
        ),
        described={layout.name: Described(layout.name, _part(layout)) for layout in config.layouts},
    )


def console_rules(guest: GuestConfig) -> Iterator[Rule]:
    """What `[[guest.NAME.console]]` says of the guest's consoles: they lie where it says, in any layout."""
    for console in guest.consoles:
        wishes = Wishes(output=console.output, position=console.position, size=console.size)
        yield Rule(Match(guest=f"{guest.name}:{console.head}"), wishes)


def key_for(config: Config, command: str) -> str | None:
    """The key that a command of this text is bound to, as a person reads it; None where it is bound to none."""
    bound = dict(config.bindings)
    if config.keys.default_bindings:
        bound = {**DEFAULT_BINDINGS, **bound}
    key = next((key for key, value in bound.items() if command in commands_of(value)), None)
    return None if key is None else key.replace("Reserved", config.keys.reserved.replace("_", " "))


def named_outputs(settings: Settings) -> Iterator[tuple[str, str]]:
    """The outputs that are named for views, each by what it is named for. Of a list that a workspace has, one need be there."""
    for rule in settings.rules:
        if rule.wishes.output is not None:
            yield str(rule.match), rule.wishes.output
    for workspace in settings.workspaces:
        if len(workspace.outputs) == 1:
            yield f"workspace {workspace.name}", workspace.outputs[0]


def key_table(config: Config, keysym: Callable[[str], int | None]) -> KeyTable:
    """The bindings; `keysym` knows the symbols of keys by name. ChordError when a binding names one that is not there."""
    modes = {DEFAULT_MODE: config.bindings, **config.modes}
    return KeyTable.compile(
        RESERVED_CODES[config.keys.reserved],
        (parse(config.keys.tap),),
        {mode: _bindings(table) for mode, table in modes.items()},
        keysym,
        _bindings(DEFAULT_BINDINGS) if config.keys.default_bindings else None,
    )


def _bindings(table: Mapping[str, str | tuple[str, ...]]) -> Bindings:
    return {
        Chord.parse(key): tuple(parse(text) for text in commands_of(value)) for key, value in table.items()
    }


def _rule(rule: RuleConfig) -> Rule:
    return Rule(
        Match(rule.guest, rule.app_id, rule.title),
        Wishes(
            workspace=rule.workspace,
            output=rule.output,
            floating=rule.float,
            fullscreen=rule.fullscreen,
            position=rule.position,
            size=rule.size,
            focus=rule.focus,
        ),
    )


def _part(part: PartConfig) -> Part:
    arrangement = part.split or ("columns" if part.parts else "tabbed")
    guests = (Match(guest=guest) for guest in part.guests)
    apps = (Match(app_id=app) for app in part.apps)
    return Part(
        Arrangement(arrangement), _size(part), tuple(map(_part, part.parts)), (*guests, *apps), part.rest
    )


def _size(part: PartConfig) -> Size:
    if isinstance(part.size, str):
        return Size(Fraction(part.size.removesuffix("%")), Unit.PERCENT)
    if part.size is not None:
        return Size(Fraction(part.size), Unit.PIXELS)
    return EVEN if part.weight is None else Size(Fraction(part.weight))
