"""Wayland clients that misbehave: `python -m tests.clients.hostile SOCKET KIND` does so until it is killed, or wlvm hangs up on it.

"ready" is said as soon as it has begun.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Callable

from tests.clients.window import Client

#: Each costs the compositor the more the more there are.
MANY = 300
_HUGE = 2**31 - 1


def ready() -> None:
    print("ready", flush=True)


def stay(client: Client) -> None:
    """Go on as a client that reads what it is told."""
    client.display.flush()
    ready()
    while True:
        client.display.dispatch(block=True)


def nonsense(path: str) -> None:
    """Bytes that are no protocol, over and over, on ever new connections."""
    source = random.Random(4)
    header = struct.Struct("=IHH")
    while True:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            sock.settimeout(5)
            kind = source.randrange(4)
            if kind == 0:
                data = source.randbytes(4096)
            elif kind == 1:
                data = header.pack(1, 1, 12) + struct.pack("=I", 2) + header.pack(2, 0, 0xFFFC) + bytes(4000)
            elif kind == 2:
                data = header.pack(source.randrange(1 << 32), source.randrange(1 << 16), 8) * 100
            else:
                data = header.pack(1, 1, 8)  # a message that ends before its argument
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass
            except OSError:
                pass
        ready()


def flood(path: str) -> None:
    """Titles, damage and commits without end."""
    client = Client(path)
    window = client.window(0x0000FF)
    for step in itertools.count():
        window.toplevel.set_title("x" * 1000 + str(step))
        window.surface.damage_buffer(-5, -5, _HUGE, _HUGE)
        window.surface.commit()
        if step % 20 == 0:
            client.display.roundtrip()
        if step == 100:
            ready()


def callbacks(path: str) -> None:
    """Asks for a word from the compositor, and for frames, as fast as it can."""
    client = Client(path)
    window = client.window(0x0000FF)
    for step in itertools.count():
        client.display.roundtrip()
        window.surface.frame()
        window.surface.commit()
        if step == 100:
            ready()


def resizing(path: str) -> None:
    """Wants to cover the output, and not to, without end: everything is placed anew each time."""
    client = Client(path)
    window = client.window(0x0000FF)
    for step in itertools.count():
        window.toplevel.set_fullscreen(None)
        window.toplevel.unset_fullscreen()
        client.display.roundtrip()
        if step == 20:
            ready()


def many_windows(path: str) -> None:
    """More windows than anybody looks at, none of which does as it is told."""
    client = Client(path)
    for _ in range(MANY):
        client.window(0x0000FF, size=(16, 16))
    stay(client)


def absurd_sizes(path: str) -> None:
    """Sizes that nobody can draw: of the window, and of what it says of itself."""
    client = Client(path)
    window = client.window(0x0000FF, size=(8000, 8000))
    window.toplevel.set_min_size(_HUGE, _HUGE)
    window.toplevel.set_max_size(_HUGE, _HUGE)
    window.xdg_surface.set_window_geometry(-_HUGE, -_HUGE, _HUGE, _HUGE)
    window.surface.set_buffer_scale(8)
    window.surface.commit()
    client.display.roundtrip()
    stay(client)


def vanishing_memory(path: str) -> None:
    """Shows memory that it takes away again."""
    client = Client(path)
    window = client.window(0x0000FF)
    fd = os.memfd_create("vanishing")
    os.ftruncate(fd, 400 * 300 * 4)
    pool = client.shm.create_pool(fd, 400 * 300 * 4)
    buffer = pool.create_buffer(0, 400, 300, 1600, 1)
    os.ftruncate(fd, 0)
    window.surface.attach(buffer, 0, 0)
    window.surface.damage_buffer(0, 0, 400, 300)
    window.surface.commit()
    stay(client)


def hanging(path: str) -> None:
    """Has a window, and then neither reads nor writes."""
    client = Client(path)
    client.window(0x0000FF)
    ready()
    while True:
        time.sleep(1000)


def hoarding(path: str) -> None:
    """Makes objects, and lets none go."""
    client = Client(path)
    hoard = []
    while True:
        for _ in range(100):
            hoard += [client.compositor.create_surface(), client.compositor.create_region()]
        client.display.roundtrip()
        if len(hoard) == 2000:
            ready()
        if len(hoard) > 100_000:
            stay(client)


KINDS: dict[str, Callable[[str], None]] = {
    kind.__name__: kind
    for kind in (
        nonsense,
        flood,
        callbacks,
        resizing,
        many_windows,
        absurd_sizes,
        vanishing_memory,
        hanging,
        hoarding,
    )
}

if __name__ == "__main__":
    KINDS[sys.argv[2]](sys.argv[1])
