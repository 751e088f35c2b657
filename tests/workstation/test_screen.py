"""wlvm as the session of a machine: its picture is on the screens of real KMS devices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from guests.testcard.launch import TestCard
from guests.testcard.model import picture
from tests.wlvm_process import Wlvm, eventually
from tests.workstation.hardware import Hardware, card

CARDS = {"gpu": "virtio-pci", "cirrus": "cirrus"}


@pytest.mark.parametrize("device", CARDS)
def test_a_guest_is_on_the_screen(hardware: Hardware, runtime_dir: Path, qemu: str, device: str) -> None:
    with TestCard(qemu, "std-vga") as guest:
        config = f'[[output]]\nmode = "1024x768"\n\n[guest.card]\nqmp = "{guest.qmp_path}"\n'
        with Wlvm(
            runtime_dir,
            config=config,
            backend="drm",
            WLR_DRM_DEVICES=str(card(CARDS[device])),
            WLR_RENDERER="pixman",
        ) as wlvm:
            wlvm.wait_for_picture("card")

            def same() -> bool:
                screen = hardware.screen(device)
                return screen.shape == (768, 1024) and np.array_equal(screen, wlvm.screen())

            eventually("the screen shows what wlvm drew", same)
            pixels = wlvm.pixels("card")
            height, width = pixels.shape
            assert np.array_equal(pixels, picture(width, height))
            assert np.array_equal(hardware.screen(device)[:height, :width], pixels)
