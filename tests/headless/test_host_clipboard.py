"""What host programs give each other: the clipboard, the primary selection, and what is dragged."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.protocols import as_markdown, globals_of
from tests.wlvm_process import Wlvm, eventually

from pywayland.protocol.wayland import WlDataDeviceManager  # isort: skip

RED, GREEN, BLUE = 0xFF0000, 0x00FF00, 0x0000FF
LEFT = 0x110  # BTN_LEFT
COPY = 1  # wl_data_device_manager.dnd_action


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config='[[output]]\nmode = "800x600"\n') as wlvm:
        yield wlvm


@pytest.mark.parametrize("which", [(), ("--primary",)], ids=["clipboard", "primary"])
def test_what_one_program_copies_another_pastes(wlvm: Wlvm, which: tuple[str, ...]) -> None:
    copier = subprocess.Popen(
        ["wl-copy", *which, "--foreground", "Grüße"], env={**os.environ, "WAYLAND_DISPLAY": wlvm.display}
    )
    try:

        def pasted() -> bool:
            told = subprocess.run(
                ["wl-paste", *which, "--no-newline"], check=False, capture_output=True, timeout=10,
                env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
            )  # fmt: skip
            return told.stdout == "Grüße".encode()

        eventually("it is pasted", pasted)
    finally:
        copier.kill()
        copier.wait()


def test_what_is_dragged_follows_the_pointer_and_is_dropped_on_another_program(wlvm: Wlvm) -> None:
    socket = wlvm.runtime_dir / wlvm.display
    with Client(socket) as giver, Client(socket) as taker, InputClient(socket) as hand:
        window = giver.window(RED)
        taker.window(BLUE)
        giver.wait_for("it is placed", lambda: window.size == (400, 600))
        heard: list[tuple[Any, ...]] = []
        devices = taker.bind(WlDataDeviceManager)
        device = devices.get_data_device(taker.seat)
        offers: list[Any] = []

        def entered(device: Any, serial: int, surface: Any, x: Any, y: Any, offer: Any) -> None:
            heard.append(("enter", float(x), float(y)))
            offer.accept(serial, "text/plain")
            offer.set_actions(COPY, COPY)

        def offered(_device: Any, offer: Any) -> None:
            # pywayland counts what an event brings as the first connection's of the process.
            offer._display._children.discard(offer)
            offer._display = taker.display
            offer._display._children.add(offer)
            offers.append(offer)

        device.dispatcher["data_offer"] = offered
        device.dispatcher["enter"] = entered
        device.dispatcher["drop"] = lambda device: heard.append(("drop",))
        taker.display.roundtrip()
        manager = giver.bind(WlDataDeviceManager)
        source = manager.create_data_source()
        source.offer("text/plain")
        source.set_actions(COPY)

        def send(_source: object, _kind: str, fd: int) -> None:
            os.write(fd, b"dragged")
            os.close(fd)

        source.dispatcher["send"] = send

        pointer = hand.pointer()
        pointer.move_to(100, 100, 800, 600)
        pointer.button(LEFT, True)
        serial = giver.wait_for("the press came", lambda: giver.named("pointer button"))[0][0]
        icon = giver.compositor.create_surface()
        manager.get_data_device(giver.seat).start_drag(source, window.surface, icon, serial)
        icon.attach(giver.buffer(16, 16, GREEN), 0, 0)
        icon.commit()
        giver.display.roundtrip()
        pointer.move_to(600, 200, 800, 600)
        taker.wait_for("it is over the taker", lambda: heard)
        assert heard == [("enter", 200.0, 200.0)]
        eventually(
            "the icon is at the pointer",
            lambda: np.count_nonzero(wlvm.screen()[200:216, 600:616] == GREEN) > 100,
        )
        taker.display.roundtrip()
        pointer.button(LEFT, False)
        taker.wait_for("it is dropped", lambda: ("drop",) in heard)
        reading, writing = os.pipe()
        offers[0].receive("text/plain", writing)
        os.close(writing)
        taker.display.roundtrip()
        giver.wait_for("the giver sends it", lambda: select_readable(reading))
        assert os.read(reading, 100) == b"dragged"
        os.close(reading)
        eventually("the icon is gone", lambda: not np.any(wlvm.screen() == GREEN))
        taker.wait_for("the pointer is the taker's", lambda: taker.named("pointer enter"))


def select_readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def test_the_page_of_protocols_is_what_wlvm_advertises(wlvm: Wlvm) -> None:
    page = Path(__file__).parents[2] / "docs" / "protocols.md"
    told = as_markdown(globals_of(wlvm.runtime_dir / wlvm.display))
    assert page.read_text() == told, "run scripts/protocols"
