"""The Wayland event loop as wlvm's parts see it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator

import pytest

from wlvm.wlr import event_loop
from wlvm.wlr.compositor import Display
from wlvm.wlr.event_loop import WaylandEventLoop


@pytest.fixture
def display() -> Iterator[Display]:
    before = len(event_loop._callbacks)
    display = Display()
    yield display
    display.destroy()
    assert len(event_loop._callbacks) == before


def test_a_timer_runs_out_once_and_can_be_armed_again(display: Display) -> None:
    loop, rung = WaylandEventLoop(display), []

    def ring() -> None:
        rung.append(1)
        if len(rung) < 3:
            timer.arm(1)
        else:
            display.terminate()

    timer = loop.timer(ring)
    timer.arm(0)
    display.run()
    timer.remove()
    timer.remove()
    assert len(rung) == 3


def test_a_watch_is_level_triggered_and_may_remove_itself(display: Display) -> None:
    loop = WaylandEventLoop(display)
    ours, theirs = socket.socketpair()
    theirs.send(b"ab")
    heard = []

    def ready() -> None:
        heard.append(ours.recv(1))
        if len(heard) == 2:
            watch.remove()
            watch.remove()
            display.terminate()

    watch = loop.watch(ours.fileno(), ready)
    display.run()
    assert heard == [b"a", b"b"]
    ours.close()
    theirs.close()


def test_a_source_removed_in_the_same_turn_is_not_called(display: Display) -> None:
    loop = WaylandEventLoop(display)
    pairs = [socket.socketpair() for _ in range(2)]
    called = []

    def ready(index: int) -> None:
        called.append(index)
        watches[1 - index].remove()
        display.terminate()

    watches = [loop.watch(ours.fileno(), lambda i=i: ready(i)) for i, (ours, _) in enumerate(pairs)]
    for _, theirs in pairs:
        theirs.send(b"x")
    display.run()
    assert len(called) == 1
    watches[called[0]].remove()
    for pair in pairs:
        for end in pair:
            end.close()


def test_a_watch_that_waits_for_nothing_still_hears_a_hang_up(display: Display) -> None:
    loop = WaylandEventLoop(display)
    ours, theirs = socket.socketpair()

    def hung_up() -> None:
        watch.remove()
        display.terminate()

    watch = loop.watch(ours.fileno(), hung_up)
    watch.update(readable=False, writable=False)
    theirs.close()
    display.run()
    ours.close()


def test_an_exception_is_logged_and_the_loop_goes_on(
    display: Display, caplog: pytest.LogCaptureFixture
) -> None:
    loop = WaylandEventLoop(display)
    failing = loop.timer(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    ending = loop.timer(display.terminate)
    failing.arm(1)
    ending.arm(2)
    with caplog.at_level(logging.ERROR):
        display.run()
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()
    failing.remove()
    ending.remove()


def test_watching_what_is_no_descriptor_is_an_error(display: Display) -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(OSError, match="cannot watch"):
        WaylandEventLoop(display).watch(read, lambda: None)
