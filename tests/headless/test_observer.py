"""The eye of the comparison with other programs (bench/peers): it sees each frame that an output shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bench.peers import crowds
from bench.peers.observer import Observer
from bench.peers.wlvm_path import WlvmPath
from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.wlvm_process import DEADLINE, Wlvm

SIZE = (640, 400)


@pytest.mark.one_qemu
def test_the_observer_sees_each_frame_of_a_guest_and_its_keys(qemu: str, runtime_dir: Path) -> None:
    x, y, width, _ = model.counter_rect(*SIZE, bottom=False)
    with TestCard(qemu, "virtio-gpu", "mode=640x400") as card:
        config = f'[[output]]\nmode = "640x400@60"\n[guest.card]\nqmp = "{card.qmp_path}"\n'
        with Wlvm(runtime_dir, config=config) as wlvm:
            wlvm.wait_for_picture("card")
            display = runtime_dir / wlvm.display
            with Observer(display, (x, y, width, 1)) as observer:
                observer.look_ahead(100)
                observer.take()
                seen: list[int] = []

                def shows(frame: int, pixels: model.Pixels) -> bool:
                    seen.append(model.counter_number(pixels[0]))
                    return seen[-1] == frame

                for frame in range(1, 11):
                    card.command("step")
                    commit = observer.until(partial(shows, frame), DEADLINE)
                    assert commit.when <= commit.arrived
                assert seen == list(range(1, 11))
            patch_x, patch_y, *_ = model.patch_rect(*SIZE)
            with Observer(display, (patch_x, patch_y, 4, 4)) as observer:
                observer.look_ahead(10)
                pressed = observer.press_space()
                commit = observer.until(
                    lambda pixels: bool((pixels == model.PATCH_COLOURS[1]).all()), DEADLINE
                )
                observer.release_space()
                assert pressed < commit.when


@pytest.mark.one_qemu
def test_guests_beside_each_other_are_counted_each_by_its_own_frames(qemu: str) -> None:
    (crowd,) = crowds.measure(WlvmPath("wlvm", qemu, ""), 2, [30], 0.5)
    assert (crowd.guests, crowd.rate) == (2, 30)
    assert 0 < crowd.shown <= crowd.drawn < 2 * 40
    assert crowd.cpu.keys() == {"QEMU", "guest", "wlvm"}
    assert crowd.memory.keys() == {"QEMU", "wlvm"}
