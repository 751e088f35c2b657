"""What subscribers are told."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.loops import ManualLoop
from wlvm.ipc.connection import Stream
from wlvm.ipc.feed import Feed
from wlvm.ipc.messages import (
    ConfigState,
    Event,
    Focus,
    GuestListing,
    KeyboardState,
    Kind,
    OutputListing,
    SessionState,
    State,
    Subscribed,
    ViewListing,
    WorkspaceListing,
)


def view(number: int, *, title: str = "a shell", focused: bool = False) -> ViewListing:
    box = (0, 0, 640, 480)
    return ViewListing(
        number, None, None, "foot", title, "1", "HEADLESS-1", *box, True, focused, False, False, None, False
    )


def workspace(name: str, *views: int) -> WorkspaceListing:
    return WorkspaceListing(name, 0, "HEADLESS-1", True, True, "columns", views)


STATE = State(
    guests=(GuestListing("debian", "Debian", "#3465a4", "running", "", ()),),
    outputs=(
        OutputListing("HEADLESS-1", "", True, 0, 0, 1280, 800, 1.0, "normal", (1280, 800), 60.0, "1", True),
    ),
    workspaces=(workspace("1", 7),),
    views=(view(7),),
    focus=Focus("HEADLESS-1", "1", 7),
    keyboard=KeyboardState("default", None),
    session=SessionState(False, False),
    config=ConfigState(0, ""),
)


class Subscriber:
    """A client that reads whenever it is told to."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.woken = 0
        stream.on_wake(self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def read(self) -> list[Event]:
        events = list(self.stream.following())
        assert all(isinstance(event, Event) for event in events)
        return events  # type: ignore[return-value]


class Desktop:
    """What a feed tells about."""

    def __init__(self) -> None:
        self.loop = ManualLoop()
        self.state = STATE
        self.asked = 0
        self.feed = Feed(self.loop, self._ask)

    def _ask(self) -> State:
        self.asked += 1
        return self.state

    def becomes(self, **parts: object) -> None:
        """Change, and let the feed notice."""
        self.state = msgspec.structs.replace(self.state, **parts)
        self.feed.changed()
        self.loop.advance(100)

    def subscriber(self, *kinds: Kind) -> Subscriber:
        """One that has read the state."""
        subscriber = Subscriber(self.feed.subscribe(kinds))
        subscriber.read()
        return subscriber


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    desktop = Desktop()
    yield desktop
    desktop.feed.close()
    assert not desktop.loop.timers


def test_the_first_event_is_the_whole_state(desktop: Desktop) -> None:
    stream = desktop.feed.subscribe(())
    assert stream.result == Subscribed(
        ("guest", "output", "workspace", "view", "focus", "keyboard", "session", "config")
    )
    assert Subscriber(stream).read() == [Event("state", state=STATE)]


def test_who_asks_for_some_kinds_is_told_of_no_others(desktop: Desktop) -> None:
    stream = desktop.feed.subscribe(("view", "focus"))
    assert stream.result == Subscribed(("view", "focus"))
    subscriber = Subscriber(stream)
    assert subscriber.read() == [Event("state", state=State(views=STATE.views, focus=STATE.focus))]
    desktop.becomes(session=SessionState(True, False), focus=Focus("HEADLESS-1", "1", None))
    assert subscriber.read() == [Event("focus", focus=Focus("HEADLESS-1", "1", None))]


def test_what_comes_changes_and_goes_is_told(desktop: Desktop) -> None:
    subscriber = desktop.subscriber()
    desktop.becomes(views=(view(7), view(8)), workspaces=(workspace("1", 7, 8),))
    assert subscriber.read() == [
        Event("workspace", "changed", workspace=workspace("1", 7, 8)),
        Event("view", "new", view=view(8)),
    ]
    desktop.becomes(views=(view(8, title="vim"),))
    assert subscriber.read() == [
        Event("view", "gone", view=view(7)),
        Event("view", "changed", view=view(8, title="vim")),
    ]


def test_nothing_new_is_nothing_to_tell(desktop: Desktop) -> None:
    subscriber = desktop.subscriber()
    desktop.becomes(views=(view(7),))
    assert subscriber.woken == 1
    assert subscriber.read() == []


def test_changes_that_follow_each_other_are_told_together(desktop: Desktop) -> None:
    subscriber = desktop.subscriber()
    for number in range(1000):
        desktop.state = msgspec.structs.replace(STATE, focus=Focus("HEADLESS-1", "1", number))
        desktop.feed.changed()
    assert subscriber.woken == 0
    desktop.loop.advance(16)
    assert subscriber.woken == 1
    assert subscriber.read() == [Event("focus", focus=Focus("HEADLESS-1", "1", 999))]


def test_changes_without_end_do_not_keep_a_subscriber_waiting(desktop: Desktop) -> None:
    subscriber = desktop.subscriber()
    for _ in range(100):
        desktop.feed.changed()
        desktop.loop.advance(1)
    assert 5 <= subscriber.woken <= 7


def test_who_reads_late_is_told_what_is_true_by_then(desktop: Desktop) -> None:
    slow, quick = desktop.subscriber(), desktop.subscriber()
    for number in range(8, 100):
        desktop.becomes(views=(view(7), view(number)), focus=Focus("HEADLESS-1", "1", number))
        assert len(quick.read()) >= 2
    assert slow.read() == [
        Event("view", "new", view=view(99)),
        Event("focus", focus=Focus("HEADLESS-1", "1", 99)),
    ]


def test_the_state_is_asked_for_once_for_all(desktop: Desktop) -> None:
    subscribers = [desktop.subscriber() for _ in range(10)]
    before = desktop.asked
    desktop.becomes(config=ConfigState(1, ""))
    assert all(len(subscriber.read()) == 1 for subscriber in subscribers)
    assert desktop.asked == before + 1


def test_while_nobody_listens_nothing_is_asked_nor_timed(desktop: Desktop) -> None:
    desktop.becomes(focus=Focus("HEADLESS-1", "1", 8))
    subscriber = desktop.subscriber()
    subscriber.stream.ended(subscriber.stream)
    before = desktop.asked
    desktop.feed.changed()
    assert all(timer.due is None for timer in desktop.loop.timers)
    assert (desktop.asked, subscriber.woken) == (before, 0)


def test_who_comes_later_is_told_what_is_true_then(desktop: Desktop) -> None:
    desktop.subscriber()
    desktop.state = msgspec.structs.replace(STATE, focus=Focus(None, None, None))
    assert Subscriber(desktop.feed.subscribe(("focus",))).read() == [
        Event("state", state=State(focus=Focus(None, None, None)))
    ]
