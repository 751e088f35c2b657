"""Recording what becomes of guest frames, for the one client that asks for it. It ends when that client hangs up."""

from __future__ import annotations

import os
from collections.abc import Sequence

from wlvm.ipc.connection import Stream
from wlvm.ipc.messages import ControlError, Tracing
from wlvm.loop import EventLoop
from wlvm.trace import TRACER, Recorded, Recording

#: What is recorded is told together so often, in milliseconds: each time costs the main thread some of what it records.
_TOGETHER_MS = 100


class TraceFeed:
    """Tells a client what is recorded. `close()` it."""

    def __init__(self, loop: EventLoop) -> None:
        self._stream: Stream | None = None
        self._soon = loop.timer(self._tell)
        self._told_soon = False

    def close(self) -> None:
        self._end()
        self._soon.remove()

    def record(self) -> Stream:
        """Record until the client hangs up. ControlError when somebody does already."""
        if self._stream is not None:
            raise ControlError("somebody else is recording a trace")
        recording = TRACER.recording = Recording(self._news)
        self._stream = Stream(Tracing(os.getpid()), lambda: self._following(recording), self._ended)
        return self._stream

    def _following(self, recording: Recording) -> Sequence[Recorded]:
        recorded = recording.take()
        if recording.has_more:
            self._news()
        return [recorded] if recorded != Recorded() else []

    def _news(self) -> None:
        """Something was recorded. Nothing wakes wlvm while nothing is."""
        if not self._told_soon:
            self._told_soon = True
            self._soon.arm(_TOGETHER_MS)

    def _tell(self) -> None:
        self._told_soon = False
        if self._stream is not None:
            self._stream.wake()

    def _ended(self, stream: Stream) -> None:
        """The client has gone, or was refused the stream: it has another on the same connection."""
        if stream is self._stream:
            self._end()

    def _end(self) -> None:
        self._stream = TRACER.recording = None
