"""How long a key takes from the host to a pixel that is another on the host's output.

A key of wlvm's begins where a device's event reaches the seat. The guest answers the space bar with another colour of a square, and the pixel is
read from the buffer of each frame that the output is given.
"""

from __future__ import annotations

import random
import time
from typing import Any

from bench.card import ReportingCard
from bench.effort import Effort
from bench.machine import pixel_ways, version_text
from bench.results import Row, rounded, spread
from bench.running import SIZE, Steps, configuration, play, shown, until
from guests.testcard.model import patch_rect
from wlvm.guest_config import InputConfig
from wlvm.latency import percentile
from wlvm.server import Server
from wlvm.wlr.abi import c, ffi

#: Until when the new pixel is to be on its way to the screen, at the median, in frames of the output. QEMU looks at a VGA every 30 ms only.
AIMS = {"virtio-gpu": 1.0, "std-vga": 3.0}

_KEY_SPACE = 57
_REFRESH = 60.0
#: WLR_BUFFER_DATA_PTR_ACCESS_READ
_READ = 1


def measure(effort: Effort) -> list[Row]:
    """A guest that stands still, and one that draws a whole frame 60 times a second."""
    return [_row(qemu, device, rate, effort.keys) for qemu, device in pixel_ways() for rate in (0, 60)]


def _row(qemu: str, device: str, rate: int, keys: int) -> Row:
    took: list[float] = []
    x, y, width, height = patch_rect(*SIZE)
    frames: list[tuple[int, float]] = []

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        output = next(iter(server.outputs.values()))

        def committed(buffer: Any) -> None:
            if buffer is not None:
                frames.append((_pixel(buffer, x + width // 2, y + height // 2), time.perf_counter()))

        output.wlr.on_commit(committed)
        # Never in step with the output's frames, nor with the guest's.
        pause = random.Random(1)
        output.wlr.damage_whole()
        yield 0.5
        for _ in range(keys):
            # Of the frames, the last one alone, which has the colour that is left.
            del frames[:-1]
            began = time.perf_counter()
            server.seat.key(_KEY_SPACE, True)
            yield from until("the pixel is another", lambda: frames[-1][0] != frames[0][0])
            took.append(next(when for color, when in frames if color != frames[0][0]) - began)
            server.seat.key(_KEY_SPACE, False)
            yield pause.uniform(0.03, 0.08)

    with ReportingCard(qemu, device, f"mode={SIZE[0]}x{SIZE[1]} rate={rate}") as card:
        play(configuration([card.qmp], motion=InputConfig(repeat="never")), scenario)
    median = percentile(sorted(took), 50) * _REFRESH
    drawing = f"{rate} frames/s" if rate else "still"
    values = {
        **spread(took, "key to pixel", "ms", 1e3),
        **spread(took, "key to pixel", "frames", _REFRESH),
    }
    case = f"{device}, QEMU {version_text(qemu)}, {drawing}"
    samples = {"key to pixel ms": [rounded(each * 1e3) for each in took]}
    return Row(case, values, f"<= {AIMS[device]:g} frames, median", median <= AIMS[device], samples)


def _pixel(buffer: Any, x: int, y: int) -> int:
    """0x00RRGGBB of a `struct wlr_buffer *` that the output was given; its pixels are XRGB8888."""
    data, fourcc, stride = ffi.new("void **"), ffi.new("uint32_t *"), ffi.new("size_t *")
    if not c.wlr_buffer_begin_data_ptr_access(buffer, _READ, data, fourcc, stride):
        raise RuntimeError("the output's buffer cannot be read")
    row = ffi.cast("uint32_t *", ffi.cast("char *", data[0]) + y * stride[0])
    pixel = int(row[x]) & 0xFFFFFF
    c.wlr_buffer_end_data_ptr_access(buffer)
    return pixel
