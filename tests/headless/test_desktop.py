"""The desktop by its keys and the pointer: guests and windows are where the commands have them, and everyone gets the keys that are theirs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.window import Client, Window
from tests.desk import BARE, CONFIG, HEIGHT, KEYS, LEFT, RIGHT, WIDTH, Desk, desk_at
from tests.desktop_model import ANY, DesktopModel
from tests.plain_qemu import PlainQemu
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import eventually
from wlvm.config import load
from wlvm.desktop.command import ViewCommand
from wlvm.desktop.command_text import parse
from wlvm.desktop.default_bindings import DEFAULT_BINDINGS
from wlvm.desktop.identity import GuestHead, Program
from wlvm.framebuffer import Rect

RED, GREEN, BLUE, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF
ACTIVATED, FULLSCREEN = 4, 2  # xdg_toplevel.state
COLORS = {"one": 0xFF0000, "two": 0x00FF00, "three": 0x0000FF, "four": 0xFFFF00}


pytestmark = pytest.mark.one_qemu


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
WALK = f"""
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
#: The picture is compared where views are; all else is black.
FRAMED = '[look]\nbackground = "#000000"\n'
AREAS = (Rect(0, 0, 800, 600), Rect(800, 0, 640, 480))


class Walk:
    """Windows and a guest on two outputs, and the model of what they must look like."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        config = load(desk.wlvm.runtime_dir / "config.toml")
        self.model = DesktopModel(config, AREAS, {"vm": (720, 400)})
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


@pytest.mark.parametrize(("look", "seed"), [(BARE, 9), (FRAMED, 10)], ids=["bare", "framed"])
def test_whatever_the_keys_say_the_screens_show_it(
    qemu: str, runtime_dir: Path, look: str, seed: int
) -> None:
    chords = {chord: text for chord, text in {**DEFAULT_BINDINGS, **MORE}.items() if is_for_views(text)}
    verbs = sorted({text.split()[0] for text in chords.values()})
    dice = random.Random(seed)
    config = look + WALK + f'[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\nresize = false\n'
    with PlainQemu(qemu, runtime_dir), desk_at(runtime_dir, config, (1440, 600)) as desk:
        eventually(
            "the guest is in text mode",
            lambda: desk.wlvm.console("vm").frames and desk.wlvm.guest("vm").consoles[0].width == 720,
        )
        walk = Walk(desk)
        walk.check("at the beginning")
        said = []
        for _ in range(50):
            verb = dice.choice(verbs)
            chord = dice.choice([chord for chord, text in chords.items() if text.startswith(verb)])
            said.append(f"{chord} ({chords[chord]})")
            # A guest that has grabbed the keyboard has all but what is pressed with the reserved key.
            if chord.startswith("Reserved") or walk.model.workspaces.focused != "vm":
                command = parse(chords[chord])
                assert isinstance(command, ViewCommand)
                if not walk.model.run(command):
                    continue  # It would be told on the screen, for seconds.
            desk.press(chord)
            walk.check("after " + ", ".join(said))


# Who gets which keys.

#: A guest at the left of one window.
BESIDE = '[desktop]\nlayout = "columns"\n'


@pytest.fixture
def guest(qemu: str, runtime_dir: Path) -> Iterator[TracedQemu]:
    with TracedQemu(qemu, runtime_dir) as guest:
        yield guest


@pytest.fixture
def shared(guest: TracedQemu, runtime_dir: Path) -> Iterator[Desk]:
    """A desk whose left half a guest has."""
    config = CONFIG + BESIDE + f'[guest.vm]\nqmp = "{guest.qmp}"\n[bindings]\n"Super+q" = "close"\n'
    with desk_at(runtime_dir, config) as desk:
        desk.wlvm.wait_for_picture("vm")
        yield desk


def keys_of(client: Client) -> list[tuple[int, int]]:
    """The keys that a client's windows got, and whether they went down."""
    client.display.roundtrip()
    return [(key, state) for _serial, _time, key, state in client.named("keyboard key")]


def test_a_guest_that_has_grabbed_the_keyboard_gets_all_keys_but_what_is_wlvms(
    guest: TracedQemu, shared: Desk
) -> None:
    client = shared.client()
    window = client.window(RED)
    shared.click(100, 300)
    guest.wait_for("+left", "-left")
    shared.press("Super+q")
    guest.wait_for("+meta_l", "+q", "-q", "-meta_l")
    shared.press("Alt+Tab")
    guest.wait_for("+alt", "+tab", "-tab", "-alt")
    shared.press("Ctrl+Alt+Delete")
    guest.wait_for("+ctrl", "+alt", "+delete", "-delete", "-alt", "-ctrl")
    shared.press("Reserved+x")
    shared.press("Reserved+Right")
    client.wait_for("the window has the focus", lambda: ACTIVATED in window.states)
    shared.press("a")
    assert keys_of(client) == [(KEYS["a"], 1), (KEYS["a"], 0)]
    shared.press("Reserved+Left")
    client.wait_for("the guest has the focus", lambda: ACTIVATED not in window.states)
    shared.press("b")
    guest.wait_for("+b", "-b")
    assert keys_of(client) == [(KEYS["a"], 1), (KEYS["a"], 0)]


def test_the_reserved_key_alone_takes_the_keyboard_back_and_a_click_gives_it_again(
    guest: TracedQemu, shared: Desk
) -> None:
    shared.press("Reserved")
    shared.press("Super+q")
    shared.wlvm.wait_for_log("vm is a machine: close it once more")
    guest.wait_for("+meta_l", "-meta_l")
    shared.press("a")
    guest.wait_for("+a", "-a")
    shared.click(100, 300)
    guest.wait_for("+left", "-left")
    shared.press("Super+q")
    guest.wait_for("+meta_l", "+q", "-q", "-meta_l")


def test_no_key_is_stuck_when_a_binding_moves_the_focus_while_it_is_held(
    guest: TracedQemu, shared: Desk
) -> None:
    client = shared.client()
    window = client.window(RED)
    shared.press("Reserved+Left")
    shared.key("Shift", True)
    shared.key("a", True)
    guest.wait_for("+shift", "+a")
    shared.press("Reserved+Tab")
    client.wait_for("the window has the focus", lambda: ACTIVATED in window.states)
    guest.wait_for("-a", "-shift")
    shared.key("a", False)
    shared.key("Shift", False)
    shared.press("b")
    assert keys_of(client) == [(KEYS["b"], 1), (KEYS["b"], 0)]
    shared.key("c", True)
    shared.press("Reserved+Left")
    client.wait_for("the guest has the focus", lambda: ACTIVATED not in window.states)
    shared.key("c", False)
    shared.press("d")
    guest.wait_for("+d", "-d")


def test_a_mode_has_all_keys_until_it_is_left(guest: TracedQemu, runtime_dir: Path) -> None:
    config = CONFIG + BESIDE + f'[guest.vm]\nqmp = "{guest.qmp}"\n' + """
        [bindings]
        "Reserved+s" = "mode size"
        [mode.size]
        Left = "resize shrink width 100"
        Escape = "mode default"
    """  # fmt: skip
    with desk_at(runtime_dir, config) as desk:
        client = desk.client()
        window = client.window(RED)
        client.wait_for("it has its half", lambda: window.size == (400, 600))
        desk.press("Reserved+s")
        desk.press("Left")
        desk.press("a")
        client.wait_for("it is smaller", lambda: window.size == (300, 600))
        desk.press("Reserved+Left")  # in a mode, the arrow means what it means there
        client.wait_for("it is smaller again", lambda: window.size == (200, 600))
        desk.press("Escape")
        desk.press("b")
        assert keys_of(client) == [(KEYS["b"], 1), (KEYS["b"], 0)]
        desk.press("Reserved+Left")
        client.wait_for("the guest has the focus", lambda: ACTIVATED not in window.states)
        desk.press("Reserved+s")
        desk.press("a")
        desk.press("Reserved")
        desk.press("c")
        guest.wait_for("+c", "-c")


def test_a_program_is_started_and_closed_by_keys_and_wlvm_ended(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    desk.press("Reserved+Return")  # foot
    client.wait_for("a terminal shares the output", lambda: window.size == (WIDTH // 2, HEIGHT))
    client.wait_for("it has the focus", lambda: ACTIVATED not in window.states)
    desk.press("Reserved+q")
    client.wait_for("it is closed", lambda: window.size == (WIDTH, HEIGHT))
    desk.press("Reserved+q")
    client.wait_for("the window is asked to close", lambda: window.closed)
    desk.press("Reserved+Shift+e")
    assert desk.wlvm.wait() == 0


# The pointer.


def test_the_reserved_key_and_a_button_move_and_resize_a_window(desk: Desk) -> None:
    client = desk.client()
    window, other = client.window(RED), client.window(BLUE)
    client.wait_for("they share", lambda: window.size == (400, 600) and other.size == (400, 600))
    # A tiled one: with the edge between them.
    desk.key("Reserved", True)
    desk.drag((390, 300), (290, 300), RIGHT)
    desk.key("Reserved", False)
    client.wait_for("its edge is there", lambda: window.size == (300, 600) and other.size == (500, 600))
    desk.shows(301, 300, BLUE)
    # It floats as soon as it is moved.
    desk.key("Reserved", True)
    desk.drag((100, 100), (150, 100))
    client.wait_for("the other has the output", lambda: other.size == (800, 600))
    desk.shows(50, 300, RED)
    assert desk.color(49, 300) == desk.color(350, 300) == BLUE
    # By its corner that is nearest.
    desk.drag((340, 590), (440, 490), RIGHT)
    desk.key("Reserved", False)
    client.wait_for("it has that size", lambda: window.size == (400, 500))
    eventually("it is there", lambda: np.count_nonzero(desk.wlvm.screen() == RED) >= 400 * 500 - 400)
    assert desk.color(50, 0) == desk.color(449, 480) == RED
    assert desk.color(450, 480) == desk.color(300, 500) == BLUE
    assert client.named("pointer button") == []


def test_the_reserved_key_and_a_button_move_a_guest_which_hears_nothing(
    guest: TracedQemu, shared: Desk
) -> None:
    client = shared.client()
    window = client.window(BLUE)
    eventually("the guest is in text mode", lambda: shared.wlvm.guest("vm").consoles[0].width == 720)
    shared.key("Reserved", True)
    shared.drag((100, 300), (120, 310))
    shared.key("Reserved", False)
    client.wait_for("the window has the output", lambda: window.size == (800, 600))
    there = 20, (600 - 400 * 400 // 720) // 2

    def is_there() -> bool:
        console = shared.wlvm.guest("vm").consoles[0]
        return (console.x, console.y) == there

    eventually("it is as wide as its place was, which is as high as the output", is_there)
    shared.press("a")
    guest.wait_for("+a", "-a")


def test_a_program_moves_and_resizes_its_floating_window_itself(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    dialog = client.window(GREEN, size=(200, 100), parent=window)
    desk.shows(400, 300, GREEN)
    desk.point(310, 260)
    desk.pointer.button(LEFT, True)
    serial = client.wait_for("it is pressed", lambda: client.named("pointer button"))[-1][0]
    dialog.toplevel.move(client.seat, serial)
    client.display.roundtrip()
    desk.point(110, 60)
    desk.pointer.button(LEFT, False)
    desk.shows(100, 50, GREEN)
    desk.point(790, 590)
    screen = desk.wlvm.screen()
    assert np.all(screen[50:150, 100:300] == GREEN)
    assert np.count_nonzero(screen == GREEN) == 200 * 100
    # It may still be as large as it wants.
    dialog.draw(250, 150)
    eventually("it is larger", lambda: np.all(desk.wlvm.screen()[50:200, 100:350] == GREEN))
    # One that is tiled stays.
    desk.point(700, 500)
    desk.pointer.button(LEFT, True)
    serial = client.wait_for("it is pressed", lambda: client.named("pointer button")[2:])[-1][0]
    window.toplevel.move(client.seat, serial)
    client.display.roundtrip()
    desk.point(100, 500)
    desk.pointer.button(LEFT, False)
    client.display.roundtrip()
    assert window.size == (800, 600)
    assert desk.color(5, 595) == RED


def test_a_program_is_told_where_the_pointer_is_when_its_window_moves_below_it(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    desk.point(400, 300)
    client.wait_for("the pointer entered", lambda: client.named("pointer enter"))
    client.window(GREEN, size=(200, 100), parent=window)
    client.wait_for("it is over the dialog", lambda: client.named("pointer leave"))
    assert [float(value) for value in client.named("pointer enter")[-1][2:]] == [100, 50]
    desk.press("Reserved+Shift+Right")
    client.wait_for(
        "it is told", lambda: [float(value) for value in client.named("pointer motion")[-1][1:]] == [90, 50]
    )


# Where views go.

RULES = BARE + """
[[output]]
mode = "800x600"
[[output]]
mode = "640x480"
[desktop]
layout = "columns"
[[workspace]]
name = "1"
outputs = ["HEADLESS-1"]
[[workspace]]
name = "mail"
outputs = ["HEADLESS-2"]
layout = "tabbed"
[[rule]]
app_id = "mail*"
workspace = "mail"
[[rule]]
title = "small *"
position = [100, 50]
size = [300, 200]
[[rule]]
app_id = "film"
fullscreen = true
output = "HEADLESS-2"
[[rule]]
guest = "vm"
position = [400, 100]
size = [360, 200]
"""  # fmt: skip


def test_rules_place_programs_and_guests(qemu: str, runtime_dir: Path) -> None:
    config = RULES + f'[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with PlainQemu(qemu, runtime_dir), desk_at(runtime_dir, config, (1440, 600)) as desk:
        client = desk.client()
        plain = client.window(RED)
        client.window(BLUE, title="small thing")
        mail = client.window(GREEN, app_id="mail.client")
        client.wait_for("the mail has the second output", lambda: mail.size[0] == 640)
        assert plain.size == (800, 600)
        first = desk.wlvm.screen("HEADLESS-1")
        assert np.all(first[50:250, 100:400] == BLUE)
        assert np.all(first[250:, :400] == RED)
        eventually("the guest is in text mode", lambda: desk.wlvm.guest("vm").consoles[0].width == 720)
        assert (desk.wlvm.guest("vm").consoles[0].output) == "HEADLESS-1"
        film = client.window(WHITE, app_id="film")
        assert film.size == (640, 480)
        assert FULLSCREEN in film.states
        eventually("the film covers it", lambda: np.all(desk.wlvm.screen("HEADLESS-2") == WHITE))
        desk.press("Reserved+o")
        desk.press("Reserved+f")
        client.wait_for("it is in full screen no longer", lambda: FULLSCREEN not in film.states)


def test_each_output_shows_a_guest_where_they_have_workspaces_of_their_own(
    qemu: str, runtime_dir: Path
) -> None:
    config = BARE + '[desktop]\nlayout = "kiosk"\nown_workspaces = true\n'
    config += '[[output]]\nmode = "800x600"\n[[output]]\nmode = "800x600"\n'
    for name in ("a", "b", "c"):
        config += f'[guest.{name}]\nqmp = "{runtime_dir / name}.qmp"\n'
    with (
        PlainQemu(qemu, runtime_dir, name="a"),
        PlainQemu(qemu, runtime_dir, name="b"),
        desk_at(runtime_dir, config, (1600, 600)) as desk,
    ):
        for name in ("a", "b"):
            desk.wlvm.wait_for_picture(name)

        def shows(number: int, name: str) -> bool:
            """Whether an output shows this guest, in text mode, in its middle."""
            picture = desk.wlvm.pixels(name)
            place = desk.wlvm.screen(f"HEADLESS-{number}")[100:500, 40:760]
            return picture.shape == place.shape and bool(picture.any() and np.all(picture == place))

        eventually("each output shows one", lambda: shows(1, "a") and shows(2, "b"))
        desk.press("Reserved+Page_Down")
        eventually("the third is there", lambda: not shows(1, "a") and shows(2, "b"))
        desk.press("Reserved+Page_Down")
        eventually("the first is there", lambda: shows(1, "a") and shows(2, "b"))
        desk.press("Reserved+Alt+o")
        eventually("it is on the second output", lambda: shows(2, "a"))
