"""When the guest says that a frame is on its screen."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

from guests.testcard.launch import TestCard


class Flips:
    """`times` of the frames by their numbers, in seconds of CLOCK_MONOTONIC; they grow as the guest is listened to."""

    def __init__(self, card: TestCard) -> None:
        self.times: dict[int, float] = {}
        self._card = card
        card.command("report on")

    def hear(self) -> None:
        """Read what the guest has said: at once, since the time is now."""
        now = time.monotonic()
        for line in self._card.lines():
            word, _, number = line.partition(" ")
            if word == "frame":
                self.times[int(number)] = now

    def fileno(self) -> int:
        """For select: when it can be read, there is something to hear."""
        return self._card.fileno()


def listen(guests: Sequence[Flips], seconds: float) -> None:
    """Hear what guests say for so long."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for flips in select.select(guests, [], [], left)[0]:
            flips.hear()
