"""Who is at the other end of a Unix socket."""

from __future__ import annotations

import socket
import struct

#: struct ucred (unix(7)).
_UCRED = struct.Struct("iII")


def peer(sock: socket.socket) -> tuple[int, int]:
    """The process at the other end, and its user: who connected, or for a client who listens (unix(7), SO_PEERCRED). OSError."""
    pid, uid, _gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return pid, uid
