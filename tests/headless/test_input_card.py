"""From a Wayland client's devices through wlvm and QEMU to what the guest says that it got."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.virtual_input import VERTICAL, InputClient
from tests.wlvm_process import Wlvm, eventually

LEFT = 0x110  # BTN_LEFT
KEY_SPACE, KEY_ESC, KEY_RIGHTALT, KEY_UP, KEY_KP7, KEY_LEFTMETA = 57, 1, 100, 103, 71, 125

VIRTIO = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@contextmanager
def typed_into(
    qemu: str, runtime_dir: Path, extra: tuple[str, ...], mode: str = "640x480", motion: str = "qmp"
) -> Iterator[tuple[TestCard, Wlvm, InputClient]]:
    """A test card that fills an output of its size, and a client with devices."""
    with TestCard(qemu=qemu, device="virtio-gpu", options=f"mode={mode}", extra=extra) as card:
        config = f"""
            [[output]]
            mode = "{mode}"
            [guest.card]
            qmp = "{card.qmp_path}"
            input = {{ motion = "{motion}" }}
        """
        with Wlvm(runtime_dir, config=config) as wlvm:
            wlvm.wait_for_picture("card")
            with InputClient(runtime_dir / wlvm.display) as client:
                yield card, wlvm, client


@pytest.mark.parametrize(("extra", "via"), [((), "ps2"), (VIRTIO, "virtio")])
def test_keys_reach_the_guest_as_they_were_pressed(
    qemu: str, runtime_dir: Path, extra: tuple[str, ...], via: str
) -> None:
    keys = (KEY_ESC, KEY_RIGHTALT, KEY_UP, KEY_KP7, KEY_LEFTMETA)
    with typed_into(qemu, runtime_dir, extra) as (card, _, client):
        keyboard = client.keyboard()
        for key in keys:
            keyboard.tap(key)
            card.wait_for(f"key {key} down via={via}")
            card.wait_for(f"key {key} up via={via}")


def test_a_key_changes_what_is_on_the_screen(qemu: str, runtime_dir: Path) -> None:
    with typed_into(qemu, runtime_dir, VIRTIO) as (card, wlvm, client):
        client.keyboard().tap(KEY_SPACE)
        card.wait_for("patch 1")
        flipped = model.picture(640, 480, patch=1)
        eventually("the patch has flipped", lambda: np.array_equal(wlvm.pixels("card"), flipped))


@pytest.mark.parametrize("motion", ["qmp", "dbus"])
@pytest.mark.parametrize("mode", ["640x480", "1366x768", "1001x613"])
def test_the_pointer_hits_the_pixel_it_is_over(qemu: str, runtime_dir: Path, mode: str, motion: str) -> None:
    width, height = map(int, mode.split("x"))
    points = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    points += [(x, (x * 7) % height) for x in range(1, width, width // 37)]
    with typed_into(qemu, runtime_dir, VIRTIO, mode, motion) as (card, _, client):
        pointer = client.pointer()
        for x, y in points:
            pointer.move_to(x, y, width, height)
            line = card.wait_for("abs")
            while not line.endswith(
                f"px={x},{y}"
            ):  # an axis that came before the other, or a position on the way
                line = card.wait_for("abs")


def test_a_click_is_where_the_pointer_is(qemu: str, runtime_dir: Path) -> None:
    with typed_into(qemu, runtime_dir, VIRTIO) as (card, _, client):
        pointer = client.pointer()
        for x, y in [(10, 20), (630, 470), (320, 240)]:
            pointer.move_to(x, y, 640, 480)
            pointer.click(LEFT)
            card.wait_for("button left down")
            positions = [line for line in card.heard if line.startswith("abs")]
            assert positions[-1].endswith(f"px={x},{y}")
            card.wait_for("button left up")


def test_a_wheel_turns_by_its_notches(qemu: str, runtime_dir: Path) -> None:
    with typed_into(qemu, runtime_dir, VIRTIO) as (card, _, client):
        pointer = client.pointer()
        pointer.move_to(100, 100, 640, 480)
        pointer.wheel(VERTICAL, 2)  # QEMU's virtio mouse adds up what is sent together
        assert card.wait_for("wheel").startswith("wheel -2 ")
        pointer.wheel(VERTICAL, -1)
        assert card.wait_for("wheel").startswith("wheel 1 ")


def test_no_key_stays_down_when_the_guest_loses_the_focus_or_wlvm_ends(qemu: str, runtime_dir: Path) -> None:
    with typed_into(qemu, runtime_dir, VIRTIO) as (card, wlvm, client):
        client.keyboard().key(KEY_LEFTMETA, True)
        card.wait_for(f"key {KEY_LEFTMETA} down")
        wlvm.control.quit()
        wlvm.wait()
        card.wait_for(f"key {KEY_LEFTMETA} up")
