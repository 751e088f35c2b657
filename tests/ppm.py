"""Pictures as QEMU's screendump writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from guests.testcard.model import Pixels


def read_ppm(path: Path) -> Pixels:
    """Rows of 0x00RRGGBB."""
    magic, size, depth, data = path.read_bytes().split(b"\n", 3)
    assert (magic, depth) == (b"P6", b"255")
    width, height = map(int, size.split())
    # QEMU pads each row to four bytes, which the format does not know (ui/console.c, ppm_save).
    rows = np.frombuffer(data, np.uint8).reshape(height, -1)[:, : width * 3]
    rgb = rows.reshape(height, width, 3).astype(np.uint32)
    pixels: Pixels = np.bitwise_or.reduce(rgb << np.array([16, 8, 0], np.uint32), axis=2)
    return pixels
