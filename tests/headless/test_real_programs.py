"""Programs as they are installed: each does its work in wlvm."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.desk import Desk, desk_at
from tests.wlvm_process import eventually

RED = 0xFF0000

#: weston's demonstrations, of subsurfaces, viewports, damage, transforms, dialogs, full screen, the pointer, EGL.
DEMOS = (
    "weston-simple-shm", "weston-simple-egl", "weston-simple-damage", "weston-subsurfaces", "weston-scaler", "weston-dnd",
    "weston-flower", "weston-eventdemo", "weston-resizor", "weston-transformed", "weston-stacking", "weston-fullscreen",
    "weston-smoke", "weston-clickdot", "weston-cliptest", "weston-confine",
)  # fmt: skip


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir) as desk:
        yield desk


def test_westons_demonstrations_draw_and_are_closed_by_a_key(desk: Desk) -> None:
    for name in DEMOS:
        frames = desk.wlvm.frames()
        environment = {**os.environ, "WAYLAND_DISPLAY": desk.wlvm.display}
        program = subprocess.Popen(
            [name], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            eventually(f"{name} has a window", lambda: desk.wlvm.control.call("views")["views"])
            eventually(f"{name} has drawn", lambda frames=frames: desk.wlvm.frames() > frames)
            desk.point(400, 300)
            desk.press("Reserved+q")
            assert program.wait(10) == 0, name
        finally:
            program.kill()
            program.wait()
        eventually(f"{name} is gone", lambda: not desk.wlvm.control.call("views")["views"])
    assert "ERROR" not in desk.wlvm.log


def test_a_launcher_starts_the_program_that_is_typed(desk: Desk, tmp_path: Path) -> None:
    marker = tmp_path / "started"
    applications = tmp_path / "applications"
    applications.mkdir()
    (applications / "marker.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Marker\nExec=touch {marker}\n"
    )
    client = desk.client()
    client.window(RED)
    places = {"XDG_DATA_DIRS": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with desk.program("fuzzel", **places) as fuzzel:
        client.wait_for("the launcher has the keyboard", lambda: client.named("keyboard leave"))
        for letter in "mark":
            desk.press(letter)
        desk.press("Return")
        eventually("the program ran", marker.exists)
        assert fuzzel.wait(10) == 0
    client.wait_for("the window has the keyboard again", lambda: len(client.named("keyboard enter")) == 2)
    assert not client.named("keyboard key"), "what was typed was the launcher's"


def test_a_notification_is_shown_over_a_window_and_takes_no_keyboard(desk: Desk, tmp_path: Path) -> None:
    client = desk.client()
    client.window(RED)
    desk.shows(400, 300, RED)
    script = (
        "mako --background-color '#00ff00' --border-size 0 --text-color '#00ff00' --width 200 --margin 10 & "
    )
    script += "while ! notify-send -t 60000 hello; do sleep 0.1; done; wait"
    with desk.program("dbus-run-session", "--", "sh", "-c", script):
        eventually("it is at the top right", lambda: desk.color(700, 20) == 0x00FF00)
        green = np.argwhere(desk.wlvm.screen() == 0x00FF00)
        assert (green[:, 1].min(), green[:, 1].max()) == (590, 789), "its width, and its margin"
        desk.press("b")
        client.wait_for("the window gets the key", lambda: len(client.named("keyboard key")) == 2)
        desk.click(700, 20)
        eventually("a click dismisses it", lambda: not np.any(desk.wlvm.screen() == 0x00FF00))
        client.display.roundtrip()
        assert not client.named("pointer button")
