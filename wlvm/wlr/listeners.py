"""Listeners with an owner.

A pywayland Listener lives only as long as somebody keeps it: one that is collected while libwayland still has it in a list is a use
after free. So every listener is kept here until it is removed, also where nothing else but its own callback knows its object; and every object
removes the listeners it added, which it has in a `Listeners`, before what they listen to is destroyed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.server import Listener, Signal  # isort: skip


#: Every listener that libwayland has in a list.
_linked: set[Listener] = set()


class Listeners:
    """The listeners of one object, removed together."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Signal, Listener]] = []

    def add(self, signal: Any, callback: Callable[[Any], None]) -> None:
        """Call `callback(data)` each time `signal` (the address of a wl_signal, as cdata of pywlroots) is emitted.

        `data` is the event's `void *`.
        """
        listener = Listener(lambda _listener, data: callback(data))
        owner = Signal(ptr=signal)
        owner.add(listener)
        _linked.add(listener)
        self._listeners.append((owner, listener))

    def remove(self) -> None:
        """Stop listening, last added first. Harmless when repeated."""
        while self._listeners:
            _signal, listener = self._listeners.pop()
            listener.remove()
            _linked.discard(listener)
