"""An output whose backend refuses frames, which no real one does on demand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.loops import ManualLoop
from wlvm.desktop.output import Output, OutputEvents
from wlvm.wlr.output import OutputError


class Screen:
    """The parts of a WlrOutput that an Output uses."""

    name = "HEADLESS-1"
    mode = (640, 480, 60_000)
    refresh = 60_000
    damaged = False

    def __init__(self) -> None:
        self.works = True
        self.tried = 0
        self.commits = 0
        self._frame: Callable[[], None] = lambda: None

    def on_frame(self, callback: Callable[[], None]) -> None:
        self._frame = callback

    def change(self) -> None:
        """Something on it changed, and the backend asks for a frame."""
        self.damaged = True
        self._frame()

    def commit(self) -> bool:
        self.tried += 1
        self.commits += self.works
        self.damaged = not self.works
        return self.works

    def damage_whole(self) -> None:
        self.change()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_options: None


class Scene:
    direct_scanout = False


class Events(OutputEvents):
    def __init__(self) -> None:
        self.dark_times = 0

    def dark(self, output: Output) -> None:
        self.dark_times += 1


@pytest.fixture
def loop() -> ManualLoop:
    return ManualLoop()


def test_a_refused_frame_is_tried_again_each_second_and_not_at_each_change(
    loop: ManualLoop, caplog: pytest.LogCaptureFixture
) -> None:
    screen, events, scene, layout = Screen(), Events(), Scene(), None
    output = Output(loop, screen, scene, layout, events)  # type: ignore[arg-type]
    screen.works = False
    for _ in range(100):
        screen.change()
    assert (screen.tried, events.dark_times, output.active) == (1, 1, False)
    answers: list[bytearray | OutputError] = []
    output.capture(answers.append)
    assert [str(answer) for answer in answers] == ["HEADLESS-1 shows no frames"]
    loop.advance(2_500)
    assert screen.tried == 3
    assert len(caplog.records) == 1, "one line for the whole time"
    screen.works = True
    loop.advance(1_000)
    assert (output.active, output.frames, screen.commits) == (True, 1, 1)
    screen.change()
    assert output.frames == 2
