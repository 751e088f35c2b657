"""When QEMU is answered that a frame was shown."""

from __future__ import annotations

import pytest

from wlvm.presentation import Presentation
from wlvm.qemu.handover import ConsoleChanges, FrameToken


class Answers(list[int]):
    """The frames that were acknowledged, in order."""

    def __call__(self, tokens: tuple[FrameToken, ...]) -> None:
        self.extend(tokens)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def presentation(answers: Answers) -> Presentation:
    made = Presentation()
    made.connect(answers)
    return made


def changes(*tokens: int, since: float = 1.0) -> ConsoleChanges:
    return ConsoleChanges(frames=tuple(map(FrameToken, tokens)), since=since)


def test_a_frame_is_answered_when_it_is_on_the_screen(presentation: Presentation, answers: Answers) -> None:
    presentation.applied(changes(7))
    presentation.committed(1)
    assert answers == []
    presentation.presented(1, when=1.016)
    assert answers == [7]
    assert presentation.frames == 1
    assert presentation.latencies.milliseconds() == {"p50": 16.0, "p99": 16.0, "max": 16.0}


def test_what_came_after_the_commit_waits_for_the_next(presentation: Presentation, answers: Answers) -> None:
    presentation.applied(changes(1))
    presentation.committed(1)
    presentation.applied(changes(2))
    presentation.presented(1, when=2)
    assert answers == [1]
    presentation.committed(2)
    presentation.presented(2, when=3)
    assert answers == [1, 2]


def test_a_presentation_answers_for_the_commits_before_it(
    presentation: Presentation, answers: Answers
) -> None:
    for commit in (1, 2):
        presentation.applied(changes(commit))
        presentation.committed(commit)
    presentation.presented(2, when=2)
    assert answers == [1, 2]


def test_what_no_frame_will_show_is_answered_at_once(presentation: Presentation, answers: Answers) -> None:
    presentation.applied(changes(1), "hidden")
    assert answers == [1]
    assert presentation.unpresented == 1
    presentation.committed(1)
    presentation.presented(1, when=2)
    assert presentation.frames == 0


def test_an_output_that_goes_dark_keeps_nobody_waiting(presentation: Presentation, answers: Answers) -> None:
    presentation.applied(changes(1))
    presentation.committed(1)
    presentation.applied(changes(2))
    presentation.give_up("its output went dark")
    assert answers == [1, 2]
    presentation.presented(1, when=2)
    assert answers == [1, 2]


def test_a_frame_without_anything_new_counts_for_nothing(presentation: Presentation) -> None:
    presentation.committed(1)
    presentation.presented(1, when=2)
    assert presentation.frames == 0


def test_after_a_disconnection_nobody_is_answered(presentation: Presentation, answers: Answers) -> None:
    presentation.applied(changes(1))
    presentation.disconnect()
    presentation.connect(answers)
    presentation.committed(1)
    presentation.presented(1, when=2)
    assert answers == []
