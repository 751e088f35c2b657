"""The cursor over a guest: whose image it has, where that is on the screen to the pixel, and what it costs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.virtual_input import InputClient, Pointer
from tests.fake_qemu import LISTENER, FakeListener
from tests.fake_vm import FakeVm
from tests.wlvm_process import BARE, Wlvm, eventually

TABLET = ("-device", "virtio-tablet-pci")
WIDTH, HEIGHT = 320, 240
LEFT = 0x110  # BTN_LEFT


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def config(qmp: Path, *, scale: float = 1.0, factor: int = 1, more: str = "") -> str:
    """A guest that fills an output, with so many physical pixels per guest pixel."""
    return f"""{BARE}
        [[output]]
        mode = "{WIDTH * factor}x{HEIGHT * factor}"
        scale = {scale}
        {more}
        [guest.card]
        qmp = "{qmp}"
        scale = "integer"
    """


@contextlib.contextmanager
def shown(runtime_dir: Path, qmp: Path, more: str = "") -> Iterator[tuple[Wlvm, Pointer]]:
    """A wlvm with a guest on an output of its size, and a pointer for it."""
    with Wlvm(runtime_dir, config=config(qmp, more=more)) as wlvm:
        wlvm.wait_for_picture("card")
        with InputClient(runtime_dir / wlvm.display) as client:
            yield wlvm, client.pointer("HEADLESS-1")


def card(qemu: str, device: str, options: str = "", extra: tuple[str, ...] = TABLET) -> TestCard:
    return TestCard(qemu, device, f"mode={WIDTH}x{HEIGHT} fixed {options}", extra)


def channels(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels >> shift & 255 for shift in (16, 8, 0)], axis=-1)


def over(image: np.ndarray, picture: np.ndarray, x: int, y: int) -> np.ndarray:
    """A picture with a premultiplied image (0xAARRGGBB) whose top left corner is at this pixel, as far as it lies inside."""
    height, width = picture.shape
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + image.shape[1], width), min(y + image.shape[0], height)
    seen, part = image[top - y : bottom - y, left - x : right - x], np.s_[top:bottom, left:right]
    product = channels(picture[part]) * (255 - (seen >> 24))[..., None] + 0x80
    mixed = np.minimum(channels(seen) + ((product + (product >> 8)) >> 8), 255)
    result = picture.copy()
    result[part] = mixed[..., 0] << 16 | mixed[..., 1] << 8 | mixed[..., 2]
    return result


def shows(wlvm: Wlvm, what: str, picture: np.ndarray, output: str = "HEADLESS-1") -> None:
    eventually(what, lambda: np.array_equal(wlvm.screen(output), picture))


def test_the_hosts_cursor_is_the_guests(qemu: str, runtime_dir: Path) -> None:
    """A pixel of it is as large as the guest's other pixels, and its hot spot is where the pointer is."""
    with card(qemu, "virtio-gpu", "cursor") as guest, shown(runtime_dir, guest.qmp_path) as (wlvm, pointer):
        for scale, factor in [(1.0, 1), (1.25, 1), (2.0, 1), (1.0, 2), (1.25, 3)]:
            wlvm.edit(config(guest.qmp_path, scale=scale, factor=factor))
            size = eventually(
                "the output follows",
                lambda f=factor: (s := wlvm.screen().shape) == (HEIGHT * f, WIDTH * f) and s,
            )
            still, image = (
                np.kron(each, np.ones((factor, factor), each.dtype))
                for each in (model.picture(WIDTH, HEIGHT), model.cursor_image())
            )
            hot_x, hot_y = (side * factor + factor // 2 for side in model.CURSOR_HOT_SPOT)
            height, width = size
            for x, y in [(100, 60), (0, 0), (width - 1, height - 1)]:
                pointer.move_to(2 * x + (x > 0), 2 * y + (y > 0), 2 * width, 2 * height)
                what = f"at scale {scale}, {factor} times as large, it is at {x}, {y}"
                shows(wlvm, what, over(image, still, x - hot_x, y - hot_y))


#: What says where the pointer is in a guest that has told of no cursor, at scale 1.
DOT = np.pad(np.full((3, 3), 0xFFFFFFFF, np.uint32), 1, constant_values=0xFF000000)


def test_where_the_guest_tells_of_no_cursor_a_dot_says_where_the_pointer_is(
    qemu: str, runtime_dir: Path
) -> None:
    with card(qemu, "virtio-gpu") as guest, shown(runtime_dir, guest.qmp_path) as (wlvm, pointer):
        x, y = 40, 30
        pointer.move_to(x, y, WIDTH, HEIGHT)
        pointed = model.picture(WIDTH, HEIGHT, pointer=(x, y))  # with the cross that the guest draws itself
        shows(wlvm, "the dot is there", over(DOT, pointed, x - 2, y - 2))
        guest.command("cursor 200 100")
        hot_x, hot_y = model.CURSOR_HOT_SPOT
        shows(wlvm, "it has a cursor", over(model.cursor_image(), pointed, x - hot_x, y - hot_y))
        guest.command("cursor off")
        shows(wlvm, "the guest has hidden it", pointed)


def test_a_mouses_cursor_is_where_the_guest_says(qemu: str, runtime_dir: Path) -> None:
    """Whether the pointer is locked to the guest, which hides the host's, or elsewhere."""
    with card(qemu, "virtio-gpu", extra=()) as guest, shown(runtime_dir, guest.qmp_path) as (wlvm, pointer):
        guest.command("cursor 300 100")
        pointer.move_to(10, 10, WIDTH, HEIGHT)
        drawn = over(model.cursor_image(), model.picture(WIDTH, HEIGHT), 300, 100)
        eventually("it is there", lambda: np.array_equal(wlvm.screen()[90:], drawn[90:]))
        assert not np.array_equal(wlvm.screen()[10:20, 10:20], drawn[10:20, 10:20]), "the host's arrow"
        pointer.click(LEFT)
        shows(wlvm, "the arrow is hidden", drawn)


MIDDLE = (WIDTH // 2, HEIGHT // 2)


@contextlib.contextmanager
def told(runtime_dir: Path) -> Iterator[tuple[Wlvm, FakeVm]]:
    """A guest that says of its cursor whatever a test wants, with the pointer in the middle of its black picture."""
    with FakeVm(runtime_dir / "vm.qmp") as vm, Wlvm(runtime_dir, config=config(vm.path)) as wlvm:
        vm.listener().scanout(WIDTH, HEIGHT, bytes(WIDTH * HEIGHT * 4))
        wlvm.wait_for_picture("card")
        with InputClient(runtime_dir / wlvm.display) as client:
            client.pointer().move_to(*MIDDLE, WIDTH, HEIGHT)
            yield wlvm, vm


def define(listener: FakeListener, image: np.ndarray, hot: tuple[int, int] = (0, 0)) -> None:
    listener.tell(
        LISTENER, "CursorDefine", "iiiiay", (*image.shape[::-1], *hot, image.astype("<u4").tobytes())
    )


def filled(width: int, height: int, color: int) -> np.ndarray:
    return np.full((height, width), color, np.uint32)


def test_cursors_of_any_kind_are_where_their_hot_spot_is(runtime_dir: Path) -> None:
    black = np.zeros((HEIGHT, WIDTH), np.uint32)
    x, y = MIDDLE
    with told(runtime_dir) as (wlvm, vm):
        listener = vm.listener()
        for image, hot, corner in [
            (filled(1, 1, 0xFFFF0000), (0, 0), (x, y)),
            (filled(7, 512, 0xFF00FF00), (3, 511), (x - 3, y - 511)),
            (filled(512, 512, 0xFF0000FF), (256, 256), (x - 256, y - 256)),
            (filled(64, 64, 0xFFFF00FF), (1 << 30, -1), (x - 63, y)),
            (filled(64, 64, 0x80402010), (0, 0), (x, y)),
        ]:
            define(listener, image, hot)
            shows(wlvm, f"{image.shape} with {hot}", over(image, black, *corner))
        define(listener, filled(8, 8, 0x80FF8000))  # not premultiplied
        shows(wlvm, "its colours are multiplied", over(filled(8, 8, 0x80804000), black, x, y))
        define(listener, filled(8, 8, 0x00FFFFFF))
        shows(wlvm, "nothing of a clear one is seen", black)
        listener.tell(LISTENER, "MouseSet", "iii", (-(1 << 31), 5, 0))
        define(listener, filled(8, 8, 0xFFFFFFFF))
        listener.sync()
        shows(wlvm, "the guest hides it", black)
        vm.say({"event": "RESET", "data": {"guest": True}})
        shows(wlvm, "a machine that begins anew has told of none", over(DOT, black, x - 2, y - 2))


def test_of_a_flood_of_cursors_the_last_one_stays(runtime_dir: Path) -> None:
    black = np.zeros((HEIGHT, WIDTH), np.uint32)
    with told(runtime_dir) as (wlvm, vm):
        for shade in range(500):
            define(vm.listener(), filled(64, 64, 0xFF000000 | shade))
        shows(wlvm, "the last one is there", over(filled(64, 64, 0xFF000000 | 499), black, *MIDDLE))


def test_an_output_that_is_scaled_anew_has_the_cursor_at_once(runtime_dir: Path) -> None:
    output = '[[output]]\nmode = "640x480"\nscale = {}\n'
    with (
        Wlvm(runtime_dir, config=output.format(1.0)) as wlvm,
        InputClient(runtime_dir / wlvm.display) as client,
    ):
        client.pointer().move_to(100, 100, 640, 480)
        small = eventually("the arrow is there", lambda: np.count_nonzero(wlvm.screen()))
        wlvm.edit(output.format(2.0))
        eventually("it is larger", lambda: np.count_nonzero(wlvm.screen()) > 2 * small)
