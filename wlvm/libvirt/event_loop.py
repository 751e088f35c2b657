"""libvirt's event loop, on wlvm's: the file descriptors and timers that libvirt wants watched (virEventRegisterImpl).

libvirt asks for them from whichever thread is inside it, so what it asks goes through a mailbox, and happens on the main thread. There a
connection's messages are read as they come and its events are told, without waiting: only calls wait, and are made on threads of
their own (`calls`).

libvirt has one event loop a process, for good. `shared` gives it to all who use libvirt.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable
from itertools import count
from typing import Any

import libvirt

from wlvm.libvirt.mailbox import Mailbox
from wlvm.loop import EventLoop, Watch

_log = logging.getLogger(__name__)

#: libvirt's name of each of poll(2)'s events.
_EVENTS = (
    (select.POLLIN, libvirt.VIR_EVENT_HANDLE_READABLE),
    (select.POLLOUT, libvirt.VIR_EVENT_HANDLE_WRITABLE),
    (select.POLLERR, libvirt.VIR_EVENT_HANDLE_ERROR),
    (select.POLLHUP, libvirt.VIR_EVENT_HANDLE_HANGUP),
)

Callback = Callable[..., None]


class _Handle:
    """A file descriptor of libvirt's. While it waits for nothing it is not watched: not for a hang-up either."""

    def __init__(self, number: int, loop: EventLoop, fd: int, callback: Callback, opaque: Any) -> None:
        self._number = number
        self._loop = loop
        self._fd = fd
        self._callback = callback
        self.opaque = opaque
        self._events = 0
        self._watch: Watch | None = None

    def update(self, events: int) -> None:
        self._events = events
        readable = bool(events & libvirt.VIR_EVENT_HANDLE_READABLE)
        writable = bool(events & libvirt.VIR_EVENT_HANDLE_WRITABLE)
        if not events:
            self.stop()
        elif self._watch is None:
            self._watch = self._loop.watch(self._fd, self._ready, readable=readable, writable=writable)
        else:
            self._watch.update(readable=readable, writable=writable)

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.remove()
            self._watch = None

    def _ready(self) -> None:
        poll = select.poll()
        poll.register(self._fd, sum(flag for flag, name in _EVENTS if self._events & name))
        for _, found in poll.poll(0):
            events = sum(name for flag, name in _EVENTS if found & flag)
            self._callback(self._number, self._fd, events, self.opaque)


class _Timer:
    """A timer of libvirt's: it runs out again and again, every so many milliseconds; never when that is -1."""

    def __init__(self, number: int, loop: EventLoop, callback: Callback, opaque: Any) -> None:
        self._number = number
        self._callback = callback
        self.opaque = opaque
        self._interval = -1
        self._timer = loop.timer(self._ran_out)

    def update(self, milliseconds: int) -> None:
        self._interval = milliseconds
        if milliseconds < 0:
            self._timer.disarm()
        else:
            self._timer.arm(max(1, milliseconds))

    def stop(self) -> None:
        self._interval = -1
        self._timer.remove()

    def _ran_out(self) -> None:
        self.update(self._interval)
        self._callback(self._number, self.opaque)


class LibvirtLoop:
    """The event loop that libvirt has. Made by `shared`."""

    def __init__(self, loop: EventLoop) -> None:
        self.mailbox = Mailbox(loop)
        self._loop = loop
        self._users = 0
        self._numbers = count(1)
        self._handles: dict[int, _Handle] = {}
        self._timers: dict[int, _Timer] = {}

    def release(self) -> None:
        """It is used once less; the last time ends it, and libvirt is served no more."""
        self._users -= 1
        if not self._users:
            self._close()

    def _close(self) -> None:
        global _current
        self.mailbox.close()  # A connection that was closed lets go of its sockets in here.
        _current = None
        sources: list[_Handle | _Timer] = [*self._handles.values(), *self._timers.values()]
        for source in sources:
            source.stop()

    # What libvirt asks, on any thread. It is not told of failures: its numbers are good in any case.

    def add_handle(self, fd: int, events: int, callback: Callback, opaque: Any) -> int:
        number = next(self._numbers)

        def add() -> None:
            self._handles[number] = _Handle(number, self._loop, fd, callback, opaque)
            self._handles[number].update(events)

        self.mailbox.post(add)
        return number

    def update_handle(self, number: int, events: int) -> None:
        self.mailbox.post(lambda: self._handles[number].update(events))

    def remove_handle(self, number: int) -> int:
        self.mailbox.post(lambda: self._free(self._handles.pop(number)))
        return 0

    def add_timer(self, milliseconds: int, callback: Callback, opaque: Any) -> int:
        number = next(self._numbers)

        def add() -> None:
            self._timers[number] = _Timer(number, self._loop, callback, opaque)
            self._timers[number].update(milliseconds)

        self.mailbox.post(add)
        return number

    def update_timer(self, number: int, milliseconds: int) -> None:
        self.mailbox.post(lambda: self._timers[number].update(milliseconds))

    def remove_timer(self, number: int) -> int:
        self.mailbox.post(lambda: self._free(self._timers.pop(number)))
        return 0

    def _free(self, source: _Handle | _Timer) -> None:
        """Stop a source. What it holds may be freed, but not inside the call that removed it: libvirt holds its locks there."""
        source.stop()
        self.mailbox.post(lambda: libvirt.virEventInvokeFreeCallback(source.opaque))


#: Whose the sources are that libvirt asks for now.
_current: LibvirtLoop | None = None
_registered = False


def shared(loop: EventLoop) -> LibvirtLoop:
    """The event loop that libvirt has, on `loop`: the same for all who ask until all of them have released it. Main thread."""
    global _current, _registered
    if not _registered:
        _registered = True
        libvirt.virEventRegisterImpl(
            lambda *asked: _current.add_handle(*asked) if _current else -1,
            lambda *asked: _current.update_handle(*asked) if _current else None,
            lambda *asked: _current.remove_handle(*asked) if _current else -1,
            lambda *asked: _current.add_timer(*asked) if _current else -1,
            lambda *asked: _current.update_timer(*asked) if _current else None,
            lambda *asked: _current.remove_timer(*asked) if _current else -1,
        )
        # Errors are raised as well; libvirt would print them, too.
        libvirt.registerErrorHandler(lambda context, error: None, None)
    if _current is None:
        _current = LibvirtLoop(loop)
    _current._users += 1
    return _current
