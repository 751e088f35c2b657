"""wlvm as a window of another compositor, and of an X server, with a real QEMU in it.

The other compositor is asked what it shows, and is given the input.
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clients.virtual_input import VERTICAL, InputClient, Pointer
from tests.clients.x11 import X11Client
from tests.nested.compositors import Sway, Weston, Xvfb
from tests.plain_qemu import PlainQemu
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import DEADLINE, WLVM, Wlvm, eventually

LEFT = 0x110  # BTN_LEFT
KEY_A, KEY_LEFTSHIFT = 30, 42
WIDTH, HEIGHT = 720, 400
#: A display that its firmware knows nothing of: it holds still, where QEMU blinks the cursor of a std VGA's text mode.
STILL = ("-device", "virtio-gpu-pci", "-display", "dbus,p2p=yes")
AT_ORIGIN = '[guest.vm]\nqmp = "{directory}/vm.qmp"\nconsole = [{{ position = [0, 0] }}]\n'


@pytest.fixture
def sway(runtime_dir: Path) -> Iterator[Sway]:
    with Sway(runtime_dir) as sway:
        yield sway


@pytest.fixture
def xvfb(runtime_dir: Path) -> Iterator[Xvfb]:
    with Xvfb(runtime_dir) as xvfb:
        yield xvfb


def in_text_mode(wlvm: Wlvm) -> None:
    eventually("the guest is in text mode", lambda: wlvm.guest("vm").consoles[0].width == WIDTH)


def shown_where_it_should(wlvm: Wlvm, seen: Callable[[], np.ndarray]) -> None:
    """Until what is seen is the guest's picture, where wlvm says that it is."""

    def same() -> bool:
        before = wlvm.pixels("vm") & 0xFFFFFF
        screen = seen()
        console = wlvm.guest("vm").consoles[0]
        x, y = console.x, console.y
        part = screen[y : y + before.shape[0], x : x + before.shape[1]]
        return bool(before.any()) and part.shape == before.shape and bool((part == before).all())

    eventually("the guest's pixels are seen from outside", same)


def seen_by_grim(sway: Sway) -> np.ndarray:
    image = Image.open(io.BytesIO(sway.run("grim", "-"))).convert("RGB")
    red, green, blue = np.asarray(image, np.uint32).transpose(2, 0, 1)
    return red << 16 | green << 8 | blue  # type: ignore[no-any-return]


def enter(pointer: Pointer, x: int) -> None:
    """Move the pointer into the window below `x`, and on: wlroots makes no motion of its entering."""
    for y in (5, 6):
        pointer.move_to(x, y, 1280, 720)


# In a Wayland compositor.


def test_a_quiet_compositor_shows_a_window_and_it_ends_well(qemu: str, runtime_dir: Path) -> None:
    """A compositor that sends nothing by itself: wlvm's start must not wait for more than the answer."""
    with (
        Weston(runtime_dir) as weston,
        PlainQemu(qemu, runtime_dir, *STILL, vga="none") as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp), backend="wayland", **weston.environment) as wlvm,
    ):
        wlvm.wait_for_picture("vm")
        assert wlvm.screen().any()
        eventually("nothing is drawn while nothing changes", wlvm.stays_idle)


def test_a_window_shows_the_guest_pixel_for_pixel_and_follows_its_size(
    sway: Sway, qemu: str, runtime_dir: Path
) -> None:
    with (
        TracedQemu(qemu, runtime_dir) as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp), backend="wayland", **sway.environment) as wlvm,
    ):
        in_text_mode(wlvm)
        eventually("the window fills sway's output", lambda: wlvm.screen().shape == (720, 1280))
        shown_where_it_should(wlvm, lambda: seen_by_grim(sway))
        assert wlvm.guest("vm").consoles[0].x == (1280 - WIDTH) // 2
        sway.command("output", "HEADLESS-1", "resolution", "1000x600")
        eventually("the window became smaller", lambda: wlvm.screen().shape == (600, 1000))
        assert wlvm.guest("vm").consoles[0].x == (1000 - WIDTH) // 2
        shown_where_it_should(wlvm, lambda: seen_by_grim(sway))


def test_a_window_draws_nothing_while_nothing_changes(sway: Sway, qemu: str, runtime_dir: Path) -> None:
    with (
        PlainQemu(qemu, runtime_dir, *STILL, vga="none") as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp), backend="wayland", **sway.environment) as wlvm,
    ):
        wlvm.wait_for_picture("vm")
        eventually("nothing is drawn", wlvm.stays_idle)


def test_a_window_takes_the_pointer_and_the_keys(sway: Sway, qemu: str, runtime_dir: Path) -> None:
    with (
        TracedQemu(qemu, runtime_dir) as vm,
        InputClient(sway.socket) as client,
        Wlvm(
            runtime_dir,
            config=AT_ORIGIN.format(directory=runtime_dir),
            backend="wayland",
            **sway.environment,
        ) as wlvm,
    ):
        in_text_mode(wlvm)
        eventually("the window fills sway's output", lambda: wlvm.screen().shape == (720, 1280))
        pointer, keyboard = client.pointer(), client.keyboard()

        def typed() -> list[str]:
            """A device that has just come is there for wlvm only once sway has told it of that."""
            enter(pointer, 3)
            keyboard.tap(KEY_A)
            return vm.keys_and_buttons() if vm.pixel(WIDTH, HEIGHT) else []

        eventually("wlvm has the pointer and the keyboard", typed)
        keyboard.tap(KEY_LEFTSHIFT)
        vm.wait_for_end("shift")
        for x, y in ((0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1), (123, 321)):
            pointer.move_to(x, y, 1280, 720)
            vm.wait_for_pixel(x, y, WIDTH, HEIGHT)
        pointer.click(LEFT)
        pointer.wheel(VERTICAL, -1)
        keyboard.tap(KEY_LEFTSHIFT, KEY_A)
        vm.wait_for("+left", "-left", "+wheel-up", "-wheel-up", "+shift", "+a", "-a", "-shift")
        keyboard.key(KEY_LEFTSHIFT, True)
        keyboard.key(KEY_A, True)
        vm.wait_for("+shift", "+a")
        keyboard.close()
        eventually("what the keyboard held is up", lambda: len(vm.keys_and_buttons()) == 2)
        assert set(vm.keys_and_buttons()) == {"-a", "-shift"}


def test_every_output_is_a_window_with_its_own_pointer(sway: Sway, qemu: str, runtime_dir: Path) -> None:
    config = f"""
        [[output]]
        [[output]]
        name = "WL-2"
        [guest.vm]
        qmp = "{runtime_dir / "vm.qmp"}"
        console = [{{ output = "WL-2", position = [0, 0], size = [360, 200] }}]
    """
    with (
        TracedQemu(qemu, runtime_dir) as vm,
        InputClient(sway.socket) as client,
        Wlvm(runtime_dir, config=config, backend="wayland", **sway.environment) as wlvm,
    ):
        in_text_mode(wlvm)
        for name in ("WL-1", "WL-2"):
            eventually(f"{name} has half of it", lambda name=name: wlvm.screen(name).shape == (720, 640))
        pointer = client.pointer()
        # Which window sway puts left is its own affair: the guest is in one of them.
        places = iter(range(10_000))

        def left_or_right() -> int | None:
            x = 640 * (next(places) % 2)
            enter(pointer, x + 100)
            return x + 1 if vm.pixel(WIDTH, HEIGHT) else None

        eventually("the pointer is over the guest", left_or_right)
        halves = seen_by_grim(sway)
        x = max((0, 640), key=lambda x: np.count_nonzero(halves[:200, x : x + 360]))  # more than a cursor
        enter(pointer, x + 5)
        for column, row in ((0, 0), (359, 199), (200, 100)):
            pointer.move_to(x + column, row, 1280, 720)
            vm.wait_for_pixel(2 * column, 2 * row, WIDTH, HEIGHT)


def test_closing_the_windows_ends_wlvm(sway: Sway, runtime_dir: Path) -> None:
    wlvm = Wlvm(
        runtime_dir, "--output", "640x480", "--output", "640x480", backend="wayland", **sway.environment
    )
    assert len(wlvm.control.stats().outputs) == 2
    sway.command("[title=wlvm]", "focus")
    sway.command("kill")
    eventually("one window is left", lambda: len(wlvm.control.stats().outputs) == 1)
    sway.command("[title=wlvm]", "kill")
    assert wlvm.wait() == 0, wlvm.log
    wlvm.close()


# On an X server.


def test_an_x11_window_shows_the_guest_and_takes_input(xvfb: Xvfb, qemu: str, runtime_dir: Path) -> None:
    x11 = X11Client(xvfb.number)
    with (
        TracedQemu(qemu, runtime_dir) as vm,
        Wlvm(
            runtime_dir, config=AT_ORIGIN.format(directory=runtime_dir), backend="x11", **xvfb.environment
        ) as wlvm,
    ):
        in_text_mode(wlvm)
        window = x11.windows()[-1]
        assert x11.size(window) == wlvm.screen().shape[::-1]
        shown_where_it_should(wlvm, lambda: x11.pixels(window))
        for x, y in ((WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1), (123, 321)):
            xvfb.run("xdotool", "mousemove", str(x), str(y))
            vm.wait_for_pixel(x, y, WIDTH, HEIGHT)
        xvfb.run("xdotool", "click", "1", "click", "5")
        vm.wait_for("+left", "-left", "+wheel-down", "-wheel-down")
        xvfb.run("xdotool", "key", "ctrl+b")
        vm.wait_for("+ctrl", "+b", "-ctrl", "-b")
        x11.resize(window, 900, 500)
        eventually("the output has the window's size", lambda: wlvm.screen().shape == (500, 900))
        shown_where_it_should(wlvm, lambda: x11.pixels(window))
        x11.close_window(window)
        assert wlvm.wait() == 0, wlvm.log
    x11.close()


def test_an_x11_window_draws_nothing_while_nothing_changes(xvfb: Xvfb, qemu: str, runtime_dir: Path) -> None:
    with (
        PlainQemu(qemu, runtime_dir, *STILL, vga="none") as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp), backend="x11", **xvfb.environment) as wlvm,
    ):
        wlvm.wait_for_picture("vm")
        eventually("nothing is drawn", wlvm.stays_idle)


@pytest.mark.parametrize("backend", ["wayland", "x11"])
def test_where_nothing_is_to_be_nested_in_wlvm_says_so(backend: str, runtime_dir: Path) -> None:
    environment = {**os.environ, "WAYLAND_DISPLAY": "wayland-none", "DISPLAY": ":9999"}
    ended = subprocess.run(
        [WLVM, "run", "--backend", backend],
        check=False,
        capture_output=True,
        env=environment,
        timeout=DEADLINE,
    )
    assert ended.returncode == 1
    assert f"no {backend} backend: set " in ended.stderr.decode()
