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


def test_a_guests_cursor_is_on_the_cursor_plane(hardware: Hardware, runtime_dir: Path, qemu: str) -> None:
    """A screendump is without that plane, and what moves on it needs no frame."""
    tablet = ("-device", "virtio-tablet-pci")
    with TestCard(qemu, "virtio-gpu", "mode=640x480 cursor", tablet) as guest:
        config = f'[[output]]\nmode = "640x480"\n[guest.card]\nqmp = "{guest.qmp_path}"\n'
        drm = {"WLR_DRM_DEVICES": str(card(CARDS["gpu"])), "WLR_RENDERER": "pixman"}
        with Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm:
            wlvm.wait_for_picture("card")

            def pointed(x: int, y: int) -> None:
                hardware.point((x + 0.5) / 640, (y + 0.5) / 480)
                while not guest.wait_for("abs").endswith(f"px={x},{y}"):
                    pass

            pointed(300, 200)
            still = picture(640, 480)
            eventually("only the picture is drawn", lambda: np.array_equal(hardware.screen(), still))
            eventually("no frame is drawn", wlvm.stays_idle)
            before = wlvm.frames()
            for step in range(20):
                pointed(310 + step, 200)
            assert wlvm.frames() == before
            assert np.array_equal(hardware.screen(), still)
