"""What the tests of the guests share: screens as arrays, and input through QMP."""

from __future__ import annotations

import numpy as np
from PIL import Image

from guests.testcard.launch import TestCard
from guests.testcard.model import Pixels


def dump(card: TestCard, **arguments: object) -> Pixels:
    """What QEMU has on its screen, by QMP's screendump; as the model has it."""
    path = card.directory / "screen.ppm"
    card.execute("screendump", filename=str(path), **arguments)
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB")).astype(np.uint32)
    return rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]


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
