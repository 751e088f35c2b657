"""With OpenGL ES: a guest's pixels are magnified as the configuration says.

Mesa 25 (docs/workstation.md) must be there before the process starts: this wlvm is no fork.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.desk import BARE
from tests.fake_qemu import FakeListener
from tests.fake_vm import FakeVm
from tests.headless.test_scale import channels, linear, nearest, split
from tests.wlvm_process import Wlvm, eventually, spawn
from tests.workstation.guest_memory import HEIGHT, RANDOM, WIDTH, GuestMemory, card_buffer, memfd
from tests.workstation.hardware import card
from tests.workstation.test_export import MESA
from wlvm.framebuffer import Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.scaling import Fit, Fitted, Scaling, fitted

pytestmark = pytest.mark.skipif(not MESA.exists(), reason="Mesa 25 is not here: scripts/fetch-mesa")


@pytest.fixture
def vm(runtime_dir: Path) -> Iterator[FakeVm]:
    with FakeVm(runtime_dir / "vm.qmp") as vm:
        yield vm


@pytest.fixture
def wlvm(runtime_dir: Path, vm: FakeVm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wlvm]:
    monkeypatch.setattr(Wlvm, "start", staticmethod(spawn))
    gpu = card("virtio-pci")
    gles2 = {"WLR_DRM_DEVICES": str(gpu), "WLR_RENDERER": "gles2", "LD_LIBRARY_PATH": str(MESA)}
    with Wlvm(runtime_dir, config=config(vm), backend="drm", **gles2) as wlvm:
        yield wlvm


def config(vm: FakeVm, *scaling: str) -> str:
    return "\n".join([BARE, "[guest.vm]", f'qmp = "{vm.path}"', *scaling, ""])


def by_copy(listener: FakeListener, memory: GuestMemory) -> None:
    listener.scanout(WIDTH, HEIGHT, memory.picture.astype("<u4").tobytes())


def by_dmabuf(listener: FakeListener, memory: GuestMemory) -> None:
    memory.show(listener)


@pytest.mark.parametrize("show", [by_copy, by_dmabuf])
def test_whole_factors_are_sharp_and_others_smooth(
    vm: FakeVm, wlvm: Wlvm, show: Callable[[FakeListener, GuestMemory], None]
) -> None:
    assert "drawing with gles2" in wlvm.log
    listener = vm.listener()
    with GuestMemory(export=card_buffer(card("virtio-pci"))) as memory:
        memory.draw()
        show(listener, memory)
        height, width = wlvm.screen().shape

        def sharp(fit: Fitted) -> bool:
            inside, outside = split(wlvm.screen(), fit.physical)
            return np.array_equal(inside, nearest(memory.picture, fit, (0, 0))) and not outside.any()

        def smooth(fit: Fitted) -> bool:
            inside, outside = split(wlvm.screen(), fit.physical)
            wrong = np.abs(channels(inside) - linear(memory.picture, fit))
            return bool(wrong.max() <= 12 and wrong.mean() < 1) and not outside.any()

        def place(fit: Fit) -> Fitted:
            return fitted((WIDTH, HEIGHT), Rect(0, 0, width, height), PixelGrid(), Scaling(fit))

        eventually("it is exact", lambda: sharp(place(Fit.EXACT)))
        wlvm.edit(config(vm, 'scale = "integer"'))
        assert place(Fit.INTEGER).factor[0] >= 2
        eventually("it is magnified", lambda: sharp(place(Fit.INTEGER)))
        wlvm.edit(config(vm, 'scale = "integer"', 'filter = "linear"'))
        eventually("it is smooth", lambda: smooth(place(Fit.INTEGER)))
        wlvm.edit(config(vm, 'scale = "integer"', 'filter = "nearest"'))
        eventually("it is sharp again", lambda: sharp(place(Fit.INTEGER)))
        wlvm.edit(config(vm, 'scale = "fit"'))
        eventually("it is fitted", lambda: smooth(place(Fit.FIT)))


def test_of_a_small_change_only_that_is_loaded(vm: FakeVm, wlvm: Wlvm) -> None:
    """What the guest writes into shared memory that is not mapped as a dma-buf, and tells in part, is shown in that part."""
    listener = vm.listener()
    picture = RANDOM.integers(0, 1 << 24, (HEIGHT, WIDTH), np.uint32)
    with memfd(WIDTH * HEIGHT * 4, seals=0, flags=0) as memory:
        os.pwrite(memory.fileno(), picture.tobytes(), 0)
        listener.scanout_map(memory.fileno(), WIDTH, HEIGHT)
        height, width = wlvm.screen().shape
        place = fitted((WIDTH, HEIGHT), Rect(0, 0, width, height), PixelGrid(), Scaling(Fit.EXACT))

        def shown() -> bool:
            inside, outside = split(wlvm.screen(), place.physical)
            return np.array_equal(inside, nearest(picture, place, (0, 0))) and not outside.any()

        eventually("it is exact", shown)
        assert wlvm.console("vm").path == "shared memory"
        for rect in (Rect(3, 5, 7, 9), Rect(0, 0, 1, 1), Rect(40, 20, 24, 28), Rect(0, 47, WIDTH, 1)):
            anew = RANDOM.integers(0, 1 << 24, (HEIGHT, WIDTH), np.uint32)
            os.pwrite(memory.fileno(), anew.tobytes(), 0)
            part = np.s_[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
            picture[part] = anew[part]
            listener.update_map(*rect)
            eventually("the change is shown, and nothing else of what was written", shown)
