"""HostProbe: asks what this computer offers machines (`wlvm.qemu.host`) while the main loop goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from wlvm.loop import EventLoop
from wlvm.qemu import host
from wlvm.qemu.launch import LaunchError

_CHUNK = 64 << 10


class HostProbe:
    """One question, in a process of its own. `close()` gives it up; harmless when repeated or answered."""

    def __init__(
        self,
        loop: EventLoop,
        qemu: str,
        render_node: Path | None,
        answered: Callable[[host.Host | LaunchError], None],
    ) -> None:
        """Ask; `answered` is called once, not inside of here. LaunchError when no process can be had."""
        self._answered = answered
        self._answer = b""
        arguments = [sys.executable, "-m", host.__name__, qemu]
        try:
            self._child = subprocess.Popen(
                [*arguments, *([] if render_node is None else [str(render_node)])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,  # so that all that it starts ends with it
            )
        except OSError as error:
            raise LaunchError(f"{sys.executable} cannot be run: {error.strerror}") from None
        assert self._child.stdout is not None
        self._output = self._child.stdout
        self._watch = loop.watch(self._output.fileno(), self._on_output)

    def close(self) -> None:
        if self._output.closed:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._end()

    def _on_output(self) -> None:
        data = os.read(self._output.fileno(), _CHUNK)
        self._answer += data
        if data:
            return
        self._end()
        if self._child.returncode == 0:
            self._answered(msgspec.json.decode(self._answer, type=host.Host))
        else:
            said = self._answer.decode(errors="replace").strip().splitlines() or ["it cannot be examined"]
            self._answered(LaunchError(said[-1]))

    def _end(self) -> None:
        self._watch.remove()
        self._output.close()
        self._child.wait()
