"""The test card on a real QEMU: its picture against the model, its commands, and the PS/2 devices."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import CardError, TestCard

from .screens import dump, key, motion, same

NO_DISPLAY = ("-display", "none")


@pytest.mark.parametrize("size", [(1280, 800), (640, 480), (800, 600), (1920, 1080), (320, 200)])
def test_the_picture_is_the_models(qemu: str, size: tuple[int, int]) -> None:
    width, height = size
    with TestCard(qemu, options=f"mode={width}x{height}", display=NO_DISPLAY) as card:
        assert card.ready == f"ready device=std-vga mode={width}x{height} frame=0"
        same(dump(card), model.picture(width, height))


def test_a_mode_is_changed_and_odd_widths_are_rounded_down(qemu: str) -> None:
    with TestCard(qemu, display=NO_DISPLAY) as card:
        assert card.command("mode 1366x768") == "done mode 1360x768"
        assert card.wait_for("mode") == "mode 1360x768"
        same(dump(card), model.picture(1360, 768))
        card.command("mode 640x480")
        same(dump(card), model.picture(640, 480))


@pytest.mark.parametrize("options", ["", "flip"])
def test_a_bochs_display_has_any_width(qemu: str, options: str) -> None:
    with TestCard(qemu, "bochs-display", f"mode=1366x768 {options}", display=NO_DISPLAY) as card:
        card.command("step")
        same(dump(card), model.picture(1366, 768, frame=1))
        assert card.command("mode 801x600") == "done mode 801x600"
        same(dump(card), model.picture(801, 600, frame=1))


@pytest.mark.parametrize("options", ["damage=full", "damage=patch", "damage=full flip", "damage=patch flip"])
def test_frames_are_stepped_and_jumped_to(qemu: str, options: str) -> None:
    with TestCard(qemu, options=f"mode=640x480 {options}", display=NO_DISPLAY) as card:
        assert card.command("step") == "done step frame=1"
        same(dump(card), model.picture(640, 480, frame=1))
        assert card.command("frame 40000") == "done frame 40000"
        card.command("step")
        pixels = dump(card)
        same(pixels, model.picture(640, 480, frame=40001))
        assert model.frame_number(pixels) == 40001
        assert not model.torn(pixels)


def test_it_runs_and_holds(qemu: str) -> None:
    with TestCard(qemu, options="mode=640x480 rate=60 damage=patch report", display=NO_DISPLAY) as card:
        for frame in range(1, 6):
            assert card.wait_for("frame ") == f"frame {frame}"
        held = int(card.command("hold").partition("frame=")[2])
        same(dump(card), model.picture(640, 480, frame=held))
        card.lines()
        card.command("run 10")
        assert card.wait_for("frame ") == f"frame {held + 1}"


def test_it_goes_on_while_nobody_reads(qemu: str) -> None:
    """A socket takes only some hundred bytes from QEMU before it is full."""
    with TestCard(qemu, options="mode=640x480 damage=patch report", display=NO_DISPLAY) as card:
        card.command("run 500")
        pixels = dump(card)
        deadline = time.monotonic() + 10
        while model.torn(pixels) or model.frame_number(pixels) < 200:
            assert time.monotonic() < deadline
            pixels = dump(card)
        card.command("hold")
        assert [line for line in card.heard if line.startswith("frame ")][:200] == [
            f"frame {number}" for number in range(1, 201)
        ]


def test_commands_that_cannot_be_done_say_why(qemu: str) -> None:
    with TestCard(qemu, display=NO_DISPLAY) as card:
        for command in ("mode 9000x9000", "mode x", "frame", "run fast", "cursor 1 2", "dance"):
            with pytest.raises(CardError, match=f"error {command.split()[0]}:"):
                card.command(command)


def test_quit_ends_the_machine(qemu: str) -> None:
    with TestCard(qemu, display=NO_DISPLAY) as card:
        assert card.command("quit") == "done quit"
        assert card.process.wait(10) == 0


def test_space_flips_the_patch(qemu: str) -> None:
    with TestCard(qemu, options="mode=640x480 damage=patch", display=NO_DISPLAY) as card:
        key(card, "spc", down=True)
        assert card.wait_for("key") == "key 57 down via=ps2"
        assert card.wait_for("patch") == "patch 1"
        same(dump(card), model.picture(640, 480, patch=1))
        key(card, "spc", down=False)
        assert card.wait_for("key") == "key 57 up via=ps2"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *[("a", 30), ("esc", 1), ("shift", 42), ("shift_r", 54), ("ctrl_r", 97), ("alt_r", 100), ("f12", 88)],
        *[("up", 103), ("delete", 111), ("kp_enter", 96), ("kp_divide", 98), ("meta_l", 125), ("print", 99)],
        *[("pause", 119), ("less", 86), ("yen", 124), ("volumeup", 115)],
    ],
)
def test_a_ps2_key_has_its_evdev_code(qemu: str, name: str, code: int, shared_card: TestCard) -> None:
    key(shared_card, name, down=True)
    assert shared_card.wait_for("", 5) == f"key {code} down via=ps2"
    key(shared_card, name, down=False)
    assert shared_card.wait_for("", 5) == f"key {code} up via=ps2"


def test_the_ps2_mouse_moves_the_crosshair(qemu: str) -> None:
    with TestCard(qemu, options="mode=640x480 damage=patch", display=NO_DISPLAY) as card:
        motion(card, 10, -20)
        assert card.wait_for("rel") == "rel 10 -20 via=ps2"
        same(dump(card), model.picture(640, 480, pointer=(330, 220)))
        motion(card, -100, 100)
        assert card.wait_for("rel") == "rel -100 100 via=ps2"
        same(dump(card), model.picture(640, 480, pointer=(230, 320)))


def test_the_ps2_mouse_has_buttons_and_a_wheel(qemu: str, shared_card: TestCard) -> None:
    card = shared_card
    for button in ("left", "middle", "right"):
        for down in (True, False):
            event = {"type": "btn", "data": {"button": button, "down": down}}
            card.execute("input-send-event", events=[event])
            assert card.wait_for("button") == f"button {button} {'down' if down else 'up'} via=ps2"
    for button, steps in (("wheel-up", 1), ("wheel-down", -1)):
        for down in (True, False):
            event = {"type": "btn", "data": {"button": button, "down": down}}
            card.execute("input-send-event", events=[event])
        assert card.wait_for("wheel") == f"wheel {steps} via=ps2"


def test_a_torn_picture_is_told(tmp_path: Path) -> None:
    pixels = model.picture(640, 480, frame=7)
    assert model.frame_number(pixels) == 7
    pixels[240:] = model.picture(640, 480, frame=8)[240:]
    assert model.torn(pixels)
    with pytest.raises(model.NoCounterError):
        model.frame_number(np.full((480, 640), 0x808080, np.uint32))
