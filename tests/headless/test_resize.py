"""Guests that have the size of their places, and those that have not: each frame that is shown meanwhile, pixel for pixel."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.capture import CaptureClient
from tests.fake_qemu import FakeConsole
from tests.fake_vm import FakeVm, Manners
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import BARE, Wlvm, eventually
from wlvm.framebuffer import Rect
from wlvm.pixel_grid import PixelGrid

OUTPUT = (1600, 1000)


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def config(qmp: Path, *guest: str, scale: float = 1.0, margin: int = 0) -> str:
    lines = [
        "[[output]]", f'mode = "{OUTPUT[0]}x{OUTPUT[1]}"', f"scale = {scale}",
        "[desktop]", f"margin = {margin}",
        "[guest.card]", f'qmp = "{qmp}"', *guest,
    ]  # fmt: skip
    return BARE + "\n".join([*lines, ""])


def place(scale: float, margin: int) -> Rect:
    """The physical pixels of the only view."""
    width, height = int(OUTPUT[0] / scale), int(OUTPUT[1] / scale)
    return PixelGrid((0, 0), scale).physical(Rect(margin, margin, width - 2 * margin, height - 2 * margin))


def shows(screen: np.ndarray, at: Rect, picture: np.ndarray) -> bool:
    """Whether a picture is there pixel for pixel, in the middle or cut, and nothing is around it."""
    height, width = min(at.height, picture.shape[0]), min(at.width, picture.shape[1])
    expected = np.zeros_like(screen)
    x, y = at.x + (at.width - width) // 2, at.y + (at.height - height) // 2
    expected[y : y + height, x : x + width] = picture[:height, :width]
    return np.array_equal(screen, expected)


def frames_until(client: CaptureClient, done: Callable[[np.ndarray], bool]) -> list[np.ndarray]:
    """What is on the screen, each time that it is another, up to the one that is waited for."""
    frames: list[np.ndarray] = []

    def look() -> bool:
        frame = client.screencopy()
        if not frames or not np.array_equal(frame, frames[-1]):
            frames.append(frame)
        return done(frame)

    eventually("the last one is there", look)
    return frames


def modes(card: TestCard) -> list[str]:
    """The modes that the card has taken for the host."""
    card.lines()
    return [line for line in card.heard if line.startswith("mode ")]


@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
def test_a_guest_has_the_physical_pixels_of_its_place_and_is_never_scaled_until_it_has(
    qemu: str, runtime_dir: Path, scale: float
) -> None:
    with (
        TestCard(qemu, "virtio-gpu") as card,
        Wlvm(runtime_dir, config=config(card.qmp_path, scale=scale)) as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        whole = model.picture(*OUTPUT)
        eventually("it has the whole output", lambda: np.array_equal(wlvm.screen(), whole))
        pictures, before = [whole], place(scale, 0)
        for margin in (50, 20):
            at = place(scale, margin)
            pictures.append(model.picture(*at[2:]))
            wlvm.edit(config(card.qmp_path, scale=scale, margin=margin))
            frames = frames_until(client, lambda screen, at=at: shows(screen, at, pictures[-1]))  # type: ignore[misc]
            for number, frame in enumerate(frames):
                exact = shows(frame, before, pictures[-2]) or any(shows(frame, at, p) for p in pictures[-2:])
                assert exact, f"frame {number} of {len(frames)} is exact at {margin}"
            before = at
        assert modes(card) == [f"mode {p.shape[1]}x{p.shape[0]}" for p in pictures]
        console = wlvm.console("card")
        assert (console.resize, console.asked) == ("follows", before[2:])
        assert wlvm.stays_idle()


def test_a_device_without_sizes_is_shown_as_its_scale_says_and_so_it_is_told(
    qemu: str, runtime_dir: Path
) -> None:
    with PlainQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, config=config(vm.qmp)) as wlvm:
        eventually("QEMU has refused", lambda: wlvm.console("card").resize == "refused")
        eventually("it is in text mode", lambda: wlvm.guest("card").consoles[0].width == 720)
        at = place(1.0, 0)
        eventually("it is exact", lambda: shows(wlvm.screen(), at, wlvm.pixels("card")))
        assert "WARNING" not in wlvm.log


def test_a_guest_that_keeps_its_size_is_cut_until_it_counts_as_one_that_does(
    qemu: str, runtime_dir: Path
) -> None:
    with (
        TestCard(qemu, "virtio-gpu", "mode=1600x1000") as card,
        Wlvm(runtime_dir, config=config(card.qmp_path)) as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        picture, at = model.picture(*OUTPUT), place(1.0, 100)
        eventually("it is there", lambda: np.array_equal(wlvm.screen(), picture))
        wlvm.edit(config(card.qmp_path, margin=100))
        frames = frames_until(client, lambda screen: not shows(screen, place(1.0, 0), picture))
        assert shows(frames[-1], at, picture), "cut, pixel for pixel"
        eventually("it does not follow", lambda: wlvm.console("card").resize == "ignored")
        eventually("it is seen as a whole", lambda: not shows(client.screencopy(), at, picture))
        wlvm.edit(config(card.qmp_path, "resize = false", margin=100))
        eventually("it need not", lambda: wlvm.console("card").resize == "off")
        assert modes(card) == []


def test_the_size_is_asked_for_again_when_the_output_is_another_and_not_when_it_goes(
    qemu: str, runtime_dir: Path
) -> None:
    with (
        TestCard(qemu, "virtio-gpu") as card,
        Wlvm(runtime_dir, config=config(card.qmp_path)) as wlvm,
    ):
        card.wait_for("mode 1600x1000")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--transform", "90")
        card.wait_for("mode 1000x1600")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--transform", "normal", "--custom-mode", "1280x720")
        card.wait_for("mode 1280x720")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--scale", "2")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--off")
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--on")
        eventually("it is seen again", lambda: np.array_equal(wlvm.screen(), model.picture(1280, 720)))
        assert wlvm.console("card").resize == "follows"
        assert len(modes(card)) == 3


def test_a_guest_that_changes_its_size_all_the_time_is_asked_once_and_holds_nobody_up(
    qemu: str, runtime_dir: Path
) -> None:
    with (
        TestCard(qemu, "virtio-gpu") as wild,
        PlainQemu(qemu, runtime_dir, name="other") as vm,
        Wlvm(
            runtime_dir, "--attach", str(wild.qmp_path), "--attach", str(vm.qmp), "--output", "1600x1000"
        ) as wlvm,
    ):
        wild.wait_for("mode 800x1000")
        wlvm.wait_for_picture("other")
        for number in range(100):
            wild.command(f"mode {320 + 8 * (number % 7)}x{200 + number % 5}")
            assert wlvm.guest("other").state == "running"
        eventually("the last is shown", lambda: wlvm.guest("qmp").consoles[0].width == 320 + 8 * (99 % 7))
        assert len([line for line in modes(wild) if line == "mode 800x1000"]) == 1
        assert wlvm.console("qmp").asked == (800, 1000)


def memory(pid: int) -> int:
    """How much of a process is in memory, in bytes."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def test_consoles_of_one_pixel_and_of_the_largest_size(runtime_dir: Path) -> None:
    with (
        FakeVm(runtime_dir / "vm.qmp", Manners(consoles=(FakeConsole(width=1, height=1),))) as vm,
        Wlvm(runtime_dir, "--attach", str(vm.path), "--output", "800x600") as wlvm,
    ):
        listener = vm.listener()
        listener.scanout(1, 1, struct.pack("<I", 0xABCDEF))
        eventually("the pixel is there", lambda: (wlvm.screen() == 0xABCDEF).sum() == 1)
        before = memory(wlvm.pid)
        vm.qemu().announce(0, {"Width": ("u", 16384), "Height": ("u", 16384)})
        listener.scanout(16384, 16, struct.pack("<I", 0x123456) * (16384 * 16))
        eventually("it is as wide as the screen", lambda: (wlvm.screen() == 0x123456).any(axis=0).all())
        assert wlvm.guest("vm").state == "running"
        assert memory(wlvm.pid) - before < 64 << 20
