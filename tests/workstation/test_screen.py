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
    with TestCard(qemu, "std-vga", "mode=640x480") as guest:
        config = f'[[output]]\nmode = "1024x768"\n\n[guest.card]\nqmp = "{guest.qmp_path}"\nconsole = [{{position = [100, 50]}}]\n'
        drm = {"WLR_DRM_DEVICES": str(card(CARDS[device])), "WLR_RENDERER": "pixman"}
        with Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm:

            def exact() -> bool:
                shown = hardware.screen(device)[50 : 50 + 480, 100 : 100 + 640]
                return np.array_equal(shown, picture(640, 480, frame=7))

            guest.command("frame 7")
            eventually("the screen shows the guest's picture", exact)
            assert np.array_equal(hardware.screen(device), wlvm.screen())
