"""Programs that ask and command a running wlvm: every answer and every event of the real thing, by real clients."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np
import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import DEADLINE, WLVM, Wlvm, eventually
from wlvm.ipc import ControlClient, ControlError
from wlvm.ipc.messages import Event, State

TWO_OUTPUTS = """
[[output]]
mode = "1280x800@60"
[[output]]
mode = "640x480@30"
scale = 2.0
"""


#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = [
    pytest.mark.one_qemu,
    pytest.mark.filterwarnings("ignore:Exception ignored from cffi callback <function dispatcher_func"),
]

KEY_A = 30
#: Of config/waybar/style.css: the line below a module whose guest has the keyboard, and the text of one that is lost.
GRABBED, LOST = 0xF0C674, 0xCC6666


class Subscriber:
    """`wlvm msg subscribe`, and what it has told."""

    def __init__(self, wlvm: Wlvm, *words: str) -> None:
        self._process = subprocess.Popen(
            [WLVM, *(words or ("msg", "--socket", str(wlvm.socket), "subscribe"))], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._partial = b""
        self.lines: list[dict[str, Any]] = []

    def wait_for(self, what: str, ask: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The next line for which `ask` is true; those up to it are forgotten."""
        end = time.monotonic() + DEADLINE
        while True:
            while self.lines:
                line = self.lines.pop(0)
                if ask(line):
                    return line
            assert time.monotonic() < end, f"it was never told that {what}"
            self._read()

    def state(self) -> State:
        return json_event(self.wait_for("all is as it is", lambda line: True)).state or State()

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        select.select([stdout], [], [], 0.1)
        *lines, self._partial = (self._partial + (stdout.read() or b"")).split(b"\n")
        self.lines += map(json.loads, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def json_event(line: dict[str, Any]) -> Event:
    return msgspec.convert(line, Event)


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config=TWO_OUTPUTS) as wlvm:
        yield wlvm


def msg(wlvm: Wlvm, *words: str) -> int:
    """The exit status of `wlvm msg`."""
    command = [WLVM, "msg", "--socket", str(wlvm.socket), *words]
    return subprocess.run(command, check=False, timeout=DEADLINE, capture_output=True).returncode


def focused(wlvm: Wlvm) -> dict[str, Any] | None:
    views: list[dict[str, Any]] = wlvm.control.call("views")["views"]
    return next((view for view in views if view["focused"]), None)


def workspaces(wlvm: Wlvm) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in wlvm.control.call("workspaces")["workspaces"]}


def test_commands_do_what_keys_would(wlvm: Wlvm) -> None:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        client.window(0xFF0000, title="one", app_id="red")
        client.window(0x00FF00, title="two", app_id="green")
        eventually("the newer one has the focus", lambda: (focused(wlvm) or {}).get("app_id") == "green")
        wlvm.control.command("focus app red")
        assert (focused(wlvm) or {})["title"] == "one"
        assert msg(wlvm, "move", "to", "workspace", "mail", ";", "workspace mail") == 0
        assert workspaces(wlvm)["mail"]["views"] == [(focused(wlvm) or {})["id"]]
        assert msg(wlvm, "focus", "guest", "nobody") == 1
        assert msg(wlvm, "dance") == 2
        with pytest.raises(ControlError, match="expected a mode"):
            wlvm.control.command("workspace back", "mode dancing", "close")
        assert workspaces(wlvm)["mail"]["visible"] is False, "what came before the failure was done"


def test_a_line_for_the_shell_runs_beside_wlvm(wlvm: Wlvm) -> None:
    told = wlvm.runtime_dir / "told"
    assert msg(wlvm, "exec", f"echo $WAYLAND_DISPLAY $WLVM_SOCKET > {told}.new; mv {told}.new {told}") == 0
    eventually("the line was run", told.exists)
    assert told.read_text() == f"{wlvm.display} {wlvm.socket}\n", "it knows its wlvm"


def test_the_answers_are_what_is_on_the_screens(wlvm: Wlvm) -> None:
    outputs = {each["name"]: each for each in wlvm.control.call("outputs")["outputs"]}
    assert {name: each["pixels"] for name, each in outputs.items()} == {
        "HEADLESS-1": [1280, 800],
        "HEADLESS-2": [640, 480],
    }
    assert (outputs["HEADLESS-2"]["x"], outputs["HEADLESS-2"]["width"]) == (1280, 320)
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        wlvm.control.command("focus output HEADLESS-1")
        client.window(0xFF0000, app_id="red")
        client.window(0x0000FF, app_id="blue")
        views = {each["app_id"]: each for each in wlvm.control.call("views")["views"]}
        for app_id, color in (("red", 0xFF0000), ("blue", 0x0000FF)):
            view = views[app_id]
            assert (view["output"], view["visible"]) == ("HEADLESS-1", True)
            rows = slice(view["y"], view["y"] + view["height"])
            columns = slice(view["x"], view["x"] + view["width"])

            def is_there(rows: slice = rows, columns: slice = columns, color: int = color) -> bool:
                return bool(np.all(wlvm.screen("HEADLESS-1")[rows, columns] == color))

            eventually(f"{app_id} fills its place", is_there)


def test_a_subscriber_is_told_of_the_whole_life_of_a_view(wlvm: Wlvm) -> None:
    with Subscriber(wlvm) as told, Client(wlvm.runtime_dir / wlvm.display) as client:
        assert told.state().views == ()
        window = client.window(0xFF0000, title="one", app_id="red")
        new = told.wait_for("the window came", lambda line: line.get("change") == "new")
        number = new["view"]["id"]
        told.wait_for("it has the focus", lambda line: line.get("focus", {}).get("view") == number)
        window.toplevel.set_title("two")
        client.display.flush()
        told.wait_for("it has another title", lambda line: line.get("view", {}).get("title") == "two")
        wlvm.control.command("float on", "fullscreen on")
        told.wait_for("it is in full screen", lambda line: line.get("view", {}).get("fullscreen"))
        wlvm.control.command("workspace away")
        told.wait_for("it is hidden", lambda line: line.get("view", {}).get("visible") is False)
        told.wait_for("nothing has the focus", lambda line: "focus" in line and line["focus"]["view"] is None)
        window.destroy()
        told.wait_for("it went", lambda line: line.get("change") == "gone" and "view" in line)


def test_a_subscriber_is_told_of_guests_grabs_modes_and_the_lock(qemu: str, runtime_dir: Path) -> None:
    config = '[mode.size]\nEscape = "mode default"\n'
    with (
        PlainQemu(qemu, runtime_dir) as vm,
        Wlvm(runtime_dir, config=config) as wlvm,
        Subscriber(wlvm) as told,
    ):
        told.state()
        wlvm.control.attach(vm.qmp)
        # It runs before or after its view is told, as quick as QEMU is.
        missing = {"view": ("guest", "vm"), "guest": ("state", "running")}
        while missing:
            line = told.wait_for(f"{missing}", lambda line: line.keys() & {"view", "guest"})
            missing = {
                kind: (key, value)
                for kind, (key, value) in missing.items()
                if line.get(kind, {}).get(key) != value
            }
        assert msg(wlvm, "mode", "size") == 0
        told.wait_for("a mode holds", lambda line: line.get("keyboard", {}).get("mode") == "size")
        wlvm.control.command("mode default")
        vm.execute("stop")
        told.wait_for("it is paused", lambda line: line.get("guest", {}).get("state") == "paused")
        vm.kill()
        told.wait_for("it is lost", lambda line: line.get("guest", {}).get("state") == "lost")
        with subprocess.Popen(
            ["swaylock", "--color", "00ff00"],
            env={**os.environ, "WAYLAND_DISPLAY": wlvm.display, "XDG_RUNTIME_DIR": str(runtime_dir)},
        ) as swaylock:
            told.wait_for("it is locked", lambda line: line.get("session", {}).get("locked") is True)
            swaylock.terminate()


def test_a_guest_that_has_the_keyboard_has_grabbed_it_until_it_is_released(
    qemu: str, runtime_dir: Path
) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm:
        wlvm.wait_for_state("vm", "running")
        with Subscriber(wlvm) as told:
            state = told.state()
            assert state.views is not None
            assert state.keyboard is not None
            (view,) = state.views
            assert state.keyboard.grabbed_by == view.id
            wlvm.control.command("release")
            told.wait_for(
                "it is released", lambda line: line.get("keyboard", {}).get("grabbed_by", 0) is None
            )


def test_an_edited_configuration_is_told_with_what_is_wrong_in_it(wlvm: Wlvm) -> None:
    file = wlvm.runtime_dir / "config.toml"
    with Subscriber(wlvm) as told:
        told.state()
        file.write_text("[desktop]\nlayuot = 3\n")
        event = told.wait_for("it is wrong", lambda line: line.get("config", {}).get("error"))
        assert "layuot" in event["config"]["error"]
        assert msg(wlvm, "reload") == 1
        file.write_text(TWO_OUTPUTS)
        told.wait_for("it is right again", lambda line: line.get("config", {}).get("error") == "")


def test_dark_screens_are_told_and_the_key_that_wakes_them(runtime_dir: Path) -> None:
    config = "[idle]\nscreen_off = 1\n"
    with Wlvm(runtime_dir, config=config) as wlvm, Subscriber(wlvm) as told:
        told.state()
        with InputClient(runtime_dir / wlvm.display) as person:
            keyboard = person.keyboard()
            keyboard.tap(KEY_A)
            told.wait_for("the screen is off", lambda line: line.get("output", {}).get("on") is False)
            told.wait_for("nobody is there", lambda line: line.get("session", {}).get("idle") is True)
            keyboard.tap(KEY_A)
            told.wait_for("the screen is on", lambda line: line.get("output", {}).get("on") is True)
            told.wait_for("somebody is there", lambda line: line.get("session", {}).get("idle") is False)


def test_a_subscriber_that_never_reads_disturbs_nobody(wlvm: Wlvm) -> None:
    """The process of wlvm does not grow, and others are told at once."""
    with ControlClient(wlvm.socket) as deaf, Subscriber(wlvm) as told:
        deaf.call("subscribe")
        told.state()
        sizes = []
        for round_ in range(4):
            for number in range(250):
                wlvm.control.command(f"workspace {'x' * 60}{round_}-{number}")
            name = f"{'x' * 60}{round_}-249"
            told.wait_for(
                "the last is told", lambda line, name=name: line.get("focus", {}).get("workspace") == name
            )
            sizes.append(resident_kib(wlvm.pid))
        assert sizes[-1] < sizes[0] + 1024, sizes


def test_waybars_module_shows_the_guest_with_its_label(qemu: str, runtime_dir: Path) -> None:
    config = f'[guest.work]\nqmp = "{runtime_dir}/vm.qmp"\nlabel = "Work <b>"\ncolor = "#4e9a06"\n'
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_state("work", "running")
        with Subscriber(wlvm, "waybar", "--socket", str(wlvm.socket)) as bar:
            first = bar.wait_for("something is shown", lambda line: True)
            assert first["text"] == '<b>1</b>  <span color="#4e9a06">■</span> Work &lt;b&gt;'
            assert first["class"] == ["guest", "running", "grabbed"]
            vm.execute("stop")
            bar.wait_for("it is paused", lambda line: line["alt"] == "paused" and "paused" in line["text"])


def test_a_real_waybar_shows_the_guests_colour_and_state(qemu: str, runtime_dir: Path) -> None:
    config = f'[guest.work]\nqmp = "{runtime_dir}/vm.qmp"\ncolor = "#4e9a06"\n'
    folder = Path(__file__).parents[2] / "config" / "waybar"
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_state("work", "running")
        environment = {
            **os.environ,
            "PATH": f"{WLVM.parent}:{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(runtime_dir),
            "WAYLAND_DISPLAY": wlvm.display,
        }
        files = ["-c", str(folder / "config.jsonc"), "-s", str(folder / "style.css")]
        with subprocess.Popen(["waybar", *files], env=environment, stderr=subprocess.DEVNULL) as waybar:
            try:
                eventually("the bar has the guest's colour", lambda: in_bar(wlvm, 0x4E9A06))
                assert in_bar(wlvm, GRABBED), "it has the keyboard"
                vm.kill()
                eventually("the text is red", lambda: in_bar(wlvm, LOST))
            finally:
                waybar.terminate()


def in_bar(wlvm: Wlvm, color: int) -> bool:
    """Whether there is some of a colour in the bar."""
    return bool(np.any(wlvm.screen()[:28] == color))


def resident_kib(pid: int) -> int:
    """How much memory a process has (proc(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
