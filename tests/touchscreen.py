"""A wlvm with a touchscreen that a test has: `Touchscreen` is the test's end, and this module, run as a program, is the wlvm.

The touchscreen is a `struct wlr_touch` as any backend makes them; no headless backend, and no protocol, has one.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cffi import FFI

#: What a finger does, which finger, and where: fractions of the layout.
_MESSAGE = struct.Struct("BBdd")
_DOWN, _MOTION, _UP, _CANCEL, _FRAME, _UNPLUG = range(6)

_SOCKET = "WLVM_TEST_TOUCHSCREEN"

_DECLARATIONS = """
void wlr_touch_init(void *touch, const void *impl, const char *name);
void wlr_touch_finish(void *touch);
void wl_signal_emit_mutable(void *signal, void *data);
"""


class Touchscreen:
    """The screen of a wlvm that is started with `spawn`. Points are pixels of the whole layout, which is `size` large."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._socket, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def spawn(self, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """In place of `tests.wlvm_process.spawn`."""
        fd = self._theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.touchscreen", *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**environment, _SOCKET: str(fd)}, pass_fds=(fd,),
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        self._theirs.close()
        return process

    def down(self, finger: int, x: float, y: float) -> None:
        self._do(_DOWN, finger, x, y)

    def motion(self, finger: int, x: float, y: float) -> None:
        self._do(_MOTION, finger, x, y)

    def up(self, finger: int) -> None:
        self._do(_UP, finger)

    def cancel(self, finger: int) -> None:
        self._do(_CANCEL, finger)

    def frame(self) -> None:
        self._do(_FRAME)

    def unplug(self) -> None:
        self._do(_UNPLUG)

    def close(self) -> None:
        self._socket.close()

    def _do(self, kind: int, finger: int = 0, x: float = 0, y: float = 0) -> None:
        """Done when it returns."""
        self._socket.send(_MESSAGE.pack(kind, finger, x / self._size[0], y / self._size[1]))
        assert self._socket.recv(1), "wlvm has ended"


def main() -> int:
    """Be wlvm."""
    from wlvm import cli, server
    from wlvm.wlr import abi
    from wlvm.wlr.abi import wlr_ffi

    ffi = FFI()
    ffi.cdef(_DECLARATIONS)
    c = ffi.dlopen(abi.libwlroots())

    def void(pointer: Any) -> Any:
        return ffi.cast("void *", abi.address(pointer))

    commands = socket.socket(fileno=int(os.environ.pop(_SOCKET)))
    touch = wlr_ffi.new("struct wlr_touch *")
    name = ffi.new("char[]", b"test touchscreen")
    implementation = ffi.new("char *[1]", [name])
    run = server.Server.run

    def emit(signal: str, kind: str = "", **values: object) -> None:
        event = (
            wlr_ffi.new(f"struct wlr_touch_{kind}_event *", {"touch": touch, **values})
            if kind
            else wlr_ffi.NULL
        )
        signals = wlr_ffi.addressof(getattr(touch.events, signal))
        c.wl_signal_emit_mutable(void(signals), void(event))

    def commanded() -> None:
        message = commands.recv(_MESSAGE.size)
        if not message:
            return
        kind, finger, x, y = _MESSAGE.unpack(message)
        if kind == _DOWN:
            emit("down", "down", touch_id=finger, x=x, y=y)
        elif kind == _MOTION:
            emit("motion", "motion", touch_id=finger, x=x, y=y)
        elif kind == _UP:
            emit("up", "up", touch_id=finger)
        elif kind == _CANCEL:
            emit("cancel", "cancel", touch_id=finger)
        elif kind == _FRAME:
            emit("frame")
        else:
            c.wlr_touch_finish(void(touch))
        commands.send(b"\0")

    def run_with_touchscreen(self: Any, *arguments: Any) -> None:
        c.wlr_touch_init(void(touch), implementation, name)
        self.devices.add(wlr_ffi.addressof(touch.base))
        self.loop.watch(commands.fileno(), commanded)
        run(self, *arguments)

    server.Server.run = run_with_touchscreen  # type: ignore[method-assign]
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
