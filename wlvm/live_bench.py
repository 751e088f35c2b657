"""What a running wlvm and one of its guests do, watched from outside for a while (`wlvm bench`).

First they are counted, while nothing is recorded: frames, processor time, wake-ups. Then frames are traced. Nothing is done to the guest but
the keys that the person names.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from wlvm.frame_stages import ConsoleSummary, Spread, Trace, summary
from wlvm.ipc import ControlClient, ControlError
from wlvm.ipc.messages import About, ConsoleStats, OutputListing, OutputStats, Stats
from wlvm.process_usage import fine_cpu_seconds, proportional_kib, voluntary_switches
from wlvm.trace import Recorded

#: How often a named key is pressed, and the least time from one press to the next, in seconds: no picture follows so late.
PRESSES: Final = 10
_PAUSE: Final = 0.6
#: A picture within so many nanoseconds behind a key counts as its answer, if there was none for so long before the key.
_ANSWERED_WITHIN: Final = 500_000_000
_QUIET: Final = 100_000_000

_Value = TypeVar("_Value")


class Usage(Struct, frozen=True):
    """What a process took while it was counted: processor time in milliseconds a second, and for each frame shown (None without any); how often it
    was woken in a second; and its memory in MB, shared memory divided among those that share it. None is what the kernel did not tell.
    """

    cpu_ms_per_second: float | None
    cpu_ms_per_frame: float | None
    wakeups_per_second: float | None
    memory_mb: float | None


class Counts(Struct, frozen=True):
    """So many a second, over `seconds`: the console's `updates` that QEMU told of, the `frames` that showed some, those of other consoles
    (`other_frames`), the output's own (`output_frames`) and of these the ones that were a guest's buffer as it is (`scanouts`); and the MB of
    pixels that wlvm `copied`.
    """

    seconds: float
    updates: float
    frames: float
    other_frames: float
    output_frames: float
    scanouts: float
    copied: float


class KeyAnswers(Struct, frozen=True):
    """Keys pressed while frames were traced: from the key's way to QEMU to the presentation of the next picture (`to_picture`, None without any).
    No picture followed some (`unanswered`), and the guest drew anyway when others were pressed (`unclear`).
    """

    to_picture: Spread | None
    unanswered: int
    unclear: int


class Watched(Struct, frozen=True):
    """All that was seen. The guest's `state` is `wlvm list`'s; `refresh` is the output's, in Hz; 0 where it has none. `frames` is None where nothing was drawn while it was traced."""

    about: About
    guest: str
    console: int
    state: str
    runs: str
    path: str
    fallback: str
    output: str
    pixels: tuple[int, int]
    refresh: float
    counts: Counts
    wlvm: Usage
    qemu: Usage | None
    frames: ConsoleSummary | None
    dropped: int
    keys: KeyAnswers

    @property
    def stood_still(self) -> bool:
        """Whether the guest changed nothing while it was counted."""
        return not self.counts.updates


class _Process(Struct, frozen=True):
    """A process at a moment."""

    cpu: float | None
    wakeups: int | None
    memory_kib: int | None


class _Moment(Struct, frozen=True):
    """wlvm at a moment."""

    at: float
    stats: Stats
    wlvm: _Process
    qemu: _Process | None


def watch(socket: Path, guest: str | None, console: int | None, seconds: float, key: str | None) -> Watched:
    """Watch a guest's console (None: the one with the focus, or the only one that is to be seen) for so long, half of it traced.

    `key` is a character that is typed into the guest ten times, afterwards. ControlError when there is nothing to watch.
    """
    with ControlClient(socket) as client:
        about = client.about()
        guest, console, output = _find(client, guest, console)
        runs = next((each for each in about.guests if each.name == guest), None)
        pid = runs.pid if runs is not None and runs.pid is not None and _is_qemu(runs.pid) else None
        state = next(each.state for each in client.listing().guests if each.name == guest)
        before = _now(client, about.pid, pid)
        time.sleep(seconds / 2)
        after = _now(client, about.pid, pid, stats_first=False)
        recorded = _traced(socket, seconds / 2)
        if key is not None:
            recorded += _pressed(socket, client, guest, key)
    trace = Trace.of(recorded)
    found = [each for each in summary(trace).consoles if (each.guest, each.console) == (guest, console)]
    counts = _counts(before, after, guest, console, output.name)
    shown = counts.frames + counts.other_frames
    stats = _console(after.stats, guest, console)
    return Watched(
        about=about,
        guest=guest,
        console=console,
        state=state,
        runs="" if runs is None else runs.runs,
        path=stats.path,
        fallback=stats.fallback,
        output=output.name,
        pixels=output.pixels,
        refresh=output.refresh,
        counts=counts,
        wlvm=_usage(before.wlvm, after.wlvm, counts.seconds, shown),
        qemu=_usage(before.qemu, after.qemu, counts.seconds, counts.frames)
        if before.qemu is not None and after.qemu is not None
        else None,
        frames=found[0] if found else None,
        dropped=trace.dropped,
        keys=key_answers(trace, guest, console),
    )


def key_answers(trace: Trace, guest: str, console: int) -> KeyAnswers:
    """What followed the keys that were pressed for a guest. One that follows another at once is of the same stroke: Shift, and what it shifts."""
    frames = sorted(
        (frame.messages[0].received, frame.presented)
        for frame in trace.frames
        if (frame.guest, frame.console) == (guest, console)
    )
    times: list[int] = []
    unanswered = unclear = 0
    latest = 0
    for sent in sorted(press.sent for press in trace.presses if press.guest == guest):
        same_stroke, latest = sent - latest < _QUIET, sent
        if same_stroke:
            continue
        following = [each for each in frames if sent <= each[0] < sent + _ANSWERED_WITHIN and each[1]]
        if any(sent - _QUIET < received < sent for received, _ in frames):
            unclear += 1
        elif following:
            times.append(following[0][1] - sent)
        else:
            unanswered += 1
    return KeyAnswers(Spread.of(times) if times else None, unanswered, unclear)


def _find(client: ControlClient, guest: str | None, console: int | None) -> tuple[str, int, OutputListing]:
    """Which console is to be watched, and the output that it is on."""
    views = [view for view in client.views().views if view.guest is not None]
    wanted = [view for view in views if guest in (None, view.guest) and console in (None, view.console)]
    if guest is not None and not wanted:
        names = ", ".join(dict.fromkeys(view.guest or "" for view in views)) or "none"
        raise ControlError(f"no console of {guest} to watch: there are {names}", "not-found")
    seen = [view for view in wanted if view.visible and view.output is not None]
    focused = [view for view in seen if view.focused]
    if not seen:
        who = "no guest is" if guest is None else f"{guest} is not"
        raise ControlError(f"{who} to be seen: go to its workspace")
    if guest is None and not focused and len(seen) > 1:
        names = ", ".join(dict.fromkeys(view.guest or "" for view in seen))
        raise ControlError(f"several guests are to be seen: name one of {names}", "invalid")
    view = (focused or seen)[0]
    assert view.guest is not None
    assert view.console is not None
    output = next(each for each in client.outputs().outputs if each.name == view.output)
    if not output.on:
        raise ControlError(f"{output.name}, which {view.guest} is on, is off")
    return view.guest, view.console, output


def _now(client: ControlClient, wlvm: int, qemu: int | None, *, stats_first: bool = True) -> _Moment:
    """Ask for everything. What answering costs wlvm is to lie outside of what is counted: at its beginning it answers first, at its end last."""
    stats = client.stats() if stats_first else None
    at = time.monotonic()
    processes = _process(wlvm), None if qemu is None else _process(qemu)
    return _Moment(at, client.stats() if stats is None else stats, *processes)


def _process(pid: int) -> _Process:
    return _Process(
        _told(lambda: fine_cpu_seconds(pid)),
        _told(lambda: voluntary_switches(pid)),
        _told(lambda: proportional_kib(pid)),
    )


def _is_qemu(pid: int) -> bool:
    """Whether a process is a QEMU: at the other end of a socket there may be one that passes on what a QEMU elsewhere says."""
    name = _told(lambda: Path(f"/proc/{pid}/comm").read_text())
    return name is not None and any(part in name for part in ("qemu", "kvm"))


def _told(ask: Callable[[], _Value]) -> _Value | None:
    """What the kernel tells, if it does: not of a process of another user, or that has ended."""
    with contextlib.suppress(OSError):
        return ask()
    return None


def _traced(socket: Path, seconds: float) -> list[Recorded]:
    with ControlClient(socket) as client:
        return list(client.trace(seconds))


def _pressed(socket: Path, client: ControlClient, guest: str, key: str) -> list[Recorded]:
    """What was traced while a key was pressed again and again, out of step with everything."""
    with ControlClient(socket) as tracing:
        recorded = tracing.trace(PRESSES * _PAUSE * 1.5)
        for _ in range(PRESSES):
            client.type_text(guest, key)
            time.sleep(_PAUSE * random.uniform(1, 1.4))
        return list(recorded)


def _counts(before: _Moment, after: _Moment, guest: str, console: int, output: str) -> Counts:
    seconds = after.at - before.at
    then, now = _console(before.stats, guest, console), _console(after.stats, guest, console)
    output_then, output_now = _output(before.stats, output), _output(after.stats, output)
    shown = now.frames - then.frames
    drawn = _frames(after.stats) - _frames(before.stats)
    return Counts(
        seconds,
        (now.updates - then.updates) / seconds,
        shown / seconds,
        (drawn - shown) / seconds,
        (output_now.frames - output_then.frames) / seconds,
        (output_now.scanouts - output_then.scanouts) / seconds,
        (now.copied_bytes - then.copied_bytes) / 1e6 / seconds,
    )


def _console(stats: Stats, guest: str, console: int) -> ConsoleStats:
    for each in stats.guests:
        for candidate in each.consoles:
            if (each.name, candidate.index) == (guest, console):
                return candidate
    raise ControlError(f"{guest} went away meanwhile")


def _output(stats: Stats, name: str) -> OutputStats:
    for each in stats.outputs:
        if each.name == name:
            return each
    raise ControlError(f"{name} went away meanwhile")


def _frames(stats: Stats) -> int:
    """The frames that showed something new, of all consoles."""
    return sum(console.frames for guest in stats.guests for console in guest.consoles)


def _usage(before: _Process, after: _Process, seconds: float, frames_per_second: float) -> Usage:
    cpu = wakeups = None
    if before.cpu is not None and after.cpu is not None:
        cpu = (after.cpu - before.cpu) * 1000 / seconds
    if before.wakeups is not None and after.wakeups is not None:
        wakeups = (after.wakeups - before.wakeups) / seconds
    return Usage(
        cpu,
        cpu / frames_per_second if cpu is not None and frames_per_second else None,
        wakeups,
        None if after.memory_kib is None else after.memory_kib * 1024 / 1e6,
    )
