"""Guests' dma-bufs on the screen: real ones, of QEMU and of whoever exports some, whole and broken.

What they show is compared with the memory they were drawn into, pixel by pixel.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from guests.testcard.model import picture
from tests.fake_qemu import LISTENER, LISTENER_DMABUF2, FakeListener
from tests.fake_vm import FakeVm
from tests.headless.test_hostile import paint
from tests.wlvm_process import Wlvm, eventually, spawn
from tests.workstation.dmabuf_guest import dmabuf_guest
from tests.workstation.guest_memory import (
    HEIGHT,
    WIDTH,
    Exported,
    GuestMemory,
    Vgem,
    card_buffer,
    heap,
    is_held,
    memfd,
    udmabuf,
)
from tests.workstation.hardware import Hardware, card
from tests.workstation.test_export import MESA, dmabufs_of
from wlvm.framebuffer import ABGR8888, ARGB8888, RGB565, XBGR8888, XRGB8888, Rect, fourcc_name

READ_BY_CPU = "dma-buf read by CPU"

#: A layout of no GPU here.
TILED = 0x0100_0000_0000_0002

EXPORTERS = {"udmabuf": udmabuf, "heap": heap, "vgem": card_buffer(card("vgem"))}


def maps_of(wlvm: Wlvm) -> int:
    """How many dma-bufs wlvm has mapped."""
    return sum("dmabuf" in line for line in Path(f"/proc/{wlvm.pid}/maps").read_text().splitlines())


def inodes_of(wlvm: Wlvm) -> set[int]:
    """The dma-bufs of guest pages that wlvm holds, by their inodes."""
    found = set()
    for info in Path(f"/proc/{wlvm.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            fields = dict(line.split(":\t", 1) for line in info.read_text().splitlines() if ":\t" in line)
            if fields.get("exp_name") == "udmabuf":
                found.add(int(fields["ino"]))
    return found


@pytest.fixture(scope="module")
def wlvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wlvm]:
    """One wlvm on the CPU for all guests, without a screen."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("wlvm")
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        with Wlvm(directory, config='[[output]]\nmode = "640x480"', WLR_RENDERER="pixman") as running:
            yield running


@pytest.fixture
def guest(wlvm: Wlvm, tmp_path: Path) -> Iterator[FakeVm]:
    """A guest that shows a picture of bytes so far. When it has gone nothing of it is left in wlvm."""
    with FakeVm(tmp_path / "vm.qmp") as vm:
        wlvm.control.attach(vm.path)
        paint(vm.listener(), 0x123456)
        wlvm.wait_for_picture("vm")
        yield vm
        wlvm.control.detach("vm")
    eventually("wlvm has no dma-buf open", lambda: dmabufs_of(wlvm) == 0)
    assert maps_of(wlvm) == 0


def shown(wlvm: Wlvm) -> np.ndarray:
    """What the screen has where the guest is."""
    console = wlvm.guest("vm").consoles[0]
    return wlvm.screen()[console.y : console.y + console.height, console.x : console.x + console.width]


def shows(wlvm: Wlvm, expected: np.ndarray) -> None:
    """Wait until the screen has exactly this."""
    eventually("it is on the screen", lambda: np.array_equal(shown(wlvm), expected))


# Whatever can be described.


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("fourcc", [XRGB8888, ARGB8888, XBGR8888, ABGR8888, RGB565], ids=fourcc_name)
def test_every_exporters_memory_is_shown_in_every_format(
    wlvm: Wlvm, guest: FakeVm, exporter: str, fourcc: int
) -> None:
    with GuestMemory(fourcc=fourcc, padding=64, export=EXPORTERS[exporter]) as memory:
        memory.show(guest.listener())
        shows(wlvm, memory.picture)
        np.testing.assert_array_equal(wlvm.pixels("vm"), memory.picture)
        console = wlvm.console("vm")
        assert (console.path, console.copied_bytes) == (READ_BY_CPU, 4 * WIDTH * HEIGHT), "the bytes before"
        assert console.fallback.startswith("the CPU draws (pixman)")


def test_a_part_of_a_buffer_is_shown_and_panned_and_turned(wlvm: Wlvm, guest: FakeVm) -> None:
    listener = guest.listener()
    with GuestMemory(offset=4096 + 64) as memory:
        for part in (Rect(0, 0, 40, 30), Rect(7, 5, 40, 30), Rect(7, 5, 57, 43)):
            upright = memory.picture[part.y : part.y + part.height, part.x : part.x + part.width]
            memory.show(listener, part)
            shows(wlvm, upright)
            memory.show(listener, part, bottom_first=True)
            shows(wlvm, upright[::-1])
        assert len(inodes_of(wlvm)) == 1, "it is one buffer all the time"


def test_damage_is_where_the_guest_says_it_is_upside_down_too(wlvm: Wlvm, guest: FakeVm) -> None:
    listener = guest.listener()
    for bottom_first in (False, True):
        with GuestMemory() as memory:
            part = Rect(4, 6, 50, 40)
            memory.show(listener, part, bottom_first)
            visible = memory.pixels[6:46, 4:54]
            if bottom_first:
                visible = visible[::-1]
            shows(wlvm, visible & 0xFFFFFF)
            visible[3:10, 20:25] = 0x00A0B0C0
            listener.tell(LISTENER, "UpdateDMABUF", "iiii", (20, 3, 5, 7))
            shows(wlvm, visible & 0xFFFFFF)


def test_a_flip_comes_back_to_the_buffer_that_is_known(wlvm: Wlvm, guest: FakeVm) -> None:
    listener = guest.listener()
    with GuestMemory() as first, GuestMemory() as second, GuestMemory() as third, GuestMemory() as fourth:
        for memory in [first, second, third] * 5:
            memory.draw()
            memory.show(listener)
            # As QEMU does at every flip of a blob.
            listener.tell(LISTENER, "Disable")
            listener.tell(LISTENER, "UpdateDMABUF", "iiii", (0, 0, WIDTH, HEIGHT))
            shows(wlvm, memory.picture)
            assert maps_of(wlvm) <= 3
        assert inodes_of(wlvm) == {memory.inode for memory in (first, second, third)}
        fourth.show(listener)
        shows(wlvm, fourth.picture)
        eventually(
            "what the guest does not come back to is given up", lambda: inodes_of(wlvm) == {fourth.inode}
        )
        numbers = [memory.inode for memory in (first, second, third, fourth)]
        assert wlvm.console("vm").copied_bytes == 4 * WIDTH * HEIGHT
    eventually("nobody holds the first", lambda: not is_held(numbers[0]))
    assert is_held(numbers[3])


def test_a_guest_that_switches_its_display_off_has_its_pages_back(wlvm: Wlvm, guest: FakeVm) -> None:
    listener = guest.listener()
    with GuestMemory() as memory:
        memory.show(listener)
        shows(wlvm, memory.picture)
        listener.tell(LISTENER, "Disable")
        eventually("wlvm holds them no longer", lambda: not inodes_of(wlvm))
        assert wlvm.guest("vm").state == "running"
        assert not np.array_equal(wlvm.screen()[:HEIGHT, :WIDTH], memory.picture)
        memory.show(listener)
        shows(wlvm, memory.picture)


# Shared memory.


def scanout_map(listener: FakeListener, fd: int, offset: int) -> None:
    listener.scanout_map(fd, WIDTH, HEIGHT, offset=offset)


@pytest.mark.parametrize("seals", [0, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL])
def test_shared_memory_that_cannot_shrink_is_shown_where_it_lies(
    wlvm: Wlvm, guest: FakeVm, seals: int
) -> None:
    listener, offset, length = guest.listener(), 5000, 4 * WIDTH * HEIGHT
    before = wlvm.console("vm").copied_bytes
    with memfd(3 * 4096 + length, seals) as fd, mmap.mmap(fd.fileno(), 0) as memory:
        pixels = np.ndarray((HEIGHT, WIDTH), np.uint32, memory, offset)
        pixels[:] = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
        scanout_map(listener, fd.fileno(), offset)
        shows(wlvm, pixels)
        pixels[5:9, 2:30] = 0x00112233
        listener.update_map(2, 5, 28, 4)
        shows(wlvm, pixels)
        console = wlvm.console("vm")
        assert (console.path, console.copied_bytes) == ("udmabuf", before)
        with pytest.raises(PermissionError):
            os.ftruncate(fd.fileno(), 0)
        # A balloon takes the pages from the guest, but not from who shows them.
        expected = pixels.copy()
        punch_hole(fd.fileno(), 0, 3 * 4096 + length)
        assert not pixels.any()
        listener.update_map(0, 0, WIDTH, HEIGHT)
        listener.sync()
        np.testing.assert_array_equal(shown(wlvm), expected)
        np.testing.assert_array_equal(wlvm.pixels("vm"), expected)
        del pixels


@pytest.mark.parametrize(
    ("seals", "flags", "reason"),
    [
        (0, 0, "its owner has forbidden seals"),
        (fcntl.F_SEAL_WRITE, os.MFD_ALLOW_SEALING, "the kernel refuses"),
    ],
)
def test_other_shared_memory_is_copied_and_it_is_said_why(
    wlvm: Wlvm, guest: FakeVm, seals: int, flags: int, reason: str
) -> None:
    before = wlvm.console("vm").copied_bytes
    with memfd(4 * WIDTH * HEIGHT, 0, flags) as fd:
        os.pwrite(fd.fileno(), bytes(range(256)) * (WIDTH * HEIGHT // 64), 0)
        if seals:
            fcntl.fcntl(fd.fileno(), fcntl.F_ADD_SEALS, seals)
        scanout_map(guest.listener(), fd.fileno(), 0)
        eventually("it is shown", lambda: wlvm.console("vm").path == "shared memory")
    console = wlvm.console("vm")
    assert reason in console.fallback
    assert console.copied_bytes == before + 4 * WIDTH * HEIGHT


def punch_hole(fd: int, start: int, length: int) -> None:
    """Give pages of a memfd back, as a balloon does (QEMU: ram_block_discard_range). Python has no call for it."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.fallocate(fd, 3, ctypes.c_long(start), ctypes.c_long(length))
    assert result == 0, os.strerror(ctypes.get_errno())


# Fences.


@pytest.fixture
def vgem() -> Iterator[Vgem]:
    device = Vgem()
    yield device
    device.close()


def test_a_buffer_that_is_drawn_into_waits_and_everything_else_goes_on(
    wlvm: Wlvm, guest: FakeVm, vgem: Vgem, tmp_path: Path
) -> None:
    listener = guest.listener()
    with (
        GuestMemory() as old,
        GuestMemory(export=vgem.buffer) as new,
        FakeVm(tmp_path / "other.qmp") as other,
    ):
        wlvm.control.attach(other.path)
        old.show(listener)
        shows(wlvm, old.picture)
        fence = vgem.begin_drawing()
        new.show(listener)
        listener.sync()
        delayed = eventually(
            "it is told what is waited for",
            lambda: "a GPU has been drawing the next picture" in wlvm.console("vm").fallback,
        )
        assert delayed
        np.testing.assert_array_equal(shown(wlvm), old.picture)
        paint(other.listener(), 0x445566)
        eventually("another guest is shown", lambda: (wlvm.screen() == 0x445566).sum() >= WIDTH * HEIGHT)
        start = time.monotonic()
        vgem.end_drawing(fence)
        shows(wlvm, new.picture)
        assert time.monotonic() - start < 5, "it is the fence, not the kernel's ten seconds"
        assert "GPU has been" not in wlvm.console("vm").fallback
        wlvm.control.detach("other")


def test_an_update_of_the_buffer_that_is_shown_waits_too(wlvm: Wlvm, guest: FakeVm, vgem: Vgem) -> None:
    listener = guest.listener()
    with GuestMemory(export=vgem.buffer) as memory:
        memory.show(listener)
        shows(wlvm, memory.picture)
        before = memory.picture
        fence = vgem.begin_drawing()
        memory.draw()
        listener.tell(LISTENER, "UpdateDMABUF", "iiii", (0, 0, WIDTH, HEIGHT))
        listener.sync()
        assert not np.array_equal(before, memory.picture)
        eventually("it is waited for", lambda: "GPU has been" in wlvm.console("vm").fallback)
        vgem.end_drawing(fence)
        shows(wlvm, memory.picture)


def test_a_newer_scanout_is_shown_instead_of_one_that_waits(wlvm: Wlvm, guest: FakeVm, vgem: Vgem) -> None:
    listener = guest.listener()
    with GuestMemory(export=vgem.buffer) as waiting, GuestMemory() as newer:
        fence = vgem.begin_drawing()
        waiting.show(listener)
        listener.sync()
        newer.show(listener)
        shows(wlvm, newer.picture)
        assert inodes_of(wlvm) == {newer.inode}
        vgem.end_drawing(fence)
        newer.draw()
        listener.tell(LISTENER, "UpdateDMABUF", "iiii", (0, 0, WIDTH, HEIGHT))
        shows(wlvm, newer.picture)


def test_a_guest_that_goes_while_its_buffer_waits_leaves_nothing(
    wlvm: Wlvm, guest: FakeVm, vgem: Vgem
) -> None:
    with GuestMemory(export=vgem.buffer) as memory:
        fence = vgem.begin_drawing()
        memory.show(guest.listener())
        guest.listener().sync()
        eventually("it waits", lambda: dmabufs_of(wlvm) == 1)
        guest.kill()
        eventually("its dma-buf is closed", lambda: dmabufs_of(wlvm) == 0)
        vgem.end_drawing(fence)


# What cannot be shown.


def dmabuf2(
    memory: GuestMemory, *, planes: int = 1, offsets: tuple[int, ...] = (0,), fourcc: int = XRGB8888
) -> Callable[[FakeListener], None]:
    body = (
        [memory.dmabuf.fileno()] * planes, 0, 0, WIDTH, HEIGHT, list(offsets), [memory.stride] * planes, planes,
        fourcc, WIDTH, HEIGHT, 0, False,
    )  # fmt: skip
    return lambda listener: listener.tell(LISTENER_DMABUF2, "ScanoutDMABUF2", "ahuuuuauauuuuutb", body)


BROKEN: dict[str, tuple[Callable[[GuestMemory], Callable[[FakeListener], None]], str]] = {
    "a layout that the CPU cannot read": (
        lambda memory: lambda listener: memory.show(listener, modifier=TILED),
        "the CPU draws (pixman), and the CPU cannot read it as XR24 of modifier 0x100000000000002",
    ),
    "an unknown layout": (
        lambda memory: lambda listener: memory.show(listener, modifier=(1 << 56) - 1),
        "the CPU cannot read it as XR24 of modifier 0xffffffffffffff",
    ),
    "an unknown format": (lambda memory: dmabuf2(memory, fourcc=0x3231564E), "pixel format NV12"),
    "a plane past the end": (lambda memory: dmabuf2(memory, offsets=(1 << 20,)), "starts at byte 1048576"),
    "a plane that ends past the end": (lambda memory: dmabuf2(memory, offsets=(4096,)), "ends at byte"),
    "planes too many": (lambda memory: dmabuf2(memory, planes=3, offsets=(0, 0, 0)), "has one plane, not 3"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_shown_is_refused_with_a_reason_and_the_last_picture_stays(
    wlvm: Wlvm, guest: FakeVm, what: str
) -> None:
    say, reason = BROKEN[what]
    listener = guest.listener()
    with GuestMemory() as good, GuestMemory(export=heap) as bad:
        good.show(listener)
        shows(wlvm, good.picture)
        say(bad)(listener)
        assert reason in eventually("the reason is listed", lambda: wlvm.guest("vm").reason)
        np.testing.assert_array_equal(shown(wlvm), good.picture)
        assert any(reason in line for line in wlvm.log.splitlines() if line.startswith("WARNING"))
        bad.show(listener)
        shows(wlvm, bad.picture)
        eventually("a good picture ends it", lambda: not wlvm.guest("vm").reason)


# QEMU's own dma-bufs of guest pages. Here one buffer is drawn into: QEMU before 10.1 forgets to tell of some flips, which is for
# test_presentation.


@pytest.mark.parametrize("options", ["mode=320x240", "mode=333x222 stride=1536", "mode=640x400 damage=patch"])
def test_a_guests_own_pages_are_on_the_screen_frame_by_frame(
    qemu: str, runtime_dir: Path, hardware: Hardware, options: str
) -> None:
    width, height = map(int, options.split()[0].removeprefix("mode=").split("x"))
    with dmabuf_guest(qemu, f"fixed {options}") as testcard:
        config = f'[[output]]\nmode = "1024x768"\n[guest.card]\nqmp = "{testcard.qmp_path}"\nconsole = [{{position = [10, 20]}}]'
        drm = {"WLR_DRM_DEVICES": str(card("virtio-pci")), "WLR_RENDERER": "pixman"}
        with Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm:
            for frame in range(5):
                expected = picture(width, height, frame=frame)
                eventually(
                    f"frame {frame} is on the screen",
                    lambda expected=expected: np.array_equal(  # type: ignore[misc]
                        hardware.screen("gpu")[20 : 20 + height, 10 : 10 + width], expected
                    ),
                )
                testcard.command("step")
            # A QEMU without a GPU does not tell its display: it has no dma-buf of the grey picture that it would show.
            assert testcard.command("off") == "done off"
            testcard.command("on")
            expected = picture(width, height, frame=5)
            eventually("it is back", lambda: np.array_equal(wlvm.pixels("card"), expected))
            testcard.command("run 60")
            select.select([], [], [], 2)
            testcard.command("hold")
            console = wlvm.console("card")
            assert (console.path, console.copied_bytes) == (READ_BY_CPU, 0)
            assert len(inodes_of(wlvm)) == 1


@pytest.fixture
def headless(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, WLR_RENDERER="pixman") as running:
        yield running


@pytest.mark.parametrize("end", ["kill", "detach"])
def test_a_guest_that_goes_while_it_flips_leaves_nothing(qemu: str, headless: Wlvm, end: str) -> None:
    with dmabuf_guest(qemu, "mode=320x240 fixed flip rate=60") as testcard:
        name = headless.control.attach(testcard.qmp_path)
        eventually("it flips", lambda: len(inodes_of(headless)) == 2)
        numbers = inodes_of(headless)
        if end == "kill":
            testcard.process.kill()
            headless.wait_for_state(name, "lost")
        else:
            headless.control.detach(name)
        eventually("no dma-buf is open", lambda: dmabufs_of(headless) == 0)
        assert maps_of(headless) == 0
    eventually("the kernel has let go of them too", lambda: not any(map(is_held, numbers)))


def test_a_guest_that_is_reset_while_it_is_shown_is_shown_anew(qemu: str, headless: Wlvm) -> None:
    with dmabuf_guest(qemu, "mode=320x240 fixed rate=60") as testcard:
        name = headless.control.attach(testcard.qmp_path)
        eventually("its pages are shown", lambda: inodes_of(headless))
        testcard.execute("set-action", reboot="reset")
        testcard.execute("system_reset")
        testcard.wait_for("ready", 60)
        testcard.command("hold")
        testcard.command("frame 9")
        expected = picture(320, 240, frame=9)
        eventually("it is shown anew", lambda: np.array_equal(headless.pixels(name), expected))
        eventually("the pages of one picture are held", lambda: len(inodes_of(headless)) == 1)
        numbers = inodes_of(headless)
    headless.wait_for_state(name, "lost")
    eventually("nobody holds them", lambda: not any(map(is_held, numbers)))


# With OpenGL ES. Mesa 25 (docs/workstation.md) must be there before the process starts: this wlvm is no fork.


@pytest.mark.skipif(not MESA.exists(), reason="Mesa 25 is not here: scripts/fetch-mesa")
def test_a_gpu_samples_what_its_driver_imports_and_the_cpu_reads_the_rest(
    runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wlvm, "start", staticmethod(spawn))
    gpu = card("virtio-pci")
    exporters: list[tuple[Callable[[int], Exported], str, str]] = [
        (card_buffer(gpu), "dma-buf sampled", ""),
        # virtio-gpu imports nobody else's.
        (udmabuf, READ_BY_CPU, "the GPU's driver refused to import the buffer"),
        (card_buffer(card("vgem")), READ_BY_CPU, "the GPU's driver refused to import the buffer"),
    ]
    with (
        FakeVm(runtime_dir / "vm.qmp") as vm,
        Wlvm(
            runtime_dir, "--attach", str(vm.path), backend="drm",
            WLR_DRM_DEVICES=str(gpu), WLR_RENDERER="gles2", LD_LIBRARY_PATH=str(MESA),
        ) as wlvm,
    ):  # fmt: skip
        listener = vm.listener()
        for export, path, reason in exporters:
            with GuestMemory(export=export) as memory:
                for _ in range(3):
                    memory.draw()
                    memory.show(listener)
                    shows(wlvm, memory.picture)
                console = wlvm.console("vm")
                assert (console.path, console.copied_bytes) == (path, 0)
                assert console.fallback.startswith(reason)
                memory.show(listener, bottom_first=True)
                shows(wlvm, memory.picture[::-1])
        with GuestMemory(export=heap) as tiled, GuestMemory(fourcc=RGB565) as small:
            tiled.show(listener, modifier=TILED)
            assert "the GPU does not sample XR24 in this layout" in eventually(
                "the reason is listed", lambda: wlvm.guest("vm").reason
            )
            small.show(listener)
            shows(wlvm, small.picture)
