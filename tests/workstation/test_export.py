"""Pictures for other programs: a guest's own dma-buf over the control socket, and those of outputs by the capture protocols."""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from guests.testcard.model import picture
from tests.clients.capture import CancelledError, CaptureClient, dmabuf_buffer
from tests.clients.window import Client
from tests.fake_vm import FakeVm
from tests.headless.test_hostile import paint
from tests.wlvm_process import DEADLINE, Wlvm, eventually, spawn
from tests.workstation.dmabuf_guest import dmabuf_guest
from tests.workstation.guest_memory import GuestMemory, inode
from tests.workstation.hardware import card, connectors, plugged
from wlvm import cli, command_line
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.ipc import ControlError, ExportedDmabuf
from wlvm.linux_dmabuf import MOD_LINEAR, DmabufDescriptor, DmabufMemory, Plane, dmabuf_size

from pywayland.protocol.linux_dmabuf_v1 import ZwpLinuxDmabufV1  # isort: skip

_KOBJECT_UEVENT, _UDEV_GROUP = 15, 2  # netlink(7); libudev's group

WIDTH, HEIGHT = 64, 48
COLOR, WINDOW = 0x35679A, 0x9A6735


def dmabufs_of(wlvm: Wlvm) -> int:
    """How many of wlvm's fds are dma-bufs', once it has closed those that it sent."""
    wlvm.control.listing()
    count = 0
    for fd in Path(f"/proc/{wlvm.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += "dmabuf" in os.readlink(fd)
    return count


@pytest.fixture
def guest(runtime_dir: Path) -> Iterator[FakeVm]:
    with FakeVm(runtime_dir / "vm.qmp") as vm:
        yield vm


@pytest.fixture
def wlvm(runtime_dir: Path, guest: FakeVm) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, "--attach", str(guest.path), WLR_RENDERER="pixman") as running:
        yield running


def wait_for(wlvm: Wlvm, memory: GuestMemory) -> ExportedDmabuf:
    """The guest's dma-buf, once that is this memory."""

    def now() -> ExportedDmabuf | None:
        try:
            exported = wlvm.control.dmabuf("vm")
        except ControlError:
            return None
        if inode(exported.descriptor.planes[0].fd) == memory.inode:
            return exported
        exported.close()
        return None

    exported = eventually("wlvm lends the guest's memory", now)
    assert exported is not None
    return exported


def pixels(exported: ExportedDmabuf) -> np.ndarray:
    frame = exported.frame()
    assert frame is not None
    return frame.array


# A guest's dma-buf, over the control socket.


def test_a_guests_own_memory_is_lent_until_the_guest_shows_another(wlvm: Wlvm, guest: FakeVm) -> None:
    with GuestMemory() as first, GuestMemory() as second:
        first.show(guest.listener())
        with wait_for(wlvm, first) as lent:
            assert not lent.copied
            np.testing.assert_array_equal(pixels(lent), first.picture)
            first.draw()
            np.testing.assert_array_equal(pixels(lent), first.picture, "it is the guest's, not a copy")

            second.show(guest.listener())
            with wait_for(wlvm, second) as newer:
                np.testing.assert_array_equal(pixels(newer), second.picture)
            np.testing.assert_array_equal(pixels(lent), first.picture, "who has the old one keeps it")
        paint(guest.listener(), COLOR)
        eventually("wlvm shows bytes", lambda: (wlvm.pixels("vm") == COLOR).all())
        eventually("wlvm keeps none of them", lambda: dmabufs_of(wlvm) == 0)


def test_the_pages_that_a_guest_draws_into_are_lent(qemu: str, runtime_dir: Path) -> None:
    with (
        dmabuf_guest(qemu, "mode=320x240") as testcard,
        Wlvm(runtime_dir, config=f'[guest.card]\nqmp = "{testcard.qmp_path}"', WLR_RENDERER="pixman") as wlvm,
    ):

        def lent() -> bool:
            try:
                dmabuf = wlvm.control.dmabuf("card")
            except ControlError:
                return False
            with dmabuf:
                return np.array_equal(pixels(dmabuf), picture(320, 240))

        eventually("the guest's picture is in the dma-buf that wlvm lends", lent)


def test_the_visible_part_and_the_order_of_rows_are_told(wlvm: Wlvm, guest: FakeVm) -> None:
    part = Rect(5, 3, 40, 30)
    with GuestMemory() as memory:
        memory.show(guest.listener(), part, bottom_first=True)
        with wait_for(wlvm, memory) as lent:
            assert (lent.descriptor.visible, lent.descriptor.y_inverted) == (part, True)
            np.testing.assert_array_equal(pixels(lent), memory.picture[3:33, 5:45][::-1])
            np.testing.assert_array_equal(wlvm.pixels("vm"), pixels(lent))


def test_the_command_reads_it_through_the_dmabuf(wlvm: Wlvm, guest: FakeVm, runtime_dir: Path) -> None:
    file = runtime_dir / "guest.png"
    with GuestMemory() as memory:
        memory.show(guest.listener())
        wait_for(wlvm, memory).close()
        command = ["frame", "vm", "--dmabuf", "--socket", str(wlvm.socket), "-o", str(file)]
        assert cli.main(command) == command_line.OK
        with Image.open(file) as image:
            red, green, blue = np.asarray(image, np.uint32).transpose(2, 0, 1)
        np.testing.assert_array_equal(red << 16 | green << 8 | blue, memory.picture)


def test_a_program_inherits_the_dmabuf_and_its_description(wlvm: Wlvm, guest: FakeVm) -> None:
    told, theirs = os.pipe()
    with GuestMemory() as memory, os.fdopen(told) as text:
        memory.show(guest.listener())
        wait_for(wlvm, memory).close()
        child = os.fork()
        if child == 0:
            os.dup2(theirs, 1)
            script = 'echo "$WLVM_DMABUF"; stat --dereference --format=%i /proc/self/fd/*'
            command = ["frame", "vm", "--dmabuf", "--socket", str(wlvm.socket), "--exec", "sh", "-c", script]
            os._exit(cli.main(command))
        os.close(theirs)
        description = json.loads(text.readline())
        assert str(memory.inode) in text.read().split()
        assert os.waitpid(child, 0)[1] in (0, 1 << 8), "stat may not find its own list of files"
        (plane,) = description["planes"]
        assert (plane["offset"], plane["stride"], description["modifier"]) == (0, memory.stride, "0x0")
        assert description["copied"] is False


def test_a_picture_in_no_dmabuf_is_copied_into_one_for_who_allows_that(wlvm: Wlvm, guest: FakeVm) -> None:
    paint(guest.listener(), COLOR, 61, 47)
    eventually("wlvm shows it", lambda: wlvm.guest("vm").consoles[0].width == 61)
    with pytest.raises(ControlError, match="is bytes, not a dma-buf"):
        wlvm.control.dmabuf("vm")
    with wlvm.control.dmabuf("vm", allow_copy=True) as copy:
        assert copy.copied
        assert "is bytes, not a dma-buf" in copy.reason
        assert (pixels(copy) == COLOR).all()
        paint(guest.listener(), COLOR + 1, 61, 47)
        eventually("the guest shows something else", lambda: (wlvm.pixels("vm") == COLOR + 1).all())
        assert (pixels(copy) == COLOR).all()
    assert dmabufs_of(wlvm) == 0


def test_without_descriptors_nothing_is_lent_and_nothing_leaks(wlvm: Wlvm, guest: FakeVm) -> None:
    with GuestMemory() as memory:
        memory.show(guest.listener())
        wait_for(wlvm, memory).close()
        before = dmabufs_of(wlvm)
        limits = resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        for _ in range(10):
            with pytest.raises(ControlError, match="vm's dma-buf cannot be sent: Too many open files"):
                wlvm.control.dmabuf("vm")
        resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE, limits)
        wait_for(wlvm, memory).close()
        assert dmabufs_of(wlvm) == before


# Outputs, by the capture protocols.


@contextmanager
def on_screen(runtime_dir: Path, driver: str, config: str = "", **environment: str) -> Iterator[Wlvm]:
    """A wlvm with a guest on the screens of a card."""
    with (
        FakeVm(runtime_dir / "vm.qmp") as vm,
        Wlvm(
            runtime_dir, "--attach", str(vm.path),
            config=config, backend="drm", WLR_DRM_DEVICES=str(card(driver)), **environment,
        ) as wlvm,
    ):  # fmt: skip
        paint(vm.listener(), COLOR)
        wlvm.wait_for_picture("vm")
        yield wlvm


def read(descriptor: DmabufDescriptor) -> np.ndarray:
    """The pixels of a linear dma-buf, which is closed."""
    memory = DmabufMemory(descriptor)
    try:
        frame = memory.frame()
        assert frame is not None, hex(descriptor.modifier)
        return frame.array
    finally:
        memory.close()


@contextmanager
def udev_events() -> Iterator[Callable[[], bytes]]:
    """The next event that udev tells the programs, wlvm among them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _KOBJECT_UEVENT) as udev:
        udev.bind((0, _UDEV_GROUP))
        udev.settimeout(DEADLINE)
        yield lambda: udev.recv(1 << 16)


@pytest.mark.parametrize("driver", ["virtio-pci", "cirrus"])
def test_an_output_drawn_with_pixman_is_exported_as_the_dmabuf_it_is_drawn_into(
    runtime_dir: Path, driver: str
) -> None:
    with (
        on_screen(runtime_dir, driver, WLR_RENDERER="pixman") as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        read(client.export())
        before = dmabufs_of(wlvm)
        for _ in range(5):
            np.testing.assert_array_equal(read(client.export()), wlvm.screen())
        np.testing.assert_array_equal(client.screencopy(), wlvm.screen())
        assert (wlvm.screen() == COLOR).any()
        assert "zwp_linux_dmabuf_v1" not in client.names, "pixman takes no dma-bufs of clients"
        assert client.begin().offer.dmabuf_format is not None, (
            "wlroots names a format all the same (docs/capture.md)"
        )
        assert dmabufs_of(wlvm) <= before


def test_grim_captures_a_real_screen(runtime_dir: Path) -> None:
    with on_screen(runtime_dir, "virtio-pci", WLR_RENDERER="pixman") as wlvm:
        assert wlvm.run("grim", "-").stdout.startswith(b"\x89PNG")


def test_what_is_awaited_from_a_screen_that_is_unplugged_is_cancelled(runtime_dir: Path) -> None:
    _first, second = connectors("virtio-pci")
    with (
        plugged(second, "on"),
        on_screen(runtime_dir, "virtio-pci", WLR_RENDERER="pixman") as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        assert client.names.count("wl_output") == 2
        # Both reach wlvm in one turn of its loop: no frame comes between.
        os.kill(wlvm.pid, signal.SIGSTOP)
        exports = [client.begin_export(output) for output in (0, 1)]
        with udev_events() as next_event, plugged(second, "off"):
            while b"SUBSYSTEM=drm" not in next_event():
                pass
            os.kill(wlvm.pid, signal.SIGCONT)
            outcomes = []
            for export in exports:
                try:
                    export.wait().close()
                    outcomes.append("exported")
                except CancelledError:
                    outcomes.append("cancelled")
            eventually("the screen is gone", lambda: len(wlvm.control.stats().outputs) == 1)
            assert sorted(outcomes) == ["cancelled", "exported"]
            assert wlvm.guest("vm").state == "running"


def test_no_output_is_exported_where_a_guest_must_not_be_seen(runtime_dir: Path) -> None:
    config = f'[guest.secret]\nqmp = "{runtime_dir}/secret.qmp"\ncapture = false'
    with (
        on_screen(runtime_dir, "cirrus", config, WLR_RENDERER="pixman") as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        assert "zwlr_export_dmabuf_manager_v1" not in client.names
        assert "zwlr_screencopy_manager_v1" in client.names


# With OpenGL ES. Mesa 25 (docs/workstation.md) must be there before the process starts: this wlvm is no fork.

MESA = Path(".cache/mesa-25/lib").absolute()

_CREATE_DUMB = 0xC02064B2  # DRM_IOCTL_MODE_CREATE_DUMB
_PRIME_HANDLE_TO_FD = 0xC00C642D  # DRM_IOCTL_PRIME_HANDLE_TO_FD
_CLOEXEC = os.O_CLOEXEC


def dumb_buffer(node: Path, width: int, height: int, format_: int) -> DmabufDescriptor:
    """A dma-buf of a card's own, linear, four bytes a pixel (drm_mode.h: dumb buffers)."""
    with OwnedFd(os.open(node, os.O_RDWR | os.O_CLOEXEC)) as device:
        request = bytearray(struct.pack("=IIIIIIQ", height, width, 32, 0, 0, 0, 0))
        fcntl.ioctl(device.fileno(), _CREATE_DUMB, request)
        _height, _width, _bits, _flags, handle, stride, _size = struct.unpack("=IIIIIIQ", request)
        request = bytearray(struct.pack("=IIi", handle, _CLOEXEC | os.O_RDWR, -1))
        fcntl.ioctl(device.fileno(), _PRIME_HANDLE_TO_FD, request)
        fd = OwnedFd(struct.unpack("=IIi", request)[2])
    assert dmabuf_size(fd) >= stride * height
    return DmabufDescriptor(width, height, format_, MOD_LINEAR, (Plane(fd, 0, stride),))


class DmabufWindows(Client):
    """A client whose windows are dma-bufs of the screen's own card."""

    def buffer(self, width: int, height: int, color: int) -> Any:
        descriptor = dumb_buffer(card("virtio-pci"), width, height, XRGB8888)
        (plane,) = descriptor.planes
        with mmap.mmap(plane.fd.fileno(), plane.stride * height) as memory:
            memory[:] = color.to_bytes(4, "little") * (plane.stride * height // 4)
        buffer = dmabuf_buffer(self.bind(ZwpLinuxDmabufV1, 3), descriptor)
        self.display.flush()
        descriptor.close()
        return buffer


@pytest.mark.skipif(not MESA.exists(), reason="Mesa 25 is not here: scripts/fetch-mesa")
def test_an_output_drawn_with_gles2_is_copied_into_dmabufs_of_clients(
    runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wlvm, "start", staticmethod(spawn))
    with (
        on_screen(runtime_dir, "virtio-pci", WLR_RENDERER="gles2", LD_LIBRARY_PATH=str(MESA)) as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        shown = wlvm.screen()
        assert (shown == COLOR).any()
        np.testing.assert_array_equal(client.screencopy(), shown)
        assert "zwp_linux_dmabuf_v1" in client.names
        copy = client.begin()
        offer = copy.offer
        assert offer.dmabuf_format is not None
        target = dumb_buffer(card("virtio-pci"), offer.width, offer.height, offer.dmabuf_format)
        copy.into(client.dmabuf_buffer(target))
        memory = DmabufMemory(target)

        def copied() -> bool:
            # A renderer on the CPU without fences may still be drawing when the client is told that it is ready.
            frame = memory.frame()
            return frame is not None and np.array_equal(frame.array, shown)

        eventually("the output is in the client's dma-buf", copied)
        memory.close()

        def exported() -> bool:
            return np.array_equal(read(client.export()), shown)

        eventually("the output's own dma-buf has the same", exported)

        with DmabufWindows(runtime_dir / wlvm.display) as windows:
            windows.window(WINDOW, size=(64, 48))
            eventually("the window's dma-buf is shown", lambda: (wlvm.screen() == WINDOW).sum() >= 64 * 48)
