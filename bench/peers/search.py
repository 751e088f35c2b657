"""How many guests beside each other a path shows, frame by frame: ever more of them, until frames are missed."""

from __future__ import annotations

from dataclasses import dataclass

from bench.peers.records import Crowd

#: Frames a second of each guest.
RATES = (30, 60)

#: More guests than these are not tried: beside each other they are as wide as an output may be.
MOST = 25

#: So many stand still.
STANDING = 16

#: Of all frames: more are missed by more than chance; and of a guest's rate: less is no such rate.
_CHANCE = 0.02
_KEEPS = 0.95


def keeps_rate(crowd: Crowd) -> bool:
    """Whether the guests draw as often as they are to."""
    return crowd.drawn >= _KEEPS * crowd.rate * crowd.seconds * crowd.guests


def complete(crowd: Crowd) -> bool:
    """Whether the guests are not held up, and what they draw is shown."""
    return keeps_rate(crowd) and crowd.drawn - crowd.shown <= _CHANCE * crowd.drawn


@dataclass
class Search:
    """For the most guests that are shown: twice as many until that is too many, then halfway between, until what is left does not matter."""

    #: As many are shown; so many are not, where that is known.
    enough: int = 0
    too_many: int = 0

    def next(self) -> int | None:
        """How many to try; None when the search is over."""
        if not self.too_many:
            return min(MOST, 2 * self.enough or 1) if self.enough < MOST else None
        between = self.too_many - self.enough
        return self.enough + between // 2 if between > max(1, self.enough // 4) else None

    def found(self, count: int, *, complete: bool) -> None:
        if complete:
            self.enough = count
        else:
            self.too_many = count
