"""The command line: what it prints, and the exit status of each end."""

from __future__ import annotations

import io
import json
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import get_args

import pytest
from PIL import Image

from tests.loops import SelectorLoop
from wlvm import __version__, cli, command_line, remote_commands, tables
from wlvm.config import Config, ConfigError, ConfigSource
from wlvm.frame import Frame
from wlvm.framebuffer import XRGB8888
from wlvm.guest_config import GuestConfig
from wlvm.ipc import Command, ControlError, ControlServer, Request, default_socket
from wlvm.ipc.connection import Result, Stream
from wlvm.ipc.messages import (
    Attached,
    ConsoleListing,
    ConsoleStats,
    Event,
    Focus,
    GuestListing,
    GuestStats,
    InputListing,
    Inputs,
    Latency,
    Listing,
    OutputListing,
    Outputs,
    OutputStats,
    State,
    Stats,
    Subscribed,
    ViewListing,
    Views,
    WorkspaceListing,
    Workspaces,
)
from wlvm.output_config import Mode, OutputConfig
from wlvm.qemu import host
from wlvm.qemu.host import Ability, Host
from wlvm.wlr.backend import BackendKind

LISTING = Listing(
    guests=(
        GuestListing(
            "debian",
            "Debian",
            "#3465a4",
            "running",
            "",
            (ConsoleListing(0, 1280, 800, "HEADLESS-1", 0, 0), ConsoleListing(1, 0, 0, None, 0, 0)),
        ),
        GuestListing("dos", "DOS", "#cc0000", "lost", "no such socket", ()),
    )
)

STATS = Stats(
    guests=(
        GuestStats(
            "debian",
            (
                ConsoleStats(
                    0,
                    "bytes",
                    "it is a VGA",
                    20,
                    18,
                    4_096_000,
                    Latency(1.04, 2.06, 3.0),
                    "refused",
                    (1280, 800),
                ),
                ConsoleStats(1, "", "", 0, 0, 0, None, "off", None),
            ),
        ),
    ),
    outputs=(OutputStats("HEADLESS-1", 19, 4),),
)

INPUTS = Inputs(
    inputs=(
        InputListing(
            "Acme Mouse", "pointer", "046d:c52b", {"accel_speed": -0.25, "tap": True, "accel_profile": "flat"}
        ),
        InputListing("Power Button", "keyboard", "0000:0001", {}),
    )
)

VIEWS = Views(
    views=(
        ViewListing(
            2, None, None, "foot", "a \x1b[31mshell", "2", "DP-1", 0, 0, 640, 480,
            visible=True, focused=True, floating=True, fullscreen=False, parent=None, unresponsive=False,
        ),
        ViewListing(
            1, "debian", 1, None, None, "1", None, 0, 0, 0, 0,
            visible=False, focused=False, floating=False, fullscreen=False, parent=None, unresponsive=False,
        ),
    )
)  # fmt: skip

WORKSPACES = Workspaces(
    workspaces=(
        WorkspaceListing("1", 0, None, False, False, "grid", (1,)),
        WorkspaceListing("2", 1, "DP-1", True, True, "tabbed", (2,)),
    )
)

OUTPUTS = Outputs(
    outputs=(
        OutputListing("DP-2", "", False, 1280, 0, 1280, 720, 1.5, "90", (1920, 1080), 59.951, None, False),
        OutputListing("DP-1", "Acme 7", True, 0, 0, 1280, 800, 1.0, "normal", (1280, 800), 60.0, "2", True),
    )
)

PICTURE = Frame(2, 1, XRGB8888, bytes.fromhex("0000ffee 00ff00ee"))


class Wlvm:
    """A control server in a thread of its own, that answers like a wlvm."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[Request] = []
        self._ended = False
        self.events = [Event("state", state=State(focus=Focus("DP-1", "2", None)))]
        self.answers: dict[str, Callable[[], Result | Stream]] = {
            "list": lambda: LISTING,
            "stats": lambda: STATS,
            "inputs": lambda: INPUTS,
            "views": lambda: VIEWS,
            "workspaces": lambda: WORKSPACES,
            "outputs": lambda: OUTPUTS,
            "command": dict,
            "subscribe": lambda: Stream(Subscribed(("focus",)), self._following, lambda stream: None),
            "attach": lambda: Attached("debian-2"),
            "detach": dict,
            "type": lambda: {"characters": 3},
            "frame": lambda: PICTURE,
            "screenshot": lambda: PICTURE,
            "quit": self._end,
        }
        self._loop = SelectorLoop()
        commands: dict[str, Command] = dict.fromkeys(self.answers, self._answer)
        self._server = ControlServer(self._loop, path, commands)
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def _following(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def _answer(self, request: Request) -> Result | Stream:
        self.asked.append(request)
        return self.answers[request.command]()

    def _end(self) -> dict[str, object]:
        self._ended = True
        return {}

    def _serve(self) -> None:
        self._loop.run_until(lambda: self._ended, timeout=60)
        self._server.close()

    def join(self) -> None:
        if not self._ended:
            assert cli.main(["quit", "--socket", str(self.path)]) == command_line.OK
        self._thread.join()


@pytest.fixture
def wlvm(runtime_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wlvm]:
    monkeypatch.delenv("WLVM_SOCKET", raising=False)
    wlvm = Wlvm(default_socket("wayland-5"))
    yield wlvm
    wlvm.join()


# Asking a running wlvm.


def test_list_is_a_table_with_the_reasons_below(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "GUEST   STATE    CONSOLE  SIZE      OUTPUT      POSITION",
        "debian  running  0        1280x800  HEADLESS-1  0,0",
        "debian  running  1        -         -           -",
        "dos     lost     -        -         -           -",
        "",
        "dos: no such socket",
    ]


def test_stats_is_a_table_with_the_fallbacks_below(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stats"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "GUEST   CONSOLE  PATH   UPDATES  FRAMES  COPIED MB  P50 MS  P99 MS  MAX MS  RESIZE",
        "debian  0        bytes  20       18      4.1        1.0     2.1     3.0     refused 1280x800",
        "debian  1        -      0        0       0          -       -       -       off",
        "",
        "debian 0: it is a VGA",
        "",
        "OUTPUT      FRAMES  SCANNED OUT",
        "HEADLESS-1  19      4",
    ]


def test_inputs_is_a_table_of_settings_as_the_configuration_has_them(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inputs"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "INPUT         KIND      ID         SETTING        VALUE",
        "Acme Mouse    pointer   046d:c52b  accel_speed    -0.25",
        "                                   tap            true",
        '                                   accel_profile  "flat"',
        "Power Button  keyboard  0000:0001  -              -",
    ]
    wlvm.answers["inputs"] = lambda: Inputs(())
    assert cli.main(["inputs"]) == command_line.OK
    assert capsys.readouterr().out == "no input devices\n"


def test_views_are_a_table_that_their_titles_cannot_leave(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["views"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "ID  WORKSPACE  VIEW                PLACE        STATE",
        "1   1          debian:1            -            -",
        "2   2          foot: a ?[31mshell  640x480+0+0  focused, visible, floating",
    ]


def test_workspaces_are_a_table(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["workspaces"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "WORKSPACE  OUTPUT  LAYOUT  VIEWS  STATE",
        "1          -       grid    1      -",
        "2          DP-1    tabbed  1      focused",
    ]


def test_outputs_are_a_table_from_left_to_right(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["outputs"]) == command_line.OK
    assert capsys.readouterr().out.splitlines() == [
        "OUTPUT  DESCRIPTION  MODE              SCALE  TRANSFORM  PLACE            WORKSPACE  STATE",
        "DP-1    Acme 7       1280x800@60       1      normal     1280x800+0+0     2          focused",
        "DP-2    -            1920x1080@59.951  1.5    90         1280x720+1280+0  -          off",
    ]


def test_msg_sends_commands(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["msg", "workspace", "mail", ";", "exec", "foot", "-e", "top"]) == command_line.OK
    assert wlvm.asked[-1].arguments == {"commands": ["workspace mail", "exec foot -e top"]}
    assert capsys.readouterr().out == ""
    assert cli.main(["msg", "--json", "close"]) == command_line.OK
    assert json.loads(capsys.readouterr().out) == {"ok": True}


def test_msg_without_a_command_is_a_wrong_command_line(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([], [";"], ["subscribe", "feelings"]):
        assert cli.main(["msg", *words]) == command_line.USAGE
        assert "expected" in capsys.readouterr().err
    assert wlvm.asked == []


def test_a_command_that_fails_is_told_as_wished(wlvm: Wlvm, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> Result:
        raise ControlError("no view has the focus")

    wlvm.answers["command"] = refuse
    assert cli.main(["msg", "close"]) == command_line.FAILED
    assert capsys.readouterr().err == "wlvm: no view has the focus\n"
    assert cli.main(["msg", "--json", "close"]) == command_line.FAILED
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "error": "no view has the focus",
        "code": "failed",
    }


def test_events_are_lines_as_they_come(wlvm: Wlvm, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(reader) as lines, open(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        subscriber = Thread(target=cli.main, args=(["msg", "subscribe", "focus"],))
        subscriber.start()
        assert json.loads(lines.readline()) == {
            "event": "state",
            "state": {"focus": {"output": "DP-1", "workspace": "2", "view": None}},
        }
        assert wlvm.asked[-1].arguments == {"kinds": ["focus"]}
        wlvm.join()
        subscriber.join()


def test_waybar_prints_modules_lines(wlvm: Wlvm, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(reader) as lines, open(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        bar = Thread(target=cli.main, args=(["waybar", "--output", "DP-1"],))
        bar.start()
        assert json.loads(lines.readline()).keys() == {"text", "tooltip", "alt", "class"}
        wlvm.join()
        bar.join()


def test_no_guests_is_a_sentence() -> None:
    assert tables.listing(Listing(guests=())) == "no guests"


@pytest.mark.parametrize("command", ["list", "stats"])
def test_json_is_what_wlvm_said(wlvm: Wlvm, capsys: pytest.CaptureFixture[str], command: str) -> None:
    wlvm.answers[command] = lambda: {"guests": [], "new": "not known to this client"}
    assert cli.main([command, "--json"]) == command_line.OK
    assert json.loads(capsys.readouterr().out) == {"guests": [], "new": "not known to this client"}


def test_an_answer_of_another_shape_fails_without_a_traceback(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str]
) -> None:
    wlvm.answers["list"] = lambda: {"guests": 3}
    assert cli.main(["list"]) == command_line.FAILED
    assert "control protocol" in capsys.readouterr().err


def test_attach_sends_the_whole_path_and_prints_the_name(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["attach", "debian.qmp"]) == command_line.OK
    assert wlvm.asked[-1].arguments == {"qmp": str(tmp_path / "debian.qmp")}
    assert capsys.readouterr().out == "debian-2\n"
    assert cli.main(["attach", "--json", "debian.qmp"]) == command_line.OK
    assert json.loads(capsys.readouterr().out) == {"name": "debian-2"}


def test_a_text_is_typed_that_is_given_or_comes_from_the_standard_input(
    wlvm: Wlvm, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["type", "debian", "ls\n"]) == command_line.OK
    assert wlvm.asked[-1].arguments == {"guest": "debian", "text": "ls\n"}
    monkeypatch.setattr("sys.stdin", io.StringIO("pwd\n"))
    assert cli.main(["type", "debian", "-"]) == command_line.OK
    assert wlvm.asked[-1].arguments == {"guest": "debian", "text": "pwd\n"}


def test_detach_names_the_guest(wlvm: Wlvm) -> None:
    assert cli.main(["detach", "debian"]) == command_line.OK
    assert (wlvm.asked[-1].command, wlvm.asked[-1].arguments) == ("detach", {"guest": "debian"})


def test_pictures_are_written_as_png(wlvm: Wlvm, tmp_path: Path) -> None:
    for command in (["frame", "debian", "--console", "1"], ["screenshot", "--output", "HEADLESS-1"]):
        file = tmp_path / f"{command[0]}.png"
        assert cli.main([*command, "-o", str(file)]) == command_line.OK
        with Image.open(file) as image:
            assert (image.size, image.tobytes()) == ((2, 1), bytes.fromhex("ff0000 00ff00"))
    assert [request.arguments for request in wlvm.asked] == [
        {"guest": "debian", "console": 1},
        {"output": "HEADLESS-1"},
    ]


def test_a_picture_may_go_to_the_standard_output(
    wlvm: Wlvm, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert cli.main(["frame", "debian", "-o", "-"]) == command_line.OK
    with Image.open(io.BytesIO(capfdbinary.readouterr().out)) as image:
        assert image.size == (2, 1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--exec", "true"], "are for --dmabuf"),
        (["--allow-copy", "-o", "-"], "are for --dmabuf"),
        (["--dmabuf", "--exec"], "expected a program"),
    ],
)
def test_options_of_a_dmabuf_make_no_sense_alone(
    wlvm: Wlvm, options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["frame", "debian", *options]) == command_line.USAGE
    assert text in capsys.readouterr().err
    assert not wlvm.asked


def test_a_dmabuf_that_there_is_none_of_fails_with_the_reason(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> Result:
        raise ControlError("debian's picture is bytes, not a dma-buf")

    wlvm.answers["frame"] = refuse
    assert cli.main(["frame", "debian", "--dmabuf", "-o", "-"]) == command_line.FAILED
    assert capsys.readouterr().err == "wlvm: debian's picture is bytes, not a dma-buf\n"
    assert wlvm.asked[-1].arguments["dmabuf"] is True


def test_a_file_that_cannot_be_written_fails(
    wlvm: Wlvm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["screenshot", "-o", str(tmp_path / "absent" / "x.png")]) == command_line.FAILED
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ControlError("no guest debian", "not-found"), command_line.NOT_FOUND),
        (ControlError("cannot"), command_line.FAILED),
        (ControlError("nonsense", "invalid"), command_line.USAGE),
    ],
)
def test_a_refusal_is_told_with_its_exit_status(
    wlvm: Wlvm, capsys: pytest.CaptureFixture[str], error: ControlError, status: int
) -> None:
    def refuse() -> Result:
        raise error

    wlvm.answers["detach"] = refuse
    assert cli.main(["detach", "debian"]) == status
    assert capsys.readouterr().err == f"wlvm: {error}\n"


def test_no_running_wlvm_has_an_exit_status_of_its_own(
    runtime_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WLVM_SOCKET", raising=False)
    assert cli.main(["list"]) == command_line.NOT_RUNNING
    assert cli.main(["list", "--socket", str(runtime_dir / "none.sock")]) == command_line.NOT_RUNNING
    assert "no wlvm is running" in capsys.readouterr().err


def test_the_socket_may_be_named(wlvm: Wlvm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WLVM_SOCKET", "/nowhere.sock")
    assert cli.main(["list"]) == command_line.NOT_RUNNING
    assert cli.main(["list", "--socket", str(wlvm.path)]) == command_line.OK
    monkeypatch.setenv("WLVM_SOCKET", str(wlvm.path))
    assert cli.main(["list"]) == command_line.OK


# What to run.


def test_without_anything_the_configuration_is_empty(tmp_path: Path) -> None:
    assert cli.configuration(None, [], [], {"HOME": str(tmp_path)}) == Config()


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.config/wlvm/config.toml"),
        ({"HOME": "/home/ada", "XDG_CONFIG_HOME": "/etc/ada"}, "/etc/ada/wlvm/config.toml"),
        ({"HOME": "/home/ada", "XDG_CONFIG_HOME": "relative"}, "/home/ada/.config/wlvm/config.toml"),
    ],
)
def test_where_the_users_own_configuration_is(environ: dict[str, str], place: str) -> None:
    assert cli.own_config(environ) == Path(place)


def test_the_users_own_configuration_is_used_where_there_is_one(tmp_path: Path) -> None:
    own = tmp_path / "wlvm" / "config.toml"
    own.parent.mkdir()
    own.write_text("keyboard.layout = 'de'")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert cli.configuration(None, [], [], environ).keyboard.layout == "de"
    own.write_text("keyboard.layout = 3")
    with pytest.raises(ConfigError):
        cli.configuration(None, [], [], environ)


def test_the_command_line_adds_guests_and_replaces_outputs(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("guest.debian.qmp = '/a.qmp'\n[[output]]\nscale = 2\n")
    config = cli.configuration(file, [Path("/b/debian.qmp"), Path("/c.qmp")], [Mode(640, 480)], {})
    assert [(guest.name, str(guest.qmp)) for guest in config.guests] == [
        ("debian", "/a.qmp"), ("debian-2", "/b/debian.qmp"), ("c", "/c.qmp"),
    ]  # fmt: skip
    assert config.outputs == (OutputConfig(mode=Mode(640, 480)),)


def test_run_hands_configuration_and_backend_to_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[tuple[Config, str]] = []
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run(config: Config, backend: str, source: ConfigSource) -> int:
        started.append((config, backend))
        assert source.path == tmp_path / "wlvm" / "config.toml"
        assert source.read() == config
        return 0

    fake_part(monkeypatch, "server", run)
    assert cli.main(["run", "--backend", "headless", "--attach", "/a.qmp", "--output", "640x480@30"]) == 0
    [(config, backend)] = started
    assert backend == "headless"
    assert config.guests == (GuestConfig(name="a", qmp=Path("/a.qmp")),)
    assert config.outputs == (OutputConfig(mode=Mode(640, 480, 30000)),)


def test_a_wrong_configuration_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_part(monkeypatch, "server", lambda config, backend, source: pytest.fail("started"))
    file = tmp_path / "config.toml"
    file.write_text("bell = 1\nwhistle = 2\n")
    assert cli.main(["run", "--config", str(file)]) == command_line.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_demo_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def run(backend: str, *, seconds: float | None, png: Path | None) -> int:
        asked.append((backend, seconds, png))
        return 7

    fake_part(monkeypatch, "demo", run)
    assert cli.main(["demo", "--seconds", "2.5", "--png", "x.png"]) == 7
    assert asked == [("auto", 2.5, Path("x.png"))]


def fake_part(monkeypatch: pytest.MonkeyPatch, name: str, run: Callable[..., object]) -> None:
    """Put a module with this `run` in the place of one that would start a compositor."""
    module = types.ModuleType(f"wlvm.{name}")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"wlvm.{name}", module)
    monkeypatch.setattr(f"wlvm.{name}", module, raising=False)


# Looking at files, and the command line itself.


def test_validate_says_ok_or_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text("guest.a.qmp = '/x'")
    assert cli.main(["validate", str(file)]) == command_line.OK
    assert capsys.readouterr().out == f"{file}: ok: guests 1, outputs 0\n"
    assert cli.main(["validate", "--json", str(file)]) == command_line.OK
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}
    file.write_text("guest.a.color = '/x'\nbell = 1")
    assert cli.main(["validate", str(file)]) == command_line.USAGE
    assert capsys.readouterr().err.count("\n") == 2
    assert cli.main(["validate", "--json", str(file)]) == command_line.USAGE
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["problems"][0] == {
        "file": str(file), "key": "guest.a.color", "value": '"/x"', "expected": 'expected a colour "#rrggbb"',
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["frame", "debian"], ["run", "--output", "big"], ["demo", "--seconds", "0"], ["run", "--backend", "qt"]],
)  # fmt: skip
def test_a_wrong_command_line_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == command_line.USAGE
    error = capsys.readouterr().err
    assert error.startswith("wlvm")
    assert error.count("\n") == 1


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"wlvm {__version__}\n"


def test_the_backends_are_those_that_there_are() -> None:
    assert get_args(BackendKind) == cli.BACKENDS


def test_who_stops_reading_gets_no_traceback(
    wlvm: Wlvm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(text: str) -> None:
        raise BrokenPipeError

    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(remote_commands, "print_json", broken)
        monkeypatch.setattr(sys, "stdout", out)
        assert cli.main(["list", "--json"]) == command_line.FAILED


def test_explain_says_what_is_run_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = Host(Ability(False, "there is no /dev/kvm"), Ability(False, "there is no GPU"), None)
    monkeypatch.setattr(host, "examine", lambda qemu, render_node: bare)
    file = tmp_path / "c.toml"
    file.write_text(
        'guest.a = { memory = "4G" }\nguest.b.qmp = "/x"\nguest.c.launch = ["qemu", "-vga", "std"]'
    )

    def explain(name: str, *options: str) -> int:
        return cli.main(["explain", name, "--config", str(file), *options])

    assert explain("a") == command_line.OK
    told = capsys.readouterr().out
    assert "because: there is no /dev/kvm" in told
    assert "qemu-system-x86_64 -name a " in told
    assert explain("c", "--json") == command_line.OK
    assert json.loads(capsys.readouterr().out)["command"][:5] == [
        "qemu",
        "-vga",
        "std",
        "-display",
        "dbus,p2p=yes",
    ]
    assert explain("b") == command_line.FAILED
    assert explain("d") == command_line.NOT_FOUND
    assert "no guest d: there are a, b, c" in capsys.readouterr().err
