"""Disk images for tests, without qemu-img."""

from __future__ import annotations

import struct
from pathlib import Path


def make_qcow2(file: Path, size: int = 1 << 26) -> None:
    """An empty qcow2 image of version 3 (docs/interop/qcow2.txt): its header, a refcount table, one refcount block, and an empty L1 table."""
    cluster = 1 << 16
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        b"QFI\xfb", 3, 0, 0, 16, size, 0, 1, 3 * cluster, cluster, 1, 0, 0, 0, 0, 0, 4, 104,
    )  # fmt: skip
    image = bytearray(4 * cluster)
    image[: len(header)] = header
    struct.pack_into(">Q", image, cluster, 2 * cluster)
    struct.pack_into(">4H", image, 2 * cluster, 1, 1, 1, 1)
    file.write_bytes(image)
