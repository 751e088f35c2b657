"""Caps Lock and Num Lock of the person and of a real guest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guests.testcard.launch import TestCard
from tests.clients.virtual_input import InputClient, Keyboard
from tests.clients.window import Client
from tests.wlvm_process import Wlvm, eventually

KEY_A, KEY_CAPSLOCK, KEY_NUMLOCK = 30, 58, 69
#: xkb's masks of the locks.
CAPS, NUM = 1 << 1, 1 << 4

VIRTIO = ("-device", "virtio-keyboard-pci")


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@contextmanager
def beside_a_window(
    qemu: str, runtime_dir: Path, options: str, extra: tuple[str, ...] = ()
) -> Iterator[tuple[TestCard, Wlvm, Keyboard]]:
    """A guest, a window that has the focus, and a keyboard."""
    with (
        TestCard(qemu=qemu, options=f"mode=640x480 {options}", extra=extra) as card,
        Wlvm(runtime_dir, config=f'[guest.card]\nqmp = "{card.qmp_path}"') as wlvm,
        Client(runtime_dir / wlvm.display) as client,
        InputClient(runtime_dir / wlvm.display) as devices,
    ):
        wlvm.wait_for_picture("card")
        keyboard = devices.keyboard()
        client.window(0x123456)
        wlvm.control.command("focus app *")
        yield card, wlvm, keyboard


def heard_until(card: TestCard, keyboard: Keyboard) -> list[str]:
    """What the guest has said until a key that is pressed now has come up."""
    keyboard.tap(KEY_A)
    lines: list[str] = []
    while not lines or not lines[-1].startswith(f"key {KEY_A} up"):
        lines.append(card.wait_for(""))
    return lines[: -len(("down", "up"))]


@pytest.mark.parametrize("extra", [(), VIRTIO], ids=["ps2", "virtio"])
def test_a_guest_that_gets_the_keyboard_has_its_locks(
    qemu: str, runtime_dir: Path, extra: tuple[str, ...]
) -> None:
    with beside_a_window(qemu, runtime_dir, "lights", extra) as (card, wlvm, keyboard):
        keyboard.tap(KEY_CAPSLOCK)
        keyboard.modifiers(0, CAPS)
        keyboard.tap(KEY_NUMLOCK)
        keyboard.modifiers(0, CAPS | NUM)
        wlvm.control.command("focus guest card")
        card.wait_for("lights 6")
        assert not [line for line in heard_until(card, keyboard) if line.startswith("lights")]
        card.command("lights 0")
        assert heard_until(card, keyboard) == [], "what a guest does itself is its own"
        eventually("its light is known to wlvm", lambda: "lights 6" in lines_after_focus(card, wlvm))


def lines_after_focus(card: TestCard, wlvm: Wlvm) -> list[str]:
    """What the guest has said so far when it has got the keyboard anew."""
    wlvm.control.command("focus app *")
    wlvm.control.command("focus guest card")
    return card.lines()


@pytest.mark.one_qemu
def test_a_guest_without_lights_gets_the_key_once(qemu: str, runtime_dir: Path) -> None:
    with beside_a_window(qemu, runtime_dir, "") as (card, wlvm, keyboard):
        keyboard.modifiers(0, CAPS)
        wlvm.control.command("focus guest card")
        card.wait_for(f"key {KEY_CAPSLOCK} up")
        for _ in range(2):
            wlvm.control.command("focus app *")
            wlvm.control.command("focus guest card")
            assert heard_until(card, keyboard) == []
