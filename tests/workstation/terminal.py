"""The kernel's virtual terminals (ioctl_console(2))."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_VT_ACTIVATE, _VT_GETSTATE = 0x5606, 0x5603
_KDGETMODE, _KDGKBMODE = 0x4B3B, 0x4B44

#: KDGETMODE's answers, and KDGKBMODE's: what a shell needs, and what a session sets.
TEXT, GRAPHICS = 0, 1
UNICODE, OFF = 3, 4


def active() -> int:
    """The number of the terminal in front."""
    with _opened(0) as fd:
        answer: tuple[int, ...] = struct.unpack("HHH", fcntl.ioctl(fd, _VT_GETSTATE, bytes(6)))
    return answer[0]


def activate(number: int) -> None:
    """Bring a terminal to the front, soon."""
    with _opened(0) as fd:
        fcntl.ioctl(fd, _VT_ACTIVATE, number)


def modes(number: int) -> tuple[int, int]:
    """What a terminal's screen shows (TEXT, GRAPHICS), and what its keyboard gives (UNICODE, OFF)."""
    with _opened(number) as fd:
        answers = [fcntl.ioctl(fd, request, bytes(4)) for request in (_KDGETMODE, _KDGKBMODE)]
    screen, keyboard = (int(struct.unpack("i", answer)[0]) for answer in answers)
    return screen, keyboard


@contextmanager
def _opened(number: int) -> Iterator[int]:
    fd = os.open(f"/dev/tty{number}", os.O_RDWR | os.O_NOCTTY)
    try:
        yield fd
    finally:
        os.close(fd)
