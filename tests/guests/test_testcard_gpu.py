"""The test card on virtio-gpu: pictures, flips, modes, and what it does when the device cannot do something."""

from __future__ import annotations

import pytest

from guests.testcard import model
from guests.testcard.launch import CardError, TestCard

from .screens import dump, key, same
from .windows import window_on

NO_DISPLAY = ("-display", "none")
WAYS = ["damage=full", "damage=patch", "damage=full flip", "damage=patch flip"]


@pytest.mark.parametrize("size", [(1280, 800), (1366, 768), (1001, 613), (2560, 1440)])
def test_the_picture_is_the_models_in_any_mode(qemu: str, size: tuple[int, int]) -> None:
    width, height = size
    with TestCard(qemu, "virtio-gpu", f"mode={width}x{height}", display=NO_DISPLAY) as card:
        assert card.ready == f"ready device=virtio-gpu mode={width}x{height} frame=0"
        same(dump(card), model.picture(width, height))


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_the_hosts_preferred_mode_is_taken(qemu: str, machine: str) -> None:
    extra = ("-machine", machine)
    with TestCard(qemu, "virtio-vga,xres=1024,yres=600", extra=extra, display=NO_DISPLAY) as card:
        assert card.ready == "ready device=virtio-gpu mode=1024x600 frame=0"
        same(dump(card), model.picture(1024, 600))


@pytest.mark.parametrize("options", WAYS)
def test_frames_are_stepped(qemu: str, options: str) -> None:
    with TestCard(qemu, "virtio-gpu", f"mode=640x480 {options}", display=NO_DISPLAY) as card:
        for frame in (1, 2, 3):
            assert card.command("step") == f"done step frame={frame}"
            same(dump(card), model.picture(640, 480, frame=frame))
        key(card, "spc", down=True)
        assert card.wait_for("patch") == "patch 1"
        same(dump(card), model.picture(640, 480, frame=3, patch=1))
        card.command("step")
        same(dump(card), model.picture(640, 480, frame=4, patch=1))


def test_modes_are_changed(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", display=NO_DISPLAY) as card:
        for size in ((640, 480), (1920, 1080), (333, 222), (1280, 800)):
            assert card.command(f"mode {size[0]}x{size[1]}") == f"done mode {size[0]}x{size[1]}"
            same(dump(card), model.picture(*size))


def test_a_mode_beyond_the_memory_leaves_the_old_one(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=640x480", ("-m", "32"), display=NO_DISPLAY) as card:
        with pytest.raises(CardError, match="error mode: not enough memory"):
            card.command("mode 2560x1600")
        card.command("step")
        same(dump(card), model.picture(640, 480, frame=1))


def test_it_is_switched_off_and_on(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=640x480", display=NO_DISPLAY) as card:
        card.command("off")
        assert card.command("step") == "done step frame=1"
        assert dump(card).shape != (480, 640) or not (dump(card) == model.picture(640, 480, frame=1)).all()
        card.command("on")
        same(dump(card), model.picture(640, 480, frame=1))


def test_the_mode_that_a_window_asks_for_is_taken(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu") as card, window_on(card) as (console, *_):
        console.set_ui_info(width_mm=0, height_mm=0, xoff=0, yoff=0, width=900, height=500)
        assert card.wait_for("mode") == "mode 900x500"
        same(dump(card), model.picture(900, 500))


def test_a_mode_that_it_was_given_stays(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=640x480") as card, window_on(card) as (console, *_):
        console.set_ui_info(width_mm=0, height_mm=0, xoff=0, yoff=0, width=900, height=500)
        card.execute("query-status")
        card.command("step")
        same(dump(card), model.picture(640, 480, frame=1))
        assert not [line for line in card.heard if line.startswith("mode")]


def test_a_second_head_has_the_still_picture(qemu: str) -> None:
    device = "virtio-gpu,max_outputs=2"
    with TestCard(qemu, device, "mode=640x480 heads=2") as card, window_on(card) as (_, second):
        second.set_ui_info(width_mm=0, height_mm=0, xoff=0, yoff=0, width=800, height=600)
        assert card.wait_for("head 1") == "head 1 800x600"
        card.command("mode 640x480")
        card.command("step")
        same(dump(card, device="video", head=0), model.picture(640, 480, frame=1))
        same(dump(card, device="video", head=1), model.picture(800, 600))
        card.command("head off")
        card.wait_for("head 1 off")
        card.command("head on")
        assert card.wait_for("head 1") == "head 1 800x600"
        second.set_ui_info(width_mm=0, height_mm=0, xoff=0, yoff=0, width=0, height=0)
        card.wait_for("head 1 off")


def test_the_cursor_goes_to_the_device(qemu: str) -> None:
    extra = ("-trace", "virtio_gpu_update_cursor")
    with TestCard(qemu, "virtio-gpu", "mode=640x480", extra, display=NO_DISPLAY) as card:
        assert card.command("cursor 100 50") == "done cursor 100 50"
        assert card.command("cursor 101 51") == "done cursor 101 51"
        assert card.command("cursor off") == "done cursor off"
        told = [line.rpartition("update_cursor ")[2] for line in card.qemu_log().splitlines()]
        assert [line for line in told if line.startswith("scanout")] == [
            "scanout 0, x 100, y 50, update, res 0x1",
            "scanout 0, x 101, y 51, move, res 0x1",
            "scanout 0, x 0, y 0, update, res 0x0",
        ]
        same(dump(card), model.picture(640, 480))


def test_without_blobs_it_says_so_and_goes_on(qemu: str) -> None:
    with TestCard(qemu, "virtio-gpu", "mode=640x480 blob stride=4096", display=NO_DISPLAY) as card:
        assert any(line.startswith("error blob:") for line in card.heard)
        same(dump(card), model.picture(640, 480))


def test_the_cursors_image_is_premultiplied() -> None:
    image = model.cursor_image()
    alpha = image >> 24
    assert image.shape == (64, 64)
    for shift in (16, 8, 0):
        assert ((image >> shift & 0xFF) <= alpha).all()
