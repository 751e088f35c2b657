"""A client's connection in the tests' own process."""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path
from typing import Any

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.client import Display  # isort: skip


def connect(display: str | Path) -> Any:
    """A pywayland client `Display`, connected to a compositor. End it by `hang_up`.

    Neither it nor any of its objects is ever freed, not even with the interpreter. pywayland 0.4.18 frees what Python collects in any
    order, objects after their connection too, and counts an object that came with an event among those of the process's first
    connection; libwayland crashes then.
    """
    connection = Display(str(display))
    connection._children = set()  # strong, where pywayland's is weak
    connection.connect()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
    return connection


def hang_up(display: Any) -> None:
    """End a connection: the compositor sees the end of its socket."""
    display.flush()
    with socket.socket(fileno=os.dup(display.get_fd())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
