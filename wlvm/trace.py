"""What becomes of each guest frame, stage by stage, for as long as somebody records it (`wlvm msg trace`).

A frame is what the main thread takes from a console at once. What it went through travels with it, from the display thread to the screen, as
a `FrameTrace`; where none is recorded there is none, and each stage finds that out by one look at an attribute. All times are nanoseconds of
CLOCK_MONOTONIC; 0 is a stage that was not reached.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from msgspec import Struct, field

_Trace = TypeVar("_Trace")

#: Frames, and drawn frames of outputs, that wait for whoever records; the oldest are dropped for more.
MAX_WAITING: Final = 4096
#: Messages of QEMU's that are listed of one frame; there may be more in it where wlvm is late.
MAX_MESSAGES: Final = 16

#: How long a frame may be on its way, in nanoseconds, before it is told as it is: its guest has gone, or its display hangs.
_LOST_AFTER: Final = 1_000_000_000


class MessageTrace(Struct, omit_defaults=True):
    """A message of QEMU's that changed a console's picture, on the display thread: when its first bytes came (`began`), when it was `received`
    as a whole, and when it was decoded, validated and `handed_over` to the main thread. Where QEMU `waits` for the answer, when it was
    `acknowledged`.
    """

    name: str
    began: int
    received: int
    handed_over: int = 0
    waits: bool = False
    acknowledged: int = 0


class FrameTrace(Struct, omit_defaults=True):
    """One frame of a guest's console: the `messages` that it is made of, the first sixteen, and how many `more` there were.

    Then the main thread: when it was `taken`; when its picture's update began (`update_began`, after a GPU's fence), and was `updated`, with so
    many bytes `copied`. The first `commit` of the `output` that shows it, and when that was `presented`; or why it never was (`ended`).
    """

    guest: str = ""
    console: int = 0
    messages: list[MessageTrace] = field(default_factory=list)
    more: int = 0
    taken: int = 0
    update_began: int = 0
    updated: int = 0
    copied: int = 0
    output: str = ""
    commit: int = 0
    presented: int = 0
    ended: str = ""

    def add(self, message: MessageTrace) -> None:
        """Have another message in it."""
        if len(self.messages) >= MAX_MESSAGES:
            self.more += 1
        elif not self.messages or self.messages[-1] is not message:
            self.messages.append(message)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        if not (self.presented or self.ended):
            return False
        return all(message.acknowledged for message in self.messages if message.waits)


class DrawTrace(Struct, omit_defaults=True):
    """One frame of an output, numbered by `commit`: when its drawing `began`, when it was `committed`, and when it was `presented`.
    `scanned_out`: the screen shows a guest's buffer as it is.
    """

    output: str
    commit: int
    began: int
    committed: int
    presented: int = 0
    scanned_out: bool = False


class PressTrace(Struct):
    """A key or button that went down for a `guest`, `sent` to its QEMU then. Which one is not recorded."""

    guest: str
    sent: int


class Recorded(Struct, omit_defaults=True):
    """What a recording has to tell: `frames` and `draws` whose way is over, the `presses`, and how many of these were `dropped` since it last told."""

    frames: list[FrameTrace] = field(default_factory=list)
    draws: list[DrawTrace] = field(default_factory=list)
    presses: list[PressTrace] = field(default_factory=list)
    dropped: int = 0


class Recording:
    """What is recorded, until somebody takes it. `message` is the display thread's, all else the main thread's."""

    def __init__(self, news: Callable[[], None] = lambda: None) -> None:
        """`news` is called on the main thread when there is something to take, or will be soon."""
        self._news = news
        self._began = time.monotonic_ns()
        self._frames: deque[FrameTrace] = deque()
        self._draws: deque[DrawTrace] = deque()
        self._presses: deque[PressTrace] = deque()
        self._dropped = 0
        #: The message that the display thread is at.
        self.message: MessageTrace | None = None

    @property
    def has_more(self) -> bool:
        """Whether something is recorded that was not taken."""
        return bool(self._frames or self._draws or self._presses)

    def received(self, name: str, began: int, received: int) -> None:
        """The display thread begins with a message whose first bytes came at `began`: before the recording, perhaps, so that nobody noted it."""
        self.message = MessageTrace(name, began if began >= self._began else received, received)

    def awaits_answer(self) -> MessageTrace | None:
        """QEMU waits for an answer to the message that the display thread is at: whoever gives it notes that there."""
        if self.message is not None:
            self.message.waits = True
        return self.message

    def drew(self, output: str, commit: int, began: int, scanned_out: bool) -> None:
        """An output's frame, whose drawing `began` then, has just been committed."""
        draw = DrawTrace(output, commit, began, time.monotonic_ns(), scanned_out=scanned_out)
        self._add(self._draws, draw)

    def presented(self, output: str, commit: int, when: float) -> None:
        """That commit of an output, and those before, reached the screen at `when` (time.monotonic)."""
        for draw in reversed(self._draws):
            if draw.output == output and draw.commit <= commit:
                if draw.presented:
                    break
                draw.presented = nanoseconds(when)

    def pressed(self, guest: str) -> None:
        """A key or button of a guest goes down."""
        self._add(self._presses, PressTrace(guest, time.monotonic_ns()))

    def has_taken(self, frame: FrameTrace) -> None:
        """The main thread has taken a frame."""
        self._add(self._frames, frame)

    def take(self) -> Recorded:
        """What is over, or has been on its way for a second."""
        lost = time.monotonic_ns() - _LOST_AFTER
        frames: list[FrameTrace] = []
        draws: list[DrawTrace] = []
        under_way: deque[FrameTrace] = deque()
        undisplayed: deque[DrawTrace] = deque()
        for frame in self._frames:
            (frames if frame.is_over or frame.taken < lost else under_way).append(frame)
        for draw in self._draws:
            (draws if draw.presented or draw.committed < lost else undisplayed).append(draw)
        self._frames, self._draws = under_way, undisplayed
        presses, self._presses = list(self._presses), deque()
        dropped, self._dropped = self._dropped, 0
        return Recorded(frames, draws, presses, dropped)

    def _add(self, waiting: deque[_Trace], trace: _Trace) -> None:
        waiting.append(trace)
        if len(waiting) > MAX_WAITING:
            waiting.popleft()
            self._dropped += 1
        self._news()


class Tracer:
    """Whether somebody records, for all stages to see."""

    def __init__(self) -> None:
        self.recording: Recording | None = None

    def taken(self, frames: Iterable[FrameTrace], guest: str, console: int) -> None:
        """The main thread has taken these frames of a console."""
        now = time.monotonic_ns()
        for frame in frames:
            frame.guest, frame.console, frame.taken = guest, console, now
            if self.recording is not None:
                self.recording.has_taken(frame)


#: The process's one tracer: its threads and outputs are all on one time line.
TRACER: Final = Tracer()


def updated(frames: Iterable[FrameTrace], began: int, copied: int, output: str) -> None:
    """The scene now holds these frames, which one update has brought into it, of a console on that output."""
    now = time.monotonic_ns()
    for frame in frames:
        frame.update_began, frame.updated, frame.copied, frame.output = began, now, copied, output


def nanoseconds(when: float) -> int:
    """A time of time.monotonic as one of time.monotonic_ns."""
    return round(when * 1e9)
