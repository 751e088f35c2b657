"""Where the control socket of a wlvm is."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from wlvm.ipc.messages import ControlError, NotRunningError

#: Names the socket of the wlvm to talk to; wlvm sets it for its children.
VARIABLE = "WLVM_SOCKET"


def default_socket(wayland_display: str) -> Path:
    """The control socket of the wlvm that listens for Wayland clients at `wayland_display`. ControlError without XDG_RUNTIME_DIR."""
    directory = os.environ.get("XDG_RUNTIME_DIR")
    if not directory:
        raise ControlError("XDG_RUNTIME_DIR is not set: wlvm has no place for its control socket")
    return Path(directory) / f"wlvm-{Path(wayland_display).name}.sock"


def find_socket(environ: Mapping[str, str]) -> Path:
    """The socket of the wlvm that is meant: WLVM_SOCKET's, else that of WAYLAND_DISPLAY, else the only one that runs.

    NotRunningError when there is none, ControlError when it is unclear which.
    """
    if named := environ.get(VARIABLE):
        return Path(named)
    directory = environ.get("XDG_RUNTIME_DIR")
    if not directory:
        raise NotRunningError(f"no wlvm is found: neither {VARIABLE} nor XDG_RUNTIME_DIR is set")
    if display := environ.get("WAYLAND_DISPLAY"):
        around = Path(directory) / f"wlvm-{Path(display).name}.sock"
        if _is_served(around):
            return around
    served = [path for path in sorted(Path(directory).glob("wlvm-*.sock")) if _is_served(path)]
    if not served:
        raise NotRunningError(f"no wlvm is running (none has a socket in {directory})")
    if len(served) > 1:
        names = ", ".join(map(str, served))
        raise ControlError(
            f"several wlvm are running: choose one with --socket or {VARIABLE}: {names}", "invalid"
        )
    return served[0]


def _is_served(path: Path) -> bool:
    """Whether somebody listens at a path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
