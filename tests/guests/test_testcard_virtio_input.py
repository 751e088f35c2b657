"""The test card with virtio keyboards, mice and tablets: every event, exactly, and the crosshair where it belongs."""

from __future__ import annotations

from typing import Any

import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from wlvm.qemu.motion import Position, send_to_sink, to_events

from .screens import dump, key, motion, same
from .windows import window_on

NO_DISPLAY = ("-display", "none")
KEYBOARD = ("-device", "virtio-keyboard-pci")
MOUSE = ("-device", "virtio-mouse-pci")
TABLET = ("-device", "virtio-tablet-pci")
OPTIONS = "mode=640x480 damage=patch"


def send(card: TestCard, *events: dict[str, Any]) -> None:
    card.execute("input-send-event", events=list(events))


def button(name: str, *, down: bool) -> dict[str, Any]:
    return {"type": "btn", "data": {"button": name, "down": down}}


def position(axis: str, value: int) -> dict[str, Any]:
    return {"type": "abs", "data": {"axis": axis, "value": value}}


@pytest.mark.parametrize("device", ["std-vga", "virtio-gpu"])
def test_keys_have_their_evdev_codes(qemu: str, device: str) -> None:
    with TestCard(qemu, device, OPTIONS, KEYBOARD, display=NO_DISPLAY) as card:
        for name, code in (
            ("a", 30),
            ("ctrl_r", 97),
            ("up", 103),
            ("pause", 119),
            ("print", 99),
            ("f12", 88),
        ):
            key(card, name, down=True)
            assert card.wait_for("") == f"key {code} down via=virtio"
            key(card, name, down=False)
            assert card.wait_for("") == f"key {code} up via=virtio"
        key(card, "spc", down=True)
        assert card.wait_for("patch") == "patch 1"
        same(dump(card), model.picture(640, 480, patch=1))


def test_the_mouse_moves_the_crosshair(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", OPTIONS, MOUSE, display=NO_DISPLAY) as card:
        motion(card, 200, -30)
        assert card.wait_for("") == "rel 200 -30 via=virtio"
        same(dump(card), model.picture(640, 480, pointer=(520, 210)))
        motion(card, 1000, 1000)
        assert card.wait_for("") == "rel 1000 1000 via=virtio"
        same(dump(card), model.picture(640, 480, pointer=(639, 479)))


def test_buttons_and_the_wheel(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", OPTIONS, MOUSE, display=NO_DISPLAY) as card:
        for name in ("left", "middle", "right", "side", "extra"):
            send(card, button(name, down=True))
            assert card.wait_for("") == f"button {name} down via=virtio"
            send(card, button(name, down=False))
            assert card.wait_for("") == f"button {name} up via=virtio"
        for name, steps in (("wheel-up", 1), ("wheel-down", -1)):
            send(card, button(name, down=True))
            assert card.wait_for("") == f"wheel {steps} via=virtio"
            send(card, button(name, down=False))
        card.command("step")
        assert card.lines() == []


def test_the_tablet_points_at_pixels(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", OPTIONS, TABLET, display=NO_DISPLAY) as card:
        for x, y, at in ((0, 0, (0, 0)), (32767, 32767, (639, 479)), (16384, 8192, (320, 120))):
            send(card, position("x", x), position("y", y))
            assert card.wait_for("abs") == f"abs {x} {y} via=virtio px={at[0]},{at[1]}"
            same(dump(card), model.picture(640, 480, pointer=at))
        send(card, position("x", 100))
        assert card.wait_for("abs") == "abs 100 8192 via=virtio px=1,120"


PIXELS = [(0, 0), (1, 1), (500, 306), (333, 7), (999, 611)]


def test_a_pixel_that_qmp_points_at_is_found_again(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=1001x613", TABLET, display=NO_DISPLAY) as card:
        for x, y in (*PIXELS, (1000, 612)):
            send(card, *to_events(Position(x, y, 1001, 613)))
            assert card.wait_for("abs").endswith(f"px={x},{y}")


def test_a_pixel_that_a_window_points_at_is_found_again(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=1001x613", TABLET) as card, window_on(card) as (console, *_):
        for x, y in PIXELS:
            assert send_to_sink(Position(x, y, 1001, 613), console)
            assert card.wait_for("abs").endswith(f"px={x},{y}")


def test_the_pointer_may_be_the_devices_cursor(qemu: str) -> None:
    extra = (*TABLET, "-trace", "virtio_gpu_update_cursor")
    with TestCard(qemu, "virtio-gpu", f"{OPTIONS} cursor", extra, display=NO_DISPLAY) as card:
        for x, y in ((100, 50), (2, 1)):
            send(card, *to_events(Position(x, y, 640, 480)))
            assert card.wait_for("abs").endswith(f"px={x},{y}")
        told = [line.rpartition("update_cursor ")[2] for line in card.qemu_log().splitlines()]
        assert [line for line in told if line.startswith("scanout")] == [
            "scanout 0, x 92, y 46, update, res 0x1",
            "scanout 0, x -6, y -3, move, res 0x1",
        ]
        same(dump(card), model.picture(640, 480))


def test_a_burst_is_not_lost(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", OPTIONS, KEYBOARD, display=NO_DISPLAY) as card:
        names = "abcdefghij"
        for name in names:
            key(card, name, down=True)
        for name in names:
            key(card, name, down=False)
        told = [card.wait_for("key") for _ in range(2 * len(names))]
        assert len(set(told)) == 2 * len(names)


def test_several_devices_at_once(qemu: str) -> None:
    extra = (*KEYBOARD, *MOUSE, *TABLET)
    with TestCard(qemu, "virtio-gpu", OPTIONS, extra, display=NO_DISPLAY) as card:
        key(card, "a", down=True)
        assert card.wait_for("") == "key 30 down via=virtio"
        motion(card, 1, 0)
        assert card.wait_for("") == "rel 1 0 via=virtio"
        send(card, position("x", 0), position("y", 0))
        assert card.wait_for("") == "abs 0 0 via=virtio px=0,0"
