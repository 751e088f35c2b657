"""A strict reader of Chrome trace files: what Perfetto would drop or draw in the wrong place is an error here."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

Event = dict[str, Any]

#: Of each phase (the "Trace Event Format"): what an event has, and may have.
_NEEDED = {
    "M": {"ph", "name", "pid", "tid", "args"},
    "X": {"ph", "name", "pid", "tid", "ts", "dur"},
    "i": {"ph", "s", "cat", "name", "pid", "tid", "ts"},
    **{phase: {"ph", "cat", "id2", "name", "pid", "tid", "ts"} for phase in "ben"},
    **{phase: {"ph", "cat", "id", "name", "pid", "tid", "ts"} for phase in "stf"},
}
_ALLOWED = {"args", "bp"}


class Slice(NamedTuple):
    """Something that took its time, in microseconds."""

    name: str
    began: float
    ended: float
    args: dict[str, Any]


class Journey(NamedTuple):
    """A frame's way: its name, its stages, in their order, what was noted on it, and the tracks that its arrows touch."""

    name: str
    stages: list[Slice]
    notes: list[str]
    tracks: list[str]


class ChromeTrace:
    """What a file holds: `tracks`, slices by "group/track"; `frames` by their numbers; `keys`, by their tracks, and when they were sent.

    AssertionError where it breaks the format.
    """

    def __init__(self, file: Path) -> None:
        whole = json.loads(file.read_text())
        assert whole.keys() == {"traceEvents", "displayTimeUnit", "otherData"}
        assert whole["displayTimeUnit"] in ("ms", "ns")
        self._events: list[Event] = whole["traceEvents"]
        for event in self._events:
            self._check(event)
        self._names = self._read_names()
        self.tracks = self._read_slices()
        self.frames = self._read_frames()
        self.keys = [(self._track(event), event["ts"]) for event in self._events if event["ph"] == "i"]

    @staticmethod
    def _check(event: Event) -> None:
        assert event["ph"] in _NEEDED, event
        needed = _NEEDED[event["ph"]]
        assert needed <= event.keys() <= needed | _ALLOWED, event
        if event["ph"] != "M":
            assert event["ts"] > 0, event
            assert event.get("dur", 0) >= 0, event

    def _read_names(self) -> dict[tuple[int, int], str]:
        groups: dict[int, str] = {}
        tracks: dict[tuple[int, int], str] = {}
        for event in self._events:
            if event["ph"] == "M" and event["name"] == "process_name":
                assert event["pid"] not in groups
                groups[event["pid"]] = event["args"]["name"]
            elif event["ph"] == "M" and event["name"] == "thread_name":
                assert (event["pid"], event["tid"]) not in tracks
                tracks[event["pid"], event["tid"]] = event["args"]["name"]
        return {key: f"{groups[key[0]]}/{name}" for key, name in tracks.items()}

    def _track(self, event: Event) -> str:
        return self._names[event["pid"], event["tid"]]

    def _read_slices(self) -> dict[str, list[Slice]]:
        tracks: defaultdict[str, list[Slice]] = defaultdict(list)
        for event in self._events:
            if event["ph"] == "X":
                ended = event["ts"] + event["dur"]
                tracks[self._track(event)].append(
                    Slice(event["name"], event["ts"], ended, event.get("args", {}))
                )
        for name, slices in tracks.items():
            slices.sort(key=lambda each: (each.began, -each.ended))
            open_until: list[float] = []
            for each in slices:
                while open_until and open_until[-1] <= each.began + 1e-3:
                    open_until.pop()
                # Slices of one track lie beside or within each other; else they are drawn in the wrong place.
                assert not open_until or each.ended <= open_until[-1] + 1e-3, (name, each)
                open_until.append(each.ended)
        return dict(tracks)

    def _read_frames(self) -> dict[int, Journey]:
        by_frame: defaultdict[int, list[Event]] = defaultdict(list)
        arrows: defaultdict[int, list[Event]] = defaultdict(list)
        for event in self._events:
            if event["ph"] in "ben":
                by_frame[event["id2"]["local"]].append(event)
            elif event["ph"] in "stf":
                arrows[event["id"]].append(event)
        assert arrows.keys() <= by_frame.keys()
        return {number: self._journey(events, arrows[number]) for number, events in by_frame.items()}

    def _journey(self, events: list[Event], arrows: list[Event]) -> Journey:
        times = [event["ts"] for event in events]
        assert times == sorted(times), events
        assert (events[0]["ph"], events[-1]["ph"]) == ("b", "e")
        assert events[0]["name"] == events[-1]["name"]
        stages, notes = [], []
        began: Event | None = None
        for event in events[1:-1]:
            if event["ph"] == "n":
                notes.append(event["name"])
            elif event["ph"] == "b":
                assert began is None
                began = event
            else:
                assert began is not None
                assert began["name"] == event["name"]
                stages.append(Slice(event["name"], began["ts"], event["ts"], {}))
                began = None
        assert began is None
        return Journey(events[0]["name"], stages, notes, self._arrow(arrows))

    def _arrow(self, arrows: list[Event]) -> list[str]:
        """The tracks that a flow touches, at the beginnings of slices there."""
        if not arrows:
            return []
        phases = "".join(arrow["ph"] for arrow in arrows)
        assert phases == "s" + "t" * (len(phases) - 2) + "f", phases
        times = [arrow["ts"] for arrow in arrows]
        assert times == sorted(times)
        for arrow in arrows:
            assert any(each.began == arrow["ts"] for each in self.tracks[self._track(arrow)]), arrow
        return [self._track(arrow) for arrow in arrows]
