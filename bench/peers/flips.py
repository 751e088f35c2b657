"""When the guest says that a frame is on its screen."""

from __future__ import annotations

import select
import time

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

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._card], [], [], left)[0]:
                self.hear()
