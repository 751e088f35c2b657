"""Windows of host programs beside guests: where they are, who gets what, and what a bad client does to the others. No QEMU but where said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.virtual_input import VERTICAL
from tests.desk import HEIGHT, LEFT, WIDTH, Desk, desk_at
from tests.wlvm_process import eventually

from pywayland.protocol.xdg_activation_v1 import XdgActivationV1  # isort: skip

RED, GREEN, BLUE, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF
BLACK = 0
KEY_A, KEY_LEFTSHIFT, SHIFT = 30, 42, 1 << 0
FULLSCREEN_ABILITY = 3  # xdg_toplevel.wm_capabilities
ACTIVATED, FULLSCREEN = 4, 2  # xdg_toplevel.state


#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored from cffi callback <function dispatcher_func"
)


@pytest.fixture
def desk(runtime_dir: Path) -> Iterator[Desk]:
    with desk_at(runtime_dir) as desk:
        yield desk


def test_a_window_fills_the_output_and_a_second_one_shares_it(desk: Desk) -> None:
    client = desk.client()
    one = client.window(RED)
    assert one.size == (WIDTH, HEIGHT)
    desk.shows(400, 300, RED)
    client.window(BLUE)
    client.wait_for("the first one is smaller", lambda: one.size == (WIDTH // 2, HEIGHT))
    desk.shows(500, 300, BLUE)
    desk.shows(300, 300, RED)
    screen = desk.wlvm.screen()
    assert np.all(screen[30:, : WIDTH // 2] == RED)
    assert np.all(screen[30:, WIDTH // 2 :] == BLUE)


def test_a_window_that_goes_leaves_its_place_to_the_others(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    one = client.window(RED)
    other.window(BLUE)
    client.wait_for("it is smaller", lambda: one.size == (WIDTH // 2, HEIGHT))
    other.close()
    client.wait_for("it is large again", lambda: one.size == (WIDTH, HEIGHT))


def test_a_window_that_keeps_a_larger_size_is_seen_in_its_place_only(desk: Desk) -> None:
    client = desk.client()
    client.window(RED, size=(WIDTH, HEIGHT))
    neighbour = client.window(BLUE)
    client.wait_for("they share the output", lambda: neighbour.size == (WIDTH // 2, HEIGHT))
    obstinate = client.window(GREEN, size=(WIDTH, HEIGHT))
    desk.shows(10, HEIGHT - 10, GREEN)
    screen = desk.wlvm.screen()
    # A grid of three: the third has the lower row, the others half of the upper one.
    assert np.all(screen[30 : HEIGHT // 2, : WIDTH // 2] == RED)
    assert np.all(screen[30 : HEIGHT // 2, WIDTH // 2 :] == BLUE)
    assert np.all(screen[HEIGHT // 2 :] == GREEN)
    obstinate.draw(WIDTH, HEIGHT)
    client.display.roundtrip()
    assert np.array_equal(desk.wlvm.screen(), screen)
    desk.click(WIDTH - 10, HEIGHT // 2 - 10)
    client.wait_for("a click beside it is the neighbour's", lambda: client.named("pointer button"))
    assert client.named("pointer enter")[-1][1] == neighbour.surface
    obstinate.destroy()
    client.wait_for("it has more room again", lambda: neighbour.size == (WIDTH // 2, HEIGHT))
    desk.shows(10, HEIGHT - 10, RED)
    assert np.all(desk.wlvm.screen()[30:, : WIDTH // 2] == RED)


def test_a_dialog_lies_over_its_window_in_its_own_size(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    client.window(GREEN, size=(200, 100), parent=window)
    desk.shows(400, 300, GREEN)
    screen = desk.wlvm.screen()
    assert np.count_nonzero(screen == GREEN) == 200 * 100
    assert screen[250, 300] == screen[349, 499] == GREEN
    assert window.size == (WIDTH, HEIGHT)


def test_a_click_gives_the_keyboard_and_a_key_goes_there(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    client.window(RED)
    other.window(BLUE)
    desk.click(100, 300)
    client.wait_for("it has the keyboard", lambda: len(client.named("keyboard enter")) >= 2)
    other.wait_for("it has not", lambda: other.named("keyboard leave"))
    before = len(other.events)
    desk.keyboard.tap(KEY_LEFTSHIFT, KEY_A)
    desk.keyboard.modifiers(SHIFT)
    desk.keyboard.modifiers(0)
    client.wait_for("the keys came", lambda: len(client.named("keyboard key")) == 4)
    keys = [(key, state) for _serial, _time, key, state in client.named("keyboard key")]
    assert keys == [(KEY_LEFTSHIFT, 1), (KEY_A, 1), (KEY_A, 0), (KEY_LEFTSHIFT, 0)]
    client.wait_for(
        "the modifiers came", lambda: [m[1] for m in client.named("keyboard modifiers")][-2:] == [SHIFT, 0]
    )
    other.display.roundtrip()
    assert [e for e in other.events[before:] if e[0] == "keyboard key"] == []


def test_the_window_with_the_keyboard_is_the_activated_one(desk: Desk) -> None:
    client = desk.client()
    one, two = client.window(RED), client.window(BLUE)
    client.wait_for("only the second is", lambda: ACTIVATED in two.states and ACTIVATED not in one.states)
    desk.click(100, 300)
    client.wait_for("only the first is", lambda: ACTIVATED in one.states and ACTIVATED not in two.states)
    one.destroy()
    client.wait_for("the second is again", lambda: ACTIVATED in two.states)


def test_the_pointer_is_told_in_the_windows_coordinates_and_held_by_a_button(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    client.window(RED)
    other.window(BLUE)
    desk.point(500, 20)
    other.wait_for("the pointer entered", lambda: other.named("pointer enter"))
    assert [float(v) for v in other.named("pointer enter")[-1][2:]] == [100.0, 20.0]
    desk.pointer.button(LEFT, True)
    desk.point(100, 50)
    other.wait_for("it moved", lambda: other.named("pointer motion"))
    assert [float(v) for v in other.named("pointer motion")[-1][1:]] == [-300.0, 50.0]
    assert not other.named("pointer leave")
    desk.pointer.button(LEFT, False)
    other.wait_for("it left", lambda: other.named("pointer leave"))
    client.wait_for("it is over the other", lambda: client.named("pointer enter"))


def test_a_wheel_turns_in_notches(desk: Desk) -> None:
    client = desk.client()
    client.window(RED)
    desk.point(400, 300)
    desk.pointer.wheel(VERTICAL, 2)
    client.wait_for("it turned", lambda: client.named("pointer axis_discrete"))
    assert client.named("pointer axis_discrete") == [(VERTICAL, 2)]


def test_a_clients_cursor_is_on_the_screen_while_the_pointer_is_over_it(desk: Desk) -> None:
    client = desk.client()
    client.window(RED)
    desk.point(200, 200)
    serial = client.wait_for("the pointer entered", lambda: client.named("pointer enter"))[-1][0]
    surface = client.compositor.create_surface()
    client.pointer.set_cursor(serial, surface, 4, 4)
    surface.attach(client.buffer(8, 8, WHITE), 0, 0)
    surface.commit()
    client.display.roundtrip()
    eventually("the cursor is there", lambda: np.all(desk.wlvm.screen()[196:204, 196:204] == WHITE))
    assert np.count_nonzero(desk.wlvm.screen() == WHITE) == 64
    surface.destroy()
    client.display.roundtrip()
    eventually("it is gone with its surface", lambda: np.all(desk.wlvm.screen() == RED))


def test_a_popup_stays_on_the_screen_and_over_other_windows(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    window = client.window(RED)
    other.window(BLUE)
    client.wait_for("it is placed", lambda: window.size == (WIDTH // 2, HEIGHT))
    popup = window.popup(GREEN, (350, 580), (100, 50))
    assert popup.place == (350, 550, 100, 50)
    desk.shows(420, 560, GREEN)
    screen = desk.wlvm.screen()
    assert np.all(screen[550:600, 350:450] == GREEN)
    assert np.count_nonzero(screen == GREEN) == 5000
    popup.destroy()
    desk.shows(420, 560, BLUE)


def test_a_menu_closes_when_another_programs_window_is_clicked(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    window = client.window(RED)
    other.window(BLUE)
    client.wait_for("it is placed", lambda: window.size == (WIDTH // 2, HEIGHT))
    desk.point(100, 100)
    desk.pointer.button(LEFT, True)
    serial = client.wait_for("the click came", lambda: client.named("pointer button"))[0][0]
    menu = window.popup(GREEN, (100, 100), (50, 50), grab=serial)
    desk.pointer.button(LEFT, False)
    desk.click(120, 120)
    client.wait_for("the menu was clicked", lambda: len(client.named("pointer button")) == 4)
    assert not menu.done
    desk.click(600, 300)
    client.wait_for("the menu is told to close", lambda: menu.done)


def test_a_window_whose_geometry_becomes_another_one_keeps_its_corner(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    dialog = client.window(GREEN, size=(200, 100), parent=window)
    desk.shows(400, 300, GREEN)
    dialog.xdg_surface.set_window_geometry(20, 0, 100, 100)  # the rest is a shadow, that its client draws
    dialog.surface.commit()
    client.display.roundtrip()
    eventually("it is there", lambda: np.all(desk.wlvm.screen()[250:350, 280:480] == GREEN))


def test_a_program_is_told_that_full_screen_is_all_it_may_ask_for(desk: Desk) -> None:
    window = desk.client().window(RED)
    assert window.abilities == [[FULLSCREEN_ABILITY]]


def test_full_screen_covers_the_others_and_ends(desk: Desk) -> None:
    client, other = desk.client(), desk.client()
    window = client.window(RED)
    other.window(BLUE)
    client.wait_for("it is placed", lambda: window.size == (WIDTH // 2, HEIGHT))
    window.toplevel.set_fullscreen(None)
    client.wait_for("it fills the output", lambda: window.size == (WIDTH, HEIGHT))
    assert FULLSCREEN in window.states
    desk.shows(600, 300, RED)
    window.toplevel.unset_fullscreen()
    client.wait_for("it is back", lambda: window.size == (WIDTH // 2, HEIGHT))
    desk.shows(600, 300, BLUE)


def test_a_popup_that_is_never_shown_leaves_nothing(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    positioner = client.wm_base.create_positioner()
    positioner.set_size(10, 10)
    positioner.set_anchor_rect(0, 0, 1, 1)
    surface = client.compositor.create_surface()
    xdg_surface = client.wm_base.get_xdg_surface(surface)
    popup = xdg_surface.get_popup(window.xdg_surface, positioner)
    client.display.roundtrip()
    popup.destroy()
    xdg_surface.destroy()
    window.destroy()
    client.display.roundtrip()
    desk.shows(400, 300, BLACK)


def test_clients_that_die_at_any_moment_disturb_nobody(desk: Desk) -> None:
    survivor = desk.client()
    window = survivor.window(RED)
    for step in range(6):
        client = desk.client()
        other = client.window(BLUE)
        if step >= 1:
            desk.click(600, 300)
        if step >= 2:
            popup = other.popup(GREEN, (10, 10), (20, 20))
        if step >= 3:
            popup.destroy()
        if step >= 4:
            desk.pointer.button(LEFT, True)
        if step >= 5:
            other.toplevel.set_fullscreen(None)
            client.display.roundtrip()
        client.close()
        survivor.wait_for("it has its place again", lambda: window.size == (WIDTH, HEIGHT))
        if step >= 4:
            desk.pointer.button(LEFT, False)
    desk.shows(400, 300, RED)


def test_real_programs_run_type_and_end(desk: Desk) -> None:
    for command in ("foot", "weston-terminal"):
        # A person's own shell may take its time to start.
        environment = {**os.environ, "WAYLAND_DISPLAY": desk.wlvm.display, "SHELL": "/bin/sh"}
        marker = desk.wlvm.runtime_dir / command
        program = subprocess.Popen(
            [command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            eventually(f"{command} is there", lambda: np.any(desk.wlvm.screen()))

            def typed(marker: Path = marker) -> bool:
                desk.wlvm.run("wtype", f"touch {marker}", "-k", "Return")
                return marker.exists()

            eventually(f"{command} got what was typed", typed)
            desk.wlvm.run("wtype", "exit", "-k", "Return")
            program.wait(10)
        finally:
            program.kill()
            program.wait()
        eventually(f"{command} is gone", lambda: not np.any(desk.wlvm.screen()[30:, 30:]))


def test_x11_programs_are_windows_like_the_others(desk: Desk) -> None:
    client = desk.client()
    window = client.window(RED)
    environment = {**os.environ, "DISPLAY": desk.wlvm.wait_for_log("X11 programs").rpartition(" ")[2]}
    xlogo = subprocess.Popen(
        ["xlogo", "-bg", "#0000ff", "-fg", "#0000ff"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        client.wait_for("the window makes room", lambda: window.size == (WIDTH // 2, HEIGHT))
        eventually("it fills its place", lambda: np.all(desk.wlvm.screen()[30:, WIDTH // 2 :] == BLUE))
        client.wait_for("it has the keyboard", lambda: client.named("keyboard leave"))
    finally:
        xlogo.kill()
        xlogo.wait()
    client.wait_for("the room is back", lambda: window.size == (WIDTH, HEIGHT))


def test_absurd_sizes_and_floods_disturb_nobody(desk: Desk) -> None:
    victim, client = desk.client(), desk.client()
    window = victim.window(RED)
    flood = client.window(BLUE, size=(9000, 9000))
    victim.wait_for("it has half the output", lambda: window.size == (WIDTH // 2, HEIGHT))
    for step in range(2000):
        flood.toplevel.set_title("x" * 1000 + str(step))
        flood.surface.damage_buffer(0, 0, 2**31 - 1, 2**31 - 1)
        flood.surface.commit()
        if step % 10 == 0:
            client.display.roundtrip()
    for _ in range(50):
        client.window(GREEN)
    client.close()
    victim.wait_for("it has the output again", lambda: window.size == (WIDTH, HEIGHT))
    eventually("its picture is whole", lambda: np.all(desk.wlvm.screen()[30:, 30:] == RED))
    desk.click(100, 100)
    victim.wait_for("a click reaches it", lambda: victim.named("pointer button"))


def test_the_focus_is_handed_on_by_whom_a_person_clicked_and_nobody_else(desk: Desk) -> None:
    client = desk.client()
    one, two = client.window(RED), client.window(BLUE)
    client.wait_for("the second is active", lambda: ACTIVATED in two.states)
    activation = client.bind(XdgActivationV1)

    def token(serial: int | None) -> str:
        tokens: list[str] = []
        made = activation.get_activation_token()
        made.dispatcher["done"] = lambda made, text: tokens.append(text)
        if serial is not None:
            made.set_serial(serial, client.seat)
        made.commit()
        return str(client.wait_for("the token is made", lambda: tokens)[0])

    activation.activate(token(None), one.surface)
    client.display.roundtrip()
    client.display.roundtrip()
    assert ACTIVATED not in one.states
    desk.click(600, 300)
    serial = client.wait_for("the click came", lambda: client.named("pointer button"))[0][0]
    activation.activate(token(serial), one.surface)
    client.wait_for("the first is active", lambda: ACTIVATED in one.states)
