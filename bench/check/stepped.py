"""A wlvm and its guest in one thread, so that the same is done in the same order each time.

The display thread's turns are taken on the main thread, when somebody says so. QEMU is a fake that answers QMP on wlvm's own loop; of its display,
threads answer until the listener is registered, and sleep from then on.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import select
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from jeepney.low_level import MessageFlag

from bench.running import SIZE
from tests.fake_qemu import FakeConsole, FakeListener, FakeQemu, encode, method_call
from tests.fake_vm import GREETING, RETURNS
from wlvm import server as server_module
from wlvm.desktop.output import Output
from wlvm.loop import EventLoop
from wlvm.qemu.display import DisplayThread
from wlvm.wlr import abi

#: Of what is said to a listener here: behind the serials of all that was said while it was registered.
_FIRST_SERIAL = 1000


class SteppedDisplays(DisplayThread):
    """The display thread without the thread."""

    @classmethod
    @contextmanager
    def used(cls) -> Iterator[None]:
        """Every Server that is made meanwhile has one."""
        setattr(server_module, "DisplayThread", cls)  # noqa: B010 - a class, to mypy, cannot be assigned
        try:
            yield
        finally:
            setattr(server_module, "DisplayThread", DisplayThread)  # noqa: B010

    def start(self) -> None:
        """No thread: see `turn`."""

    def turn(self) -> None:
        """Deal with what has come from QEMU."""
        self._turn(0)

    def sockets(self) -> int:
        """A file descriptor that is readable while a turn has something to do. It stays its own."""
        assert isinstance(self._selector, selectors.EpollSelector)
        return self._selector.fileno()


class SteppedQmp:
    """A QMP socket for one client, served on wlvm's loop. `display` is what the client has asked for; None before."""

    def __init__(self, loop: EventLoop, path: Path) -> None:
        self.display: FakeQemu | None = None
        self._loop = loop
        self._fds: list[int] = []
        self._rest = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._watch = loop.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Hang up, before the loop goes."""
        self._watch.remove()
        self._socket.close()
        if self.display is not None:
            self.display.close()

    def _accept(self) -> None:
        client, _ = self._socket.accept()
        self._watch.remove()
        self._socket.close()
        self._socket = client
        self._watch = self._loop.watch(client.fileno(), self._read)
        client.sendall(GREETING)

    def _read(self) -> None:
        data, fds, _, _ = socket.recv_fds(self._socket, 65536, 16)
        self._fds += fds
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command["execute"] == "add_client":
                sock = socket.socket(fileno=self._fds.pop())
                console = FakeConsole(width=SIZE[0], height=SIZE[1], is_absolute=True)
                self.display = FakeQemu([console], connection=sock)
            answer = {"return": RETURNS.get(command["execute"], {}), "id": command["id"]}
            self._socket.sendall(json.dumps(answer).encode() + b"\r\n")
        if not data:
            self._watch.remove()


class SteppedGuest:
    """A guest that draws when it is told to."""

    def __init__(self, displays: SteppedDisplays, listener: FakeListener) -> None:
        """`listener` is what wlvm has registered."""
        self._displays = displays
        self._socket = listener.peer.socket
        self._serials = itertools.count(_FIRST_SERIAL)

    def say(
        self,
        interface: str,
        member: str,
        signature: str,
        body: tuple[object, ...],
        do: Callable[[Callable[[], None]], object] = lambda turn: turn(),
    ) -> None:
        """Call a method of the listener's, with no reply wanted; `do` does each turn of the display thread's that it takes to arrive."""
        message = method_call(interface, member, signature, body, MessageFlag.no_reply_expected)
        data, _ = encode(message, next(self._serials))
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                do(self._displays.turn)
        while select.select([self._displays.sockets()], [], [], 0)[0]:
            do(self._displays.turn)


def next_frame(output: Output) -> Callable[[], object]:
    """What a backend calls when an output can take a frame."""
    send_frame = ctypes.CDLL(abi.libwlroots()).wlr_output_send_frame
    return partial(send_frame, ctypes.c_void_p(abi.address(output.wlr.pointer)))
