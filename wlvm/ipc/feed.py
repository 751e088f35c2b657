"""What subscribers are told: the whole state at first, and then what is different from what they know.

Nothing is queued for a client, so that one that reads slowly costs no more than one that does not, and is told of what is true by then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec

from wlvm.ipc.connection import Stream
from wlvm.ipc.messages import Change, Event, Kind, State, Subscribed
from wlvm.loop import EventLoop

#: Changes that follow each other within so many milliseconds are told together, and no more often than a screen shows them.
_TOGETHER_MS = 16

#: The key of a State where there is one of a kind, by the kind; and what the several of a kind are told apart by.
_SEVERAL: Mapping[Kind, tuple[str, str]] = {
    "guest": ("guests", "name"),
    "output": ("outputs", "name"),
    "workspace": ("workspaces", "name"),
    "view": ("views", "id"),
}


class Feed:
    """Tells subscribers what `state` says, which is asked only when there are any. `close()` it."""

    def __init__(self, loop: EventLoop, state: Callable[[], State]) -> None:
        """`state` gives all kinds."""
        self._state = state
        self._latest: State | None = None
        self._streams: set[Stream] = set()
        self._soon = loop.timer(self._tell)
        self._told_soon = False

    def close(self) -> None:
        self._soon.remove()

    def changed(self) -> None:
        """Something may have changed. Costs nothing while nobody listens."""
        if self._streams and not self._told_soon:
            self._told_soon = True
            self._soon.arm(_TOGETHER_MS)

    def subscribe(self, kinds: Sequence[Kind]) -> Stream:
        """What a new subscriber to these kinds, or to all, is told."""
        self._latest = None
        wanted = tuple(kind for kind in get_args(Kind) if kind in kinds or not kinds)
        news = _News(wanted, self._now)
        stream = Stream(Subscribed(wanted), news.take, self._streams.discard)
        self._streams.add(stream)
        return stream

    def _tell(self) -> None:
        self._told_soon = False
        self._latest = None
        for stream in list(self._streams):
            stream.wake()

    def _now(self) -> State:
        if self._latest is None:
            self._latest = self._state()
        return self._latest


class _News:
    """What one subscriber knows."""

    def __init__(self, kinds: Sequence[Kind], now: Callable[[], State]) -> None:
        self._kinds = kinds
        self._now = now
        self._known: State | None = None

    def take(self) -> list[Event]:
        """What is new to the subscriber, who knows it from then on."""
        before, self._known = self._known, self._now()
        if before is None:
            keys = [_SEVERAL[kind][0] if kind in _SEVERAL else kind for kind in self._kinds]
            return [Event("state", state=State(**{key: getattr(self._known, key) for key in keys}))]
        return [event for kind in self._kinds for event in _difference(kind, before, self._known)]


def _difference(kind: Kind, before: State, now: State) -> Iterator[Event]:
    if kind not in _SEVERAL:
        value = getattr(now, kind)
        if value != getattr(before, kind):
            yield _event(kind, value)
        return
    key, name = _SEVERAL[kind]
    old, new = _by(name, getattr(before, key)), _by(name, getattr(now, key))
    for each, value in old.items():
        if each not in new:
            yield _event(kind, value, "gone")
    for each, value in new.items():
        if each not in old:
            yield _event(kind, value, "new")
        elif value != old[each]:
            yield _event(kind, value, "changed")


def _event(kind: Kind, value: Any, change: Change | None = None) -> Event:
    return Event(kind, change, **{kind: value})


def _by(name: str, values: Sequence[msgspec.Struct]) -> dict[Hashable, msgspec.Struct]:
    return {getattr(value, name): value for value in values}
