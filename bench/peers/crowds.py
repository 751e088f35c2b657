"""Guests beside each other on one output: what is shown of what they draw, and what that takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.peers import frames
from bench.peers.observer import Commit, Observer
from bench.peers.path import DEVICE, QEMU, REFRESH, Path, Running, Wall, pids
from bench.peers.processes import ProcessorTime, clocks, guest_clocks, memory, stand_still
from bench.peers.records import Crowd, Idle
from bench.peers.search import RATES, STANDING, complete
from bench.peers.trial import prove
from guests.testcard import model
from guests.testcard.launch import TestCard

#: QEMU's windows and viewers have this size before the guest has one, and need not change it then.
_SIZE = (640, 480)

#: Of the output, in Hz: twice what the guests draw, so that no frame need be missed, though wlroots' headless output waits from the end of a commit on.
_REFRESH = 120

#: Small damage: a guest takes little time for it, which leaves the processors to those that show it.
_OPTIONS = "damage=patch"

#: How often a crowd must not be complete, one time after the other, until that is true.
_TIMES = 3

#: Until a rate is steady, in seconds.
_STEADY = 0.7


def measure(path: Path, count: int, rates: Sequence[int], seconds: float) -> list[Crowd]:
    """So many guests at each of these rates; what is not complete is measured again."""
    wall = _wall(count)
    with ExitStack() as stack:
        running = path.start(stack, _OPTIONS, wall)
        prove(running, wall)
        observer = stack.enter_context(Observer(running.display, _row(wall)))
        found = []
        for rate in rates:
            for _ in range(_TIMES):
                crowd = _crowd(running, observer, rate, seconds)
                if complete(crowd):
                    break
            found.append(crowd)
    return found


def alone(qemu: str, count: int, seconds: float) -> list[Crowd]:
    """So many guests that nobody looks at, at each rate."""
    with ExitStack() as stack:
        cards = _cards(stack, qemu, count)
        found = []
        for rate in RATES:
            _run(cards, rate)
            time.sleep(_STEADY)
            before = _hold(cards)
            spent = ProcessorTime(guest_clocks(cards))
            _run(cards, rate)
            began = time.monotonic()
            time.sleep(seconds)
            drawn, took, cpu = _hold(cards) - before, time.monotonic() - began, spent.spent()
            held = memory({QEMU: pids(cards)})
            found.append(Crowd(count, rate, took, drawn, shown=0, cpu=cpu, memory=held))
    return found


def still(path: Path, seconds: float) -> Idle:
    """Guests that stand still."""
    with ExitStack() as stack:
        # As often as the output of the compositors that have nothing in them.
        wall = Wall(STANDING, _SIZE, REFRESH)
        running = path.start(stack, _OPTIONS, wall)
        prove(running, wall)
        return stand_still(running.processes(), seconds)


def still_alone(qemu: str, seconds: float) -> Idle:
    """As many that nobody looks at."""
    with ExitStack() as stack:
        return stand_still({QEMU: pids(_cards(stack, qemu, STANDING))}, seconds)


def _wall(guests: int) -> Wall:
    return Wall(guests, _SIZE, _REFRESH)


def _cards(stack: ExitStack, qemu: str, count: int) -> list[TestCard]:
    options = _wall(count).card_options(_OPTIONS)
    return [
        stack.enter_context(TestCard(qemu, DEVICE, options, display=("-display", "none")))
        for _ in range(count)
    ]


def _run(cards: Sequence[TestCard], rate: int) -> None:
    for card in cards:
        card.command(f"run {rate}")


def _hold(cards: Sequence[TestCard]) -> int:
    """The frames that all have drawn so far."""
    return sum(int(card.command("hold").partition("frame=")[2]) for card in cards)


def _row(wall: Wall) -> model.Rect:
    """A row of the output, through all frame counters."""
    _, y, _, _ = model.counter_rect(*wall.size, bottom=False)
    return 0, y, wall.output[0], 1


def _crowd(running: Running, observer: Observer, rate: int, seconds: float) -> Crowd:
    observer.look_ahead(round((_STEADY + seconds) * 1.5 * _REFRESH))
    clocks_ = {**guest_clocks(running.cards), **clocks(running.programs)}
    _run(running.cards, rate)
    observer.take()
    observer.listen(_STEADY)
    spent, began = ProcessorTime(clocks_), time.monotonic()
    observer.listen(seconds)
    cpu, took = spent.spent(), time.monotonic() - began
    seen = _by_guest(_since(observer.take(), began))
    _hold(running.cards)
    return Crowd(
        guests=len(running.cards),
        rate=rate,
        seconds=took,
        drawn=sum(frames.drawn(each) for each in seen),
        shown=sum(frames.shown(each) for each in seen),
        cpu=cpu,
        memory=memory(running.processes()),
    )


def _since(commits: Sequence[Commit], began: float) -> list[Commit]:
    """Those that show what was on the output from then on, the one that was there included."""
    before = sum(commit.when < began for commit in commits)
    return list(commits[max(0, before - 1) :])


def _by_guest(commits: Sequence[Commit]) -> list[list[tuple[float, int]]]:
    """From left to right: the times of commits, and the frame that each shows of the guest's."""
    x, _, width, _ = model.counter_rect(*_SIZE, bottom=False)
    return [
        [
            (commit.when, model.counter_number(commit.pixels[0, left + x : left + x + width]))
            for commit in commits
        ]
        for left in range(0, commits[0].pixels.shape[1] if commits else 0, _SIZE[0])
    ]
