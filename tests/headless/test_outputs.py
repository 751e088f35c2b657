"""Outputs as the configuration wants them: turned, scaled, switched off."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.virtual_input import InputClient
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import Wlvm, eventually
from wlvm.ipc import ControlError

WIDTH, HEIGHT = 320, 240
KEY_A = 30


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def seen_by_grim(wlvm: Wlvm) -> np.ndarray:
    """The first output as a capture tool has it, which undoes the output's transform by itself."""
    image = Image.open(io.BytesIO(wlvm.run("grim", "-").stdout)).convert("RGB")
    red, green, blue = np.asarray(image, np.uint32).transpose(2, 0, 1)
    return red << 16 | green << 8 | blue  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("transform", "shape"),
    [("90", (800, 600)), ("180", (600, 800)), ("flipped", (600, 800)), ("flipped-270", (800, 600))],
)
def test_a_guest_stands_upright_on_an_output_that_is_turned(
    transform: str, shape: tuple[int, int], runtime_dir: Path
) -> None:
    with TestCard(device="virtio-gpu", options=f"mode={WIDTH}x{HEIGHT}") as card:
        config = f"""
            [[output]]
            mode = "800x600"
            transform = "{transform}"
            [guest.card]
            qmp = "{card.qmp_path}"
            console = [{{ position = [100, 50] }}]
        """
        with Wlvm(runtime_dir, config=config) as wlvm:
            place = np.s_[50 : 50 + HEIGHT, 100 : 100 + WIDTH]
            eventually(
                "the guest is where it should be",
                lambda: np.array_equal(wlvm.screen()[place], model.picture(WIDTH, HEIGHT)),
            )
            assert wlvm.screen().shape == shape
            assert np.array_equal(seen_by_grim(wlvm), wlvm.screen())


def test_a_scaled_output_has_fewer_logical_pixels(runtime_dir: Path) -> None:
    config = '[[output]]\nmode = "1600x1200"\nscale = 2\n[[output]]\nmode = "640x480"\n'
    with Wlvm(runtime_dir, config=config) as wlvm:
        seen = wlvm.run("wayland-info", "-i", "zxdg_output_manager_v1").stdout.decode()
        assert "logical_width: 800, logical_height: 600" in seen
        assert "logical_x: 800, logical_y: 0" in seen


def test_an_output_that_is_not_enabled_is_none(runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config="[[output]]\nenabled = false\n[[output]]\n") as wlvm:
        assert [output.name for output in wlvm.control.stats().outputs] == ["HEADLESS-2"]
        assert "HEADLESS-1 stays off" in wlvm.log


def test_screens_go_dark_when_nobody_is_there(qemu: str, runtime_dir: Path) -> None:
    """Nothing is drawn on a dark screen, however much the guest draws; the key that wakes it goes to the guest."""
    config = f'[idle]\nscreen_off = 1\n[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with TracedQemu(qemu, runtime_dir) as vm, Wlvm(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_picture("vm")

        def dark() -> bool:
            try:
                wlvm.screen()
            except ControlError as error:
                return "HEADLESS-1 is switched off" in str(error)
            return False

        eventually("the screen is dark", dark)
        frames, updates = wlvm.frames(), wlvm.console("vm").updates
        eventually("the guest blinks its cursor", lambda: wlvm.console("vm").updates > updates)
        assert wlvm.frames() == frames
        with InputClient(runtime_dir / wlvm.display) as client:
            client.keyboard().tap(KEY_A)
        vm.wait_for_end("a")
        assert wlvm.screen().any()
