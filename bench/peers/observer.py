"""One Wayland client that presses keys and reads what an output shows, in the same way on every compositor.

It asks for so many copies ahead (wlr-screencopy, `copy_with_damage`), and each commit of the output that changes something fulfils one: so no commit is
missed, however late this program is. Each time that copies are asked for, the compositor makes one frame in which nothing has changed; therefore they
are asked for in bulk, between measurements. What is left of the observer in a measurement is the copy of a small rectangle for each frame.
"""

from __future__ import annotations

import mmap
import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from bench.peers.flips import Flips
from guests.testcard.model import Pixels, Rect
from tests.clients.capture import CaptureClient, Screencopy, shm_number
from tests.clients.virtual_input import InputClient
from wlvm.fd import OwnedFd

#: So many commits can be asked for ahead.
AHEAD = 1200

#: libwayland's buffer holds 4 KiB of requests; so many copies are asked for between two round trips.
_AT_ONCE = 32

_KEY_SPACE = 57


class Commit(NamedTuple):
    """What the output showed from a commit on: `pixels` (0x00RRGGBB, rows) are those of the observer's rectangle.

    `when` is the time that the `ready` event tells: the compositor's own, when it handed the frame to the output. On a headless output that is when it
    is presented. `arrived` is when this client heard of it. Both in seconds of CLOCK_MONOTONIC.
    """

    when: float
    arrived: float
    pixels: Pixels


class Observer:
    """A client with a keyboard, and an eye on a rectangle of the first output (pixels of the output)."""

    def __init__(self, display: Path, rect: Rect) -> None:
        """`display` is the compositor's socket."""
        self._input = InputClient(display)
        self._capture = CaptureClient(display)
        self._keyboard = self._input.keyboard()
        self._rect = rect
        self._pending = 0
        self._commits: deque[Commit] = deque()
        offer = Screencopy(self._capture, self._capture.begin_region(*rect)).offer
        self._shape = offer.height, offer.stride // 4
        size = offer.stride * offer.height
        self._memory = OwnedFd(os.memfd_create("observer"))
        os.ftruncate(self._memory.fileno(), size * AHEAD)
        self._pixels = mmap.mmap(self._memory.fileno(), size * AHEAD, prot=mmap.PROT_READ)
        pool = self._capture.shm_pool(self._memory.fileno(), size * AHEAD)
        format_ = shm_number(offer.shm_format)
        self._free = deque(
            (
                place * size,
                pool.create_buffer(place * size, offer.width, offer.height, offer.stride, format_),
            )
            for place in range(AHEAD)
        )

    def close(self) -> None:
        self._input.close()
        self._capture.close()
        self._pixels.close()
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def picture(self) -> Pixels:
        """The whole output's next frame."""
        return self._capture.screencopy().astype(np.uint32)

    def look_ahead(self, commits: int) -> None:
        """Have at least so many commits still to come copied, and wait until what that disturbs is over: a frame."""
        while self._pending < commits:
            for _ in range(min(_AT_ONCE, commits - self._pending)):
                self._ask()
            self._capture.display.roundtrip()
        self.listen(0.1)

    def _ask(self) -> None:
        place, buffer = self._free.popleft()
        frame = self._capture.begin_region(*self._rect)
        frame.dispatcher["ready"] = partial(self._ready, place, buffer)
        frame.dispatcher["failed"] = self._failed
        frame.copy_with_damage(buffer)
        self._pending += 1

    def _ready(self, place: int, buffer: Any, frame: Any, high: int, low: int, nanoseconds: int) -> None:
        arrived = time.monotonic()
        height, width = self._shape
        pixels = np.frombuffer(self._pixels, np.uint32, height * width, place).reshape(height, width)
        self._commits.append(
            Commit((high << 32 | low) + nanoseconds / 1e9, arrived, pixels & np.uint32(0xFFFFFF))
        )
        self._free.append((place, buffer))
        self._pending -= 1
        frame.destroy()

    def _failed(self, frame: Any) -> None:
        raise RuntimeError("the compositor failed to copy a frame of its output")

    def take(self) -> list[Commit]:
        """The commits that have been heard of since the last call."""
        taken = list(self._commits)
        self._commits.clear()
        return taken

    def listen(self, seconds: float, guests: Sequence[Flips] = ()) -> None:
        """Hear of commits for so long, and what guests say. RuntimeError when too few copies were asked for."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._wait(left, guests)
            if not self._pending:
                raise RuntimeError("more commits came than were asked for ahead")

    def until(self, true: Callable[[Pixels], bool], seconds: float) -> Commit:
        """The first commit that is `true`, with those before it taken; TimeoutError when it does not come in time."""
        end = time.monotonic() + seconds
        while True:
            while self._commits:
                commit = self._commits.popleft()
                if true(commit.pixels):
                    return commit
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the output never showed what it should")
            self._wait(left)

    def _wait(self, seconds: float, guests: Sequence[Flips] = ()) -> None:
        display = self._capture.display
        display.flush()
        readable = select.select([display.get_fd(), *guests], [], [], seconds)[0]
        for flips in guests:
            if flips in readable:
                flips.hear()
        if display.get_fd() in readable and display.dispatch(block=True) < 0:
            raise RuntimeError("the compositor hung up")

    def press_space(self) -> float:
        """Press the space bar; when that was, in seconds of CLOCK_MONOTONIC, just before the request was sent."""
        began = time.monotonic()
        self._keyboard.key(_KEY_SPACE, True)
        return began

    def release_space(self) -> None:
        self._keyboard.key(_KEY_SPACE, False)
