"""The end of a client's connection in the tests' own process."""

from __future__ import annotations

import os
import socket
from typing import Any

#: What has been hung up: nothing of it is ever freed.
_kept: list[Any] = []


def hang_up(display: Any) -> None:
    """End the connection of a pywayland client `Display`: the compositor sees the end of its socket.

    Neither the connection nor its objects are freed. pywayland 0.4.18 counts an object that came with an event among those of the process's
    first connection, and frees it, with a crash, when its own connection is long gone.
    """
    display.flush()
    with socket.socket(fileno=os.dup(display.get_fd())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
    _kept.append((display, list(display._children)))
