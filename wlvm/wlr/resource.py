"""The server's side of protocols that wlroots 0.16 does not have, on libwayland itself.

pywayland has their interfaces. Its own server side is not used: it knows no object that wlroots has made, and lets exceptions out into C.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

from wlvm.wlr.abi import NULL, borrow, c, ffi

from pywayland.server import Display  # isort: skip

log = logging.getLogger(__name__)

#: What C knows our objects by: numbers, since an object may be gone when C asks for it.
_numbers = itertools.count(1)
_globals: dict[int, Global] = {}
_resources: dict[int, Resource] = {}


def _report(_type: type[BaseException], error: BaseException, traceback: Any) -> None:
    log.error("a client's request was not done", exc_info=(type(error), error, traceback))


class Resource:
    """A client's object, until `on_destroy`. It ends with the client, or by a request of its; requests are told by their numbers."""

    def __init__(self, client: Any, interface: Any, version: int, number: int) -> None:
        """`client` is a `struct wl_client *`, `interface` a class of pywayland's protocols, `number` the object's own.

        MemoryError when there is no memory for it; the client has been told.
        """
        self.client = client
        self.version = version
        self._requests: Callable[[int, Any], None] = lambda opcode, arguments: None
        self._destroyed: Callable[[], None] = lambda: None
        self.pointer = c.wl_resource_create(
            client, borrow("struct wl_interface *", interface._ptr), version, number
        )
        if self.pointer == NULL:
            c.wl_client_post_no_memory(client)
            raise MemoryError(f"no {interface.name} for a client")
        key = next(_numbers)
        _resources[key] = self
        data = ffi.cast("void *", key)
        c.wl_resource_set_dispatcher(self.pointer, _on_request, NULL, data, _on_resource_destroyed)

    def on_request(self, callback: Callable[[int, Any], None]) -> None:
        """Raised for each request, with its number and its `union wl_argument *`."""
        self._requests = callback

    def on_destroy(self, callback: Callable[[], None]) -> None:
        """Raised once, when the object is no more."""
        self._destroyed = callback

    def destroy(self) -> None:
        """End it, as its client asked."""
        c.wl_resource_destroy(self.pointer)

    def send(self, event: int, number: int) -> None:
        """Send an event that carries one unsigned number."""
        c.wl_resource_post_event(self.pointer, event, ffi.cast("uint32_t", number))

    def refuse(self, error: int, text: str) -> None:
        """The client has broken the protocol: tell it so, and hang up on it."""
        c.wl_resource_post_error(self.pointer, error, b"%s", ffi.new("char[]", text.encode()))


class Global:
    """What clients find by an interface's name. It ends with the display."""

    def __init__(self, display: Display, interface: Any, bound: Callable[[Resource], None]) -> None:
        """`bound` gets the object of each client that uses it. `interface` is a class of pywayland's protocols, served in its version."""
        self.interface = interface
        self.bound = bound
        key = next(_numbers)
        _globals[key] = self
        c.wl_global_create(
            borrow("struct wl_display *", display._ptr), borrow("struct wl_interface *", interface._ptr),
            interface.version, ffi.cast("void *", key), _on_bind,
        )  # fmt: skip


@ffi.callback("void(struct wl_client *, void *, uint32_t, uint32_t)", onerror=_report)  # type: ignore[untyped-decorator]
def _on_bind(client: Any, data: Any, version: int, number: int) -> None:
    """Raised when a client binds one of our globals."""
    found = _globals[int(ffi.cast("uintptr_t", data))]
    found.bound(Resource(client, found.interface, version, number))


@ffi.callback(
    "int(*)(const void *, void *, uint32_t, const void *, union wl_argument *)", error=0, onerror=_report
)  # type: ignore[untyped-decorator]
def _on_request(_implementation: Any, target: Any, opcode: int, _message: Any, arguments: Any) -> int:
    """Raised for each request for one of our objects. libwayland has checked the arguments' types."""
    key = int(ffi.cast("uintptr_t", c.wl_resource_get_user_data(ffi.cast("struct wl_resource *", target))))
    _resources[key]._requests(opcode, arguments)
    return 0


@ffi.callback("void(struct wl_resource *)", onerror=_report)  # type: ignore[untyped-decorator]
def _on_resource_destroyed(pointer: Any) -> None:
    """Raised when one of our objects ends."""
    _resources.pop(int(ffi.cast("uintptr_t", c.wl_resource_get_user_data(pointer))))._destroyed()
