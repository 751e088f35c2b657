"""The test card on real QEMUs, shown by wlvm: every pixel is the guest's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.wlvm_process import Wlvm, eventually
from wlvm.qemu.launch import qemu_version


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def shows(wlvm: Wlvm, picture: np.ndarray) -> bool:
    """Whether the guest's frame, and its place on the screen, are exactly this picture."""
    console = wlvm.guest("qmp").consoles[0]
    height, width = picture.shape
    if (console.width, console.height) != (width, height) or not np.array_equal(wlvm.pixels("qmp"), picture):
        return False
    place = np.s_[console.y : console.y + height, console.x : console.x + width]
    return np.array_equal(wlvm.screen()[place], picture)


@contextmanager
def shown(
    qemu: str, runtime_dir: Path, device: str, options: str, rule: str = ""
) -> Iterator[tuple[TestCard, Wlvm]]:
    """A test card, and a wlvm that has shown a first picture of it."""
    with TestCard(qemu=qemu, device=device, options=options) as card:
        config = f'[[output]]\nmode = "1920x1080@60"\n[guest.qmp]\nqmp = "{card.qmp_path}"\n{rule}\n'
        with Wlvm(runtime_dir, config=config) as wlvm:
            wlvm.wait_for_picture("qmp")
            yield card, wlvm


# Bochs VBE makes its widths multiples of 8.
@pytest.mark.parametrize(
    ("device", "width", "height"),
    [("std-vga", 1280, 800), ("std-vga", 1360, 768), ("virtio-gpu", 800, 600), ("virtio-gpu", 1366, 768)],
)
def test_a_still_picture_is_exact(qemu: str, runtime_dir: Path, device: str, width: int, height: int) -> None:
    with shown(qemu, runtime_dir, device, f"mode={width}x{height}") as (card, wlvm):
        eventually("the picture is exact", lambda: shows(wlvm, model.picture(width, height)))
        card.command("frame 12345")
        eventually("the next is, too", lambda: shows(wlvm, model.picture(width, height, frame=12345)))


@pytest.mark.parametrize("options", ["", "flip", "damage=patch", "flip damage=patch"])
def test_each_frame_of_a_stepped_animation_is_exact(qemu: str, runtime_dir: Path, options: str) -> None:
    with shown(qemu, runtime_dir, "virtio-gpu", f"mode=640x480 {options}") as (card, wlvm):
        for frame in range(1, 8):
            card.command("step")
            eventually(
                f"frame {frame} is shown", lambda f=frame: shows(wlvm, model.picture(640, 480, frame=f))
            )


@pytest.mark.parametrize("device", ["std-vga", "virtio-gpu"])
def test_a_change_of_resolution_ends_exact(qemu: str, runtime_dir: Path, device: str) -> None:
    with shown(qemu, runtime_dir, device, "mode=1280x800") as (card, wlvm):
        for width, height in [(800, 600), (1600, 900), (640, 480), (1280, 800)]:
            card.command(f"mode {width}x{height}")
            picture = model.picture(width, height)
            eventually(f"{width}x{height} is exact", lambda p=picture: shows(wlvm, p))


@pytest.mark.parametrize("device", ["std-vga", "virtio-gpu"])
def test_an_animation_is_never_torn_and_ends_exact(qemu: str, runtime_dir: Path, device: str) -> None:
    with shown(qemu, runtime_dir, device, "mode=640x480 rate=60") as (card, wlvm):
        first = model.frame_number(wlvm.pixels("qmp"))
        eventually("thirty frames went by", lambda: wlvm.console("qmp").frames > 30)
        assert model.frame_number(wlvm.pixels("qmp")) != first
        card.command("hold")
        card.command("frame 77")
        eventually("the last is exact", lambda: shows(wlvm, model.picture(640, 480, frame=77)))


def test_a_screen_that_the_guest_switches_off_and_on(qemu: str, runtime_dir: Path) -> None:
    if qemu_version(qemu) < (8, 0, 0):
        pytest.skip(
            "QEMU 7.2 does not tell its display that a scanout was disabled: make qemu-10 has one that does"
        )
    with shown(qemu, runtime_dir, "virtio-gpu", "mode=640x480") as (card, wlvm):
        picture = model.picture(640, 480)
        eventually("it is shown", lambda: shows(wlvm, picture))
        card.command("off")
        eventually("it is gone", lambda: wlvm.guest("qmp").consoles[0].width == 0)
        card.command("on")
        eventually("it is back", lambda: shows(wlvm, picture))


def test_a_still_guest_makes_no_frames(qemu: str, runtime_dir: Path) -> None:
    with shown(qemu, runtime_dir, "virtio-gpu", "mode=640x480") as (_, wlvm):
        eventually("it is shown", lambda: shows(wlvm, model.picture(640, 480)))
        drawn = wlvm.control.stats().outputs[0].frames
        for _ in range(100):
            wlvm.control.listing()
        assert wlvm.control.stats().outputs[0].frames == drawn


def test_a_guest_with_its_own_colours_is_scaled_where_the_rule_says(qemu: str, runtime_dir: Path) -> None:
    rule = "console = [{ position = [100, 100], size = [1280, 960] }]"
    with shown(qemu, runtime_dir, "virtio-gpu", "mode=640x480", rule) as (_, wlvm):
        eventually("it is exact", lambda: np.array_equal(wlvm.pixels("qmp"), model.picture(640, 480)))
        screen = wlvm.screen()
        assert screen[100 + 480, 100 + 640] != 0
        assert not screen[:100].any()
        assert not screen[100 + 960 :].any()
