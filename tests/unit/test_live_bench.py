"""What `wlvm bench` makes of what it sees, and says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import msgspec
import pytest

from wlvm import cli, command_line, live_bench_text
from wlvm.frame_stages import Trace, summary
from wlvm.ipc.messages import About, MachineAbout
from wlvm.live_bench import Counts, KeyAnswers, Usage, Watched, key_answers
from wlvm.process_usage import fine_cpu_seconds, proportional_kib, voluntary_switches
from wlvm.trace import FrameTrace, MessageTrace, PressTrace, Recorded

MS = 1_000_000


@dataclass
class Told:
    """A trace of one guest, in milliseconds."""

    recorded: Recorded = field(default_factory=Recorded)

    def key(self, at: int) -> Told:
        self.recorded.presses.append(PressTrace("card", at * MS))
        return self

    def picture(self, received: int, presented: int) -> Told:
        message = MessageTrace("UpdateMap", received * MS, received * MS, received * MS)
        frame = FrameTrace("card", messages=[message], taken=received * MS, presented=presented * MS)
        self.recorded.frames.append(frame)
        return self

    def answers(self) -> KeyAnswers:
        return key_answers(Trace.of([self.recorded]), "card", 0)


def test_a_keys_answer_is_the_next_picture() -> None:
    told = Told().key(1000).picture(1005, 1012).picture(1030, 1040).key(2000).picture(2001, 2020)
    answers = told.answers()
    assert answers.to_picture is not None
    assert (answers.to_picture.frames, answers.to_picture.p50, answers.to_picture.max) == (2, 12, 20)
    assert (answers.unanswered, answers.unclear) == (0, 0)


def test_a_shifted_key_is_one_stroke() -> None:
    answers = Told().key(1000).key(1001).picture(1005, 1012).answers()
    assert answers.to_picture is not None
    assert answers.to_picture.frames == 1


def test_a_picture_that_comes_late_or_never_is_no_answer() -> None:
    assert Told().key(1000).key(2000).picture(2900, 2901).answers() == KeyAnswers(None, 2, 0)


def test_what_a_guest_draws_anyway_answers_nothing() -> None:
    told = Told()
    for at in range(900, 1200, 16):
        told.picture(at, at + 10)
    assert told.key(1000).answers() == KeyAnswers(None, 0, 1)


def watched(trace: Trace, **changes: object) -> Watched:
    """What was seen of a guest that stood still while it was counted."""
    about = About(
        "1.0", 1, "headless", "pixman", "there is no GPU", (MachineAbout("card", "QEMU 9.2", None),)
    )
    still = Watched(
        about=about, guest="card", console=0, state="running", runs="QEMU 9.2", path="bytes", fallback="",
        output="DP-1", pixels=(800, 600), refresh=50.0, counts=Counts(5.0, 0, 0, 0, 0, 0, 0),
        wlvm=Usage(0.5, None, 2.0, 40.0), qemu=None, frames=next(iter(summary(trace).consoles), None), dropped=0,
        keys=KeyAnswers(None, 0, 0),
    )  # fmt: skip
    return msgspec.structs.replace(still, **changes)


def test_of_a_guest_that_draws_nothing_it_says_what_to_do() -> None:
    text = live_bench_text.text(watched(Trace()))
    assert "The guest stood still" in text
    assert "Of frames this says nothing: play a video in the guest" in text
    assert "STAGE" not in text
    assert "wlvm was woken" in text
    assert "- what QEMU takes: nobody says which process it is" in text
    assert "- anything of a screen" in text


def test_of_a_guest_that_draws_it_says_how_late_it_is_in_refreshes() -> None:
    trace = Trace.of([Told().picture(1000, 1010).picture(1020, 1050).recorded])
    counts = Counts(5.0, 60, 50, 10, 55, 0, 1.5)
    text = live_bench_text.text(watched(trace, counts=counts, keys=KeyAnswers(None, 1, 2)))
    assert "The guest drew." in text
    assert "Other consoles drew too" in text
    assert "in refreshes of 20.0 ms: 0.50 (p50), 1.50 (p95), 1.50 (p99)" in text
    assert "no picture followed 1 keys" in text
    assert "when 2 keys were pressed" in text


def test_the_kernel_tells_of_processes_that_are_there() -> None:
    pid = os.getpid()
    assert fine_cpu_seconds(pid) > 0
    assert voluntary_switches(pid) >= 0
    assert proportional_kib(pid) > 1000


@pytest.mark.parametrize("key", ["spce", "F1", ""])
def test_only_keys_that_type_a_character_can_be_pressed(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "--key", key])
    assert ended.value.code == command_line.USAGE
    assert "expected one character, space, Return or Tab" in capsys.readouterr().err
