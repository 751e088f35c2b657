"""A window of wlvm's own on a test card, for what QEMU takes only from a display client."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence

from guests.testcard.launch import TestCard
from tests.display_watcher import DisplayWatcher
from wlvm.qemu.display import Console, DisplayThread


@contextlib.contextmanager
def window_on(card: TestCard) -> Iterator[Sequence[Console]]:
    """The consoles of a card that was started with the D-Bus display."""
    ours, theirs = socket.socketpair()
    thread = DisplayThread()
    watcher = DisplayWatcher(thread)
    with theirs:
        card.execute("getfd", fds=[theirs.fileno()], fdname="window")
        card.execute("add_client", protocol="@dbus-display", fdname="window")
    thread.start()
    display = thread.connect(ours, watcher)
    try:
        yield watcher.wait_connected()
    finally:
        display.close()
        thread.stop()
