"""Starts a program with nothing of wlvm's but what it is given."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Sequence

from wlvm.fd import OwnedFd
from wlvm.qemu.launch import LaunchError

#: The descriptor that the program has its QMP socket as.
QMP_FD = 3


def resolved(arguments: Sequence[str]) -> list[str]:
    """The arguments with the program's path; LaunchError when there is no such program."""
    program = shutil.which(arguments[0])
    if program is None:
        raise LaunchError(f"{arguments[0]} is not installed, or cannot be executed")
    return [program, *arguments[1:]]


def spawn(arguments: list[str], qmp: int, error_output: int, *, own_session: bool = False) -> int:
    """Start a program whose QMP socket is QMP_FD and whose standard error is `error_output`, and return its process id. OSError.

    It has no other file descriptor, an empty standard input, no blocked signal (a compositor blocks what it reads with signalfd), and a process
    group, or even a session, of its own: the terminal's Ctrl-C reaches wlvm alone. Both descriptors stay the caller's.

    The two are duplicated upwards first: either could have the number that the other one goes to.
    """
    with OwnedFd(_above(qmp)) as qmp_source, OwnedFd(_above(error_output)) as error_source:
        inherited = [
            fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > QMP_FD and _is_inheritable(fd)
        ]
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, qmp_source.fileno(), QMP_FD),
            (os.POSIX_SPAWN_DUP2, error_source.fileno(), 2),
            *((os.POSIX_SPAWN_CLOSE, fd) for fd in inherited),
        ]
        return os.posix_spawn(
            arguments[0],
            arguments,
            os.environ,
            file_actions=actions,
            setsigmask=(),
            setsigdef=_catchable_signals(),
            # A session's leader leads its own group too.
            **({"setsid": True} if own_session else {"setpgroup": 0}),
        )


def _above(fd: int) -> int:
    """A duplicate of `fd`, close-on-exec, above the child's numbers."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, QMP_FD + 1)


def _is_inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False  # the directory that was being read


def _catchable_signals() -> set[signal.Signals]:
    return {number for number in signal.Signals if number not in (signal.SIGKILL, signal.SIGSTOP)}
