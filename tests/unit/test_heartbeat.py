"""When QEMU is asked whether it is there."""

from __future__ import annotations

import pytest

from tests.loops import ManualLoop
from wlvm.qemu.heartbeat import Heartbeat


class Qemu:
    """What is asked, and answers at once while it runs."""

    def __init__(self) -> None:
        self.loop = ManualLoop()
        self.running = True
        self.asked: list[float] = []
        self.said: list[bool] = []
        self.heartbeat = Heartbeat(self.loop, self._asked, self.said.append)

    def _asked(self) -> None:
        self.asked.append(self.loop.now())
        if self.running:
            self.heartbeat.answered()


@pytest.fixture
def qemu() -> Qemu:
    made = Qemu()
    made.heartbeat.start()
    return made


def test_a_machine_with_which_nothing_happens_is_asked_ever_more_rarely(qemu: Qemu) -> None:
    qemu.loop.advance(300_000)
    assert qemu.asked == [2, 6, 14, 30, 62, 126, 190, 254]
    assert qemu.said == []


def test_one_with_which_something_happens_is_asked_every_two_seconds(qemu: Qemu) -> None:
    for _ in range(80):
        qemu.loop.advance(125)
        qemu.heartbeat.stir()
    assert qemu.asked == [2, 4, 6, 8, 10]


def test_after_a_long_rest_it_is_asked_two_seconds_after_something_happens(qemu: Qemu) -> None:
    qemu.loop.advance(100_000)
    qemu.asked.clear()
    qemu.heartbeat.stir()
    qemu.loop.advance(1_999)
    assert qemu.asked == []
    qemu.loop.advance(1)
    assert qemu.asked == [102]


def test_one_that_hangs_is_noticed_six_seconds_after_something_happens(qemu: Qemu) -> None:
    qemu.loop.advance(200_000)
    qemu.running = False
    qemu.heartbeat.stir()
    qemu.loop.advance(5_999)
    assert qemu.said == []
    qemu.loop.advance(1)
    assert qemu.said == [False]
    qemu.loop.advance(100_000)
    assert len(qemu.asked) == 9, "one that does not answer is asked no more"
    qemu.running = True
    qemu.heartbeat.answered()
    assert qemu.said == [False, True]


def test_one_that_hangs_at_rest_is_noticed_within_its_interval_and_four_seconds(qemu: Qemu) -> None:
    qemu.loop.advance(63_000)
    qemu.running = False
    qemu.loop.advance(63_000 + 4_000)
    assert qemu.said == [False]


def test_none_is_asked_before_the_start_or_after_the_end() -> None:
    qemu = Qemu()
    qemu.heartbeat.stir()
    qemu.loop.advance(10_000)
    qemu.heartbeat.start()
    qemu.heartbeat.close()
    qemu.heartbeat.stir()
    qemu.loop.advance(10_000)
    assert qemu.asked == []
