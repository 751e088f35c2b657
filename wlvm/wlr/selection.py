"""The text that a program offers as the clipboard or as the primary selection, read without waiting for the program."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, Literal

from wlvm.fd import OwnedFd
from wlvm.loop import EventLoop
from wlvm.wlr.abi import NULL, borrow, c, ffi
from wlvm.wlr.seat import ClientSeat

#: The clipboard, or what was selected last.
Which = Literal["clipboard", "primary"]

#: How long the program may take, in milliseconds.
TIMEOUT_MS: Final = 3000

#: The types that mean text, the best first; those in capitals are X11's.
_TEXT: Final = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", "TEXT")

_CHUNK: Final = 1 << 16


class SelectionError(Exception):
    """There is no text to be had. The text says why."""


class SelectionText:
    """The text of a selection on its way. `close()` it when nobody wants it any more."""

    def __init__(
        self,
        loop: EventLoop,
        seat: ClientSeat,
        which: Which,
        limit: int,
        done: Callable[[str | SelectionError], None],
    ) -> None:
        """`done` is called once, later, with the text of at most `limit` bytes of UTF-8. SelectionError where no text is offered."""
        self._data = bytearray()
        self._limit = limit
        self._done = done
        self._fd, writer = map(OwnedFd, os.pipe2(os.O_CLOEXEC))
        try:
            _send(seat, which, writer)
        except SelectionError:
            self._fd.close()
            raise
        finally:
            writer.close()
        os.set_blocking(self._fd.fileno(), False)
        self._watch = loop.watch(self._fd.fileno(), self._ready)
        self._late = loop.timer(lambda: self._fail("the program that offers the text does not send it"))
        self._late.arm(TIMEOUT_MS)

    def close(self) -> None:
        """Hang up on the program; `done` is not called any more. Harmless when repeated."""
        if self._fd.closed:
            return
        self._watch.remove()
        self._late.remove()
        self._fd.close()

    def _ready(self) -> None:
        try:
            chunk = os.read(self._fd.fileno(), _CHUNK)
        except BlockingIOError:
            return
        self._data += chunk
        if len(self._data) > self._limit:
            self._fail(f"the text is longer than {self._limit} bytes")
        elif not chunk:
            self.close()
            self._done(_decoded(bytes(self._data)))

    def _fail(self, reason: str) -> None:
        self.close()
        self._done(SelectionError(reason))


def _decoded(data: bytes) -> str | SelectionError:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return SelectionError("what the program sends is no text in UTF-8")


def _send(seat: ClientSeat, which: Which, fd: OwnedFd) -> None:
    """Have the program that offers the selection write its text to a pipe, and close that. Takes `fd` over, unless SelectionError is raised."""
    if which == "clipboard":
        kind, source, send = "struct wlr_data_source *", seat.pointer.selection_source, "wlr_data_source_send"
    else:
        kind, source = "struct wlr_primary_selection_source *", seat.pointer.primary_selection_source
        send = "wlr_primary_selection_source_send"
    source = borrow(kind, source)
    if source == NULL:
        raise SelectionError("nothing is copied" if which == "clipboard" else "nothing is selected")
    types = _strings(source.mime_types)
    wanted = next((each for each in _TEXT if each in types), None)
    if wanted is None:
        raise SelectionError(f"it is no text, but {', '.join(types[:3]) or 'nothing'}")
    getattr(c, send)(source, wanted.encode(), fd.detach())


def _strings(array: Any) -> list[str]:
    """The C strings of a `struct wl_array`."""
    count = array.size // ffi.sizeof("char *")
    return [ffi.string(each).decode(errors="replace") for each in ffi.cast("char **", array.data)[0:count]]
