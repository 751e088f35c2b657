"""A limit of time for what other programs do: whoever waits for one of them must not wait for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """After so long, kill all programs that this one has started: their sockets close, and what waits for them fails. TimeoutError then."""
    too_late = threading.Event()
    timer = threading.Timer(seconds, _kill_children, [too_late])
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if too_late.is_set():
            raise TimeoutError(f"it took more than {seconds:g} s") from error
        raise
    finally:
        timer.cancel()


def _kill_children(too_late: threading.Event) -> None:
    too_late.set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
