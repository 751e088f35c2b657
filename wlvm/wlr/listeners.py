"""Listeners with an owner.

libwayland calls what stands in a signal's list, whatever has become of it. So every listener is kept here until it is removed, also where nothing
else but its own callback knows its object; and every object removes the listeners it added, which it has in a `Listeners`, before what
they listen to is destroyed.

They are not pywayland's, whose look-ups at each call were a tenth of the instructions that draw a small change (docs/performance.md).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import borrow, c, ffi

log = logging.getLogger(__name__)

#: What each listener calls that libwayland has in a list, by the listener's address, and the listener itself.
_linked: dict[int, tuple[Callable[[Any], None], Any]] = {}


def _notify(listener: Any, data: Any) -> None:
    _linked[int(ffi.cast("uintptr_t", listener))][0](data)


def _report(kind: Any, error: BaseException, traceback: Any) -> None:
    log.error("a listener failed", exc_info=(kind, error, traceback))


_NOTIFY = ffi.callback("void(struct wl_listener *, void *)", _notify, onerror=_report)


class Listeners:
    """The listeners of one object, removed together."""

    def __init__(self) -> None:
        self._addresses: list[int] = []

    def add(self, signal: Any, callback: Callable[[Any], None]) -> None:
        """Call `callback(data)` each time `signal` (the address of a wl_signal, as cdata of pywlroots) is emitted.

        `data` is the event's `void *`. An exception is logged.
        """
        listener = ffi.new("struct wl_listener *")
        listener.notify = _NOTIFY
        # After those that are there, as wl_signal_add has it.
        c.wl_list_insert(
            borrow("struct wl_signal *", signal).listener_list.prev, ffi.addressof(listener, "link")
        )
        address = int(ffi.cast("uintptr_t", listener))
        _linked[address] = callback, listener
        self._addresses.append(address)

    def remove(self) -> None:
        """Stop listening, last added first. Harmless when repeated."""
        while self._addresses:
            _, listener = _linked.pop(self._addresses.pop())
            c.wl_list_remove(ffi.addressof(listener, "link"))
