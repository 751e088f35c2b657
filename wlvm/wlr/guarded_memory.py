"""Memory of another process, mapped so that its truncation is an error and not the end of wlvm.

Whoever touches a page that its file has lost is killed (SIGBUS). libwayland-server has the handler that keeps a compositor from that for its
clients' buffers: between wl_shm_buffer_begin_access and _end_access lost pages of the buffer's pool are replaced by empty ones, and the
client is told so. So wlvm is a client of itself here: of a display with wl_shm and nothing else, once for each memory. What it asks for is what
any client asks for, and what it calls is public.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from contextlib import suppress
from functools import cache
from typing import Any, Final

import numpy as np

from wlvm.fd import OwnedFd
from wlvm.wlr.abi import NULL, c, ffi

Memory = np.ndarray[Any, np.dtype[np.uint8]]

_MAX_BYTES: Final = (1 << 31) - 1
_MAX_EVENTS: Final = 4096

#: The client's objects, and the display's only global.
_DISPLAY, _REGISTRY, _SHM, _POOL, _BUFFER = range(1, 6)
_SHM_GLOBAL: Final = 1
_XRGB8888: Final = 1  # enum wl_shm.format

_F_SEAL_FUTURE_WRITE: Final = 0x10  # linux/fcntl.h


#: The kinds of what the display has said or been asked for, since it was looked at.
_events: list[int] = []
_note = ffi.callback("wl_protocol_logger_func_t", lambda _data, kind, _message: _events.append(kind))


@cache
def _display() -> Any:
    """The display, made when it is needed: a process that is forked before then has one of its own."""
    display = c.wl_display_create()
    if display == NULL or c.wl_display_init_shm(display):
        raise UnmappableError("no display could be made")
    c.wl_display_add_protocol_logger(display, _note, NULL)
    return display


def prepare() -> None:
    """Have what all guarded memory needs, which it otherwise gets with the first. It takes two fds for good."""
    with suppress(UnmappableError):
        _display()


class UnmappableError(OSError):
    """The memory cannot be mapped so. The text says why."""


class LostError(OSError):
    """A part of the memory is gone, and was read as zeros. The map is of no use any more."""


def _request(target: int, opcode: int, form: str, *arguments: object) -> bytes:
    body = struct.pack(f"={form}", *arguments)
    return struct.pack("=IHH", target, opcode, 8 + len(body)) + body


def _requests(size: int) -> bytes:
    """A pool of so many bytes, whose fd goes beside this, and a buffer in it: one pixel, since a pool is guarded as a whole."""
    return b"".join(
        [
            _request(_DISPLAY, 1, "I", _REGISTRY),  # get_registry
            _request(_REGISTRY, 0, "II8sII", _SHM_GLOBAL, 7, b"wl_shm", 1, _SHM),  # bind
            _request(_SHM, 0, "Ii", _POOL, size),  # create_pool
            _request(_POOL, 0, "IiiiiI", _BUFFER, 0, 1, 1, 4, _XRGB8888),  # create_buffer
        ]
    )


def _writable(fd: OwnedFd) -> bool:
    sealed = fcntl.fcntl(fd.fileno(), fcntl.F_GET_SEALS) & (fcntl.F_SEAL_WRITE | _F_SEAL_FUTURE_WRITE)
    return not sealed and fcntl.fcntl(fd.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR


class GuardedMemory:
    """The first bytes of a memory file. For one thread: while it reads, no other such memory and no client's buffer may be read."""

    def __init__(self, fd: OwnedFd, size: int) -> None:
        """Map `size` bytes of it; the fd stays the caller's, who may close it. UnmappableError."""
        if not 4 <= size <= _MAX_BYTES:
            raise UnmappableError(f"{size} bytes are not mapped")
        if not _writable(fd):
            raise UnmappableError("it is for reading only, which no pool's memory is")
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._client = c.wl_client_create(_display(), theirs.fileno())
        if self._client == NULL:
            theirs.close()
            self._socket.close()
            raise UnmappableError("no client could be made")
        theirs.detach()  # the client's now
        rights = array.array("i", [fd.fileno()])
        self._socket.sendmsg([_requests(size)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        c.wl_event_loop_dispatch(c.wl_display_get_event_loop(_display()), 0)
        if self._is_gone():
            self._socket.close()
            raise UnmappableError("it is not taken as a client's memory")
        self._buffer = c.wl_shm_buffer_get(c.wl_client_get_object(self._client, _BUFFER))
        data = ffi.buffer(c.wl_shm_buffer_get_data(self._buffer), size)
        self._memory: Memory | None = np.frombuffer(data, np.uint8)

    def begin(self) -> Memory:
        """The memory, to be read until `end()`, which must follow; nobody may keep it longer."""
        assert self._memory is not None
        c.wl_shm_buffer_begin_access(self._buffer)
        return self._memory

    def end(self) -> None:
        """The reading is over. LostError when a part of the memory was not there: then close this."""
        _events.clear()
        c.wl_shm_buffer_end_access(self._buffer)
        if _events:
            raise LostError("memory of another process is gone")

    def _is_gone(self) -> bool:
        """Whether the display has ended the client: then it has closed the connection. It has sent nothing else so far."""
        try:
            self._socket.recv(_MAX_EVENTS)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the map up. Harmless when repeated."""
        if self._memory is not None:
            self._memory = None
            c.wl_client_destroy(self._client)
            self._socket.close()
