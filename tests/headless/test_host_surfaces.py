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

from pywayland.protocol.presentation_time import WpPresentation  # isort: skip
from pywayland.protocol.viewporter import WpViewporter  # isort: skip

RED, BLUE = 0xFF0000, 0x0000FF
_XRGB8888 = 1  # wl_shm.format


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
        ys, xs = np.nonzero(wlvm.screen() & 0xFF >= 0x60)
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
