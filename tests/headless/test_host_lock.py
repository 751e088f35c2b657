"""Bars and lock screens: what they take from views, and what nobody gets while the session is locked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import Wlvm, eventually, send_when_caught

GREEN, RED, BLACK = 0x00FF00, 0xFF0000, 0
LEFT = 0x110  # BTN_LEFT
KEY_A, KEY_B = 30, 48


@contextlib.contextmanager
def running(wlvm: Wlvm, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Wayland client for as long as the block lasts."""
    program = subprocess.Popen(
        command,
        env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def is_all(wlvm: Wlvm, color: int) -> bool:
    """Whether the output shows one colour; without the pointer's corner."""
    return bool(np.all(wlvm.screen()[40:, 40:] == color))


def locked(wlvm: Wlvm) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    return running(wlvm, "swaylock", "--color", "00ff00", "--no-unlock-indicator")


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config='[[output]]\nmode = "800x600"\n') as wlvm:
        yield wlvm


def test_a_wallpaper_lies_below_and_a_bar_takes_its_zone(wlvm: Wlvm) -> None:
    bar = wlvm.runtime_dir / "bar.json"
    bar.write_text('{"height": 40, "position": "bottom", "modules-left": []}')
    with (
        running(wlvm, "swaybg", "--color", "#00ff00"),
        Client(wlvm.runtime_dir / wlvm.display) as client,
    ):
        eventually("the wallpaper is there", lambda: is_all(wlvm, GREEN))
        window = client.window(RED)
        assert window.size == (800, 600)
        with running(wlvm, "waybar", "--config", str(bar), "--style", "/dev/null"):
            client.wait_for("the window leaves room for the bar", lambda: window.size == (800, 560))
        client.wait_for("the room is back", lambda: window.size == (800, 600))


def test_a_launcher_has_the_keyboard_until_it_goes(wlvm: Wlvm) -> None:
    with (
        Client(wlvm.runtime_dir / wlvm.display) as client,
        InputClient(wlvm.runtime_dir / wlvm.display) as hand,
    ):
        client.window(RED)
        client.wait_for("the window has the keyboard", lambda: client.named("keyboard enter"))
        with subprocess.Popen(
            ["fuzzel", "--dmenu"], env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as fuzzel:  # fmt: skip
            assert fuzzel.stdin is not None
            assert fuzzel.stdout is not None
            fuzzel.stdin.write(b"one\ntwo\n")
            fuzzel.stdin.close()
            client.wait_for("the launcher has it", lambda: client.named("keyboard leave"))
            pointer = hand.pointer()
            pointer.move_to(5, 595, 800, 600)
            pointer.click(LEFT)
            client.wait_for("the click went below", lambda: client.named("pointer button"))
            wlvm.run("wtype", "two", "-k", "Return")
            assert fuzzel.stdout.read() == b"two\n"
        client.wait_for("the window has it again", lambda: len(client.named("keyboard enter")) == 2)
        assert not client.named("keyboard key")


def test_a_locked_session_shows_and_hears_nothing_but_the_lock(wlvm: Wlvm) -> None:
    with (
        Client(wlvm.runtime_dir / wlvm.display) as client,
        InputClient(wlvm.runtime_dir / wlvm.display) as hand,
    ):
        client.window(RED)
        pointer, keyboard = hand.pointer(), hand.keyboard()
        pointer.move_to(1, 1, 800, 600)
        pointer.button(LEFT, True)
        client.wait_for("a button is held on the window", lambda: client.named("pointer button"))
        with locked(wlvm) as swaylock:
            eventually("the lock is there", lambda: is_all(wlvm, GREEN))
            client.wait_for("the window lost the keyboard", lambda: client.named("keyboard leave"))
            before = len(client.events)
            client.window(RED)
            pointer.button(LEFT, False)
            pointer.move_to(400, 300, 800, 600)
            pointer.click(LEFT)
            keyboard.tap(KEY_A)
            client.display.roundtrip()
            heard = {event[0] for event in client.events[before:]}
            assert not heard & {"pointer enter", "pointer motion", "keyboard enter", "keyboard key"}
            assert is_all(wlvm, GREEN), "a new window is below the lock"
            pointer.move_to(1, 1, 800, 600)
            send_when_caught(swaylock, signal.SIGUSR1)
            assert swaylock.wait(10) == 0
        client.wait_for(
            "a window has the keyboard", lambda: "keyboard enter" in [e[0] for e in client.events[before:]]
        )
        eventually("the windows are seen", lambda: is_all(wlvm, RED))


def test_a_lock_that_dies_leaves_the_session_covered_until_another_unlocks(wlvm: Wlvm) -> None:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        client.window(RED)
        with locked(wlvm) as swaylock:
            eventually("the lock is there", lambda: is_all(wlvm, GREEN))
            swaylock.kill()
            eventually("it is black", lambda: is_all(wlvm, BLACK))
        before = len(client.events)
        wlvm.run("wtype", "secret")
        client.display.roundtrip()
        assert not [event for event in client.events[before:] if event[0] == "keyboard key"]
        with locked(wlvm) as swaylock:
            eventually("another lock is there", lambda: is_all(wlvm, GREEN))
            send_when_caught(swaylock, signal.SIGUSR1)
            swaylock.wait(10)
        eventually("the window is seen", lambda: is_all(wlvm, RED))


def test_no_guest_and_no_locked_pointer_survives_the_lock(qemu: str, runtime_dir: Path) -> None:
    with (
        TracedQemu(qemu, runtime_dir, mouse=True) as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp), config='[[output]]\nmode = "800x600"\n') as wlvm,
        InputClient(runtime_dir / wlvm.display) as hand,
    ):
        wlvm.wait_for_picture("vm")
        pointer, keyboard = hand.pointer(), hand.keyboard()
        pointer.move_to(400, 300, 800, 600)

        def has_the_pointer() -> bool:
            pointer.click(LEFT)
            pointer.move_by(7, -3)
            return {"rel x 7", "rel y -3"} <= set(vm.events())

        eventually("the guest has the pointer", has_the_pointer)
        keyboard.tap(KEY_B)
        vm.wait_for_end("b")
        keyboard.key(KEY_A, True)
        vm.wait_for("+a")
        with locked(wlvm) as swaylock:
            eventually("the lock is there", lambda: is_all(wlvm, GREEN))
            vm.wait_for("-a")
            before = vm.events()
            pointer.move_by(5, 5)
            pointer.click(LEFT)
            keyboard.key(KEY_A, False)
            keyboard.tap(KEY_B)
            send_when_caught(swaylock, signal.SIGUSR1)
            swaylock.wait(10)
        keyboard.tap(KEY_B)
        vm.wait_for("+b", "-b")
        assert vm.events() == [*before, "+b", "-b"]
