"""`python -m bench.fake_guest DIRECTORY KIND BURSTS`: a fake QEMU at DIRECTORY/fake.qmp that draws without being asked, and without end.

To each client it shows a picture of 1280x800 and sends so many bursts of updates. KIND is `map` (damage to shared memory), `bytes`
(pixels on the socket) or `flip` (a new shared scanout each time). It waits after each burst until it has been taken. Its QEMU is in a
process of its own so that it takes no interpreter time from the wlvm that is measured.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import sys
from pathlib import Path

from bench.running import SIZE
from tests.fake_qemu import FakeConsole, FakeListener, FakeQemu
from tests.fake_vm import FakeVm, Manners

#: Updates in a burst.
BURST = 50

_PATCH = 64
_LONG = 3600.0


class Drawing:
    """The display behind the socket of one client."""

    def __init__(self, kind: str, bursts: int) -> None:
        self._bursts = bursts
        self._update = {"map": self._map, "bytes": self._bytes, "flip": self._flip}[kind]
        self._shared = kind != "bytes"
        width, height = SIZE
        self._memory = os.memfd_create("framebuffer", os.MFD_CLOEXEC)
        os.ftruncate(self._memory, width * height * 4)
        self._pixels = os.urandom(_PATCH * _PATCH * 4)

    def __call__(self, sock: socket.socket) -> None:
        """Draw to this client until it goes away."""
        with contextlib.suppress(EOFError, OSError, AssertionError, queue.Empty):
            console = FakeConsole(width=SIZE[0], height=SIZE[1])
            with FakeQemu([console], connection=sock) as qemu:
                listener = qemu.listener()
                if self._shared:
                    listener.scanout_map(self._memory, *SIZE)
                else:
                    listener.scanout(*SIZE, bytes(SIZE[0] * SIZE[1] * 4))
                for burst in range(self._bursts):
                    for number in range(burst * BURST, (burst + 1) * BURST):
                        self._update(listener, number)
                    listener.sync()
                qemu.main.ended.wait(_LONG)

    def _place(self, number: int) -> tuple[int, int]:
        return number * 37 % (SIZE[0] - _PATCH), number * 17 % (SIZE[1] - _PATCH)

    def _map(self, listener: FakeListener, number: int) -> None:
        listener.update_map(*self._place(number), _PATCH, _PATCH)

    def _bytes(self, listener: FakeListener, number: int) -> None:
        listener.update(*self._place(number), _PATCH, _PATCH, self._pixels)

    def _flip(self, listener: FakeListener, number: int) -> None:
        listener.scanout_map(self._memory, *SIZE)


def main() -> None:
    """Serve until killed."""
    directory, kind, bursts = sys.argv[1:]
    with FakeVm(Path(directory) / "fake.qmp", Manners(display=Drawing(kind, int(bursts)))):
        print("ready", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
