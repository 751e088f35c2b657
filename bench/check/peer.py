"""The one figure of the gate that is measured: processor time for a shown frame, of wlvm and of QEMU's own GTK window in sway, in turns.

Both stand beside each other all the time, and the guest of one of them draws. What runs on the machine besides meets both alike, and what is left of it
makes the interval wider: only what is worse for certain fails.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import mean, stdev

from msgspec import Struct

from bench.peers import trial
from bench.peers.flips import Flips
from bench.peers.observer import Observer
from bench.peers.path import GUEST, Path, Running
from bench.peers.paths import all_paths

#: As GTK's window is known in bench.peers.paths.
PEER = "gtk"
_OURS = "wlvm"

_RATE = 30
_SECONDS = 1.5
#: It is enough when the interval is so narrow, as a part of the ratio, or so much time is over; but no less than so many rounds.
_WIDTH = 0.1
_LIMIT = 120.0
_LEAST = 4

#: Two standard errors and a half: 95 % for a handful of rounds.
_ERRORS = 2.5


class Ratio(Struct, frozen=True):
    """wlvm's processor time for a frame to its peer's. `error` is half of the interval, as a part of it."""

    ratio: float
    error: float
    rounds: int

    @property
    def least(self) -> float:
        """The lower end of the interval."""
        return self.ratio * (1 - self.error)


def missing() -> str:
    """Why it cannot be measured here; empty when it can."""
    return "; ".join(reason for path in _paths() if (reason := path.missing()))


def measure() -> Ratio:
    """Round after round, until it is known well enough."""
    end = time.monotonic() + _LIMIT
    with ExitStack() as stack:
        ours, theirs = (_Stack(stack, path) for path in _paths())
        rounds: list[float] = []
        while len(rounds) < _LEAST or (_ratio(rounds).error > _WIDTH / 2 and time.monotonic() < end):
            rounds.append(ours.cost() / theirs.cost())
    return _ratio(rounds)


def _paths() -> Sequence[Path]:
    known = {path.name: path for path in all_paths()}
    return [known[_OURS], known[PEER]]


def _ratio(rounds: Sequence[float]) -> Ratio:
    """The geometric mean, since a ratio is as far from 1 as its inverse is."""
    logarithms = [math.log(ratio) for ratio in rounds]
    error = _ERRORS * stdev(logarithms) / math.sqrt(len(rounds))
    return Ratio(math.exp(mean(logarithms)), 1 - math.exp(-error), len(rounds))


class _Stack:
    """A path that runs until `stack` ends it; its guest stands still, but while a cost is measured."""

    def __init__(self, stack: ExitStack, path: Path) -> None:
        self._running: Running = path.start(stack, "damage=full")
        trial.prove(self._running)
        self._observer = stack.enter_context(Observer(self._running.display, trial.counter_row()))
        self._flips = Flips(self._running.card)

    def cost(self) -> float:
        """Milliseconds for each shown frame, of all but the guest's own instructions."""
        load = trial.load(self._running, self._observer, self._flips, _RATE, _SECONDS)
        self._running.card.command("hold")
        return sum(spent for role, spent in load.cpu.items() if role != GUEST) / load.shown
