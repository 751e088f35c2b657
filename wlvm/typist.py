"""Types keys into a guest, as fast as it can take them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from wlvm.keystrokes import KeyEvent
from wlvm.loop import EventLoop
from wlvm.qemu.qmp import Failure, QmpError, Reply

#: A stroke has so many times as long as the slowest of the last answers took, but never longer than this, in milliseconds.
_PATIENCE: Final = 4
_LOOKED_BACK: Final = 8
_LONGEST_MS: Final = 250


class KeyReceiver(Protocol):
    """`wlvm.qemu.input.InputForwarder`, as far as it is needed."""

    def send_key(self, code: int, down: bool, on_reply: Callable[[Reply], None]) -> None: ...


class Typist:
    """Types key events into one guest, from its making on. `stop()` it before they are done.

    The queues of a guest's keyboard are short, and what does not fit is dropped without a word (PS/2: 16 bytes, USB: 16 events and one of them each
    8 ms, virtio: 64 events). QEMU's answer says only that an event is in the queue. So each stroke, which is at most 6 events and 11 bytes, is sent
    when the one before it was answered, and not before its time. Where QEMU answers late the machine is busy, and the guest is later still: then it
    has more time.

    A stroke's key goes down and comes up at once, for a system repeats a key that is down for long.
    """

    def __init__(
        self,
        loop: EventLoop,
        guest: KeyReceiver,
        events: Sequence[KeyEvent],
        interval_ms: int,
        ended: Callable[[str], None],
    ) -> None:
        """`interval_ms` is the least time between two strokes. `ended` is called once: with "" when all is typed, or else with the reason."""
        self._guest = guest
        self._events = events
        self._interval_ms = interval_ms
        self._ended: Callable[[str], None] | None = ended
        #: How many of the events have been sent.
        self.sent = 0
        #: How many characters have been typed.
        self.characters = 0
        self._down: dict[int, None] = {}
        self._pace = loop.timer(self._on_interval)
        self._unanswered = 0
        self._due = True
        self._sent_at = 0.0
        self._latencies: deque[float] = deque(maxlen=_LOOKED_BACK)
        self._pace.arm(1)

    def stop(self, reason: str) -> None:
        """Type no more; what is down comes up. Harmless when it has ended."""
        if self._ended is None:
            return
        for key in reversed(self._down):
            try:
                self._guest.send_key(key, False, _ignore)
            except QmpError:
                break  # what was down came up with the connection, or with the machine
        self._down.clear()
        self._end(reason)

    def _end(self, reason: str) -> None:
        ended, self._ended = self._ended, None
        self._pace.remove()
        if ended is not None:
            ended(reason)

    def _on_interval(self) -> None:
        self._due = True
        self._go_on()

    def _go_on(self) -> None:
        if self._ended is None or self._unanswered:
            return
        if self.sent == len(self._events):
            self._end("")
            return
        if not self._due:
            return
        self._due, self._sent_at = False, time.monotonic()
        slowest_ms = max(self._latencies, default=0.0) * 1000
        self._pace.arm(max(self._interval_ms, min(round(_PATIENCE * slowest_ms), _LONGEST_MS)))
        for event in self._stroke():
            try:
                self._guest.send_key(event.key, event.down, self._on_reply)
            except QmpError as error:
                self.stop(str(error))
                return
            self._unanswered += 1
            self.sent += 1
            self.characters = event.characters
            if event.down:
                self._down[event.key] = None
            else:
                self._down.pop(event.key, None)

    def _stroke(self) -> Sequence[KeyEvent]:
        """The events that are next: up to a key that comes up as soon as it is down, or to the end."""
        for end in range(self.sent + 1, len(self._events)):
            if self._events[end].key == self._events[end - 1].key:
                return self._events[self.sent : end + 1]
        return self._events[self.sent :]

    def _on_reply(self, reply: Reply) -> None:
        self._unanswered -= 1
        if isinstance(reply, Failure):
            self.stop(reply.description)
        elif not self._unanswered:
            self._latencies.append(time.monotonic() - self._sent_at)
            self._go_on()


def _ignore(_reply: Reply) -> None:
    """Nothing can be done about a key that does not come up."""
