"""Guests on outputs of any scale: each pixel of the screen, and the guest's pixel below the pointer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.capture import CaptureClient
from tests.clients.virtual_input import InputClient
from tests.desk import BARE, KEYS, desk_at
from tests.wlvm_process import Wlvm, eventually
from wlvm.framebuffer import Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.scaling import Fit, Fitted, Scaling, fitted

VIRTIO = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")

#: Odd sides: at scale 2 no box has so many physical pixels.
WIDTH, HEIGHT = 641, 481

OUTPUT = (1920, 1200)
SCALES = (1.0, 1.25, 1.5, 2.0)


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@pytest.fixture
def card(qemu: str, runtime_dir: Path) -> Iterator[TestCard]:
    with TestCard(qemu=qemu, device="virtio-gpu", options=f"mode={WIDTH}x{HEIGHT}", extra=VIRTIO) as card:
        yield card


def config(card: TestCard, *guest: str, output: str = "scale = 1.0") -> str:
    lines = ["[[output]]", f'mode = "{OUTPUT[0]}x{OUTPUT[1]}"', output, "[guest.card]"]
    return BARE + "\n".join([*lines, f'qmp = "{card.qmp_path}"', *guest, ""])


@contextmanager
def shown(runtime_dir: Path, text: str) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config=text) as wlvm:
        # What the firmware has drawn before is of another size.
        eventually("the card is there", lambda: wlvm.guest("card").consoles[0].width == WIDTH)
        yield wlvm


def place(scale: float, fit: Fit, output: tuple[int, int] = OUTPUT, x: int = 0) -> Fitted:
    """Where the card is on an output of its own, which is so far to the right in the layout."""
    area = Rect(x, 0, int(output[0] / scale), int(output[1] / scale))
    return fitted((WIDTH, HEIGHT), area, PixelGrid((x, 0), scale), Scaling(fit))


def nearest(guest: np.ndarray, fit: Fitted, error: tuple[float, float]) -> np.ndarray:
    """What is drawn in a picture's box with the nearest filter, by a renderer that is wrong by so many guest pixels."""
    columns, rows = (
        np.clip(((np.arange(pixels) + 0.5) / factor + wrong).astype(int), 0, side - 1)
        for pixels, factor, wrong, side in zip(fit.physical[2:], fit.factor, error, fit.picture, strict=True)
    )
    return guest[rows][:, columns]


def channels(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(float)


def linear(guest: np.ndarray, fit: Fitted) -> np.ndarray:
    """What is drawn in a picture's box with the linear filter: channels as floats, of a picture whose edge goes on for ever."""
    result = channels(guest)
    for axis in (0, 1):
        side, pixels = guest.shape[axis], fit.physical[3 - axis]
        middles = (np.arange(pixels) + 0.5) / fit.factor[1 - axis] - 0.5
        before = np.floor(middles).astype(int)
        weight = (middles - before).reshape(-1, *([1] * (2 - axis)))
        first, second = (np.clip(before + step, 0, side - 1) for step in (0, 1))
        result = np.take(result, first, axis) * (1 - weight) + np.take(result, second, axis) * weight
    return result


def split(screen: np.ndarray, box: Rect) -> tuple[np.ndarray, np.ndarray]:
    """The part of a screen in a box, and the screen without it."""
    part = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    inside = screen[part].copy()
    outside = screen.copy()
    outside[part] = 0
    return inside, outside


def nearest_on(screen: np.ndarray, guest: np.ndarray, fit: Fitted) -> bool:
    """Each pixel is the guest's that its middle lies in: where this is on the edge of one, as it can be where the factor is not whole,
    pixman's factors of 16 bits after the point decide which."""
    inside, outside = split(screen, fit.physical)
    errors = product((-0.02, 0.02), repeat=2)
    right = np.any([inside == nearest(guest, fit, error) for error in errors], axis=0)
    return bool(right.all()) and not outside.any()


def linear_on(screen: np.ndarray, guest: np.ndarray, fit: Fitted) -> bool:
    inside, outside = split(screen, fit.physical)
    # pixman's weights have 7 bits, and so have its factors an error.
    wrong = np.abs(channels(inside) - linear(guest, fit))
    return bool(wrong.max() <= 12 and wrong.mean() < 1) and not outside.any()


def shows_nearest(wlvm: Wlvm, fit: Fitted, output: str | None = None) -> bool:
    return nearest_on(wlvm.screen(output), wlvm.pixels("card"), fit)


def shows_linear(wlvm: Wlvm, fit: Fitted) -> bool:
    return linear_on(wlvm.screen(), wlvm.pixels("card"), fit)


@pytest.mark.parametrize("scale", SCALES)
def test_each_pixel_of_the_screen_is_as_it_was_chosen_and_the_pointer_hits_what_it_is_over(
    card: TestCard, runtime_dir: Path, scale: float
) -> None:
    """All in one wlvm whose file is edited, which leaves the guest's connection alone."""
    output = f"scale = {scale}"
    text = config(card, output=output)
    with shown(runtime_dir, text) as wlvm, InputClient(runtime_dir / wlvm.display) as client:
        for fit in Fit:
            wlvm.edit(config(card, f'scale = "{fit.value}"', 'filter = "nearest"', output=output))
            there = place(scale, fit)
            eventually(f"{fit} is shown", lambda f=there: shows_nearest(wlvm, f))
        wlvm.edit(config(card, 'scale = "fit"', output=output))
        eventually("it is smooth", lambda f=there: shows_linear(wlvm, f))
        pointer = client.pointer()
        for fit in Fit:
            wlvm.edit(config(card, f'scale = "{fit.value}"', output=output))
            there = place(scale, fit)
            eventually(f"{fit} is there", lambda f=there: corner(wlvm) == f.box[:2])
            for x, y in points(there):
                pointer.move_to(2 * x + 1, 2 * y + 1, 2 * OUTPUT[0], 2 * OUTPUT[1])  # the pixel's middle
                hits(card, there, x, y)
        assert wlvm.log.count("connected to QEMU") == 1


def corner(wlvm: Wlvm) -> tuple[int, int]:
    console = wlvm.guest("card").consoles[0]
    return console.x, console.y


def points(fit: Fitted) -> list[tuple[int, int]]:
    """The corners of a picture, and some pixels in it, in physical pixels."""
    left, top, width, height = fit.physical
    columns = [left, left + 1, left + width // 3, left + width - 2, left + width - 1]
    rows = [top, top + 1, top + height // 2, top + height - 2, top + height - 1]
    return list(product(columns, rows))


def hits(card: TestCard, fit: Fitted, x: int, y: int) -> None:
    """The card hears of the pixel of its that is drawn at this one of the screen."""
    column, row = int((x - fit.physical.x) / fit.factor[0]), int((y - fit.physical.y) / fit.factor[1])
    wanted = f"px={min(column, WIDTH - 1)},{min(row, HEIGHT - 1)}"
    if wanted != card_pointer(card):
        while not card.wait_for("abs").endswith(wanted):
            pass


def card_pointer(card: TestCard) -> str:
    """Where the card has heard last that the pointer is."""
    heard = [line for line in card.heard if line.startswith("abs")]
    return heard[-1].rpartition(" ")[2] if heard else ""


@pytest.mark.parametrize("fit", Fit)
def test_what_a_guest_draws_anew_leaves_no_seams(qemu: str, runtime_dir: Path, fit: Fit) -> None:
    options = f"mode={WIDTH}x{HEIGHT} damage=patch"
    with TestCard(qemu=qemu, device="virtio-gpu", options=options) as card:
        text = config(card, f'scale = "{fit.value}"', output="scale = 1.25")
        with shown(runtime_dir, text) as wlvm, CaptureClient(runtime_dir / wlvm.display) as client:
            there = place(1.25, fit)
            shows = linear_on if fit is Fit.FIT else nearest_on
            for frame in range(1, 5):
                card.command("step")
                expected = model.picture(WIDTH, HEIGHT, frame=frame)
                eventually(
                    f"it has drawn frame {frame}", lambda e=expected: np.array_equal(wlvm.pixels("card"), e)
                )
                # A screenshot of wlvm's own is drawn anew as a whole, this is not.
                eventually(f"frame {frame} is shown", lambda e=expected: shows(client.screencopy(), e, there))


@pytest.mark.parametrize("transform", ["90", "flipped-270"])
def test_a_smooth_picture_on_a_screen_that_is_turned(
    card: TestCard, runtime_dir: Path, transform: str
) -> None:
    text = config(card, 'scale = "fit"', output=f'scale = 1.5\ntransform = "{transform}"')
    with shown(runtime_dir, text) as wlvm:
        fit = place(1.5, Fit.FIT, (OUTPUT[1], OUTPUT[0]))
        eventually("it is smooth", lambda: shows_linear(wlvm, fit))


TWO_OUTPUTS = """
[[output]]
mode = "1280x800"
[[output]]
mode = "1920x1200"
scale = 1.5
"""


def test_a_guest_goes_to_an_output_of_another_scale_and_back(card: TestCard, runtime_dir: Path) -> None:
    text = f'{BARE}{TWO_OUTPUTS}[guest.card]\nqmp = "{card.qmp_path}"\nresize = false\n'
    left = place(1.0, Fit.EXACT, (1280, 800))
    right = place(1.5, Fit.EXACT, (1920, 1200), x=1280)
    assert left.physical[2:] == right.physical[2:] == (WIDTH, HEIGHT)
    with shown(runtime_dir, text) as wlvm, InputClient(runtime_dir / wlvm.display) as client:
        keyboard = client.keyboard()

        def shows(output: str, fit: Fitted) -> None:
            eventually(f"it is on {output}", lambda: shows_nearest(wlvm, fit, output))

        def points_at(output: str, fit: Fitted, size: tuple[int, int]) -> None:
            pointer = client.pointer(output)
            for x, y in points(fit):
                pointer.move_to(2 * x + 1, 2 * y + 1, 2 * size[0], 2 * size[1])
                hits(card, fit, x, y)

        def move_to_next_output() -> None:
            keyboard.tap(KEYS["Reserved"], KEYS["Shift"], KEYS["o"])
            keyboard.tap(KEYS["Reserved"], KEYS["o"])  # the focus stays behind

        shows("HEADLESS-1", left)
        points_at("HEADLESS-1", left, (1280, 800))
        move_to_next_output()
        shows("HEADLESS-2", right)
        points_at("HEADLESS-2", right, (1920, 1200))
        move_to_next_output()
        shows("HEADLESS-1", left)
        move_to_next_output()
        client.pointer("HEADLESS-1").move_to(0, 0, 1, 1)
        shows("HEADLESS-2", right)
        wlvm.run("wlr-randr", "--output", "HEADLESS-2", "--off")
        keyboard.tap(KEYS["Reserved"], KEYS["2"])
        eventually("its workspace is on the other one", lambda: card_is_at(wlvm, left))
        wlvm.run("wlr-randr", "--output", "HEADLESS-2", "--on")
        client.pointer("HEADLESS-1").move_to(1, 1, 2, 2)  # it was where the other output is now
        shows("HEADLESS-2", right)


def card_is_at(wlvm: Wlvm, fit: Fitted) -> bool:
    """Whether the card's pixels are there, whatever else is on the only output that there is."""
    return np.array_equal(split(wlvm.screen(), fit.physical)[0], wlvm.pixels("card"))


def test_a_program_draws_for_the_scale_of_its_output(runtime_dir: Path) -> None:
    text = BARE + '[[output]]\nmode = "1600x1200"\nscale = 2.0\n'
    with desk_at(runtime_dir, text) as desk, desk.program("foot", "sh", "-c", "echo wlvm; exec sleep 60"):

        def sharp() -> bool:
            """Rows that are two of one logical pixel differ: nobody has scaled a smaller picture up."""
            screen = desk.wlvm.screen()
            return not np.array_equal(screen[0::2], screen[1::2])

        eventually("its letters are sharp", sharp)
        view = desk.wlvm.control.call("views")["views"][0]
        assert (view["width"], view["height"]) == (800, 600)
