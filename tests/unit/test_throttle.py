"""Throttle, Restarts and Progress: what is told of a guest, and how often."""

from __future__ import annotations

import time

import pytest

from tests.loops import SelectorLoop
from wlvm.placeholder import Card
from wlvm.progress import Progress
from wlvm.restarts import MANY, WITHIN, Restarts
from wlvm.throttle import Throttle


@pytest.fixture
def loop() -> SelectorLoop:
    return SelectorLoop()


def test_what_is_asked_for_often_is_done_at_once_and_then_once(loop: SelectorLoop) -> None:
    done: list[float] = []
    throttle = Throttle(loop, 50, lambda: done.append(time.monotonic()))
    for _ in range(100):
        throttle.ask()
    assert len(done) == 1
    loop.run_until(lambda: len(done) == 2)
    assert done[1] - done[0] >= 0.05
    throttle.remove()


def test_what_is_asked_for_no_more_is_done_no_more(loop: SelectorLoop) -> None:
    done: list[str] = []
    throttle = Throttle(loop, 1, lambda: done.append("done"))
    over: list[str] = []
    timer = loop.timer(lambda: over.append("over"))
    throttle.ask()
    timer.arm(30)
    loop.run_until(lambda: bool(over))
    assert done == ["done"]
    throttle.ask()
    assert done == ["done"] * 2
    throttle.remove()


def test_restarts_are_a_loop_when_they_are_many_within_a_minute() -> None:
    restarts = Restarts()
    assert [restarts.add(float(second)) for second in range(MANY)] == [False] * (MANY - 1) + [True]
    assert restarts.looping(WITHIN - 1)
    assert not restarts.looping(WITHIN)
    assert not restarts.add(MANY + WITHIN)


def test_a_card_tells_what_is_waited_for_and_counts(
    loop: SelectorLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("wlvm.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("wlvm.progress._EACH_MS", 1)
    cards: list[Card] = []
    progress = Progress(loop, cards.append)
    progress.waiting("Looking.")
    assert cards[-1].lines == ["Looking."]
    clock[0] += 3
    progress.waiting("Waiting.")
    assert cards[-1].lines == ["Waiting.", "For 3 seconds so far."]
    clock[0] += 1
    monkeypatch.undo()
    progress.over()
    progress.remove()
