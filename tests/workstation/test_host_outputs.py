"""Programs that change real screens: modes of their lists, off and on again, and what is on them follows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.clients.output_protocols import GammaControlManager, OutputPowerManager
from tests.clients.window import Client
from tests.wlvm_process import Wlvm, eventually
from tests.workstation.hardware import Hardware, card
from tests.workstation.scanout_checksums import ScanoutChecksums, checksum

RED = 0xFF0000


def test_a_screen_changes_its_mode_and_goes_off_and_on(hardware: Hardware, runtime_dir: Path) -> None:
    drm = {"WLR_DRM_DEVICES": str(card("virtio-pci")), "WLR_RENDERER": "pixman"}
    config = '[[output]]\nname = "Virtual-1"\nmode = "1024x768"\n'
    with (
        Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm,
        Client(runtime_dir / wlvm.display) as client,
    ):
        window = client.window(RED)
        told = wlvm.run("wlr-randr").stdout.decode()
        assert "1024x768 px" in told
        assert "800x600 px" in told
        wlvm.run("wlr-randr", "--output", "Virtual-1", "--mode", "800x600")
        client.wait_for("the window follows", lambda: window.size == (800, 600))
        eventually("it is drawn", lambda: np.all(wlvm.screen()[40:, 40:] == RED))
        screen = hardware.screen("gpu")
        assert screen.shape == (600, 800)
        assert np.all(screen[40:, 40:] == RED)
        wlvm.run("wlr-randr", "--output", "Virtual-1", "--off")
        assert "Enabled: no" in wlvm.run("wlr-randr").stdout.decode()
        wlvm.run("wlr-randr", "--output", "Virtual-1", "--on", "--mode", "1024x768")
        client.wait_for("the window is back", lambda: window.size == (1024, 768))
        eventually("it is drawn", lambda: np.all(wlvm.screen()[40:, 40:] == RED))
        screen = hardware.screen("gpu")
        assert screen.shape == (768, 1024)
        assert np.all(screen[40:, 40:] == RED)
    with (
        Wlvm(runtime_dir, config=config, backend="drm", **drm) as wlvm,
        Client(runtime_dir / wlvm.display) as client,
    ):
        heard: list[int] = []
        switch = client.bind(OutputPowerManager).get_output_power(client.outputs["Virtual-1"])
        switch.dispatcher["mode"] = lambda _switch, mode: heard.append(mode)
        client.wait_for("it is on", lambda: heard == [1])
        switch.set_mode(0)
        client.wait_for("it is off", lambda: heard == [1, 0])
        switch.set_mode(1)
        client.wait_for("it is on", lambda: heard == [1, 0, 1])


def test_a_program_sets_the_colours_of_a_screen_and_they_come_back(runtime_dir: Path) -> None:
    """As vkms' own checksum of its vertical blanks has it."""
    drm = {"WLR_DRM_DEVICES": str(card("vkms")), "WLR_RENDERER": "pixman"}
    with (
        Wlvm(runtime_dir, backend="drm", **drm) as wlvm,
        Client(runtime_dir / wlvm.display) as client,
    ):
        client.window(RED)
        eventually("it is drawn", lambda: np.all(wlvm.screen()[40:, 40:] == RED))
        ((name, output),) = client.outputs.items()
        height, width = wlvm.screen().shape
        with ScanoutChecksums() as checksums:

            def shows(picture: np.ndarray) -> None:
                wanted = checksum(picture)
                eventually(
                    "it is scanned out", lambda: wanted in [each.checksum for each in checksums.read()]
                )

            shows(wlvm.screen())
            sizes: list[int] = []
            failed: list[str] = []
            control = client.bind(GammaControlManager).get_gamma_control(output)
            control.dispatcher["gamma_size"] = lambda _control, size: sizes.append(size)
            control.dispatcher["failed"] = lambda _control: failed.append(name)
            client.wait_for("it is told", lambda: sizes or failed)
            assert not failed
            table = np.zeros((3, sizes[0]), "<u2")
            table[2] = np.linspace(0, 0xFFFF, sizes[0])  # blue alone is left, of which there is none
            with memory_file(table.tobytes()) as fd:
                control.set_gamma(fd)
                client.display.flush()
            shows(np.zeros((height, width), np.uint32))
            control.destroy()
            client.display.flush()
            shows(wlvm.screen())


@contextmanager
def memory_file(data: bytes) -> Iterator[int]:
    """A file descriptor of this content, read from its beginning."""
    fd = os.memfd_create("table")
    try:
        os.write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)
