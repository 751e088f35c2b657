"""One D-Bus connection of the display thread: a non-blocking socket around the wire of `dbus`."""

from __future__ import annotations

import array
import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from wlvm.fd import OwnedFd
from wlvm.qemu.dbus import (
    MAX_FDS,
    Call,
    Calls,
    Kind,
    Message,
    MessageReader,
    Outgoing,
    WireError,
    authentication,
    encode_error,
    encode_return,
)
from wlvm.trace import TRACER

#: What QEMU may leave unread, in bytes, before it is given up; and before calls that want no reply are left out.
MAX_UNSENT: Final = 1 << 20
MAX_UNSENT_BEFORE_NOTIFICATION: Final = 64 << 10

_RIGHTS_SPACE: Final = socket.CMSG_SPACE(MAX_FDS * 4)
# As int: Python's flag classes take a microsecond an operation.
_CTRUNC: Final = int(socket.MSG_CTRUNC)
_CLOEXEC: Final = int(socket.MSG_CMSG_CLOEXEC)
_CLOSED: Final = "QEMU closed its display connection"

_log = logging.getLogger(__name__)


class PeerOwner(Protocol):
    """Who hears of a Peer; on the display thread."""

    def received(self, peer: Peer, message: Message) -> None:
        """A call or a signal came. The Peer closes the message's fds afterwards, those that were not taken out of it.

        WireError says that the connection is of no use any more.
        """

    def lost(self, peer: Peer, reason: str) -> None:
        """The connection is gone, for a reason that a person can read. Said once, and not after close()."""


class Peer:
    """A connection to QEMU, from `start()` on. All of it runs on the display thread.

    It owns the socket. One receive a turn, so that no guest keeps the thread from another.
    """

    def __init__(self, sock: socket.socket, selector: selectors.BaseSelector, owner: PeerOwner) -> None:
        self._socket = sock
        self._selector = selector
        self.owner = owner
        self._reader = MessageReader()
        self._calls = Calls()
        self._unsent: deque[tuple[memoryview, tuple[int, ...], list[OwnedFd]]] = deque()
        self._unsent_bytes = 0
        self._reading = True
        self._interest = 0
        self._closed = False
        #: When the first bytes of the next message came (monotonic ns), where that is recorded.
        self._message_began = 0
        sock.setblocking(False)

    def start(self) -> None:
        """Say the authentication's bytes, and listen. Until then the owner hears nothing."""
        self._send(Outgoing(authentication(), ()), [])
        self._watch()

    def call(self, call: Call, on_reply: Callable[[Message], None], fds: list[OwnedFd] | None = None) -> None:
        """Call a method of QEMU's; its return or error goes to `on_reply`. `fds` are closed once they are sent."""
        self._send(self._calls.call(call, on_reply), fds or [])

    def notify(self, call: Call) -> None:
        """Call a method of QEMU's and ask for no reply.

        Left out while QEMU, stopped perhaps, does not read: a motion is worth nothing by the time that it does.
        """
        if self._unsent_bytes <= MAX_UNSENT_BEFORE_NOTIFICATION:
            self._send(self._calls.notify(call), [])

    def answer(self, serial: int, signature: str = "", body: tuple[object, ...] = ()) -> None:
        """Return from the call that QEMU made with this serial."""
        self._send(encode_return(self._calls.next_serial(), serial, signature, body), [])

    def refuse(self, serial: int, name: str, text: str) -> None:
        """End the call that QEMU made with this serial in an error."""
        self._send(encode_error(self._calls.next_serial(), serial, name, text), [])

    def pause(self) -> None:
        """Receive nothing until resume()."""
        self._reading = False
        self._watch()

    def resume(self) -> None:
        self._reading = True
        self._watch()

    def close(self) -> None:
        """Close the socket and everything under way. Harmless when repeated; the owner hears no more."""
        if self._closed:
            return
        self._closed = True
        self._watch()
        self._socket.close()
        self._reader.close()
        for _, _, fds in self._unsent:
            _close_all(fds)
        self._unsent.clear()

    def ready(self, events: int) -> None:
        """The socket is readable or writable, as the selector says."""
        try:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ and not self._closed:
                self._receive()
        except WireError as error:
            self._lose(f"QEMU's display connection broke: {error}")
        except OSError as error:
            self._lose(_reason(error))
        except Exception as error:  # noqa: BLE001
            # A mistake of ours about one guest's message must not end the thread that serves the others.
            _log.exception("the display thread failed on a message")
            self._lose(f"wlvm failed on a message of QEMU's: {error!r}")

    def _receive(self) -> None:
        recording = TRACER.recording
        turn_began = 0
        if recording is not None:
            turn_began = time.monotonic_ns()
            if not self._reader.is_amid_message:
                self._message_began = turn_began
        try:
            count, ancillary, flags, _ = self._socket.recvmsg_into(
                [self._reader.space()], _RIGHTS_SPACE, _CLOEXEC
            )
        except BlockingIOError:
            return
        self._reader.received(count, _rights(ancillary))
        if flags & _CTRUNC:
            raise WireError("more file descriptors with one message than wlvm takes")
        if count == 0:
            self._lose(_CLOSED)
            return
        received = 0 if recording is None else time.monotonic_ns()
        while not self._closed and (message := self._reader.next_message()) is not None:
            if recording is not None:
                recording.received(message.fields.member, self._message_began, received)
            try:
                self._handle(message)
            finally:
                message.close()
            if recording is not None:
                self._message_began, received = turn_began, time.monotonic_ns()

    def _handle(self, message: Message) -> None:
        if message.kind in (Kind.RETURN, Kind.ERROR):
            on_reply = self._calls.replied(message)
            if on_reply is not None:  # An unsolicited reply means nothing.
                on_reply(message)
        else:
            self.owner.received(self, message)

    def _send(self, outgoing: Outgoing, fds: list[OwnedFd]) -> None:
        if self._closed:
            _close_all(fds)
            return
        self._unsent.append((memoryview(outgoing.data), outgoing.fds, fds))
        self._unsent_bytes += len(outgoing.data)
        try:
            self._flush()
        except OSError as error:
            self._lose(_reason(error))
            return
        if self._unsent_bytes > MAX_UNSENT:
            self._lose("QEMU does not read what its display connection is sent")

    def _flush(self) -> None:
        """Send what can be sent without waiting."""
        while self._unsent:
            data, numbers, fds = self._unsent[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))] if numbers else []
            try:
                sent = self._socket.sendmsg([data], rights, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                break
            _close_all(fds)
            self._unsent_bytes -= sent
            if sent < len(data):
                self._unsent[0] = (data[sent:], (), [])
            else:
                self._unsent.popleft()
        self._watch()

    def _watch(self) -> None:
        """Tell the selector what is waited for now."""
        interest = 0
        if not self._closed:
            interest |= selectors.EVENT_READ if self._reading else 0
            interest |= selectors.EVENT_WRITE if self._unsent else 0
        if interest == self._interest:
            return
        if not self._interest:
            self._selector.register(self._socket, interest, self)
        elif not interest:
            self._selector.unregister(self._socket)
        else:
            self._selector.modify(self._socket, interest, self)
        self._interest = interest

    def _lose(self, reason: str) -> None:
        if not self._closed:
            self.close()
            self.owner.lost(self, reason)


def _reason(error: OSError) -> str:
    """What a failed send or receive says to a person."""
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return _CLOSED
    return f"QEMU's display connection broke: {error.strerror}"


def _rights(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """The file descriptors in what came beside the bytes."""
    if not ancillary:
        return []
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return fds.tolist()


def _close_all(fds: list[OwnedFd]) -> None:
    while fds:
        fds.pop().close()
