"""A wlvm for each server that the conformance test suite starts: forked, so that all have the imports in common, and headless.

Each is served over its connection (tests/wlcs/integration.c): one request, one byte when it is done. It ends with the connection.
"""

from __future__ import annotations

import ctypes
import logging
import os
import socket
import struct
from collections.abc import Sequence

from wlvm.config import Config
from wlvm.desktop.window import Window
from wlvm.framebuffer import Rect
from wlvm.server import Server
from wlvm.wlr import abi
from wlvm.wlr.touch import TouchDown, TouchFrame, TouchMotion, TouchUp

log = logging.getLogger(__name__)

#: As in tests/wlcs/integration.c.
_START, _CLIENT, _POSITION, _MOVE_TO, _MOVE_BY, _BUTTON, _TOUCH_DOWN, _TOUCH_MOVE, _TOUCH_UP = range(9)
_MESSAGE = struct.Struct("=I4i")


class ServedCompositor:
    """One wlvm, and the connection that says what happens in it."""

    def __init__(self, config: Config, connection: socket.socket) -> None:
        self._connection = connection
        self._server = Server(config, "headless")
        self._server.devices.clients.has_touch(True)
        self._wayland = ctypes.CDLL("libwayland-server.so.0")
        for name in ("wl_client_create", "wl_client_get_object"):
            getattr(self._wayland, name).restype = ctypes.c_void_p
        #: `struct wl_client *` by the numbers that the suite has for clients.
        self._clients: dict[int, int] = {}

    def run(self) -> None:
        self._server.loop.watch(self._connection.fileno(), self._requested)
        self._server.run()

    def _requested(self) -> None:
        message, fds, _, _ = socket.recv_fds(self._connection, _MESSAGE.size, 1)
        if not message:
            self._server.stop()
            return
        try:
            self._do(*_MESSAGE.unpack(message), fds)
        except Exception:
            log.exception("a request of the suite")
        self._connection.send(b"\0")

    def _do(self, request: int, a: int, b: int, c: int, d: int, fds: Sequence[int]) -> None:
        devices = self._server.idle
        if request == _CLIENT:
            display = ctypes.c_void_p(abi.address(self._server.wayland.display._ptr))
            self._clients[a] = self._wayland.wl_client_create(display, fds[0])
        elif request == _POSITION:
            self._position(a, b, c, d)
        elif request == _MOVE_TO:
            devices.motion_absolute(a / 256, b / 256)
        elif request == _MOVE_BY:
            self._server.devices.clients.relative_motion(a / 256, b / 256, a / 256, b / 256)
            devices.motion(a / 256, b / 256, a / 256, b / 256)
        elif request == _BUTTON:
            devices.button(a, bool(b))
        elif request == _TOUCH_DOWN:
            devices.touch(TouchDown(0, a, b))
        elif request == _TOUCH_MOVE:
            devices.touch(TouchMotion(0, a, b))
        elif request == _TOUCH_UP:
            devices.touch(TouchUp(0))
        devices.frame()
        devices.touch(TouchFrame())

    def _position(self, client: int, surface: int, x: int, y: int) -> None:
        """Have a client's window float there."""
        resource = self._wayland.wl_client_get_object(ctypes.c_void_p(self._clients[client]), surface)
        for view in self._server.desktop.views:
            if isinstance(view, Window) and abi.address(view.surface.pointer.resource) == resource:
                self._server.desktop.drag(view, Rect(x, y, *view.natural_size))
                return
        log.error("surface %d, to be placed at %d, %d, is no window", surface, x, y)


def serve(config: Config, connection: socket.socket) -> None:
    """Be a compositor until the connection ends, and end then."""
    status = 1
    try:
        ServedCompositor(config, connection).run()
        status = 0
    finally:
        logging.shutdown()
        os._exit(status)
