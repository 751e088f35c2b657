"""A QEMU that goes on when wlvm ends, and that the next wlvm finds again: OutlivingQemu, and the files by which it is found."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop
from wlvm.peer_credentials import peer
from wlvm.qemu.launch import Gl, LaunchError, add_display, choose_render_node
from wlvm.qemu.process import ENDED, RunningQemu
from wlvm.qemu.qmp import QmpError, connect
from wlvm.qemu.spawn import QMP_FD, resolved, spawn


class TakenError(Exception):
    """Another wlvm has the machine. The text says which."""


class MeetingPlace:
    """Where a wlvm finds the QEMU of a guest that an earlier one launched: NAME.qmp and its like in `directory`.

    `take()` it first: of several wlvm one has the machine. `release()` it when done.
    """

    def __init__(self, directory: Path, name: str) -> None:
        """Nothing is made yet. `directory` is one that ends with the person's login: the XDG_RUNTIME_DIR's."""
        self._directory = directory
        #: QEMU's QMP socket, which it listens on.
        self.qmp = directory / f"{name}.qmp"
        #: A FIFO for QEMU's standard error: QEMU holds both its ends, so it is there without wlvm too, and loses what does not fit.
        self.errors = directory / f"{name}.errors"
        self._lock_file = directory / f"{name}.lock"
        self._lock: OwnedFd | None = None

    def take(self) -> None:
        """Have the machine for this wlvm alone, until `release()` or the end of the process. TakenError; OSError. Harmless when repeated."""
        if self._lock is not None:
            return
        self._directory.mkdir(mode=0o700, exist_ok=True)
        lock = OwnedFd(os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock.fileno(), 20, 0).decode(errors="replace").strip()
            lock.close()
            raise TakenError(f"Another wlvm has this machine (process {holder}).") from None
        os.ftruncate(lock.fileno(), 0)
        os.pwrite(lock.fileno(), str(os.getpid()).encode(), 0)
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def listen(self) -> socket.socket:
        """A socket that listens at `qmp`, in the place of one that nobody serves. OSError."""
        self.qmp.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(os.fspath(self.qmp))
            listener.listen(1)
        except OSError:
            listener.close()
            raise
        return listener

    def error_output(self) -> OwnedFd:
        """A new FIFO for QEMU, both its ends in one descriptor, which never blocks. OSError."""
        self.errors.unlink(missing_ok=True)
        os.mkfifo(self.errors, 0o600)
        return OwnedFd(os.open(self.errors, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))

    def open_errors(self) -> OwnedFd:
        """wlvm's own end of the FIFO. OSError."""
        return OwnedFd(os.open(self.errors, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

    def clean(self) -> None:
        """QEMU has ended: leave nothing of it."""
        for file in (self.qmp, self.errors):
            with contextlib.suppress(OSError):
                file.unlink()


class OutlivingQemu(RunningQemu):
    """A QEMU at a MeetingPlace that was taken. `leave()` it when wlvm ends: it goes on. `launch` or `find` makes one."""

    def __init__(
        self,
        loop: EventLoop,
        pid: int,
        qmp_socket: socket.socket,
        place: MeetingPlace,
        exited: Callable[[str], None],
        name: str,
        *,
        child: bool,
    ) -> None:
        """`child`: it is this wlvm that launched it."""
        self._place = place
        self._child = child
        super().__init__(loop, pid, qmp_socket, place.open_errors(), exited, name)

    @classmethod
    def launch(
        cls,
        loop: EventLoop,
        command: Sequence[str],
        place: MeetingPlace,
        exited: Callable[[str], None],
        *,
        gl: Gl,
        render_node: Path | None,
        name: str,
    ) -> OutlivingQemu:
        """Launch `command`, with the display added to it. LaunchError when that cannot be."""
        node = choose_render_node(command, gl, render_node)
        arguments = resolved(add_display(command, QMP_FD, node, listening=True))
        try:
            listener = place.listen()
            with listener, place.error_output() as error_output:
                pid = spawn(arguments, listener.fileno(), error_output.fileno(), own_session=True)
                return cls(loop, pid, connect(place.qmp), place, exited, name, child=True)
        except QmpError as error:
            raise LaunchError(str(error)) from None
        except OSError as error:
            place.clean()
            raise LaunchError(f"{error.filename or command[0]}: {error.strerror}") from None

    @classmethod
    def find(
        cls, loop: EventLoop, place: MeetingPlace, exited: Callable[[str], None], *, name: str
    ) -> OutlivingQemu | None:
        """The QEMU that an earlier wlvm left there; None where there is none (any more)."""
        try:
            sock = connect(place.qmp)
        except QmpError:
            return None
        try:
            pid, _ = peer(sock)
            return cls(loop, pid, sock, place, exited, name, child=False)
        except OSError:
            sock.close()  # it has ended just now
            return None

    def leave(self) -> None:
        """It goes on without wlvm, unless somebody wanted it to end."""
        if not self.running or self._ends is not None:
            return
        self._patience.remove()
        self._exit_watch.remove()
        self._output_watch.remove()
        self._pidfd.close()
        self._output.close()
        self._end = ""

    def _signal(self, number: signal.Signals) -> None:
        if self._child:
            super()._signal(number)
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd.fileno(), number)

    def _wait(self) -> str:
        self._place.clean()
        return super()._wait() if self._child else ENDED
