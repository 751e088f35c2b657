"""Who may take pictures of guests and outputs, as the configuration says. docs/capture.md tells what that is worth."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection

from wlvm.config import CaptureConfig
from wlvm.guest_config import GuestConfig
from wlvm.qemu.text import readable

log = logging.getLogger(__name__)

#: The commands of the control socket that answer with pictures.
COMMANDS = ("frame", "screenshot")


class CapturePolicy:
    """The answers to "may this process have pictures?". A process is known by its id, of the moment when it connected."""

    def __init__(self, config: CaptureConfig) -> None:
        #: Who may; another one counts from the next question on.
        self.config = config
        self._refused_clients: set[int] = set()

    def allows_client(self, pid: int) -> bool:
        """Whether a Wayland client may capture; the log says once that one may not."""
        allowed = self.config.clients
        if allowed is None or _runs_one_of(pid, allowed):
            return True
        if pid not in self._refused_clients:
            self._refused_clients.add(pid)
            log.info("capture: %s finds no capture protocol: it is not one of the clients", _name(pid))
        return False

    def refusal(self, pid: int, command: str) -> str:
        """Why the program at the other end of the control socket may not have this command done; "" if it may."""
        allowed = self.config.control
        if command not in COMMANDS or allowed is None or _runs_one_of(pid, allowed):
            return ""
        refusal = f"{_name(pid)} may not take pictures: [capture] in the configuration does not name it"
        log.info("control socket: %s", refusal)
        return refusal


def guest_refusal(guest: GuestConfig) -> str:
    """Why nobody may have pictures of a guest; "" if they may."""
    return (
        "" if guest.capture else f"{guest.name} may not be captured: its configuration says capture = false"
    )


def _runs_one_of(pid: int, programs: Collection[str]) -> bool:
    """Whether a process runs one of these files.

    The files themselves are compared: a path means something else to a process that sees another file system.
    """
    if not programs:
        return False
    try:
        running = os.stat(f"/proc/{pid}/exe")
    except OSError:
        return False  # ended, another user's, or not of this PID namespace
    return any(_is_file(program, running) for program in programs)


def _is_file(path: str, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:
        return False


def _name(pid: int) -> str:
    """A process as a person knows it."""
    try:
        return f"{readable(os.readlink(f'/proc/{pid}/exe'))} (process {pid})"
    except OSError:
        return f"process {pid}"
