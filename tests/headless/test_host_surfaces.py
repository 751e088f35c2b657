"""What programs make of their surfaces: parts of buffers, and when frames were seen."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import Wlvm, eventually

from pywayland.protocol.cursor_shape_v1 import WpCursorShapeDeviceV1, WpCursorShapeManagerV1  # isort: skip
from pywayland.protocol.fractional_scale_v1 import WpFractionalScaleManagerV1  # isort: skip
from pywayland.protocol.presentation_time import WpPresentation  # isort: skip
from pywayland.protocol.viewporter import WpViewporter  # isort: skip

RED, BLUE = 0xFF0000, 0x0000FF
_XRGB8888 = 1  # wl_shm.format

#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored from cffi callback <function dispatcher_func"
)

#: Nobody hears events of an object that Python has collected.
_kept: list[Any] = []


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    """With the pointer in a corner where no test looks."""
    with (
        Wlvm(runtime_dir, config='[[output]]\nmode = "800x600"\n') as wlvm,
        InputClient(runtime_dir / wlvm.display) as hand,
    ):
        hand.pointer().move_to(799, 599, 800, 600)
        yield wlvm


@pytest.fixture
def client(wlvm: Wlvm) -> Iterator[Client]:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        yield client


def striped(client: Client, *colors: int) -> Any:
    """A buffer of stripes, each 100 pixels wide and 100 high."""
    row = np.repeat(np.array(colors, "<u4"), 100)
    pixels = np.tile(row, 100).tobytes()
    fd = os.memfd_create("stripes")
    os.write(fd, pixels)
    pool = client.shm.create_pool(fd, len(pixels))
    buffer = pool.create_buffer(0, len(row), 100, len(row) * 4, _XRGB8888)
    pool.destroy()
    os.close(fd)
    return buffer


def test_a_viewport_shows_a_part_of_a_buffer_and_scales_it(wlvm: Wlvm, client: Client) -> None:
    window = client.window(RED)
    viewport = client.bind(WpViewporter).get_viewport(window.surface)
    buffer = striped(client, BLUE, RED)
    viewport.set_source(0, 0, 100, 100)
    window.surface.attach(buffer, 0, 0)
    window.surface.commit()
    client.display.roundtrip()
    eventually("one stripe is seen", lambda: np.count_nonzero(wlvm.screen() == BLUE) == 100 * 100)
    assert not np.any(wlvm.screen() == RED)
    viewport.set_destination(300, 200)
    window.surface.commit()
    client.display.roundtrip()

    def scaled() -> bool:
        screen = wlvm.screen()
        blue = (screen & 0xFF >= 0x60) & (screen & 0xFF00 == 0)  # no part of the cursor
        ys, xs = np.nonzero(blue)
        return len(xs) and (np.ptp(xs), np.ptp(ys)) == (299, 199)  # type: ignore[return-value]

    eventually("it is seen three times as wide and twice as high", scaled)


def test_a_program_hears_when_its_frame_was_on_the_screen_and_when_it_never_was(client: Client) -> None:
    window = client.window(RED)
    presentation = client.bind(WpPresentation)
    clocks: list[int] = []
    presentation.dispatcher["clock_id"] = lambda _proxy, clock: clocks.append(clock)
    client.wait_for("the clock is told", lambda: clocks == [time.CLOCK_MONOTONIC])
    seen: list[float] = []
    discarded: list[str] = []

    def feedback(name: str) -> Any:
        made = presentation.feedback(window.surface)
        made.dispatcher["presented"] = lambda _p, high, low, nano, *_rest: seen.append(low + nano / 1e9)
        made.dispatcher["discarded"] = lambda _p: discarded.append(name)
        return made

    before = time.monotonic()
    kept = [feedback("first")]
    window.draw(*window.size)
    client.wait_for("it was seen", lambda: seen)
    assert before < seen[0] < time.monotonic()
    assert not discarded
    kept.append(feedback("overtaken"))
    window.surface.attach(client.buffer(10, 10, BLUE), 0, 0)
    window.surface.commit()
    window.draw(*window.size)
    client.wait_for("it never was", lambda: discarded == ["overtaken"])


def scales_of(client: Client, surface: Any) -> list[float]:
    """What a surface is told to draw in, one after the other."""
    told: list[float] = []
    scale = client.bind(WpFractionalScaleManagerV1).get_fractional_scale(surface)
    scale.dispatcher["preferred_scale"] = lambda _proxy, preferred: told.append(preferred / 120)
    _kept.append(scale)
    return told


def test_a_program_is_told_the_scale_of_the_output_that_its_window_is_on(runtime_dir: Path) -> None:
    config = """
        [[output]]
        name = "HEADLESS-1"
        mode = "900x600"
        scale = 1.5
        [[output]]
        name = "HEADLESS-2"
        mode = "800x600"
        scale = 1.25
        [[rule]]
        app_id = "wlvm.test"
        output = "HEADLESS-1"
    """
    with Wlvm(runtime_dir, config=config) as wlvm, Client(runtime_dir / wlvm.display) as client:
        surface = client.compositor.create_surface()
        told = scales_of(client, surface)
        client.wait_for("a guess comes before it is shown", lambda: told in ([1.5], [1.25]))
        window = client.window(RED)
        told = scales_of(client, window.surface)
        client.wait_for("it is told", lambda: told[-1:] == [1.5])
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--scale", "2")
        client.wait_for("a change is told", lambda: told[-1:] == [2])
        wlvm.run("wlr-randr", "--output", "HEADLESS-1", "--off", "--output", "HEADLESS-2", "--on")
        wlvm.control.command("workspace 1")
        client.wait_for("the other output's is told", lambda: told[-1:] == [1.25])
        window.destroy()
        assert client.display.roundtrip() >= 0


def test_clients_that_end_scales_and_surfaces_in_any_order_disturb_nobody(wlvm: Wlvm) -> None:
    for step in range(4):
        with Client(wlvm.runtime_dir / wlvm.display) as client:
            window = client.window(RED)
            manager = client.bind(WpFractionalScaleManagerV1)
            scale = manager.get_fractional_scale(window.surface)
            client.display.roundtrip()
            if step == 1:
                window.destroy()
            if step >= 1:
                scale.destroy()
            if step == 2:
                window.destroy()
            if step == 3:
                manager.destroy()
            client.display.roundtrip()
    eventually("all are gone", lambda: not np.any(wlvm.screen() == RED))


def test_two_scales_of_a_surface_are_an_error(wlvm: Wlvm, client: Client) -> None:
    manager = client.bind(WpFractionalScaleManagerV1)
    surface = client.compositor.create_surface()
    first = manager.get_fractional_scale(surface)
    client.display.roundtrip()
    second = manager.get_fractional_scale(surface)
    assert client.display.roundtrip() == -1
    del first, second


def test_a_program_names_its_cursor(wlvm: Wlvm, client: Client) -> None:
    client.window(RED)
    with InputClient(wlvm.runtime_dir / wlvm.display) as hand:
        hand.pointer().move_to(400, 300, 800, 600)
        serial = client.wait_for("the pointer is over it", lambda: client.named("pointer enter"))[-1][0]
        device = client.bind(WpCursorShapeManagerV1).get_pointer(client.pointer)

        def cursor(shape: WpCursorShapeDeviceV1.shape, serial: int = serial) -> np.ndarray:
            device.set_shape(serial, shape)
            client.display.roundtrip()
            return wlvm.screen()[250:350, 350:450]

        arrow, text = cursor(WpCursorShapeDeviceV1.shape.default), cursor(WpCursorShapeDeviceV1.shape.text)
        assert np.any(arrow != RED)
        assert np.any(text != RED)
        assert np.any(arrow != text)
        for shape in WpCursorShapeDeviceV1.shape:
            assert np.any(cursor(shape) != RED), f"{shape.name} is seen"
        assert np.array_equal(cursor(WpCursorShapeDeviceV1.shape.text), text)
        assert np.array_equal(cursor(WpCursorShapeDeviceV1.shape.default, serial + 1000), text), (
            "not its serial"
        )
        device.set_shape(serial, 99)
        assert client.display.roundtrip() == -1
