"""A wlvm made by forking the tests' own process.

In the virtual workstation, which has no hardware virtualization, the imports of a program take half a minute; a fork has them already.
"""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import BinaryIO


class ForkedProcess:
    """What `tests.wlvm_process` needs of a `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run `wlvm` with these arguments, its standard error in a pipe."""
        import wlvm.cli
        import wlvm.server  # what the command imports when it runs

        read, write = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 70
            try:
                os.close(read)
                os.dup2(write, 2)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.closerange(3, 1024)
                # What the tests' process has opened and forgotten must not be closed here: its numbers are those of other files.
                gc.freeze()
                sys.stdin, sys.stderr = os.fdopen(0), os.fdopen(2, "w", buffering=1)
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                faulthandler.enable(2)
                logging.getLogger().handlers.clear()
                os.environ.clear()
                os.environ.update(environment)
                status = wlvm.cli.main(list(arguments))
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(status)
        os.close(write)
        self.stderr: BinaryIO = os.fdopen(read, "rb")

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("wlvm", timeout or 0)
            time.sleep(0.01)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
