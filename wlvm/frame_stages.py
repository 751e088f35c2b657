"""A recorded guest frame as a row of stages, and how long each took over many frames. docs/performance.md tells what the stages are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from wlvm.latency import percentile
from wlvm.trace import DrawTrace, FrameTrace, PressTrace, Recorded

#: In their order: each begins where the one before it ends.
STAGES: Final = (
    "receive",
    "decode",
    "wake",
    "fence",
    "update",
    "wait",
    "draw",
    "present",
    "answer",
)
#: From the message's arrival to the presentation: all of them but the first and the last.
WHOLE: Final = "received to presented"

#: Why a frame that is told of has no end.
UNDER_WAY: Final = "still on its way after a second"


class Stage(Struct, frozen=True):
    """One stage of a frame, in nanoseconds of CLOCK_MONOTONIC."""

    name: str
    began: int
    ended: int


class Trace(Struct):
    """All that was recorded."""

    frames: list[FrameTrace] = field(default_factory=list)
    draws: dict[tuple[str, int], DrawTrace] = field(default_factory=dict)
    presses: list[PressTrace] = field(default_factory=list)
    dropped: int = 0

    @classmethod
    def of(cls, recorded: Iterable[Recorded]) -> Trace:
        """What was recorded piece by piece."""
        trace = cls()
        for each in recorded:
            trace.add(each)
        return trace

    def add(self, recorded: Recorded) -> None:
        """Have this in it, too."""
        self.frames += recorded.frames
        self.draws.update(((draw.output, draw.commit), draw) for draw in recorded.draws)
        self.presses += recorded.presses
        self.dropped += recorded.dropped

    def draw(self, frame: FrameTrace) -> DrawTrace | None:
        """The drawing of the output's frame that shows this one; None where there is none, or nobody recorded it."""
        return self.draws.get((frame.output, frame.commit))


def stages(frame: FrameTrace, draw: DrawTrace | None) -> Iterator[Stage]:
    """The stages that a frame has reached, each as far as it is over. A stage that nothing waits in has no length.

    Where several messages are in it, they are the first one's. Some backends tell that a frame was presented while it is being committed: it
    counts as presented when it was committed.
    """
    message = frame.messages[0]
    ends = (
        message.received,
        message.handed_over,
        frame.taken,
        frame.update_began,
        frame.updated,
        draw.began if draw is not None else 0,
        draw.committed if draw is not None else 0,
        frame.presented,
        answered(frame),
    )
    began = message.began
    for name, end in zip(STAGES, ends, strict=True):
        if not end:
            return
        ended = max(began, end)
        yield Stage(name, began, ended)
        began = ended


def answered(frame: FrameTrace) -> int:
    """When the last message that QEMU waited for was answered; 0 where it waited for none, or still does."""
    answers = [message.acknowledged for message in frame.messages if message.waits]
    return max(answers) if answers and all(answers) else 0


def was_answered_early(frame: FrameTrace) -> bool:
    """Whether QEMU was answered before its frame was presented: it took longer than QEMU is made to wait, or none was to come."""
    return 0 < answered(frame) < (frame.presented or answered(frame) + 1)


class Spread(Struct, frozen=True):
    """How long something took: percentiles in milliseconds, and in how many frames."""

    frames: int
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> Spread:
        """The percentiles of at least one time."""
        in_order = [each / 1e6 for each in sorted(nanoseconds)]
        shares = (round(percentile(in_order, percent), 4) for percent in (50, 95, 99, 100))
        return cls(len(in_order), *shares)


class ConsoleSummary(Struct, frozen=True):
    """What became of a console's frames: how many there were, how many were `presented`, and of these how many together with a newer one, of
    which nothing may have been left to see (`shared`). Why the others were not, and how many for each reason (`unpresented`). How many QEMU was
    told to go on from before they were presented (`answered_early`). By stage, and of the WHOLE, how long it took.
    """

    guest: str
    console: int
    frames: int
    presented: int
    shared: int
    unpresented: Mapping[str, int]
    answered_early: int
    stages: Mapping[str, Spread]


class Summary(Struct, frozen=True):
    """A trace in numbers; `dropped` were not recorded, because this program did not read fast enough."""

    consoles: Sequence[ConsoleSummary]
    dropped: int


def summary(trace: Trace) -> Summary:
    """A trace in numbers."""
    by_console: dict[tuple[str, int], list[FrameTrace]] = {}
    for frame in trace.frames:
        by_console.setdefault((frame.guest, frame.console), []).append(frame)
    consoles = (_console(trace, *key, frames) for key, frames in sorted(by_console.items()))
    return Summary(tuple(consoles), trace.dropped)


def _console(trace: Trace, guest: str, console: int, frames: Sequence[FrameTrace]) -> ConsoleSummary:
    presented = [frame for frame in frames if frame.presented]
    return ConsoleSummary(
        guest,
        console,
        len(frames),
        len(presented),
        len(presented) - len({(frame.output, frame.commit) for frame in presented}),
        Counter(frame.ended or UNDER_WAY for frame in frames if not frame.presented),
        sum(map(was_answered_early, frames)),
        _spreads(trace, frames),
    )


def _spreads(trace: Trace, frames: Iterable[FrameTrace]) -> Mapping[str, Spread]:
    times: dict[str, list[int]] = {name: [] for name in (*STAGES, WHOLE)}
    for frame in frames:
        for stage in stages(frame, trace.draw(frame)):
            if stage.name != "answer" or not was_answered_early(frame):
                times[stage.name].append(stage.ended - stage.began)
        if frame.presented:
            times[WHOLE].append(frame.presented - frame.messages[0].received)
    return {name: Spread.of(taken) for name, taken in times.items() if taken}
