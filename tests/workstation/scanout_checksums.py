"""What vkms scans out, vertical blank by vertical blank: the checksum of each picture, that its driver computes."""

from __future__ import annotations

import os
import re
import select
import zlib
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from tests.workstation.hardware import card


class Scanned(NamedTuple):
    """The picture of one vertical blank, by the number of that."""

    vblank: int
    checksum: int


class ScanoutChecksums:
    """vkms' checksums from now on; a context manager. The mode has to be set before."""

    def __init__(self) -> None:
        minor = card("vkms").name.removeprefix("card")
        folder = Path("/sys/kernel/debug/dri", minor, "crtc-0", "crc")
        (folder / "control").write_text("auto")
        _compose_first()
        self._data = os.open(folder / "data", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self) -> list[Scanned]:
        """Those that are there and nobody has read; the kernel keeps the latest hundred."""
        entries: list[Scanned] = []
        while select.select([self._data], [], [], 0)[0]:
            line = os.read(self._data, 64).decode()
            match = re.match(r"(0x[0-9a-f]+|XXXXXXXXXX) (0x[0-9a-f]+)", line)
            if match is None:
                break
            entries.append(Scanned(-1 if match[1].startswith("X") else int(match[1], 16), int(match[2], 16)))
        return entries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._data)


def _compose_first() -> None:
    """Have vkms' workers run before anything else: one that reads a buffer after the next vertical blank sees what no screen shows."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().startswith("kworker/u"):
                os.sched_setscheduler(int(process.name), os.SCHED_FIFO, os.sched_param(50))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile


def checksum(picture: np.ndarray, cursor: np.ndarray | None = None, at: tuple[int, int] = (0, 0)) -> int:
    """vkms' checksum of a picture (rows of 0x00RRGGBB): the CRC-32 of its pixels as four 16-bit channels, without the usual inversions.

    With a `cursor` on the cursor's plane (0xAARRGGBB, premultiplied), all of it on the screen, its upper left corner there.
    """
    screen = _channels(picture)
    if cursor is not None:
        below = screen[at[1] : at[1] + cursor.shape[0], at[0] : at[0] + cursor.shape[1]]
        alpha = (cursor >> 24).astype(np.uint64)[..., None] * 257
        # pre_mul_blend_channel of drivers/gpu/drm/vkms/vkms_composer.c
        below[:] = (_channels(cursor) * np.uint64(0xFFFF) + below * (0xFFFF - alpha) + 0x7FFF) // 0xFFFF
    screen[..., 0] = 0xFFFF
    return ~zlib.crc32(screen.tobytes(), 0xFFFFFFFF) & 0xFFFFFFFF


def _channels(picture: np.ndarray) -> np.ndarray:
    """Alpha, red, green and blue of each pixel, 16 bits each."""
    shifted = picture[..., None] >> np.array([24, 16, 8, 0], np.uint32)
    return ((shifted & 0xFF) * 257).astype("<u2")
