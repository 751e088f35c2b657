"""Wayland clients on wlvm, in front of real QEMUs: what shows it (grim), what types (wtype) and what points."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clients.virtual_input import HORIZONTAL, VERTICAL, InputClient
from tests.plain_qemu import PlainQemu
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import Wlvm, eventually

LEFT, RIGHT, MIDDLE = 0x110, 0x111, 0x112  # BTN_LEFT, BTN_RIGHT, BTN_MIDDLE
KEY_A, KEY_B, KEY_C, KEY_LEFTCTRL, KEY_LEFTSHIFT = 30, 48, 46, 29, 42
RIGHT_CTRL = 97  # the reserved key
SHIFT, CONTROL = 1 << 0, 1 << 2  # xkb's modifiers

#: A std VGA in text mode.
WIDTH, HEIGHT = 720, 400

CONFIG = """
[[output]]
mode = "800x600"
[[output]]
name = "HEADLESS-2"
mode = "1024x768"
[guest.one]
qmp = "{directory}/one.qmp"
console = [{{ position = [30, 20] }}]
[guest.two]
qmp = "{directory}/two.qmp"
console = [{{ output = "HEADLESS-2", position = [301, 203] }}]
"""
#: Where the guests are in the layout: the outputs are side by side.
ONE, TWO = (30, 20), (800 + 301, 203)
LAYOUT = (800 + 1024, 768)


def need(program: str, package: str) -> str:
    """The program; the test is skipped where it is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here: apt-get install {package}")
    return program


class Desk:
    """wlvm with two guests, each on an output of its own, and a client with a pointer and a keyboard."""

    def __init__(self, wlvm: Wlvm, one: TracedQemu, two: TracedQemu, client: InputClient) -> None:
        self.wlvm, self.one, self.two, self.client = wlvm, one, two, client
        self.pointer = client.pointer()

    def point(self, x: int, y: int) -> None:
        """The pointer to a point of the layout."""
        self.pointer.move_to(x, y, *LAYOUT)

    def begin(self) -> None:
        """The first guest has the keyboard, and both have got all that was sent before."""
        for place, guest in ((TWO, self.two), (ONE, self.one)):
            # What an earlier test left unread may end with the same button.
            seen = len(guest.keys_and_buttons())
            self.click_on(place)
            guest.wait_for_end("left", seen)

    def click_on(self, guest: tuple[int, int]) -> None:
        self.point(guest[0] + 5, guest[1] + 5)
        self.pointer.click(LEFT)


@pytest.fixture(scope="module")
def machines(qemu: str) -> Iterator[tuple[Wlvm, TracedQemu, TracedQemu]]:
    """One wlvm and two guests for all tests here: what a test presses, it lets go of."""
    with (
        tempfile.TemporaryDirectory(prefix="wlvm-") as name,
        TracedQemu(qemu, Path(name), name="one") as one,
        TracedQemu(qemu, Path(name), name="two") as two,
        Wlvm(Path(name), config=CONFIG.format(directory=name), XDG_RUNTIME_DIR=name) as wlvm,
    ):
        yield wlvm, one, two


@pytest.fixture
def desk(machines: tuple[Wlvm, TracedQemu, TracedQemu]) -> Iterator[Desk]:
    wlvm, one, two = machines
    for name in ("one", "two"):
        eventually(
            f"{name} is in text mode",
            lambda name=name: [(c.width, c.height) for c in wlvm.guest(name).consoles] == [(WIDTH, HEIGHT)],
        )
    with InputClient(wlvm.runtime_dir / wlvm.display) as client:
        desk = Desk(wlvm, one, two, client)
        desk.begin()
        yield desk


# Showing.


def test_grim_sees_what_wlvm_shows_and_the_guest_draws(desk: Desk) -> None:
    grim = need("grim", "grim")

    def seen(*options: str) -> np.ndarray:
        png = desk.wlvm.run(grim, *options, "-").stdout
        red, green, blue = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.uint32).transpose(
            2, 0, 1
        )
        return red << 16 | green << 8 | blue  # type: ignore[no-any-return]

    def rgb(pixels: np.ndarray) -> np.ndarray:
        return pixels & 0xFFFFFF

    def still() -> bool:
        """The cursor of a text screen blinks, perhaps while it is looked at: all must be the same once."""
        before = rgb(desk.wlvm.pixels("two"))
        whole, region = seen("-o", "HEADLESS-2"), seen("-g", f"{TWO[0]},{TWO[1]} {WIDTH}x{HEIGHT}")
        shown = rgb(desk.wlvm.screen("HEADLESS-2"))
        assert whole.shape == (768, 1024)
        assert not shown[:203].any()
        assert not shown[:, :301].any()
        of_guest = region, shown[203 : 203 + HEIGHT, 301 : 301 + WIDTH], rgb(desk.wlvm.pixels("two"))
        same = (np.array_equal(whole, shown), *(np.array_equal(before, each) for each in of_guest))
        return bool(before.any()) and all(same)

    eventually("the guest held still while it was looked at", still)
    assert seen().shape == (768, 800 + 1024), "without an output grim takes the whole layout"


def test_clients_find_the_protocols_and_the_outputs(desk: Desk) -> None:
    told = desk.wlvm.run(need("wayland-info", "wayland-utils")).stdout.decode()
    for name in (
        "wl_compositor",
        "wl_seat",
        "wl_shm",
        "wl_data_device_manager",
        "zxdg_output_manager_v1",
        "zwlr_screencopy_manager_v1",
        "zwp_virtual_keyboard_manager_v1",
        "zwlr_virtual_pointer_manager_v1",
    ):
        assert f"interface: '{name}'" in told
    assert told.count("interface: 'wl_output'") == 2
    for name, position, size in (("HEADLESS-1", "0, y: 0", "800, height: 600"), ("HEADLESS-2", "800, y: 0", "1024, height: 768")):  # fmt: skip
        assert f"name: '{name}'" in told
        assert f"logical_x: {position.replace('y:', 'logical_y:')}" in told
        assert f"logical_width: {size.replace('height:', 'logical_height:')}" in told


def test_nothing_is_drawn_while_nothing_changes(qemu: str, runtime_dir: Path) -> None:
    """The guest has a display that its firmware knows nothing of: in a std VGA's text mode QEMU blinks the cursor."""
    still = ("-device", "virtio-gpu-pci", "-display", "dbus,p2p=yes")
    with (
        PlainQemu(qemu, runtime_dir, *still, vga="none") as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm,
    ):
        wlvm.wait_for_picture("vm")
        eventually("nothing is drawn", wlvm.stays_idle)


# Typing.


def test_wtype_types_the_keys_of_a_real_keyboard(desk: Desk) -> None:
    wtype = need("wtype", "wtype")
    desk.wlvm.run(wtype, "aZ1 !-_/?\n")
    desk.one.wait_for(
        "+a", "-a", "+shift", "+z", "-z", "-shift", "+1", "-1", "+spc", "-spc", "+shift", "+1", "-1", "-shift",
        "+minus", "-minus", "+shift", "+minus", "-minus", "-shift", "+slash", "-slash",
        "+shift", "+slash", "-slash", "-shift", "+ret", "-ret",
    )  # fmt: skip
    assert desk.two.keys_and_buttons() == []


def test_wtype_holds_modifiers(desk: Desk) -> None:
    wtype = need("wtype", "wtype")
    desk.wlvm.run(wtype, "-M", "ctrl", "-M", "alt", "-P", "Delete", "-p", "Delete", "-m", "alt", "-m", "ctrl")
    desk.one.wait_for("+ctrl", "+alt", "+delete", "-delete", "-alt", "-ctrl")
    desk.wlvm.run(wtype, "-M", "logo", "l", "-m", "logo", "-k", "F5")
    desk.one.wait_for("+meta_l", "+l", "-l", "-meta_l", "+f5", "-f5")
    desk.wlvm.run(wtype, "-M", "altgr", "e")
    desk.one.wait_for("+alt_r", "+e", "-e", "-alt_r")


def test_every_ascii_character_can_be_typed(desk: Desk) -> None:
    printable = "".join(map(chr, range(0x20, 0x7F)))
    desk.wlvm.run(need("wtype", "wtype"), printable)
    shifted = sum(character.isupper() or character in '~!@#$%^&*()_+{}|:"<>?' for character in printable)
    expected = 2 * (len(printable) + shifted)
    eventually("all of them arrived", lambda: len(desk.one.keys_and_buttons()) >= expected)
    down = [event[1:] for event in desk.one.keys_and_buttons() if event[0] == "+"]
    assert down.count("shift") == shifted
    assert len(down) == len(printable) + shifted
    assert sorted(desk.one.keys_and_buttons()) == sorted([f"{sign}{key}" for key in down for sign in "+-"])


def test_shift_held_as_a_key_is_held_through_what_is_typed_with_it(desk: Desk) -> None:
    """A virtual keyboard that is like a real one: it presses Shift's key, and says that the modifier is down."""
    keyboard = desk.client.keyboard()
    keyboard.key(KEY_LEFTSHIFT, True)
    keyboard.modifiers(SHIFT)
    keyboard.tap(KEY_A)
    keyboard.tap(KEY_B)
    keyboard.key(KEY_LEFTSHIFT, False)
    keyboard.modifiers(0)
    keyboard.tap(KEY_C)
    desk.one.wait_for("+shift", "+a", "-a", "+b", "-b", "-shift", "+c", "-c")


def test_what_a_virtual_keyboard_holds_comes_up_when_it_goes(desk: Desk) -> None:
    keyboard = desk.client.keyboard()
    keyboard.modifiers(CONTROL)
    keyboard.key(KEY_A, True)
    keyboard.key(KEY_B, True)
    desk.one.wait_for("+ctrl", "+a", "+b")
    keyboard.close()
    eventually("all is up", lambda: len(desk.one.keys_and_buttons()) == 3)
    assert set(desk.one.keys_and_buttons()) == {"-ctrl", "-a", "-b"}


def test_what_a_client_holds_comes_up_when_it_hangs_up(desk: Desk) -> None:
    other = InputClient(desk.wlvm.runtime_dir / desk.wlvm.display)
    other.keyboard().key(KEY_A, True)
    pointer = other.pointer()
    pointer.move_to(ONE[0] + 9, ONE[1] + 9, *LAYOUT)
    pointer.button(LEFT, True)
    desk.one.wait_for("+a", "+left")
    other.close()
    eventually("all is up", lambda: len(desk.one.keys_and_buttons()) == 2)
    assert set(desk.one.keys_and_buttons()) == {"-a", "-left"}


# Pointing.


@pytest.mark.parametrize("corner", [(0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)])
def test_a_point_of_the_layout_is_a_pixel_of_the_guest(desk: Desk, corner: tuple[int, int]) -> None:
    x, y = corner
    for place, guest in ((ONE, desk.one), (TWO, desk.two)):
        desk.point(place[0] + x, place[1] + y)
        guest.wait_for_pixel(x, y, WIDTH, HEIGHT)


def test_every_pixel_is_hit_and_none_beside_it(desk: Desk) -> None:
    for x, y in [(1, 1), (101, 7), (333, 399), (360, 200), (511, 256), (718, 398)]:
        desk.point(TWO[0] + x, TWO[1] + y)
        desk.two.wait_for_pixel(x, y, WIDTH, HEIGHT)
    assert desk.one.pixel(WIDTH, HEIGHT) == (5, 5), "where the fixture left it"


def test_a_pointer_of_one_output_keeps_to_it(desk: Desk) -> None:
    pointer = desk.client.pointer(output="HEADLESS-2")
    pointer.move_to(301 + 12, 203 + 34, 1024, 768)
    desk.two.wait_for_pixel(12, 34, WIDTH, HEIGHT)
    desk.client.pointer(output="HEADLESS-1").move_to(30 + 56, 20 + 78, 800, 600)
    desk.one.wait_for_pixel(56, 78, WIDTH, HEIGHT)


def test_relative_motion_moves_from_where_the_pointer_is(desk: Desk) -> None:
    desk.point(ONE[0] + 100, ONE[1] + 100)
    desk.pointer.move_by(-20.5, 7)
    desk.pointer.move_by(0.5, 0)
    desk.one.wait_for_pixel(80, 107, WIDTH, HEIGHT)
    desk.pointer.move_by(-1000, -1000)
    desk.point(ONE[0], ONE[1])
    desk.one.wait_for_pixel(0, 0, WIDTH, HEIGHT)


def test_buttons_and_wheels_arrive(desk: Desk) -> None:
    desk.point(TWO[0] + 5, TWO[1] + 5)
    for button in (LEFT, RIGHT, MIDDLE):
        desk.pointer.click(button)
    desk.two.wait_for("+left", "-left", "+right", "-right", "+middle", "-middle")
    desk.pointer.wheel(VERTICAL, 2)
    desk.two.wait_for("+wheel-down", "-wheel-down", "+wheel-down", "-wheel-down")
    desk.pointer.wheel(VERTICAL, -1)
    desk.pointer.wheel(HORIZONTAL, 1)
    desk.two.wait_for("+wheel-up", "-wheel-up", "+wheel-right", "-wheel-right")


def test_a_finger_scrolls_a_notch_for_each_fifteen_units(desk: Desk) -> None:
    desk.point(ONE[0] + 5, ONE[1] + 5)
    for _ in range(6):
        desk.pointer.scroll(VERTICAL, 5)
    desk.one.wait_for("+wheel-down", "-wheel-down", "+wheel-down", "-wheel-down")


def test_a_held_button_keeps_the_pointer_on_its_guest(desk: Desk) -> None:
    desk.point(ONE[0] + 10, ONE[1] + 10)
    desk.pointer.button(LEFT, True)
    desk.point(TWO[0] + 10, TWO[1] + 10)
    desk.one.wait_for_pixel(WIDTH - 1, TWO[1] + 10 - ONE[1], WIDTH, HEIGHT)
    desk.pointer.button(LEFT, False)
    desk.one.wait_for("+left", "-left")
    desk.two.wait_for_pixel(10, 10, WIDTH, HEIGHT)
    assert desk.two.keys_and_buttons() == []


# Focus.


def test_keys_go_only_to_the_guest_that_was_clicked(desk: Desk) -> None:
    keyboard = desk.client.keyboard()
    keyboard.tap(KEY_A)
    desk.one.wait_for("+a", "-a")
    desk.click_on(TWO)
    keyboard.tap(KEY_LEFTCTRL, KEY_B)
    desk.two.wait_for("+left", "-left", "+ctrl", "+b", "-b", "-ctrl")
    desk.point(ONE[0] + 5, ONE[1] + 5)
    keyboard.tap(KEY_C)
    desk.two.wait_for("+c", "-c")
    desk.click_on(ONE)
    keyboard.tap(KEY_A)
    desk.one.wait_for("+left", "-left", "+a", "-a")
    assert desk.two.keys_and_buttons() == []


def test_what_is_held_comes_up_when_the_focus_goes_elsewhere(desk: Desk) -> None:
    keyboard = desk.client.keyboard()
    keyboard.key(KEY_LEFTSHIFT, True)
    keyboard.key(KEY_A, True)
    desk.one.wait_for("+shift", "+a")
    desk.click_on(TWO)
    eventually("both are up", lambda: len(desk.one.keys_and_buttons()) == 2)
    assert set(desk.one.keys_and_buttons()) == {"-a", "-shift"}
    keyboard.key(KEY_A, False)
    keyboard.key(KEY_LEFTSHIFT, False)
    keyboard.tap(KEY_B)
    desk.two.wait_for("+left", "-left", "+b", "-b")


def test_a_guest_with_a_mouse_locks_the_pointer_until_the_right_ctrl(qemu: str, runtime_dir: Path) -> None:
    with (
        TracedQemu(qemu, runtime_dir, mouse=True) as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm,
        InputClient(runtime_dir / wlvm.display) as client,
    ):
        wlvm.wait_for_picture("vm")
        pointer, keyboard = client.pointer(), client.keyboard()
        pointer.move_to(640, 400, 1280, 800)

        def moved() -> bool:
            pointer.click(LEFT)
            pointer.move_by(7, -3)
            return {"rel x 7", "rel y -3"} <= set(vm.events())

        eventually("a click locks the pointer, and its motion arrives", moved)
        keyboard.tap(KEY_C)
        vm.wait_for_end("c")
        keyboard.tap(RIGHT_CTRL)
        keyboard.tap(KEY_A)
        vm.wait_for("+a", "-a")
        before = vm.events()
        pointer.move_by(50, 50)
        keyboard.tap(KEY_B)
        vm.wait_for("+b", "-b")
        assert vm.events() == [*before, "+b", "-b"], "a pointer that is not locked does not move the guest's"
