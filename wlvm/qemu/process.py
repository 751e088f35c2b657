"""A QEMU process: RunningQemu; QemuProcess, which wlvm launches, and which ends when wlvm does."""

from __future__ import annotations

import logging
import math
import os
import select
import shutil
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop
from wlvm.qemu.launch import Gl, LaunchError, add_display, choose_render_node
from wlvm.qemu.spawn import QMP_FD, resolved, spawn
from wlvm.qemu.text import readable

#: How long QEMU has to end by itself after SIGTERM, in milliseconds: it writes back its disks' caches.
END_DEADLINE_MS: Final = 5000

#: After this time it is asked again, and then each time when as much more has passed. One SIGTERM may leave QEMU waiting for ever, which the next
#: one ends: where a QMP command comes in while it ends, its main thread sleeps in monitor_cleanup() and nobody wakes it (7.2 and 10.0: up to a
#: tenth of the times).
ASK_AGAIN_MS: Final = 200

#: The reason where it ended well.
ENDED: Final = "QEMU ended"

_TAIL_LINES: Final = 20
_MAX_LINE: Final = 1000
_CHUNK: Final = 64 << 10  # all that a pipe holds (pipe(7))
_REAP_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class RunningQemu:
    """One QEMU process, whoever started it. From `close()` on it gets SIGTERM, and SIGKILL if it does not end then."""

    def __init__(
        self,
        loop: EventLoop,
        pid: int,
        qmp_socket: socket.socket,
        output: OwnedFd,
        exited: Callable[[str], None],
        name: str,
    ) -> None:
        """Of the process `pid`: wlvm's end of QMP, which whoever drives it takes over, and what its standard error comes from. OSError.

        `exited` is called once, with the reason for a person, when QEMU has ended, whoever ended it, but by `kill()`.
        `name` is the guest's, for the log.
        """
        self.pid = pid
        self.qmp_socket = qmp_socket
        self._name = name
        self._exited = exited
        #: How it ended, in words; None while it runs.
        self._end: str | None = None
        #: When it is killed, in monotonic seconds; None while nobody wants it to end.
        self._ends: float | None = None
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._partial = b""
        os.set_blocking(output.fileno(), False)
        self._output = output
        self._pidfd = OwnedFd(os.pidfd_open(pid))
        self._output_watch = loop.watch(output.fileno(), self._on_output)
        self._exit_watch = loop.watch(self._pidfd.fileno(), self._on_exit)
        self._patience = loop.timer(self._on_patience)

    @property
    def running(self) -> bool:
        return self._end is None

    @property
    def ending(self) -> bool:
        """Whether it was asked to end."""
        return self._ends is not None

    @property
    def messages(self) -> Sequence[str]:
        """The last lines that QEMU wrote to its standard error."""
        return tuple(self._tail)

    def close(self) -> None:
        """Ask QEMU to end, and see to it that it does within END_DEADLINE_MS; `exited` tells. Harmless when repeated or too late."""
        if self.running and self._ends is None:
            self._ends = time.monotonic() + END_DEADLINE_MS / 1000
            self._ask_to_end()

    def finish(self) -> None:
        """`close()`, and wait for QEMU to end. Outside of the loop, for the end of wlvm itself; the time of what was closed before runs on."""
        if not self.running:
            return
        self.close()
        poll = select.poll()
        poll.register(self._pidfd.fileno(), select.POLLIN)
        while not poll.poll(self._patience_ms):
            if not self._patience_ms:
                self._log_kill()
                self.kill()
                return
            self._ask_to_end()
        self._reap()

    def kill(self) -> None:
        """End QEMU now, and wait for it. Harmless when repeated or too late."""
        if not self.running:
            return
        self._signal(signal.SIGKILL)
        poll = select.poll()
        poll.register(self._pidfd.fileno(), select.POLLIN)
        if not poll.poll(1000 * _REAP_SECONDS):
            _log.error("%s: process %d does not end, although it was killed", self._name, self.pid)
            return
        self._reap()

    def _signal(self, number: signal.Signals) -> None:
        # It is a child of ours that was not waited for, so its process is there, be it a zombie, and so is its group: a
        # command may be a script, and QEMU that script's child.
        os.killpg(self.pid, number)

    @property
    def _patience_ms(self) -> int:
        """How long to wait before the next signal: as long as it has been asked, and a little at the least; 0 where its time is over."""
        assert self._ends is not None
        left = math.ceil(1000 * (self._ends - time.monotonic()))
        return max(0, min(left, max(ASK_AGAIN_MS, END_DEADLINE_MS - left)))

    def _ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)
        # A process that is stopped gets SIGTERM only when it goes on.
        self._signal(signal.SIGCONT)
        self._patience.arm(max(1, self._patience_ms))

    def _on_patience(self) -> None:
        if self._patience_ms:
            self._ask_to_end()
        else:
            self._log_kill()
            self._signal(signal.SIGKILL)

    def _log_kill(self) -> None:
        _log.warning("%s: QEMU did not end within %d seconds; killed", self._name, END_DEADLINE_MS // 1000)

    def _on_exit(self) -> None:
        self._on_output()  # its last words
        self._reap()
        self._exited(self._reason())

    def _reap(self) -> None:
        self._end = self._wait()
        self._patience.remove()
        self._exit_watch.remove()
        self._pidfd.close()
        self._close_output()

    def _wait(self) -> str:
        """Take its exit status, and say it in words."""
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return ENDED
        return f"{ENDED} " + (f"with status {code}" if code > 0 else f"by {signal.Signals(-code).name}")

    def _reason(self) -> str:
        assert self._end is not None
        return self._end + (f": {self._tail[-1]}" if self._tail and self._end != ENDED else "")

    def _on_output(self) -> None:
        if self._output.closed:
            return
        try:
            data = os.read(self._output.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close_output()
            return
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._hear(line)
        if len(self._partial) > _MAX_LINE:
            self._hear(self._partial)
            self._partial = b""

    def _close_output(self) -> None:
        """Everything has been read, or the rest is of no use: a child of QEMU's may hold the pipe open."""
        self._hear(self._partial)
        self._partial = b""
        self._output_watch.remove()
        self._output.close()

    def _hear(self, line: bytes) -> None:
        text = readable(line.decode(errors="replace"))
        if not text:
            return
        if text not in self._tail:
            _log.info("%s: %s", self._name, text)
        self._tail.append(text)


class QemuProcess(RunningQemu):
    """A QEMU that ends when wlvm does.

    It is started with nothing of wlvm's but its end of the QMP socket: no other file descriptor, no blocked signal (a
    compositor blocks what it reads with signalfd), standard input empty, in a process group of its own so that the terminal's Ctrl-C
    reaches wlvm alone. Should wlvm be killed, the kernel kills QEMU: `setpriv --pdeathsig` (util-linux) asks for that in the child. A
    `preexec_fn` could too, but runs Python between fork and exec, where another thread's lock may be held for ever. The
    kernel takes the end of the thread that launched QEMU for the end of its parent: launch from the main thread.
    """

    def __init__(
        self,
        loop: EventLoop,
        command: Sequence[str],
        exited: Callable[[str], None],
        *,
        gl: Gl = False,
        render_node: Path | None = None,
        name: str = "QEMU",
    ) -> None:
        """Launch `command`, with the display added to it (`add_display`). LaunchError when that cannot be.

        `gl` and `render_node` say what it draws with (`choose_render_node`).

        `exited` and `name` as with RunningQemu.
        """
        arguments = _with_death_signal(
            resolved(add_display(command, QMP_FD, choose_render_node(command, gl, render_node)))
        )
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        output, error_output = (OwnedFd(fd) for fd in os.pipe())
        try:
            pid = spawn(arguments, theirs.fileno(), error_output.fileno())
        except OSError as error:
            ours.close()
            output.close()
            raise LaunchError(f"{command[0]} cannot be run: {error.strerror}") from None
        finally:
            theirs.close()
            error_output.close()
        super().__init__(loop, pid, ours, output, exited, name)

    def leave(self) -> None:
        """wlvm, or its guest, goes: it is asked to end."""
        self.close()


def _with_death_signal(arguments: list[str]) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        _log.warning("setpriv (util-linux) is not installed: should wlvm be killed, its QEMUs go on")
        return arguments
    return [setpriv, "--pdeathsig", "KILL", "--", *arguments]
