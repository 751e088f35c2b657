"""What is recorded of a guest frame's way, and what it comes to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from jeepney.low_level import MessageType

from tests.chrome_trace import ChromeTrace
from tests.display_watcher import DisplayWatcher
from tests.fake_qemu import LISTENER, FakeQemu, method_call
from tests.loops import ManualLoop
from tests.wlvm_process import eventually
from wlvm import tables, trace
from wlvm.chrome_trace import chrome_trace
from wlvm.frame_stages import STAGES, UNDER_WAY, WHOLE, Trace, summary
from wlvm.framebuffer import XRGB8888
from wlvm.ipc.messages import ControlError
from wlvm.ipc.trace_feed import TraceFeed
from wlvm.presentation import Presentation
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.handover import ConsoleChanges
from wlvm.trace import (
    MAX_MESSAGES,
    MAX_WAITING,
    TRACER,
    DrawTrace,
    FrameTrace,
    MessageTrace,
    PressTrace,
    Recorded,
    Recording,
)

MS = 1_000_000


@pytest.fixture
def recording() -> Iterator[Recording]:
    made = TRACER.recording = Recording()
    yield made
    TRACER.recording = None


def frame(
    start: int, commit: int = 1, guest: str = "debian", wait: int = 5, waits: bool = False
) -> FrameTrace:
    """A frame whose stages take 1 ms each, the wait for the screen `wait`; of a draw(start, commit)."""
    message = MessageTrace("UpdateMap", start, start + MS, start + 2 * MS)
    if waits:
        message.waits, message.acknowledged = True, start + (8 + wait) * MS
    return FrameTrace(
        guest, 0, [message], taken=start + 3 * MS, update_began=start + 4 * MS, updated=start + 5 * MS,
        copied=100, output="DP-1", commit=commit, presented=start + (7 + wait) * MS,
    )  # fmt: skip


def draw(start: int, commit: int = 1, wait: int = 5) -> DrawTrace:
    """The frame of the output that shows a frame(start, commit)."""
    began = start + (5 + wait) * MS
    return DrawTrace("DP-1", commit, began, began + MS, began + 2 * MS)


def recorded(count: int) -> Trace:
    """So many frames, one after the other, whose waits are 1, 2, 3 ... ms."""
    starts = [(1 + 1000 * number) * MS for number in range(count)]
    frames = [frame(start, number, wait=number) for number, start in enumerate(starts, 1)]
    draws = [draw(start, number, wait=number) for number, start in enumerate(starts, 1)]
    return Trace.of([Recorded(frames, draws)])


def show(changes: ConsoleChanges, presentation: Presentation, recording: Recording, commit: int) -> None:
    """Do with what a console changed what the main thread does."""
    TRACER.taken(changes.traces, "debian", 0)
    trace.updated(changes.traces, time.monotonic_ns(), 0, "DP-1")
    presentation.applied(changes)
    recording.drew("DP-1", commit, time.monotonic_ns(), scanned_out=True)
    presentation.committed(commit)
    when = time.monotonic()
    presentation.presented(commit, when)
    recording.presented("DP-1", commit, when)


def test_a_dmabufs_frame_goes_through_every_stage_to_its_answer(
    thread: DisplayThread, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wlvm.linux_dmabuf.dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)
    monkeypatch.setattr("wlvm.qemu.listener.FRAME_DEADLINE", 3600.0)
    memory = os.memfd_create("guest", os.MFD_CLOEXEC)
    os.truncate(memory, 640 * 480 * 4)
    watcher = DisplayWatcher(thread)
    with FakeQemu() as qemu:
        thread.connect(qemu.take_client(), watcher)
        (console,) = watcher.wait_connected()
        listener, presentation = qemu.listener(), Presentation()
        presentation.connect(console.acknowledge)
        listener.tell(LISTENER, "ScanoutDMABUF", "huuuutb", (memory, 640, 480, 2560, XRGB8888, 0, False))
        serial = listener.peer.begin(method_call(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 10, 10)))
        taken: list[ConsoleChanges] = []
        watcher.wait_taken(console, lambda changes: taken.append(changes) or bool(changes.frames))
        changes = taken[0]
        for later in taken[1:]:
            changes.absorb(later)
        show(changes, presentation, recording, commit=1)
        assert listener.peer.wait(serial).header.message_type is MessageType.method_return
        whole = Trace()

        def told() -> list[str]:
            whole.add(recording.take())
            return [message.name for each in whole.frames for message in each.messages]

        # Taken one after the other, they are two frames, of which one awaits no answer.
        eventually("both are told", lambda: told() == ["ScanoutDMABUF", "UpdateDMABUF"])
        changes.close()
    os.close(memory)
    (shown,) = summary(whole).consoles
    assert tuple(shown.stages) == (*STAGES, WHOLE)
    assert (shown.presented, shown.answered_early) == (shown.frames, 0)


def test_nothing_is_recorded_where_nobody_asks(thread: DisplayThread) -> None:
    watcher = DisplayWatcher(thread)
    with FakeQemu() as qemu:
        thread.connect(qemu.take_client(), watcher)
        (console,) = watcher.wait_connected()
        qemu.listener().scanout(2, 1, bytes(8))
        assert watcher.wait_taken(console, lambda changes: changes.scanout is not None).traces == ()


def test_a_frame_that_nobody_will_see_ends_with_the_reason() -> None:
    presentation = Presentation()
    hidden, waiting, committed = FrameTrace(), FrameTrace(), FrameTrace()
    presentation.applied(ConsoleChanges(traces=(hidden,), since=1.0), "hidden")
    presentation.applied(ConsoleChanges(traces=(committed,), since=1.0))
    presentation.committed(7)
    presentation.applied(ConsoleChanges(traces=(waiting,), since=1.0))
    presentation.give_up("its output went dark")
    assert [hidden.ended, waiting.ended, committed.ended] == ["hidden", *["its output went dark"] * 2]
    assert committed.commit == 7
    assert all(each.is_over for each in (hidden, waiting, committed))


def test_what_waits_to_be_read_is_bounded_and_the_rest_is_counted(recording: Recording) -> None:
    for number in range(MAX_WAITING + 3):
        recording.has_taken(FrameTrace("debian", taken=number, ended="hidden"))
    told = recording.take()
    assert (len(told.frames), told.frames[0].taken, told.dropped) == (MAX_WAITING, 3, 3)
    assert recording.take() == Recorded()
    many = FrameTrace()
    for _ in range(MAX_MESSAGES + 2):
        many.add(MessageTrace("Update", 1, 1))
    assert (len(many.messages), many.more) == (MAX_MESSAGES, 2)


def test_a_frame_is_told_when_its_way_is_over_or_after_a_second(recording: Recording) -> None:
    now = time.monotonic_ns()
    lost, waits = FrameTrace("lost", taken=now - 2_000 * MS), FrameTrace("waits", taken=now)
    answered = FrameTrace("answered", messages=[MessageTrace("UpdateDMABUF", 1, 1, waits=True)], presented=now, taken=now)  # fmt: skip
    for each in (lost, waits, answered):
        recording.has_taken(each)
    assert [each.guest for each in recording.take().frames] == ["lost"]
    answered.messages[0].acknowledged = now
    assert [each.guest for each in recording.take().frames] == ["answered"]
    assert recording.has_more


def test_one_records_at_a_time_and_hanging_up_ends_it() -> None:
    loop = ManualLoop()
    feed = TraceFeed(loop)
    stream = feed.record()
    assert TRACER.recording is not None
    with pytest.raises(ControlError, match="somebody else"):
        feed.record()
    assert not stream.following()
    TRACER.recording.has_taken(FrameTrace("debian", taken=1, ended="hidden"))
    (told,) = stream.following()
    assert msgspec.json.decode(msgspec.json.encode(told), type=Recorded) == told
    stream.ended(stream)
    assert TRACER.recording is None
    feed.record()
    feed.close()
    assert TRACER.recording is None


def test_percentiles_are_of_what_was_measured() -> None:
    (console,) = summary(recorded(100)).consoles
    wait = console.stages["wait"]
    assert (wait.frames, wait.p50, wait.p95, wait.p99, wait.max) == (100, 50, 95, 99, 100)
    assert console.stages["draw"].max == 1
    assert console.stages[WHOLE].p50 == 56
    assert "answer" not in console.stages


def test_frames_without_a_newer_look_are_counted_by_their_reason() -> None:
    together = [frame(1), frame(MS), frame(2 * MS, waits=True)]
    hidden = FrameTrace("debian", messages=[MessageTrace("Update", 1, 2, 3)], taken=4, ended="hidden")
    lost = FrameTrace("debian", messages=[MessageTrace("Update", 1, 2, 3)], taken=4)
    early = frame(3 * MS, commit=2, waits=True)
    early.messages[0].acknowledged = early.presented - 1
    frames = [*together, hidden, hidden, lost, early]
    numbers = summary(Trace.of([Recorded(frames, [draw(1), draw(3 * MS, 2)], dropped=4)]))
    (console,) = numbers.consoles
    assert (console.frames, console.presented, console.shared, console.answered_early) == (7, 4, 2, 1)
    assert console.unpresented == {"hidden": 2, UNDER_WAY: 1}
    assert console.stages["answer"].frames == 1
    text = tables.trace(numbers)
    assert "debian 0: 4 of 7 frames were presented; 2 together with a newer one; 2 were not: hidden" in text
    assert "4 more were recorded" in text
    assert tables.trace(summary(Trace())) == "no guest has changed its picture"


def test_the_file_is_what_perfetto_opens(tmp_path: Path) -> None:
    whole = recorded(3)
    hidden = FrameTrace(
        "dos", messages=[MessageTrace("Update", MS, MS, 2 * MS)], taken=4 * MS, ended="hidden"
    )
    whole.add(Recorded([hidden], presses=[PressTrace("debian", 7 * MS)]))
    file = tmp_path / "trace.json"
    file.write_text(json.dumps(chrome_trace(whole)))
    read = ChromeTrace(file)
    assert read.tracks.keys() == {"wlvm/display thread", "wlvm/main thread", "outputs/DP-1"}
    assert [each.name for each in read.tracks["outputs/DP-1"]] == ["draw", "to the screen"] * 3
    assert read.keys == [("guests/debian", 7000)]
    first, *_, last = read.frames.values()
    assert [stage.name for stage in first.stages] == [*STAGES[:-1]]
    assert first.tracks == [
        "wlvm/display thread",
        "wlvm/main thread",
        "wlvm/main thread",
        "outputs/DP-1",
    ]
    assert (last.name, last.notes, last.tracks) == ("frame of dos", ["hidden"], [])
