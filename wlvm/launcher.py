"""Programs that wlvm starts for a person."""

from __future__ import annotations

import logging
import os
import subprocess

from wlvm.desktop.command import CommandError
from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop, Watch

log = logging.getLogger(__name__)


class Launcher:
    """Starts programs, which go on by themselves, and says when one could not be found."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._running: dict[int, tuple[Watch, OwnedFd]] = {}

    def run(self, line: str) -> None:
        """Have the shell run a line, in a session of its own. CommandError when no process can be had."""
        try:
            child = subprocess.Popen(
                ["/bin/sh", "-c", line], stdin=subprocess.DEVNULL, start_new_session=True
            )
            pidfd = OwnedFd(os.pidfd_open(child.pid))
        except OSError as error:
            raise CommandError(f"exec {line}: {error.strerror}") from None
        watch = self._loop.watch(pidfd.fileno(), lambda: self._ended(line, child))
        self._running[child.pid] = watch, pidfd

    def close(self) -> None:
        """Hear nothing more of what was started, which goes on."""
        for pid in list(self._running):
            self._forget(pid)

    def _ended(self, line: str, child: subprocess.Popen[bytes]) -> None:
        self._forget(child.pid)
        if child.wait() in (126, 127):  # what the shell says of a command that it cannot run (sh(1))
            log.warning("exec %s: no such program, or it may not be run", line)

    def _forget(self, pid: int) -> None:
        watch, pidfd = self._running.pop(pid)
        watch.remove()
        pidfd.close()
