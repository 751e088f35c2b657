"""A recording as a Chrome trace file, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

The format is the "Trace Event Format": https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. Times are microseconds of
CLOCK_MONOTONIC, as those of other tools that trace the same machine are, if they are told to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wlvm.frame_stages import UNDER_WAY, Trace, stages
from wlvm.trace import DrawTrace, FrameTrace, PressTrace

Event = dict[str, Any]

#: The groups of tracks: wlvm's threads, the guests' consoles, and the outputs. Numbers of the file's own, not the kernel's.
_WLVM, _GUESTS, _OUTPUTS = 1, 2, 3
_GROUPS: Final = {_WLVM: "wlvm", _GUESTS: "guests", _OUTPUTS: "outputs"}
_MAIN, _DISPLAY = 1, 2
_THREADS: Final = {_MAIN: "main thread", _DISPLAY: "display thread"}


def chrome_trace(trace: Trace) -> dict[str, Any]:
    """The file, as what becomes JSON."""
    shown = {(frame.guest, frame.console) for frame in trace.frames}
    consoles = sorted(shown | {(press.guest, 0) for press in trace.presses})
    outputs = sorted({draw.output for draw in trace.draws.values()})
    guest_tracks = {console: number for number, console in enumerate(consoles, 1)}
    output_tracks = {output: number for number, output in enumerate(outputs, 1)}
    events = [
        *_names(guest_tracks, output_tracks),
        *_thread_slices(trace),
        *_output_slices(trace, output_tracks),
        *(_press(press, guest_tracks[press.guest, 0]) for press in trace.presses),
    ]
    for number, frame in enumerate(trace.frames, 1):
        events += _frame(frame, trace.draw(frame), number, guest_tracks[frame.guest, frame.console])
        events += _flow(frame, trace.draw(frame), number, output_tracks)
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"clock": "CLOCK_MONOTONIC", "dropped": trace.dropped},
    }


def _names(guests: dict[tuple[str, int], int], outputs: dict[str, int]) -> Iterator[Event]:
    for group, name in _GROUPS.items():
        yield _metadata("process_name", group, 0, name=name)
        yield _metadata("process_sort_index", group, 0, sort_index=group)
    for thread, name in _THREADS.items():
        yield _metadata("thread_name", _WLVM, thread, name=name)
    for (guest, console), track in guests.items():
        yield _metadata("thread_name", _GUESTS, track, name=_console(guest, console))
    for output, track in outputs.items():
        yield _metadata("thread_name", _OUTPUTS, track, name=output)


def _metadata(kind: str, group: int, track: int, **arguments: object) -> Event:
    return {"ph": "M", "name": kind, "pid": group, "tid": track, "args": arguments}


def _console(guest: str, console: int) -> str:
    return f"{guest}:{console}" if console else guest


def _thread_slices(trace: Trace) -> Iterator[Event]:
    """What took the time of wlvm's threads."""
    updates: set[tuple[int, int]] = set()
    for frame in trace.frames:
        who = _console(frame.guest, frame.console)
        for message in frame.messages:
            yield _slice(
                message.name, _WLVM, _DISPLAY, message.received, message.handed_over, {"console": who}
            )
        update = frame.update_began, frame.updated
        if (
            frame.updated and update not in updates
        ):  # Frames that waited for a GPU are brought up to date together.
            updates.add(update)
            yield _slice(f"update {who}", _WLVM, _MAIN, *update, {"copied": frame.copied})
    for draw in trace.draws.values():
        yield _slice(f"draw {draw.output}", _WLVM, _MAIN, draw.began, draw.committed, {"commit": draw.commit})


def _output_slices(trace: Trace, tracks: dict[str, int]) -> Iterator[Event]:
    """What became of each output's frames: one is drawn when the one before it is on the screen."""
    for draw in trace.draws.values():
        about = {"commit": draw.commit, "scanned out": draw.scanned_out}
        yield _slice("draw", _OUTPUTS, tracks[draw.output], draw.began, draw.committed, about)
        if draw.presented > draw.committed:
            following = trace.draws.get((draw.output, draw.commit + 1))
            end = draw.presented if following is None else min(draw.presented, following.began)
            yield _slice("to the screen", _OUTPUTS, tracks[draw.output], draw.committed, end, about)


def _frame(frame: FrameTrace, draw: DrawTrace | None, number: int, track: int) -> Iterator[Event]:
    """A guest's frame with its stages. Frames of one guest overlap: they are asynchronous events, in as many rows as it takes."""

    def event(phase: str, name: str, when: int, **arguments: object) -> Event:
        about = {"args": arguments} if arguments else {}
        return {
            "ph": phase, "cat": "frame", "id2": {"local": number}, "name": name,
            "pid": _GUESTS, "tid": track, "ts": _microseconds(when), **about,
        }  # fmt: skip

    reached = list(stages(frame, draw))
    name = f"frame of {_console(frame.guest, frame.console)}"
    messages = [message.name for message in frame.messages]
    more = {"more messages": frame.more} if frame.more else {}
    yield event("b", name, reached[0].began, messages=messages, copied=frame.copied, **more)
    for stage in reached:
        yield event("b", stage.name, stage.began)
        yield event("e", stage.name, stage.ended)
    last = reached[-1].ended
    if not frame.presented:
        yield event("n", frame.ended or UNDER_WAY, last)
    yield event("e", name, last)


def _press(press: PressTrace, track: int) -> Event:
    """A key that was sent to a guest."""
    return {
        "ph": "i", "s": "t", "cat": "key", "name": "key or button",
        "pid": _GUESTS, "tid": track, "ts": _microseconds(press.sent),
    }  # fmt: skip


def _flow(frame: FrameTrace, draw: DrawTrace | None, number: int, outputs: dict[str, int]) -> Iterator[Event]:
    """The arrows from thread to thread, each of which begins and ends at a slice's beginning."""
    places = [(_WLVM, _DISPLAY, frame.messages[0].received)]
    if frame.updated:
        places.append((_WLVM, _MAIN, frame.update_began))
    if draw is not None:
        places.append((_WLVM, _MAIN, draw.began))
        if draw.presented > draw.committed:
            places.append((_OUTPUTS, outputs[draw.output], draw.committed))
    if len(places) < 2:
        return
    for place, (group, track, when) in enumerate(places):
        phase = "s" if place == 0 else "f" if place == len(places) - 1 else "t"
        yield {
            "ph": phase, "cat": "frame", "id": number, "name": "frame",
            "pid": group, "tid": track, "ts": _microseconds(when), **({"bp": "e"} if phase == "f" else {}),
        }  # fmt: skip


def _slice(name: str, group: int, track: int, began: int, ended: int, about: Mapping[str, object]) -> Event:
    duration = _microseconds(max(0, ended - began))
    return {
        "ph": "X", "name": name, "pid": group, "tid": track,
        "ts": _microseconds(began), "dur": duration, "args": about,
    }  # fmt: skip


def _microseconds(nanoseconds: int) -> float:
    return nanoseconds / 1000
