"""At which moments a headless output takes frames."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.loops import ManualLoop
from wlvm.desktop.refresh_clock import RefreshClock

INTERVAL = 1 / 60


#: What the backend lets a frame follow its predecessor's end by, in milliseconds.
BACKEND = 16


class Screen:
    """Something is drawn all the time, which takes so many milliseconds; `begun` is when each frame began, in milliseconds."""

    def __init__(self, drawing: float) -> None:
        self.loop = ManualLoop()
        self.clock = RefreshClock(self.loop, self.draw, self.loop.now)
        self.begun: list[float] = []
        self._drawing = drawing
        self._backend = self.loop.timer(self.draw)

    def draw(self) -> None:
        began = self.loop.now()
        self.begun.append(1000 * began)
        self.loop.spend(self._drawing)
        self.clock.drew(began, INTERVAL)
        self._backend.arm(BACKEND)

    @property
    def distances(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.begun)]


@pytest.mark.parametrize("drawing", [0.8, 1.5, 4.0])
def test_the_beat_is_the_refresh_however_long_drawing_takes(drawing: float) -> None:
    screen = Screen(drawing)
    screen.draw()
    screen.loop.advance(10_000)
    assert len(screen.begun) in (600, 601)
    # The first two are the backend's; then a timer counts whole milliseconds.
    assert all(12 < distance < 18 for distance in screen.distances[1:])


def test_what_was_late_does_not_make_the_next_one_late() -> None:
    screen = Screen(1.0)
    screen.clock.drew(0.0, INTERVAL)
    screen.loop.advance(18)
    screen.clock.drew(0.018, INTERVAL)  # the beat is from here on
    screen.loop.advance(15)
    screen.loop.spend(3.5)
    screen.loop.advance(15)  # something else has kept the loop for 1.8 ms
    assert screen.begun == pytest.approx([36.5, 51.5])


def test_a_frame_after_a_pause_is_followed_when_the_backend_says() -> None:
    screen = Screen(1.0)
    for began in (0.0, 0.0333, 0.0667, 1.0):
        screen.clock.drew(began, INTERVAL)
        assert not [timer for timer in screen.loop.timers if timer.due is not None]


def test_a_screen_that_cannot_keep_up_is_left_to_the_backend() -> None:
    screen = Screen(50.0)
    screen.draw()
    screen.loop.advance(1000)
    assert all(distance == pytest.approx(50 + BACKEND) for distance in screen.distances)
    screen.clock.remove()
    assert len(screen.loop.timers) == 1, "the backend's"
