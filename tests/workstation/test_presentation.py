"""A guest draws at the screen's refresh, into what is not on the screen, and its buffer may be on the screen as it is.

vkms is the screen: it has a vertical blank, imports dma-bufs, and computes a checksum of every picture that it scans out.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from guests.testcard.launch import TestCard
from guests.testcard.model import CURSOR_HOT_SPOT, cursor_image, picture
from tests.wlvm_process import DEADLINE, Wlvm, eventually
from tests.workstation.dmabuf_guest import dmabuf_guest
from tests.workstation.hardware import Hardware, card, connectors
from tests.workstation.scanout_checksums import ScanoutChecksums, checksum
from wlvm import tables
from wlvm.frame_stages import STAGES, Trace, answered, stages, summary
from wlvm.ipc import ControlClient
from wlvm.qemu import listener

#: Small, so that vkms has composed each picture before the next vertical blank even here.
WIDTH, HEIGHT = 320, 240

DIRECT = "dma-buf direct scanout"


@contextmanager
def on_screen(runtime_dir: Path, driver: str, mode: str, guest: TestCard, more: str = "") -> Iterator[Wlvm]:
    """A wlvm on the first connector of a driver's card, which has shown a picture of the guest."""
    name = connectors(driver)[0].name.partition("-")[2]
    config = f'[[output]]\nname = "{name}"\nmode = "{mode}"\n[guest.card]\nqmp = "{guest.qmp_path}"\n{more}'
    drm = {"WLR_DRM_DEVICES": str(card(driver)), "WLR_RENDERER": "pixman"}
    with Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm:
        wlvm.wait_for_picture("card")
        yield wlvm


def scans_out(checksums: ScanoutChecksums, wanted: int) -> None:
    """Wait until this is the checksum of what the screen shows."""
    eventually("vkms scans it out", lambda: any(seen.checksum == wanted for seen in checksums.read()))


@pytest.mark.parametrize("hertz", [30, 60, 75, 144])
def test_no_frame_is_torn_or_out_of_order(
    monkeypatch: pytest.MonkeyPatch, qemu: str, runtime_dir: Path, hertz: int
) -> None:
    # Everything takes much longer here: so may the answer for a frame that was not shown in time. QEMU waits a second.
    monkeypatch.setattr(listener, "FRAME_DEADLINE", 0.9)
    seconds = float(os.environ.get("WLVM_TEST_FLIPS_SECONDS", "4"))
    with (
        dmabuf_guest(qemu, f"mode={WIDTH}x{HEIGHT} fixed flip") as guest,
        on_screen(runtime_dir, "vkms", f"{WIDTH}x{HEIGHT}@{hertz}", guest) as wlvm,
        ScanoutChecksums() as checksums,
    ):
        scans_out(checksums, checksum(picture(WIDTH, HEIGHT)))
        before = wlvm.control.stats()
        # Faster than the screen: what holds the guest back is the acknowledgement.
        guest.command(f"run {2 * hertz}")
        seen = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            select.select([], [], [], 0.1)
            seen += checksums.read()
        last = int(guest.command("hold").rpartition("=")[2])
        after = wlvm.control.stats()
    frames = {checksum(picture(WIDTH, HEIGHT, frame=number)): number for number in range(last + 1)}
    torn = [each.vblank for each in seen if each.checksum not in frames]
    numbers = [frames[each.checksum] for each in seen if each.checksum in frames]
    shown = after.outputs[0].frames - before.outputs[0].frames
    scanouts = after.outputs[0].scanouts - before.outputs[0].scanouts
    print(
        f"\n{hertz} Hz: {len(seen)} vertical blanks seen, {len(set(numbers))} frames; {last} frames of the guest, "
        f"{shown} shown in {seconds:.0f} s, {scanouts} as they were; torn {torn}; {after.guests[0].consoles[0].latency_ms}"
    )
    # vkms reads a buffer after the vertical blank, in its own time: here at times when the next one is on the screen already, and the guest
    # draws into that. A guest that draws into what is shown takes several vertical blanks for it.
    assert [vblank for vblank in torn if vblank + 1 in torn] == []
    assert numbers == sorted(numbers)
    # Below 50 Hz the guest has its buffer back before the frame is on the screen, so that there frames are drawn.
    assert scanouts == (0 if hertz < 50 else shown)
    assert shown > 1
    if hertz >= 50:
        assert shown >= last - 1


def test_a_traced_flip_goes_from_qemus_message_to_qemus_answer(
    monkeypatch: pytest.MonkeyPatch, qemu: str, runtime_dir: Path
) -> None:
    """On a screen with a vertical blank, which is when QEMU is answered."""
    monkeypatch.setattr(listener, "FRAME_DEADLINE", 0.9)
    with (
        dmabuf_guest(qemu, f"mode={WIDTH}x{HEIGHT} fixed flip") as guest,
        on_screen(runtime_dir, "vkms", f"{WIDTH}x{HEIGHT}@60", guest) as wlvm,
        ControlClient(wlvm.socket, timeout=DEADLINE) as client,
    ):
        told = client.trace(5)
        guest.command("run 30")
        trace = Trace.of(told)
        guest.command("hold")
    shown = [frame for frame in trace.frames if frame.presented and trace.draw(frame) is not None]
    print(tables.trace(summary(trace)))
    assert len(shown) > 2
    for frame in shown:
        assert [message.name for message in frame.messages][-1] == "UpdateDMABUF"
        assert [stage.name for stage in stages(frame, trace.draw(frame))] == list(STAGES)
        assert answered(frame) > frame.presented, "QEMU is answered when the frame is on the screen"
    assert all(draw.scanned_out for draw in trace.draws.values())


def test_what_overlaps_is_composed_and_then_no_longer(qemu: str, runtime_dir: Path) -> None:
    with (
        dmabuf_guest(qemu, f"mode={WIDTH}x{HEIGHT} fixed flip") as guest,
        on_screen(runtime_dir, "vkms", f"{WIDTH}x{HEIGHT}@60", guest) as wlvm,
        ScanoutChecksums() as checksums,
    ):
        guest.command("frame 1")
        scans_out(checksums, checksum(picture(WIDTH, HEIGHT, frame=1)))
        assert wlvm.console("card").path == DIRECT
        assert wlvm.console("card").fallback == ""
        whole = wlvm.screen()
        assert np.array_equal(whole, picture(WIDTH, HEIGHT, frame=1)), "a screenshot is drawn, and exact"
        guest.command("frame 2")
        scans_out(checksums, checksum(picture(WIDTH, HEIGHT, frame=2)))
        scanouts = wlvm.control.stats().outputs[0].scanouts
        with TestCard(qemu, "std-vga", "mode=320x200") as other:
            name = wlvm.control.attach(other.qmp_path)
            eventually("the other guest is there", lambda: wlvm.console("card").path != DIRECT)
            assert "no direct scanout" in wlvm.console("card").fallback
            eventually(
                "what is on the screen was drawn",
                lambda: wlvm.control.stats().outputs[0].scanouts == scanouts,
            )
            scans_out(checksums, checksum(wlvm.screen()))
            wlvm.control.detach(name)
        guest.command("frame 3")
        scans_out(checksums, checksum(picture(WIDTH, HEIGHT, frame=3)))
        assert wlvm.console("card").path == DIRECT


def test_a_driver_that_imports_nothing_gets_frames(hardware: Hardware, qemu: str, runtime_dir: Path) -> None:
    with (
        dmabuf_guest(qemu, "mode=640x480 fixed flip") as guest,
        on_screen(runtime_dir, "virtio-pci", "640x480", guest) as wlvm,
    ):
        guest.command("frame 5")
        eventually(
            "the screen shows the guest",
            lambda: np.array_equal(hardware.screen("gpu"), picture(640, 480, frame=5)),
        )
        console = wlvm.console("card")
        assert console.path != DIRECT
        assert "the driver of Virtual-1 does not take the buffer" in console.fallback
        assert wlvm.control.stats().outputs[0].scanouts == 0


def test_cirrus_shows_the_guest_as_it_is(hardware: Hardware, qemu: str, runtime_dir: Path) -> None:
    with (
        dmabuf_guest(qemu, "mode=800x600 fixed flip") as guest,
        on_screen(runtime_dir, "cirrus", "800x600", guest) as wlvm,
    ):
        for frame in range(1, 5):
            guest.command(f"frame {frame}")
            eventually(
                "the screen shows the guest",
                lambda frame=frame: np.array_equal(hardware.screen("cirrus"), picture(800, 600, frame=frame)),
            )
        assert wlvm.console("card").path == DIRECT
        assert wlvm.control.stats().outputs[0].scanouts >= 4


def test_a_guests_cursor_is_on_the_cursor_plane(hardware: Hardware, qemu: str, runtime_dir: Path) -> None:
    """It is in what vkms scans out, and not in what wlvm draws."""
    tablet = ("-device", "virtio-tablet-pci")
    with (
        TestCard(qemu, "virtio-gpu", f"mode={WIDTH}x{HEIGHT} fixed cursor", tablet) as guest,
        on_screen(runtime_dir, "vkms", f"{WIDTH}x{HEIGHT}@60", guest) as wlvm,
        ScanoutChecksums() as checksums,
    ):
        still, (hot_x, hot_y) = picture(WIDTH, HEIGHT), CURSOR_HOT_SPOT
        for x, y in [(100, 60), (200, 150)]:
            hardware.point((x + 0.5) / WIDTH, (y + 0.5) / HEIGHT)
            scans_out(checksums, checksum(still, cursor_image(), (x - hot_x, y - hot_y)))
            assert np.array_equal(wlvm.screen(), still)
