"""What the tests of the guests share: screens as arrays, and input through QMP."""

from __future__ import annotations

from typing import Any

import numpy as np

from guests.testcard.launch import TestCard
from guests.testcard.model import Pixels
from tests.ppm import read_ppm


def dump(card: TestCard, **arguments: Any) -> Pixels:
    """What QEMU has on its screen, by QMP's screendump; as the model has it."""
    path = card.directory / "screen.ppm"
    card.execute("screendump", filename=str(path), **arguments)
    return read_ppm(path)


def same(pixels: Pixels, expected: Pixels) -> None:
    """Fails with the place of the first pixel that differs."""
    assert pixels.shape == expected.shape
    different = np.argwhere(pixels != expected)
    assert not len(different), f"{len(different)} pixels differ, the first at (y, x) {different[0]}"


def key(card: TestCard, name: str, *, down: bool) -> None:
    """One key, by the name QEMU has for it."""
    event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}}
    card.execute("input-send-event", events=[event])


def motion(card: TestCard, dx: int, dy: int) -> None:
    """A relative motion on both axes at once."""
    card.execute(
        "input-send-event",
        events=[
            {"type": "rel", "data": {"axis": "x", "value": dx}},
            {"type": "rel", "data": {"axis": "y", "value": dy}},
        ],
    )
