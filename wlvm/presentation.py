"""The frames of one console on their way to the screen, and the answer that QEMU gets when they are there.

QEMU waits for the answer to UpdateDMABUF before it lets the guest draw its next frame (`wlvm.qemu.listener`). It is given when the frame that
shows the update has been presented: the guest draws at the output's refresh, and never into what is still on the screen. It is given at
once when no such frame will come, and by the display thread after 20 ms whatever happens here.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from wlvm.latency import Latencies
from wlvm.qemu.handover import ConsoleChanges, FrameToken
from wlvm.trace import FrameTrace, nanoseconds

Acknowledge = Callable[[tuple[FrameToken, ...]], None]


class Presentation:
    """What of a console was applied, committed, and presented. Times are those of time.monotonic, in seconds."""

    def __init__(self) -> None:
        #: How many frames showed something new of the console.
        self.frames = 0
        #: From QEMU's word of a change to the presentation of the frame that shows it.
        self.latencies = Latencies()
        #: From a presentation to the acknowledgement that it sets off.
        self.answers = Latencies()
        #: How many updates were acknowledged without having been presented: hidden, or on an output that is off.
        self.unpresented = 0
        self._acknowledge: Acknowledge | None = None
        self._tokens: tuple[FrameToken, ...] = ()
        self._since: float | None = None
        #: What is recorded of the updates that no commit shows yet, if somebody does.
        self._traces: tuple[FrameTrace, ...] = ()
        #: The commits in flight that show something new: their number, the frames they show, the age of the oldest change, and what is recorded.
        self._committed: deque[tuple[int, tuple[FrameToken, ...], float, tuple[FrameTrace, ...]]] = deque()

    def connect(self, acknowledge: Acknowledge) -> None:
        """QEMU is there, and is answered so."""
        self._acknowledge = acknowledge

    def disconnect(self) -> None:
        """Nobody waits for answers any more."""
        self._acknowledge = None
        self._forget("its guest was disconnected")

    def applied(self, changes: ConsoleChanges, unseen: str = "") -> None:
        """The scene holds these changes; `unseen` tells why no frame that shows them is to come, "" where one is."""
        if unseen:
            self.unpresented += len(changes.frames)
            self._answer(changes.frames)
            for trace in changes.traces:
                trace.ended = unseen
            return
        self._tokens += changes.frames
        self._traces += changes.traces
        if self._since is None:
            self._since = changes.since

    def committed(self, commit: int) -> None:
        """A frame that shows everything applied was handed to the screen; `commit` numbers the output's commits."""
        if self._since is not None or self._tokens:
            since = time.monotonic() if self._since is None else self._since
            self._committed.append((commit, self._tokens, since, self._traces))
            for trace in self._traces:
                trace.commit = commit
            self._tokens, self._since, self._traces = (), None, ()

    def presented(self, commit: int, when: float) -> None:
        """That commit, and with it all before, is on the screen since `when`."""
        while self._committed and self._committed[0][0] <= commit:
            _, tokens, since, traces = self._committed.popleft()
            for trace in traces:
                trace.presented = nanoseconds(when)
            self.frames += 1
            self.latencies.add(when - since)
            if tokens:
                self._answer(tokens)
                self.answers.add(time.monotonic() - when)

    def give_up(self, why: str) -> None:
        """No frame in flight will be presented: the console was hidden or moved, or its output is off or gone."""
        tokens = (*(token for _, tokens, _, _ in self._committed for token in tokens), *self._tokens)
        self._forget(why)
        self.unpresented += len(tokens)
        self._answer(tokens)

    def _forget(self, why: str) -> None:
        """What is on its way will not be presented."""
        for trace in (*(trace for *_, traces in self._committed for trace in traces), *self._traces):
            trace.ended = why
        self._tokens, self._since, self._traces = (), None, ()
        self._committed.clear()

    def _answer(self, tokens: tuple[FrameToken, ...]) -> None:
        if tokens and self._acknowledge is not None:
            self._acknowledge(tokens)
