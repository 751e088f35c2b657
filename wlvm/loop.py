"""What wlvm's parts ask of a main loop.

The compositor implements it on the Wayland event loop (`wlvm.wlr.event_loop`); tests and command-line clients may use any
other. All calls and all callbacks happen on the loop's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Watch(Protocol):
    """One file descriptor watched by the loop. The descriptor stays the caller's; remove the watch before closing it."""

    def update(self, *, readable: bool, writable: bool) -> None:
        """Change what is waited for. Waiting for nothing still reports a hang-up."""

    def remove(self) -> None:
        """Stop watching. Harmless when repeated, and inside the watch's own callback."""


class Timer(Protocol):
    """A one-shot timer, disarmed when made."""

    def arm(self, milliseconds: int) -> None:
        """Call back once, that many milliseconds (at least 1) from now; an earlier arming is forgotten."""

    def disarm(self) -> None:
        """Forget the arming. Harmless when not armed."""

    def remove(self) -> None:
        """Give the timer back. Harmless when repeated, and inside the timer's own callback."""


class EventLoop(Protocol):
    """A single-threaded loop of file descriptors and timers."""

    def watch(
        self, fd: int, callback: Callable[[], None], *, readable: bool = True, writable: bool = False
    ) -> Watch:
        """Call `callback` whenever `fd` is ready (level-triggered), hung up or in error.

        The callback finds out which by trying: reading or writing until the kernel says EAGAIN, end of file, or an error.
        """

    def timer(self, callback: Callable[[], None]) -> Timer:
        """A timer that calls `callback` each time it runs out."""
