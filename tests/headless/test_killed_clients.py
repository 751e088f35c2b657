"""Programs that are killed at any moment, whatever they had open or held: the others go on, and nothing of them is left."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.desk import HEIGHT, KEYS, LEFT, RIGHT, WIDTH, Desk, desk_at
from tests.wlvm_process import eventually

RED = 0xFF0000
ACTIVATED = 4  # xdg_toplevel.state

#: A program that does what it is told by its first argument, with the Client of the tests, says so, and stays.
_VICTIM = """
import sys
from tests.clients.window import Client
client = Client(sys.argv[2])
window = client.window(0x0000ff)
for what in sys.argv[1].split():
    if what == "popup":
        popup = window.popup(0x00ff00, (10, 10), (50, 50))
    elif what == "dialog":
        dialog = client.window(0x00ffff, size=(100, 80), parent=window)
    elif what == "fullscreen":
        window.toplevel.set_fullscreen(None)
    elif what == "two":
        other = client.window(0xff00ff)
    elif what == "halfway":
        client.compositor.create_surface().commit()
        client.wm_base.get_xdg_surface(client.compositor.create_surface()).get_toplevel()
client.display.roundtrip()
print("ready", flush=True)
while True:
    client.display.dispatch(block=True)
"""


class Victim:
    """A process with windows."""

    def __init__(self, desk: Desk, does: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, does, str(desk.wlvm.runtime_dir / desk.wlvm.display)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", (
            self._process.stderr and self._process.stderr.read()
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def open_files(desk: Desk) -> int:
    return len(os.listdir(f"/proc/{desk.wlvm.pid}/fd"))


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir) as desk:
        yield desk


#: What the victims open, and what is held over them when they die.
DEATHS = (
    ("", "button"), ("popup", "key"), ("dialog popup", "move"), ("fullscreen", "button"), ("two popup", "resize"),
    ("halfway", "nothing"), ("two fullscreen dialog", "key"), ("popup", "button"), ("dialog", "resize"),
)  # fmt: skip


def test_windows_that_die_with_anything_open_or_held_leave_nothing(desk: Desk) -> None:
    """The pointer over them, buttons and keys down, dragged, in full screen, with menus and dialogs, half made."""
    dice = random.Random(4)
    survivor = desk.client()
    window = survivor.window(RED)
    files: list[int] = []
    for does, held in DEATHS:
        victim = Victim(desk, does)
        desk.point(dice.randrange(450, WIDTH - 20), dice.randrange(20, HEIGHT - 20))
        button = RIGHT if held == "resize" else LEFT
        if held == "key":
            desk.key("a", True)
        elif held != "nothing":
            desk.key("Reserved", held != "button")
            desk.pointer.button(button, True)
            desk.point(dice.randrange(450, WIDTH - 20), dice.randrange(20, HEIGHT - 20))
        victim.kill()
        survivor.wait_for("it has the output again", lambda: window.size == (WIDTH, HEIGHT))
        survivor.wait_for("it has the focus", lambda: ACTIVATED in window.states)
        desk.key("a", False)
        desk.pointer.button(button, False)
        desk.key("Reserved", False)
        assert all(key != KEYS["a"] for _, _, key, _ in survivor.named("keyboard key")), (
            "it was not pressed for it"
        )
        survivor.events.clear()
        desk.press("b")
        desk.click(300, 300)
        survivor.wait_for("it gets keys", lambda: len(survivor.named("keyboard key")) == 2)
        survivor.wait_for("it gets clicks", lambda: len(survivor.named("pointer button")) == 2)
        files.append(open_files(desk))
    assert len(desk.wlvm.control.call("views")["views"]) == 1
    eventually("no file is left open", lambda: open_files(desk) <= min(files))


PROGRAMS = (
    ("foot",), ("fuzzel",), ("swaybg", "--color", "#00ff00"), ("weston-dnd",), ("weston-simple-shm",), ("waybar",),
    ("xlogo",), ("weston-flower",),
)  # fmt: skip


def test_real_programs_that_die_while_they_start_leave_nothing(desk: Desk) -> None:
    dice = random.Random(5)
    survivor = desk.client()
    window = survivor.window(RED)
    x11 = desk.wlvm.wait_for_log("X11 programs").rpartition(" ")[2]
    with desk.program("xlogo", DISPLAY=x11):
        survivor.wait_for("Xwayland runs", lambda: window.size != (WIDTH, HEIGHT))
    survivor.wait_for("it has the output again", lambda: window.size == (WIDTH, HEIGHT))
    files = open_files(desk)
    for command in PROGRAMS:
        with desk.program(*command, DISPLAY=x11):
            select.select([], [], [], dice.uniform(0, 0.4))
        survivor.display.roundtrip()
    survivor.wait_for("it has the output again", lambda: window.size == (WIDTH, HEIGHT))
    survivor.wait_for("it has the focus", lambda: ACTIVATED in window.states)
    eventually("it is all that is seen", lambda: np.all(desk.wlvm.screen()[30:, 30:] == RED))
    eventually("no file is left open", lambda: open_files(desk) <= files)
    assert len(desk.wlvm.control.call("views")["views"]) == 1
