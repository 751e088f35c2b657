"""The configuration: a TOML file, or a command line, as typed and validated structs.

`load` finds every problem of a file at once and starts nothing. docs/configuration.md lists the keys; a test compares it with the structs
here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

from wlvm.config_reader import Fault, Key, NamedTables, Problem, Table, TableReader, repeated
from wlvm.desktop_config import (
    NAME,
    BindingTable,
    DesktopConfig,
    KeysConfig,
    LayoutConfig,
    RuleConfig,
    WorkspaceConfig,
    binding_faults,
    layout_faults,
)
from wlvm.guest_config import GUEST_NAME, GuestConfig
from wlvm.input_config import InputDeviceConfig, KeyboardConfig
from wlvm.look_config import LookConfig
from wlvm.output_config import Mode, OutputConfig

ProgramPath = Annotated[str, Meta(pattern=r"\A/[^\x00]*\Z")]

_PROGRAMS = "a list of whole paths of programs"
_BINDINGS = "a table of commands, or lists of commands, by key"


class ConfigError(ValueError):
    """A configuration that cannot be used, with every problem that was found: one line each."""

    def __init__(self, problems: Collection[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class IdleConfig(Table, frozen=True, kw_only=True):
    """What happens when nobody touches keyboard and pointer."""

    screen_off: Annotated[
        Annotated[int, Meta(ge=0, le=86_400)],
        Key(
            "a whole number from 0 to 86400",
            "Seconds until the screens are switched off; 0 is never. The next key, click or motion switches them on, and goes to the "
            "guest as always.",
        ),
    ] = 0


class CaptureConfig(Table, frozen=True, kw_only=True):
    """Who may take pictures of guests and outputs."""

    clients: Annotated[
        tuple[ProgramPath, ...] | None,
        Key(
            _PROGRAMS,
            "The Wayland clients that may capture outputs, such as `/usr/bin/grim`. Without it, all; [] is none.",
        ),
    ] = None
    control: Annotated[
        tuple[ProgramPath, ...] | None,
        Key(
            _PROGRAMS,
            "The programs that may have pictures over the control socket. Without it, all of your own; [] is none.",
        ),
    ] = None


class Config(Table, frozen=True, kw_only=True):
    """Everything that a person chose."""

    outputs: Annotated[
        tuple[OutputConfig, ...],
        Key(
            "an array of tables, [[output]]",
            "The outputs. Those that no table is for are used as the backend offers them.",
        ),
    ] = field(default=(), name="output")
    guests: Annotated[
        tuple[GuestConfig, ...],
        NamedTables(
            "a table of guests, [guest.NAME]",
            "The guests, by name: 1 to 64 of the characters a-z, 0-9, - and _.",
            pattern=GUEST_NAME,
            expected_name="a guest's name: 1 to 64 of the characters a-z, 0-9, - and _",
        ),
    ] = field(default=(), name="guest")
    desktop: Annotated[DesktopConfig, Key("a table", "How guests and windows share the screens.")] = (
        DesktopConfig()
    )
    workspaces: Annotated[
        tuple[WorkspaceConfig, ...],
        Key("an array of tables, [[workspace]]", "The workspaces. Others come and go as they are used."),
    ] = field(default=(), name="workspace")
    layouts: Annotated[
        tuple[LayoutConfig, ...],
        NamedTables(
            "a table of layouts, [layout.NAME]",
            "Layouts beside the built-in ones, by name.",
            pattern=NAME,
            expected_name="a layout's name: 1 to 64 of the characters A-Z, a-z, 0-9, - and _",
        ),
    ] = field(default=(), name="layout")
    rules: Annotated[
        tuple[RuleConfig, ...],
        Key(
            "an array of tables, [[rule]]",
            "Where views go. Of several tables for one view a later one's keys count.",
        ),
    ] = field(default=(), name="rule")
    look: Annotated[LookConfig, Key("a table", "What is drawn around views, and where there is none.")] = (
        LookConfig()
    )
    keys: Annotated[KeysConfig, Key("a table", "The keys that are wlvm's.")] = KeysConfig()
    bindings: Annotated[
        BindingTable,
        Key(_BINDINGS, "What keys do: a command, or a list of commands, by key (docs/keys.md)."),
    ] = field(default_factory=dict)
    modes: Annotated[
        dict[str, BindingTable],
        Key(
            f"a table of modes, [mode.NAME], each {_BINDINGS}",
            "What keys do in a mode, that the command `mode NAME` enters. No other key does anything then.",
        ),
    ] = field(default_factory=dict, name="mode")
    keyboard: Annotated[KeyboardConfig, Key("a table", "The keyboards of the person at the screen.")] = (
        KeyboardConfig()
    )
    input_devices: Annotated[
        tuple[InputDeviceConfig, ...],
        Key(
            "an array of tables, [[input_device]]",
            "What is set on keyboards, mice and touchpads. Those that no table is for are as libinput and `[keyboard]` have them.",
        ),
    ] = field(default=(), name="input_device")
    idle: Annotated[IdleConfig, Key("a table", "What happens when nobody touches keyboard and pointer.")] = (
        IdleConfig()
    )

    capture: Annotated[CaptureConfig, Key("a table", "Who may take pictures of guests and outputs.")] = (
        CaptureConfig()
    )

    def faults(self) -> Iterator[Fault]:
        names = [output.name for output in self.outputs]
        for index, name in repeated(names):
            if name is not None:
                yield Fault(("output", index, "name"), name, "expected each name once")
        for index, qmp in repeated([guest.qmp for guest in self.guests]):
            if qmp is not None:
                guest = self.guests[index]
                yield Fault(
                    ("guest", guest.name, "qmp"), str(qmp), "expected a socket of its own for each guest"
                )
        for index, domain in repeated([(guest.uri, guest.libvirt) for guest in self.guests]):
            if domain[1] is not None:
                guest = self.guests[index]
                yield Fault(("guest", guest.name, "libvirt"), domain[1], "expected each domain once")
        known = [name for name in names if name is not None]
        for guest in self.guests:
            for index, console in enumerate(guest.consoles):
                if self.outputs and console.output is not None and console.output not in known:
                    expected = f"expected the name of an [[output]]: {', '.join(known) or 'none has one'}"
                    yield Fault(("guest", guest.name, "console", index, "output"), console.output, expected)
        for index, name in repeated([workspace.name for workspace in self.workspaces]):
            yield Fault(("workspace", index, "name"), name, "expected each name once")
        layouts = [layout.name for layout in self.layouts]
        yield from layout_faults(self.desktop, self.workspaces, layouts)
        yield from binding_faults(self.bindings, self.modes, layouts)


class ConfigSource(Struct, frozen=True):
    """Where the configuration comes from."""

    path: Path
    """The file that is watched; it need not be there."""
    read: Callable[[], Config]
    """Reads the whole configuration again; ConfigError when it is wrong, OSError when it cannot be read."""


def load(path: Path) -> Config:
    """The configuration in a file. ConfigError, with every problem that was found, when it cannot be used."""
    file = str(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Problem(file, "", "", error.strerror or str(error))]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            [Problem(file, "", "", f"expected UTF-8 text, but byte {error.start} is not")]
        ) from None
    except RecursionError:
        raise ConfigError([Problem(file, "", "", "expected fewer brackets inside each other")]) from None
    except ValueError as error:
        raise ConfigError([Problem(file, "", "", f"expected TOML: {error}")]) from None
    directory = path.absolute().parent
    reader = TableReader(file, {Mode: Mode.parse, Path: lambda text: _path(directory, text)})
    config = reader.read(Config, tables)
    if config is None:
        raise ConfigError(reader.problems)
    return config


def _path(directory: Path, text: str) -> Path:
    """A path of the file: `~` is a home, and a relative one starts at `directory`."""
    if not text or "\0" in text:
        raise ValueError("no path")
    return directory / os.path.expanduser(text)
