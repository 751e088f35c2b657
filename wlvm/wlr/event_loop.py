"""The Wayland event loop as a `wlvm.loop.EventLoop`.

libwayland's own sources are used directly: pywayland keeps the handle of every source for ever, and a compositor that attaches and
detaches guests all day adds many.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from typing import Any

from wlvm.wlr.abi import NULL, borrow, c, ffi

log = logging.getLogger(__name__)

_READABLE, _WRITABLE = 1, 2  # WL_EVENT_READABLE, WL_EVENT_WRITABLE

#: What each source calls, by the number that libwayland hands back as its `data`.
_callbacks: dict[int, Callable[[], None]] = {}
_numbers = count(1)


def _report(kind: Any, error: BaseException, traceback: Any) -> None:
    log.error("a callback of the event loop failed", exc_info=(kind, error, traceback))


def _call(data: Any) -> None:
    # A source that was removed in this very turn of the loop is not called: its number is gone.
    callback = _callbacks.get(int(ffi.cast("uintptr_t", data)))
    if callback is not None:
        callback()


@ffi.callback("int(int, uint32_t, void *)", error=0, onerror=_report)  # type: ignore[untyped-decorator]
def _fd_ready(fd: int, mask: int, data: Any) -> int:
    _call(data)
    return 0


@ffi.callback("int(void *)", error=0, onerror=_report)  # type: ignore[untyped-decorator]
def _timer_ran_out(data: Any) -> int:
    _call(data)
    return 0


class _Source:
    """One wl_event_source; libwayland frees it at `remove()`."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._number = next(_numbers)
        self._pointer: Any = None
        _callbacks[self._number] = callback

    @property
    def _data(self) -> Any:
        return ffi.cast("void *", self._number)

    def remove(self) -> None:
        if self._pointer is not None:
            pointer, self._pointer = self._pointer, None
            del _callbacks[self._number]
            c.wl_event_source_remove(pointer)


class _Watch(_Source):
    def __init__(self, loop: Any, fd: int, mask: int, callback: Callable[[], None]) -> None:
        super().__init__(callback)
        pointer = c.wl_event_loop_add_fd(loop, fd, mask, _fd_ready, self._data)
        if pointer == NULL:
            del _callbacks[self._number]
            raise OSError(f"the event loop cannot watch file descriptor {fd}")
        self._pointer = pointer

    def update(self, *, readable: bool, writable: bool) -> None:
        if self._pointer is not None:
            c.wl_event_source_fd_update(self._pointer, _mask(readable, writable))


class _Timer(_Source):
    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        super().__init__(callback)
        self._pointer = c.wl_event_loop_add_timer(loop, _timer_ran_out, self._data)

    def arm(self, milliseconds: int) -> None:
        if self._pointer is not None:
            c.wl_event_source_timer_update(self._pointer, max(milliseconds, 1))

    def disarm(self) -> None:
        if self._pointer is not None:
            c.wl_event_source_timer_update(self._pointer, 0)


def _mask(readable: bool, writable: bool) -> int:
    return readable * _READABLE | writable * _WRITABLE


class WaylandEventLoop:
    """The loop of one wl_display. Sources must be removed before the display is destroyed."""

    def __init__(self, display: Any) -> None:
        """`display` is a pywayland Display, which must outlive this object."""
        self._pointer = c.wl_display_get_event_loop(borrow("struct wl_display *", display._ptr))

    def watch(
        self, fd: int, callback: Callable[[], None], *, readable: bool = True, writable: bool = False
    ) -> _Watch:
        return _Watch(self._pointer, fd, _mask(readable, writable), callback)

    def timer(self, callback: Callable[[], None]) -> _Timer:
        return _Timer(self._pointer, callback)
