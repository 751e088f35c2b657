"""The documentation says what the program does: each key, command and message, no more and no less."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wlvm import cli, trace
from wlvm.config import CaptureConfig, Config, IdleConfig, load
from wlvm.config_reader import Table, key_fields, key_of, table_type
from wlvm.desktop.command_text import FORMS
from wlvm.desktop.default_bindings import DEFAULT_BINDINGS
from wlvm.desktop.layouts import BUILT_IN
from wlvm.desktop_config import (
    DesktopConfig,
    KeysConfig,
    LayoutConfig,
    PartConfig,
    RuleConfig,
    WorkspaceConfig,
)
from wlvm.guest_config import ConsoleConfig, GuestConfig, InputConfig
from wlvm.input_config import InputDeviceConfig, KeyboardConfig
from wlvm.ipc import messages
from wlvm.look_config import LookConfig
from wlvm.output_config import OutputConfig

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
CONTROL = (ROOT / "docs" / "control.md").read_text()
KEYS = (ROOT / "docs" / "keys.md").read_text()
LAYOUTS = (ROOT / "docs" / "layouts.md").read_text()
LIBVIRT = (ROOT / "docs" / "libvirt.md").read_text()
MACHINES = (ROOT / "docs" / "machines.md").read_text()
CAPTURE = (ROOT / "docs" / "capture.md").read_text()
EXAMPLES = sorted((ROOT / "config").glob("*.toml"))

TABLES: dict[str, type[Table]] = {
    "The file": Config,
    "[[output]]": OutputConfig,
    "[guest.NAME]": GuestConfig,
    "[guest.NAME.input]": InputConfig,
    "[[guest.NAME.console]]": ConsoleConfig,
    "[desktop]": DesktopConfig,
    "[[workspace]]": WorkspaceConfig,
    "[layout.NAME]": LayoutConfig,
    "[[layout.NAME.part]]": PartConfig,
    "[[rule]]": RuleConfig,
    "[look]": LookConfig,
    "[keys]": KeysConfig,
    "[keyboard]": KeyboardConfig,
    "[[input_device]]": InputDeviceConfig,
    "[idle]": IdleConfig,
    "[capture]": CaptureConfig,
}

STRUCTS: dict[str, list[type[msgspec.Struct]]] = {
    "list": [messages.NoArguments, messages.Listing, messages.GuestListing, messages.ConsoleListing],
    "command": [messages.CommandArguments],
    "views": [messages.NoArguments, messages.Views, messages.ViewListing],
    "workspaces": [messages.NoArguments, messages.Workspaces, messages.WorkspaceListing],
    "outputs": [messages.NoArguments, messages.Outputs, messages.OutputListing],
    "subscribe": [
        messages.SubscribeArguments,
        messages.Subscribed,
        messages.Event,
        messages.State,
        messages.Focus,
        messages.KeyboardState,
        messages.SessionState,
        messages.ConfigState,
    ],
    "stats": [
        messages.NoArguments,
        messages.Stats,
        messages.GuestStats,
        messages.ConsoleStats,
        messages.Latency,
        messages.OutputStats,
    ],
    "trace": [
        messages.NoArguments,
        messages.Tracing,
        trace.Recorded,
        trace.FrameTrace,
        trace.MessageTrace,
        trace.DrawTrace,
        trace.PressTrace,
    ],
    "about": [messages.NoArguments, messages.About, messages.MachineAbout],
    "inputs": [messages.NoArguments, messages.Inputs, messages.InputListing],
    "attach": [messages.AttachArguments, messages.Attached],
    "detach": [messages.DetachArguments],
    "type": [messages.TypeArguments],
    "snapshots": [messages.SnapshotsArguments, messages.Snapshots, messages.SnapshotListing],
    "frame": [
        messages.FrameArguments,
        messages.Image,
        messages.DmabufImage,
        messages.DmabufPlane,
    ],
    "screenshot": [messages.ScreenshotArguments, messages.Image],
    "quit": [messages.NoArguments],
}


def reference(struct: type[Table]) -> str:
    """The table of a struct's keys, as the documentation must have it."""
    rows = ["| Key | Value | Default | Meaning |", "|---|---|---|---|"]
    for field in key_fields(struct):
        key = key_of(field)
        rows.append(f"| `{field.encode_name}` | {key.expected} | {default(field.default)} | {key.meaning} |")
    return "\n".join(rows)


def default(value: Any) -> str:
    """A default as TOML, nothing where the key's meaning tells what happens without it."""
    if value is msgspec.NODEFAULT or value in (None, "", ()) or isinstance(value, Table):
        return ""
    return f"`{json.dumps(value)}`"


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    match = re.search(rf"^#+ `?{re.escape(title)}`?\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"no section {title}"
    return match[1]


def all_tables(struct: type[Table]) -> Iterator[type[Table]]:
    yield struct
    for field in key_fields(struct):
        below = table_type(field.type)
        if below not in (None, struct):  # a part of a layout has parts
            assert below is not None
            yield from all_tables(below)


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_every_table_of_the_configuration_has_a_section() -> None:
    assert set(all_tables(Config)) == set(TABLES.values())


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_documented_as_it_is(title: str) -> None:
    assert reference(TABLES[title]) in section(CONFIGURATION, title)


def test_the_documented_configurations_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wlvm.libvirt.missing", lambda: "")
    blocks = [
        block
        for text in (CONFIGURATION, CAPTURE, KEYS, LAYOUTS, LIBVIRT, MACHINES)
        for block in code_blocks(text, "toml")
    ]
    assert blocks
    for block in blocks:
        file = tmp_path / "config.toml"
        file.write_text(block)
        load(file)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    load(path)


def test_every_command_of_the_bindings_is_documented() -> None:
    rows = ["| Command | Meaning |", "|---|---|"]
    rows += [f"| `{form.usage.replace('|', chr(92) + '|')}` | {form.meaning} |" for form in FORMS]
    assert "\n".join(rows) in section(KEYS, "Commands")


def test_the_default_bindings_are_documented() -> None:
    rows = ["| Key | Command |", "|---|---|"]
    rows += [f"| {key} | `{command}` |" for key, command in DEFAULT_BINDINGS.items()]
    assert "\n".join(rows) in section(KEYS, "Default bindings")


def test_every_layout_is_documented() -> None:
    assert re.findall(r"^- `(\w+)`: ", section(LAYOUTS, "Layouts"), re.MULTILINE) == list(BUILT_IN)


def test_the_examples_are_named_in_the_documentation() -> None:
    assert [path.name for path in EXAMPLES] == [
        "demo.toml",
        "desktop.toml",
        "headless.toml",
        "machines.toml",
        "nested.toml",
        "workstation.toml",
    ]
    for path in EXAMPLES:
        assert f"config/{path.name}" in CONFIGURATION


@pytest.mark.parametrize("command", STRUCTS)
def test_every_field_of_a_command_is_documented(command: str) -> None:
    text = section(CONTROL, command)
    for struct in STRUCTS[command]:
        for field in struct.__struct_fields__:
            assert f"`{field}`" in text, f"{command}: {field}"


def test_the_documented_lines_are_the_protocols() -> None:
    lines = [json.loads(line) for block in code_blocks(CONTROL, "json") for line in block.splitlines()]
    assert lines
    results: dict[str, Any] = {
        "list": messages.Listing,
        "views": messages.Views,
        "workspaces": messages.Workspaces,
        "outputs": messages.Outputs,
        "subscribe": messages.Subscribed,
        "stats": messages.Stats,
        "trace": messages.Tracing,
        "about": messages.About,
        "inputs": messages.Inputs,
        "attach": messages.Attached,
        "snapshots": messages.Snapshots,
        "frame": messages.Image,
        "frame dmabuf": messages.DmabufImage,
        "screenshot": messages.Image,
    }
    asked: dict[object, messages.Request] = {}
    for line in lines:
        if "protocol" in line:
            assert msgspec.convert(line, messages.Greeting).protocol == messages.PROTOCOL
        elif "event" in line:
            event = msgspec.convert(line, messages.Event)
            assert line == json.loads(msgspec.json.encode(event))
        elif "frames" in line:
            assert line == json.loads(msgspec.json.encode(msgspec.convert(line, trace.Recorded)))
        elif "command" in line:
            request = msgspec.convert(line, messages.Request)
            asked[request.id] = request
            request.parse(STRUCTS[request.command][0])
        elif "error" in line:
            assert line["id"] in asked
            assert line["code"] in ("failed", "invalid", "not-found", "denied")
        else:
            request = asked[line["id"]]
            command = request.command + (" dmabuf" if request.arguments.get("dmabuf") else "")
            result = msgspec.convert(line["result"], results.get(command, dict[str, Any]))
            assert line["result"] == json.loads(msgspec.json.encode(result)), command
    assert {request.command for request in asked.values()} == set(STRUCTS)


def test_the_description_that_a_program_inherits_is_the_protocols() -> None:
    (text,) = code_blocks(CAPTURE, "json")
    told = json.loads(text)
    for plane in told["planes"]:
        assert isinstance(plane.pop("fd"), int)
    image = msgspec.convert(told, messages.DmabufImage)
    assert told == json.loads(msgspec.json.encode(image))


def test_every_command_of_the_socket_has_one_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = capsys.readouterr().out
    for command in STRUCTS:
        word = "msg" if command in ("command", "subscribe", "trace") else command
        assert re.search(rf"^ +{word}\b", told, re.MULTILINE)
