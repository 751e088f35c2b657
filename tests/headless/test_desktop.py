"""The desktop by its keys and the pointer: guests and windows are where the commands have them, and everyone gets the keys that are theirs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.window import Window
from tests.desk import BARE, HEIGHT, Desk, desk_at
from tests.desktop_model import ANY, DesktopModel
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import eventually
from wlvm.config import load
from wlvm.desktop.command import ViewCommand, parse
from wlvm.desktop.default_bindings import DEFAULT_BINDINGS
from wlvm.desktop.identity import GuestHead, Program
from wlvm.desktop.place import Traits
from wlvm.framebuffer import Rect

RED, GREEN, BLUE, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF
ACTIVATED, FULLSCREEN = 4, 2  # xdg_toplevel.state
COLORS = {"one": 0xFF0000, "two": 0x00FF00, "three": 0x0000FF, "four": 0xFFFF00}


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def active(*windows: Window) -> list[bool]:
    return [ACTIVATED in window.states for window in windows]


# Whatever is said, the screens show it.

#: What the keys of the walk below do beside the default bindings.
MORE = {
    **{f"Reserved+F{number}": f"layout {name}" for number, name in enumerate(
        ("columns", "rows", "tabbed", "grid", "main", "kiosk", "free", "office"), 1)},
    **{f"Super+{to}": f"swap {to.lower()}" for to in ("Left", "Right", "Up", "Down")},
    "Super+Tab": "swap next",
    "Super+a": "resize grow left 40",
    "Super+s": "resize shrink down 7%",
    "Super+w": "resize set 300 40%",
    "Super+m": "move position 10% 50",
    "Super+n": "move to workspace web",
    "Super+g": "focus guest vm",
    "Super+f": "focus app t*",
    "Super+b": "move to output left",
}  # fmt: skip
WALK = (
    BARE
    + f"""
[[output]]
mode = "800x600"
[[output]]
mode = "640x480"
[desktop]
gap = 6
margin = 4
layout = "columns"
[layout.office]
split = "rows"
part = [{{ size = "30%", apps = ["one", "three"] }}, {{ split = "columns", rest = true }}]
[bindings]
{chr(10).join(f'"{key}" = "{command}"' for key, command in MORE.items())}
"""
)
AREAS = (Rect(0, 0, 800, 600), Rect(800, 0, 640, 480))


class Walk:
    """Windows and a guest on two outputs, and the model of what they must look like."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        config = load(desk.wlvm.runtime_dir / "config.toml")
        self.model = DesktopModel(config, AREAS, {"vm": (720, 400)}, Traits())
        self.model.add("vm", GuestHead("vm", 0))
        self.client = desk.client()
        self.windows: dict[str, Window] = {}
        for name, color in COLORS.items():
            self.windows[name] = self.client.window(color, app_id=name)
            self.model.add(name, Program(name, "window"))

    def screens(self) -> np.ndarray:
        picture = np.zeros((HEIGHT, 1440), np.uint32)
        for number, area in enumerate(AREAS, 1):
            screen = self.desk.wlvm.screen(f"HEADLESS-{number}")
            picture[: area.height, area.x : area.x + area.width] = screen
        return picture

    def wrong(self) -> str:
        """What is not as the model has it; "" where all is."""
        places, focused = self.model.places, self.model.workspaces.focused
        for name, window in self.windows.items():
            if window.size != places[name].content[2:]:
                return f"{name} has the size {window.size}, not that of {places[name]}"
            if (name == focused) != (ACTIVATED in window.states):
                return f"{focused} has the focus, not {name}"
        expected, screens = self.model.picture(COLORS, background=0), self.screens()
        expected[:30, :30] = ANY  # the pointer
        differing = np.argwhere((screens != expected) & (expected != ANY))
        if not len(differing):
            return ""
        y, x = differing[0]
        return f"{len(differing)} pixels are wrong, the first at {x}, {y}: {screens[y, x]:06x} for {expected[y, x]:06x}"

    def check(self, when: str) -> None:
        """Until all is as the model has it."""
        try:
            self.client.wait_for("the screens are right", lambda: not self.wrong())
        except AssertionError:
            places = "\n".join(f"{name}: {place}" for name, place in self.model.places.items())
            pytest.fail(f"{when}: {self.wrong()}\n{places}", pytrace=False)


def is_for_views(text: str) -> bool:
    return isinstance(parse(text), ViewCommand)


@pytest.mark.parametrize("seed", [9, 10, 15])
def test_whatever_the_keys_say_the_screens_show_it(qemu: str, runtime_dir: Path, seed: int) -> None:
    chords = {chord: text for chord, text in {**DEFAULT_BINDINGS, **MORE}.items() if is_for_views(text)}
    verbs = sorted({text.split()[0] for text in chords.values()})
    dice = random.Random(seed)
    config = WALK + f'[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with PlainQemu(qemu, runtime_dir), desk_at(runtime_dir, config, (1440, 600)) as desk:
        eventually(
            "the guest is in text mode",
            lambda: desk.wlvm.console("vm").frames and desk.wlvm.guest("vm").consoles[0].width == 720,
        )
        walk = Walk(desk)
        walk.check("at the beginning")
        said = []
        for _ in range(60):
            verb = dice.choice(verbs)
            chord = dice.choice([chord for chord, text in chords.items() if text.startswith(verb)])
            said.append(f"{chord} ({chords[chord]})")
            # A guest that has grabbed the keyboard has all but what is pressed with the reserved key.
            if chord.startswith("Reserved") or walk.model.workspaces.focused != "vm":
                command = parse(chords[chord])
                assert isinstance(command, ViewCommand)
                walk.model.run(command)
            desk.press(chord)
            walk.check("after " + ", ".join(said))
