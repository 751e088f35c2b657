"""As much of an X11 client as it takes to look at windows and to close them: the X Window System protocol, version 11, little-endian."""

from __future__ import annotations

import socket
import struct

import numpy as np

_INTERN_ATOM, _GET_GEOMETRY, _QUERY_TREE, _GET_IMAGE = 16, 14, 15, 73
_CONFIGURE_WINDOW, _SEND_EVENT = 12, 25
_CLIENT_MESSAGE, _Z_PIXMAP = 33, 2
_WIDTH, _HEIGHT = 1 << 2, 1 << 3


class X11Client:
    """A connection to the X server of a display's number, which must let everybody in."""

    def __init__(self, display: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(f"/tmp/.X11-unix/X{display}")
        self._socket.sendall(struct.pack("<cxHHHH2x", b"l", 11, 0, 0, 0))
        header = self._read(8)
        assert header[0] == 1, "the X server lets this client in"
        setup = self._read(4 * struct.unpack_from("<H", header, 6)[0])
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        (self.root,) = struct.unpack_from("<I", setup, 32 + (vendor + 3 & ~3) + 8 * formats)
        # A window manager makes these names known; wlroots' backend only asks whether they are.
        self._protocols, self._delete = self._atom(b"WM_PROTOCOLS"), self._atom(b"WM_DELETE_WINDOW")

    def windows(self) -> list[int]:
        """The windows on the screen, as a program without a window manager makes them; the lowest first."""
        reply = self._ask(_QUERY_TREE, 0, struct.pack("<I", self.root))
        return list(struct.unpack_from(f"<{struct.unpack_from('<H', reply, 16)[0]}I", reply, 32))

    def size(self, window: int) -> tuple[int, int]:
        width, height = struct.unpack_from("<HH", self._ask(_GET_GEOMETRY, 0, struct.pack("<I", window)), 16)
        return width, height

    def pixels(self, window: int) -> np.ndarray:
        """What the window shows, 0x00RRGGBB; a window must not be covered."""
        width, height = self.size(window)
        body = struct.pack("<IhhHHI", window, 0, 0, width, height, 0xFFFFFFFF)
        reply = self._ask(_GET_IMAGE, _Z_PIXMAP, body)
        return np.frombuffer(reply, "<u4", width * height, 32).reshape(height, width) & 0xFFFFFF

    def resize(self, window: int, width: int, height: int) -> None:
        self._request(_CONFIGURE_WINDOW, 0, struct.pack("<IH2xII", window, _WIDTH | _HEIGHT, width, height))

    def close_window(self, window: int) -> None:
        """Ask the program to close the window, as a window manager's button does (ICCCM, WM_DELETE_WINDOW)."""
        event = struct.pack(
            "<BBHIIII12x", _CLIENT_MESSAGE, 32, 0, window,
            self._protocols, self._delete, 0,
        )  # fmt: skip
        self._request(_SEND_EVENT, 0, struct.pack("<II", window, 0) + event)

    def close(self) -> None:
        self._socket.close()

    def _atom(self, name: bytes) -> int:
        body = struct.pack("<H2x", len(name)) + name + bytes(-len(name) % 4)
        return int(struct.unpack_from("<I", self._ask(_INTERN_ATOM, 0, body), 8)[0])

    def _request(self, opcode: int, detail: int, body: bytes) -> None:
        self._socket.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    def _ask(self, opcode: int, detail: int, body: bytes) -> bytes:
        self._request(opcode, detail, body)
        while (reply := self._read(32))[0] > 1:
            pass  # an event: MappingNotify goes to everybody
        assert reply[0] == 1, f"the X server answers request {opcode} with error {reply[1]}"
        return reply + self._read(4 * struct.unpack_from("<I", reply, 4)[0])

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            data += self._socket.recv(length - len(data)) or self._hung_up()
        return data

    def _hung_up(self) -> bytes:
        raise ConnectionError("the X server hung up")
