"""A client of the control socket that waits for its answers."""

from __future__ import annotations

import array
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import FramebufferError
from wlvm.ipc.image import ExportedDmabuf, take_dmabuf, take_frame
from wlvm.ipc.messages import (
    PROTOCOL,
    About,
    Attached,
    ControlError,
    DmabufImage,
    Greeting,
    Image,
    Inputs,
    Kind,
    Listing,
    NotRunningError,
    Outputs,
    Reply,
    Request,
    Stats,
    Tracing,
    Views,
)
from wlvm.trace import Recorded

_CHUNK = 1 << 16
_MAX_FDS = 16

#: A traced frame is told of when its way is over: so much later than the last that counts, in seconds.
_TRACED_LATE = 0.3

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class ControlClient:
    """A connection to a running wlvm. `close()` it, or use it in a `with`.

    Every command raises ControlError when wlvm refuses it, or when wlvm does not answer or goes away.
    """

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        """Connect; each wait is at most `timeout` seconds. NotRunningError when no wlvm is there."""
        self._path = path
        self._incoming = bytearray()
        self._fds: deque[OwnedFd] = deque()
        self._last_id = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._greet()
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Hang up. Harmless when repeated."""
        self._socket.close()
        while self._fds:
            self._fds.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def call(self, command: str, arguments: Mapping[str, object] | None = None) -> Any:
        """The result of a command as plain JSON values. File descriptors that come with it are closed: pixels have methods of their own."""
        result, fds = self._request(command, arguments or {})
        for fd in fds:
            fd.close()
        return msgspec.json.decode(result)

    def listing(self) -> Listing:
        """The guests, their states and their consoles."""
        return self._typed(Listing, "list", {})

    def stats(self) -> Stats:
        """What each console and output has done so far."""
        return self._typed(Stats, "stats", {})

    def inputs(self) -> Inputs:
        """The input devices of the person at the screen, and what is set on them."""
        return self._typed(Inputs, "inputs", {})

    def attach(self, qmp: Path) -> str:
        """Take in the guest behind a QMP socket; returns what it is called."""
        return self._typed(Attached, "attach", {"qmp": str(qmp.absolute())}).name

    def detach(self, guest: str) -> None:
        """Leave a guest: an attached one goes on without wlvm, a launched one ends."""
        self.call("detach", {"guest": guest})

    def type_text(self, guest: str, text: str) -> int:
        """Type a text into a guest; returns how many characters were typed, once all are. That takes as long as it takes."""
        timeout = self._socket.gettimeout()
        self._socket.settimeout(None)
        try:
            result = self.call("type", {"guest": guest, "text": text})
        finally:
            self._socket.settimeout(timeout)
        return int(result["characters"])

    def frame(self, guest: str, console: int = 0) -> Frame:
        """The pixels of a guest's console, exactly as the guest has them."""
        return self._picture("frame", {"guest": guest, "console": console})

    def dmabuf(self, guest: str, console: int = 0, *, allow_copy: bool = False) -> ExportedDmabuf:
        """The dma-buf that a guest's console shows now, which is the caller's to close.

        Where the picture lies in none: ControlError, or with `allow_copy` a dma-buf with a copy of it.
        """
        arguments = {"guest": guest, "console": console, "dmabuf": True, "allow_copy": allow_copy}
        result, fds = self._request("frame", arguments)
        try:
            return take_dmabuf(self._decoded(DmabufImage, result), fds)
        except BaseException as error:
            for fd in fds:
                fd.close()
            if isinstance(error, FramebufferError):
                raise ControlError(f"{self._path}: frame: {error}") from None
            raise

    def screenshot(self, output: str | None = None) -> Frame:
        """The pixels of an output; None is the first one."""
        return self._picture("screenshot", {"output": output})

    def command(self, *commands: str) -> None:
        """Do these commands, in the words of docs/keys.md, one after the other, up to the first that fails. None is done when one is no command."""
        self.call("command", {"commands": commands})

    def subscribe(self, *kinds: Kind) -> Iterator[dict[str, Any]]:
        """What happens from now on, of these kinds or of all, as plain JSON values: first the whole state, then each change.

        It waits for as long as nothing happens, and asks no more of this client: others ask with one of their own. ControlError when wlvm goes.
        """
        self.call("subscribe", {"kinds": kinds})
        self._socket.settimeout(None)
        while True:
            yield msgspec.json.decode(self._next_line())

    def views(self) -> Views:
        """Guests' consoles and windows: where they are, and which has the focus."""
        return self._typed(Views, "views", {})

    def outputs(self) -> Outputs:
        """The outputs: their modes, scales and places."""
        return self._typed(Outputs, "outputs", {})

    def about(self) -> About:
        """What wlvm and its guests are, and run on."""
        return self._typed(About, "about", {})

    def trace(self, seconds: float) -> Iterator[Recorded]:
        """What becomes of guest frames during so many seconds, as it is told: ten times a second, or not at all while nothing is drawn.

        The recording ends when this client is closed, which asks no more. ControlError when wlvm goes, or somebody else records.
        """
        self._typed(Tracing, "trace", {})
        return self._recorded(time.monotonic() + seconds)

    def _recorded(self, until: float) -> Iterator[Recorded]:
        while self._has_line(until + _TRACED_LATE):
            recorded = self._read_line(Recorded)
            recorded.frames = [frame for frame in recorded.frames if frame.taken <= until * 1e9]
            yield recorded

    def _has_line(self, until: float) -> bool:
        """Whether there is a line, or some of one, before that time.monotonic()."""
        if b"\n" in self._incoming:
            return True
        return bool(select.select([self._socket], [], [], max(0.0, until - time.monotonic()))[0])

    def quit(self) -> None:
        """End wlvm."""
        self.call("quit")

    def _typed(self, kind: type[_Struct], command: str, arguments: Mapping[str, object]) -> _Struct:
        result, fds = self._request(command, arguments)
        for fd in fds:
            fd.close()
        return self._decoded(kind, result)

    def _picture(self, command: str, arguments: Mapping[str, object]) -> Frame:
        result, fds = self._request(command, arguments)
        try:
            image = self._decoded(Image, result)
            if len(fds) != 1:
                raise ControlError(f"{self._path}: {command} came with {len(fds)} file descriptors, not one")
            return take_frame(image, fds[0])
        except FramebufferError as error:
            raise ControlError(f"{self._path}: {command}: {error}") from None
        finally:
            for fd in fds:
                fd.close()

    def _greet(self) -> None:
        try:
            self._socket.connect(str(self._path))
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError(f"{self._path}: no wlvm is running there") from None
        except OSError as error:
            raise ControlError(f"{self._path}: {error.strerror or error}") from None
        greeting = self._read_line(Greeting)
        if greeting.protocol != PROTOCOL:
            raise ControlError(
                f"{self._path}: wlvm {greeting.wlvm} speaks version {greeting.protocol} of the control protocol, this one {PROTOCOL}"
            )

    def _request(
        self, command: str, arguments: Mapping[str, object]
    ) -> tuple[msgspec.Raw, Sequence[OwnedFd]]:
        """The result of a command, and the file descriptors that came with it, which are the caller's."""
        self._last_id += 1
        line = msgspec.json.encode(Request(command, self._last_id, dict(arguments))) + b"\n"
        try:
            self._socket.sendall(line)
        except BrokenPipeError:
            pass  # What wlvm said before it hung up is still to be read.
        except OSError as error:
            raise self._broken(error) from None
        reply = self._read_line(Reply)
        if reply.error is not None:
            raise ControlError(reply.error, reply.code or "failed")
        if reply.id != self._last_id or not bytes(reply.result):
            raise ControlError(f"{self._path}: answered something that was not asked")
        if reply.fds > len(self._fds):
            raise ControlError(f"{self._path}: answered {command} without its file descriptors")
        return reply.result, [self._fds.popleft() for _ in range(reply.fds)]

    def _read_line(self, kind: type[_Struct]) -> _Struct:
        return self._decoded(kind, self._next_line())

    def _next_line(self) -> bytes:
        while (end := self._incoming.find(b"\n")) < 0:
            self._receive()
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        return line

    def _decoded(self, kind: type[_Struct], text: bytes | msgspec.Raw) -> _Struct:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError as error:
            raise ControlError(
                f"{self._path}: does not speak this wlvm's control protocol: {error}"
            ) from None

    def _receive(self) -> None:
        fds = array.array("i")
        try:
            data, ancillary, _flags, _address = self._socket.recvmsg(
                _CHUNK, socket.CMSG_SPACE(_MAX_FDS * fds.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except OSError as error:
            raise self._broken(error) from None
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        self._fds.extend(OwnedFd(fd) for fd in fds)
        if not data:
            raise self._hung_up()
        self._incoming += data

    def _broken(self, error: OSError) -> ControlError:
        if isinstance(error, TimeoutError):
            return ControlError(f"{self._path}: wlvm does not answer")
        if isinstance(error, ConnectionResetError):
            return self._hung_up()
        return ControlError(f"{self._path}: {error.strerror or error}")

    def _hung_up(self) -> ControlError:
        return ControlError(f"{self._path}: wlvm hung up")
