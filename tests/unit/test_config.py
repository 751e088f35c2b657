"""The configuration: what a file may say, and how every mistake in it is told."""

from __future__ import annotations

import copy
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wlvm.config import Config, ConfigError, IdleConfig, load
from wlvm.config_reader import TableReader, key_path, shown
from wlvm.guest_config import ConsoleConfig, GuestConfig, InputConfig
from wlvm.input_config import KeyboardConfig
from wlvm.output_config import Mode, OutputConfig

FULL = """
[[output]]
name = "HEADLESS-1"
mode = "1280x800@59.94"
scale = 2
transform = "flipped-90"
position = [-10, 0]

[[output]]
enabled = false

[guest.debian]
qmp = "run/debian.qmp"
label = "Debian GNU"
color = "#A1b2C3"
input = { motion = "dbus", repeat = "never", repeat_rate = 30, repeat_delay = 250 }

[[guest.debian.console]]
head = 1
output = "HEADLESS-1"
position = [5, 6]
size = [640, 480]

[guest.win_11-a]
launch = ["qemu-system-x86_64", "-m", "2G", "-append", ""]

[keyboard]
layout = "de,us"
variant = "nodeadkeys,"
model = "pc105"
options = "caps:escape,compose:ralt"

[idle]
screen_off = 600
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def problems(file: Path, text: str) -> list[str]:
    """What is said of a file, without its name."""
    file.write_text(text)
    with pytest.raises(ConfigError) as wrong:
        load(file)
    lines = str(wrong.value).splitlines()
    assert len(lines) == len(wrong.value.problems)
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_everything_that_can_be_said(file: Path) -> None:
    file.write_text(FULL)
    assert load(file) == Config(
        outputs=(
            OutputConfig(
                name="HEADLESS-1",
                mode=Mode(1280, 800, 59940),
                scale=2.0,
                transform="flipped-90",
                position=(-10, 0),
            ),
            OutputConfig(enabled=False),
        ),
        guests=(
            GuestConfig(
                name="debian",
                qmp=file.parent / "run/debian.qmp",
                label="Debian GNU",
                color="#A1b2C3",
                input=InputConfig(motion="dbus", repeat="never", repeat_rate=30, repeat_delay=250),
                consoles=(ConsoleConfig(head=1, output="HEADLESS-1", position=(5, 6), size=(640, 480)),),
            ),
            GuestConfig(name="win_11-a", launch=("qemu-system-x86_64", "-m", "2G", "-append", "")),
        ),
        keyboard=KeyboardConfig(
            layout="de,us", variant="nodeadkeys,", model="pc105", options="caps:escape,compose:ralt"
        ),
        idle=IdleConfig(screen_off=600),
    )


def test_nothing_need_be_said(file: Path) -> None:
    file.write_text("")
    assert load(file) == Config()
    assert Config().keyboard.names() == {"layout": "us", "variant": "", "model": "", "options": ""}


def test_paths_start_at_the_file_or_at_home(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir("/")
    file.write_text('guest = { a.qmp = "a.sock", b.qmp = "~/b.sock", c.qmp = "/c.sock" }')
    assert [guest.qmp for guest in load(file).guests] == [
        file.parent / "a.sock", Path("/home/ada/b.sock"), Path("/c.sock"),
    ]  # fmt: skip


def test_a_file_named_from_its_own_directory_gives_whole_paths(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.write_text('guest.a.qmp = "a.sock"')
    assert load(Path(file.name)).guests[0].qmp == file.parent / "a.sock"


def test_a_guest_has_a_label_and_a_lasting_colour_without_being_given_them() -> None:
    guest = GuestConfig(name="debian", qmp=Path("/x"))
    assert guest.label == "debian"
    assert guest.color == GuestConfig(name="debian", launch=("qemu",)).color
    assert len(guest.color) == 7


def test_a_console_is_found_by_its_head() -> None:
    rule = ConsoleConfig(head=1)
    guest = GuestConfig(name="debian", qmp=Path("/x"), consoles=(rule,))
    assert guest.console(1) is rule
    assert guest.console(0) is None


@pytest.mark.parametrize(
    ("path", "taken", "name"),
    [
        ("/run/debian.qmp", [], "debian"),
        ("/run/My VM #1.sock", [], "my-vm-1"),
        ("/run/debian.qmp", ["debian", "debian-2"], "debian-3"),
        ("/run/+++", [], "guest"),
        ("/run/" + "x" * 200, [], "x" * 56),
    ],
)
def test_a_guest_that_no_file_names_is_called_after_its_socket(
    path: str, taken: list[str], name: str
) -> None:
    guest = GuestConfig.attached(Path(path), taken)
    assert (guest.name, guest.qmp) == (name, Path(path))


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("1280x800", Mode(1280, 800)),
        ("1x1@1", Mode(1, 1, 1000)),
        ("1920x1080@59.94", Mode(1920, 1080, 59940)),
    ],
)
def test_modes(text: str, mode: Mode) -> None:
    assert Mode.parse(text) == mode
    assert str(mode) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1280",
        "1280x",
        "0x800",
        "1280x99999",
        "1280x800@",
        "1280x800@0",
        "1x1@2000",
        "1x1\n",
        "-1x1",
        "１x1",
    ],
)
def test_what_is_no_mode(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Mode.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gest = {}", 'gest: {}: expected no such key: did you mean "guest"?'),
        ("bell = 1", "bell: 1: expected no such key, but bindings, capture, desktop, guest, idle, input_device, keyboard, keys, layout, look, mode, output, rule, workspace"),
        ("guest = []", "guest: []: expected a table of guests, [guest.NAME]"),
        ("[output]", "output: {}: expected an array of tables, [[output]]"),
        ("output = [3]", "output[0]: 3: expected a table"),
        ("keyboard = 'de'", 'keyboard: "de": expected a table'),
        ("[[output]]\nscale = 0", "output[0].scale: 0: expected a number from 0.25 to 8"),
        ("[[output]]\nscale = nan", "output[0].scale: NaN: expected a number from 0.25 to 8"),
        ("[[output]]\nscale = true", "output[0].scale: true: expected a number from 0.25 to 8"),
        ("[[output]]\nposition = [0]", "output[0].position: [0]: expected [x, y], whole numbers from -32768 to 32767"),
        ("[[output]]\nposition = [0, 99999]", "output[0].position: [0, 99999]: expected [x, y], whole numbers from -32768 to 32767"),
        ("[[output]]\nname = 'A'\n[[output]]\nname = 'A'", 'output[1].name: "A": expected each name once'),
        ("guest.a = 3", "guest.a: 3: expected a table"),
        ("guest.a = {}", "guest.a: expected qmp, libvirt, launch, or what the machine has: memory, disks and so on"),
        ("guest.a = { qmp = 'x', gl = true }", "guest.a.gl: expected no such key beside qmp: this QEMU has chosen its GPU"),
        ("guest.a = { launch = ['q'], gl = 'yes' }", 'guest.a.gl: "yes": expected true, false or "auto"'),
        ("guest.a = { qmp = 'x', launch = ['q'] }", "guest.a: expected qmp, libvirt, launch, or what the machine has, and one of these alone"),
        ("guest.a = { qmp = 'x', memory = '4G' }", "guest.a: expected qmp, libvirt, launch, or what the machine has, and one of these alone"),
        ("guest.a = { qmp = 'x', outlive = true }", "guest.a.outlive: expected no such key beside qmp: this QEMU outlives wlvm in any case"),
        ("guest.a = { memory = '4G', uri = 'qemu:///system' }", 'guest.a.uri: "qemu:///system": expected it beside libvirt alone'),
        ("guest.a.memory = '4 GB'", 'guest.a.memory: "4 GB": expected a size, such as "512M" or "4G"'),
        ("guest.a.disks = 'a.img'", 'guest.a.disks: "a.img": expected a list of paths'),
        ("guest.a.disks = [3]", "guest.a.disks: [3]: expected a list of paths"),
        ("guest.a.forward = ['22']", 'guest.a.forward: ["22"]: expected a list of ports, such as "2222:22" or "udp:5353:53"'),
        ("guest.a.forward = ['2222:0']", 'guest.a.forward[0]: "2222:0": expected ports from 1 to 65535'),
        ("guest.a = { forward = ['2222:22'], network = 'none' }", 'guest.a.forward: expected it beside network = "user" alone'),
        ("guest.a = { heads = 2, devices = 'standard' }", "guest.a.heads: 2: expected 1: a vga graphics card has one screen"),
        ("guest.a.extra = ['-nographic']", "guest.a.extra: -nographic cannot be in QEMU's command line: wlvm shows the display; for a console on the terminal use -serial stdio"),
        ("guest.a.qmp = ''", 'guest.a.qmp: "": expected the path of a socket, at most 107 bytes long'),
        ('guest.a.qmp = "\\u0000"', 'guest.a.qmp: "\\u0000": expected the path of a socket, at most 107 bytes long'),
        ("guest.a.launch = 'qemu -m 2G'", 'guest.a.launch: "qemu -m 2G": expected a list of strings: a program and its arguments'),
        ("guest.a.launch = []", "guest.a.launch: []: expected a list of strings: a program and its arguments"),
        ("guest.a.launch = ['']", 'guest.a.launch[0]: "": expected a program'),
        ("guest.a = { qmp = '/x', color = 'red' }", 'guest.a.color: "red": expected a colour "#rrggbb"'),
        ("guest.a = { qmp = '/x', color = '#808890' }", 'guest.a.color: "#808890": expected more of a colour: greys mark host programs'),
        ("look.border = -1", "look.border: -1: expected a whole number from 0 to 64"),
        ("guest.a = { qmp = '/x', label = \"a\\nb\" }", 'guest.a.label: "a\\nb": expected 1 to 64 printable characters'),
        ("guest.a = { qmp = '/x', input.motion = 'usb' }", 'guest.a.input.motion: "usb": expected "qmp" or "dbus"'),
        ("guest.a = { qmp = '/x', console = [{head = 1}, {head = 1}] }", "guest.a.console[1].head: 1: expected each head once"),
        ("guest.a = { qmp = '/x' }\nguest.b = { qmp = '/x' }", 'guest.b.qmp: "/x": expected a socket of its own for each guest'),
        ("[[output]]\ntransform = 'left'", 'output[0].transform: "left": expected one of normal, 90, 180, 270, flipped, flipped-90, flipped-180, flipped-270'),
        ("idle.screen_off = -1", "idle.screen_off: -1: expected a whole number from 0 to 86400"),
        ("keyboard.repeat_rate = 101", "keyboard.repeat_rate: 101: expected a whole number from 0 to 100"),
        ("[[input_device]]\naccel_speed = 1.5", "input_device[0].accel_speed: 1.5: expected a number from -1 to 1"),
        ("[[input_device]]\nkind = 'keyboard'\ntap = true", "input_device[0].tap: true: expected no such key for a keyboard"),
        ("[[input_device]]\nkind = 'touchpad'\nlayout = 'de'", 'input_device[0].layout: "de": expected no such key for a touchpad'),
        ("[[input_device]]\nid = '046D:c52b'", 'input_device[0].id: "046D:c52b": expected "VENDOR:PRODUCT", each four of the characters 0-9 and a-f'),
        ("keyboard.layout = 'de us'", 'keyboard.layout: "de us": expected a name of xkeyboard-config'),
    ],
)  # fmt: skip
def test_each_mistake_says_where_what_and_what_was_expected(file: Path, text: str, problem: str) -> None:
    assert problems(file, text) == [problem]


@pytest.mark.parametrize("name", ["My VM", "Ä", "", "a.b", "x" * 65, "a\n"])
def test_a_guests_name_has_few_characters(file: Path, name: str) -> None:
    [problem] = problems(file, f"[guest.{json.dumps(name)}]\nqmp = '/x'")
    assert problem.endswith("expected a guest's name: 1 to 64 of the characters a-z, 0-9, - and _")


def test_the_paths_of_a_machine_start_at_the_file(file: Path) -> None:
    file.write_text('guest.a = { disks = ["a.qcow2", "/dev/sdb"], cd = "~/b.iso" }')
    [guest] = load(file).guests
    assert guest.disks == (file.parent / "a.qcow2", Path("/dev/sdb"))
    assert guest.cd == Path("~/b.iso").expanduser()


def test_a_socket_that_the_kernel_could_not_name_is_refused(file: Path) -> None:
    [problem] = problems(file, f"guest.a.qmp = '/{'x' * 107}'")
    assert problem.endswith("expected a path of at most 107 bytes")


@pytest.mark.parametrize("option", ["-display", "-daemonize", "--nographic"])
def test_options_that_take_the_display_away_are_refused(file: Path, option: str) -> None:
    [problem] = problems(file, f"guest.a.launch = ['qemu', '{option}']")
    assert problem.startswith("guest.a.launch: ")
    assert option in problem


def test_a_console_on_an_output_must_find_it_among_those_named(file: Path) -> None:
    console = "guest.a = { qmp = '/x', console = [{output = 'DP-1'}] }\n"
    file.write_text(console)
    load(file)
    assert problems(file, console + "[[output]]\nname = 'DP-2'") == [
        'guest.a.console[0].output: "DP-1": expected the name of an [[output]]: DP-2'
    ]
    assert problems(file, console + "[[output]]") == [
        'guest.a.console[0].output: "DP-1": expected the name of an [[output]]: none has one'
    ]


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    text = (
        "bell = 1\n[[output]]\nscale = 9\n[guest.a]\n[guest.b]\nqmp = 3\ncolor = 4\n[keyboard]\nlayout = 1\n"
    )
    told = problems(file, text)
    assert [problem.split(":")[0] for problem in told] == [
        "bell", "output[0].scale", "guest.a", "guest.b.qmp", "guest.b.color", "keyboard.layout",
    ]  # fmt: skip


def test_a_mistake_of_syntax_says_line_and_column(file: Path) -> None:
    [problem] = problems(file, "[guest.a]\nqmp '/x'\n")
    assert problem.startswith("expected TOML: ")
    assert "line 2, column 5" in problem


def test_what_is_no_file_no_text_or_too_deep_is_told(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: No such file"):
        load(file)
    with pytest.raises(ConfigError, match="Is a directory"):
        load(file.parent)
    file.write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match="expected UTF-8 text, but byte 5 is not"):
        load(file)
    for text in ("x = " + "[" * 100_000, "x = " + "9" * 5000):
        file.write_text(text)
        with pytest.raises(ConfigError):
            load(file)


def test_a_long_value_is_cut_and_stays_on_its_line() -> None:
    assert shown("x" * 1000) == '"' + "x" * 78 + "…"
    assert shown("a\nb") == '"a\\nb"'
    assert shown("\x9b2J\u2028") == '"\\u009b2J\\u2028"'
    assert shown(tomllib.loads("x = 1979-05-27")["x"]) == '"1979-05-27"'


def test_paths_of_keys_are_spelled_as_in_toml() -> None:
    assert key_path(["guest", "a", "console", 0, "head"]) == "guest.a.console[0].head"
    assert key_path(["guest", "My VM"]) == 'guest."My VM"'


# No mistake is met with a traceback.

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["1280x800", "/x", "DP-1", "#000000"]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with each of its keys or indices."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [place for item in value.values() for place in places(item)]
    if isinstance(value, list):
        return [(value, i) for i in range(len(value))] + [place for item in value for place in places(item)]
    return []


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_value_in_any_place_is_read_or_told_as_a_problem(data: st.DataObject) -> None:
    tables = copy.deepcopy(tomllib.loads(FULL))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(tables)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(st.text(max_size=8))] = container.pop(key)
        else:
            container[key] = data.draw(VALUES)
        if not places(tables):
            break
    reader = TableReader("file", {Mode: Mode.parse, Path: Path})
    config = reader.read(Config, tables)
    assert (config is None) == bool(reader.problems)
    for problem in reader.problems:
        assert "\n" not in str(problem)
        assert "expected" in problem.expected or "cannot" in problem.expected


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_text_is_a_configuration_or_a_config_error(file: Path, data: st.DataObject) -> None:
    text = FULL.encode()
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 20)))
    noise = data.draw(
        st.binary(max_size=10) | st.sampled_from([b"[", b"]", b'"', b"\n", b"=", b"{}", b"-1", b"\0"])
    )
    file.write_bytes(text[:start] + noise + text[end:])
    told = None
    try:
        load(file)
    except ConfigError as error:
        told = str(error)
    assert told is None or all(line.startswith(f"{file}: ") for line in told.splitlines())


# Domains of libvirt.


@pytest.fixture
def libvirt_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wlvm.libvirt.missing", lambda: "")


@pytest.mark.usefixtures("libvirt_is_there")
def test_a_domain_is_named_with_its_libvirt(file: Path) -> None:
    file.write_text("guest = { a.libvirt = 'my domain', b = { libvirt = 'b', uri = 'qemu:///system' } }")
    assert [(guest.libvirt, guest.uri) for guest in load(file).guests] == [
        ("my domain", "qemu:///session"),
        ("b", "qemu:///system"),
    ]


@pytest.mark.usefixtures("libvirt_is_there")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("guest.a.libvirt = ''", 'guest.a.libvirt: "": expected the name of a domain'),
        ("guest.a = { libvirt = 'b', uri = 'session' }", 'guest.a.uri: "session": expected a URI of libvirt\'s, such as qemu:///system'),
        ("guest.a = { libvirt = 'b', gl = true }", "guest.a.gl: expected no such key beside libvirt: this QEMU has chosen its GPU"),
        ("guest.a = { libvirt = 'b', memory = '1G' }", "guest.a: expected qmp, libvirt, launch, or what the machine has, and one of these alone"),
        ("guest = { a.libvirt = 'b', c.libvirt = 'b' }", 'guest.c.libvirt: "b": expected each domain once'),
    ],
)  # fmt: skip
def test_mistakes_about_domains(file: Path, text: str, problem: str) -> None:
    assert problems(file, text) == [problem]


def test_without_libvirt_python_a_domain_is_a_mistake_that_says_what_to_install(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    (problem,) = problems(file, "guest.a.libvirt = 'b'")
    assert problem.startswith('guest.a.libvirt: "b": wlvm is installed without libvirt')
    assert "pip install 'wlvm[libvirt]'" in problem
