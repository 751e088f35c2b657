"""A QEMU's D-Bus display for tests, obedient or hostile: it does what QEMU does, and says whatever a test wants said.

It speaks D-Bus with jeepney, so that wlvm's own wire meets another implementation. Sending is done by the test's thread;
a thread a connection receives, and answers as QEMU would. Every wait has a deadline.
"""

from __future__ import annotations

import array
import contextlib
import itertools
import os
import queue
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from jeepney.low_level import Endianness, Header, HeaderFields, Message, MessageFlag, MessageType, Parser

DEADLINE = 5.0
GUID = b"0123456789abcdef0123456789abcdef"
LISTENER = "org.qemu.Display1.Listener"
LISTENER_MAP = "org.qemu.Display1.Listener.Unix.Map"
LISTENER_DMABUF2 = "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"
X8R8G8B8 = 0x20020888
REPLY_WANTED = MessageFlag(0)


@dataclass
class FakeConsole:
    """What the fake QEMU lists as a console."""

    index: int = 0
    label: str = "VGA"
    kind: str = "Graphic"
    width: int = 640
    height: int = 480
    head: int = 0
    is_absolute: bool = False
    device_address: str = "pci/0000/02.0"

    def interfaces(self) -> dict[str, dict[str, tuple[str, object]]]:
        return {
            "org.qemu.Display1.Console": {
                "Label": ("s", self.label),
                "Head": ("u", self.head),
                "Type": ("s", self.kind),
                "Width": ("u", self.width),
                "Height": ("u", self.height),
                "DeviceAddress": ("s", self.device_address),
            },
            "org.qemu.Display1.Keyboard": {"Modifiers": ("u", 0)},
            "org.qemu.Display1.Mouse": {"IsAbsolute": ("b", self.is_absolute)},
        }


class FakePeer:
    """One connection, QEMU's side: the authentication server, then D-Bus. Owns its socket."""

    def __init__(self, sock: socket.socket, on_message: Callable[[Message], None]) -> None:
        self.socket = sock
        self.authenticated = threading.Event()
        self.ended = threading.Event()
        self._on_message = on_message
        self._serials = itertools.count(1)
        self._replies: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._thread = threading.Thread(target=self._serve, name="fake-qemu", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_authenticated(self) -> None:
        """Wait until the client has authenticated itself; EOFError when it went away instead."""
        assert self.authenticated.wait(DEADLINE)
        if self.ended.is_set():
            raise EOFError

    def close(self) -> None:
        with contextlib.suppress(OSError):  # The other side was first.
            self.socket.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(DEADLINE)
        self.socket.close()

    def send_bytes(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send this, whatever it is; the fds stay the caller's."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sent = self.socket.sendmsg([data], rights)
        if sent < len(data):
            self.socket.sendall(data[sent:])

    def skip(self) -> None:
        """Number a message, and do not send it: QEMU drops some."""
        next(self._serials)

    def send(self, message: Message, fds: Sequence[int] = ()) -> int:
        """Send a message with the next serial, which is returned. `fds` go beside those that the body has."""
        serial = next(self._serials)
        data, own_fds = encode(message, serial)
        self.send_bytes(data, [*own_fds, *fds])
        return serial

    def call(self, message: Message, fds: Sequence[int] = ()) -> Message:
        """Send a call and wait for its return or error."""
        return self.wait(self.begin(message, fds))

    def begin(self, message: Message, fds: Sequence[int] = ()) -> int:
        """Send a call whose reply will be asked for with `wait`."""
        serial = next(self._serials)
        self._replies[serial] = queue.SimpleQueue()
        data, own_fds = encode(message, serial)
        self.send_bytes(data, [*own_fds, *fds])
        return serial

    def wait(self, serial: int, deadline: float = DEADLINE) -> Message:
        """The reply to a call that was begun; queue.Empty when none comes in time, EOFError when none can."""
        reply = self._replies[serial].get(timeout=deadline)
        if reply is None:
            raise EOFError
        return reply

    def _serve(self) -> None:
        try:
            parser = self._authenticate()
            self.authenticated.set()
            while True:
                while (message := parser.get_next_message()) is not None:
                    self._dispatch(message)
                parser.add_data(*self._receive())
        except (EOFError, OSError):
            self.ended.set()
            self.authenticated.set()  # Nobody need wait for it any more.
            for replies in list(self._replies.values()):
                replies.put(None)

    def _authenticate(self) -> Parser:
        data = b""
        while b"BEGIN\r\n" not in data:
            data += self._receive()[0]
        start, _, rest = data.partition(b"BEGIN\r\n")
        uid = str(os.geteuid()).encode().hex().encode()
        assert start == b"\0AUTH EXTERNAL " + uid + b"\r\nNEGOTIATE_UNIX_FD\r\n"
        self.send_bytes(b"OK " + GUID + b"\r\nAGREE_UNIX_FD\r\n")
        parser = Parser()
        parser.add_data(rest)
        return parser

    def _receive(self) -> tuple[bytes, list[int]]:
        data, fds, _, _ = socket.recv_fds(self.socket, 65536, 16)
        if not data:
            raise EOFError
        return data, list(fds)

    def _dispatch(self, message: Message) -> None:
        if message.header.message_type in (MessageType.method_return, MessageType.error):
            self._replies[message.header.fields[HeaderFields.reply_serial]].put(message)
        else:
            self._on_message(message)


class FakeListener:
    """The fake QEMU's end of one listener connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.peer = FakePeer(sock, lambda message: None)
        self.interfaces: list[str] = []

    def greet(self) -> None:
        """What QEMU does first: authenticates the listener, and asks what it can do."""
        self.peer.wait_authenticated()
        reply = self.peer.call(method_call("org.freedesktop.DBus.Properties", "GetAll", "s", (LISTENER,)))
        self.interfaces = reply.body[0]["Interfaces"][1]

    def scanout(self, width: int, height: int, data: bytes, pixman: int = X8R8G8B8) -> None:
        self.tell(LISTENER, "Scanout", "uuuuay", (width, height, len(data) // height, pixman, data))

    def update(self, x: int, y: int, width: int, height: int, data: bytes, pixman: int = X8R8G8B8) -> None:
        body = (x, y, width, height, len(data) // height, pixman, data)
        self.tell(LISTENER, "Update", "iiiiuuay", body)

    def scanout_map(
        self, fd: int, width: int, height: int, *, stride: int = 0, offset: int = 0, pixman: int = X8R8G8B8
    ) -> Message:
        """The reply, which QEMU waits for."""
        body = (fd, offset, width, height, stride or width * 4, pixman)
        return self.peer.call(method_call(LISTENER_MAP, "ScanoutMap", "huuuuu", body))

    def update_map(self, x: int, y: int, width: int, height: int) -> None:
        self.tell(LISTENER_MAP, "UpdateMap", "iiii", (x, y, width, height))

    def sync(self) -> None:
        """Return when everything said before has been dealt with."""
        self.peer.call(method_call(LISTENER, "Sync"))

    def tell(
        self,
        interface: str,
        member: str,
        signature: str = "",
        body: tuple[object, ...] = (),
        fds: Sequence[int] = (),
    ) -> None:
        """Call, with no reply wanted, as QEMU does whenever it does not wait."""
        self.peer.send(method_call(interface, member, signature, body, MessageFlag.no_reply_expected), fds)


@dataclass
class FakeQemu:
    """A QEMU with these consoles. `client` is the socket for wlvm, given away with `take_client()`."""

    consoles: Sequence[FakeConsole] = field(default_factory=lambda: [FakeConsole()])
    #: What RegisterListener answers instead of a return, if anything.
    registration_error: tuple[str, str] | None = None
    #: Whether it asks the listeners for their interfaces, as all but a stuck QEMU do.
    greets: bool = True
    #: The main connection, where wlvm has given one (`add_client`). Without it, `take_client()` gives the other end away.
    connection: socket.socket | None = None

    def __post_init__(self) -> None:
        ours = self.connection
        if ours is None:
            ours, self._client = socket.socketpair()
        self.main = FakePeer(ours, self._received)
        self.calls: queue.SimpleQueue[tuple[str, str, tuple[object, ...]]] = queue.SimpleQueue()
        self._listeners: dict[int, FakeListener] = {}
        self._registered: dict[int, threading.Event] = {
            each.index: threading.Event() for each in self.consoles
        }
        self.main.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def take_client(self) -> socket.socket:
        """The other end of the main connection; the caller owns it."""
        return self._client

    def listener(self, index: int = 0) -> FakeListener:
        """The listener that was registered for a console, once QEMU would draw to it."""
        assert self._registered[index].wait(DEADLINE), f"no listener was registered for console {index}"
        return self._listeners[index]

    def is_registered(self, index: int = 0) -> bool:
        """Whether `listener` would not wait."""
        return self._registered[index].is_set()

    def next_call(self) -> tuple[str, str, tuple[object, ...]]:
        """Path, member and arguments of the next call that has no meaning to the fake."""
        return self.calls.get(timeout=DEADLINE)

    def announce(self, index: int, properties: Mapping[str, tuple[str, object]], of: str = "Console") -> None:
        """Emit PropertiesChanged for a console's interface."""
        path = f"/org/qemu/Display1/Console_{index}"
        fields = {
            HeaderFields.path: path,
            HeaderFields.interface: "org.freedesktop.DBus.Properties",
            HeaderFields.member: "PropertiesChanged",
            HeaderFields.signature: "sa{sv}as",
        }
        header = Header(Endianness.little, MessageType.signal, MessageFlag(0), 1, 0, 1, fields)
        self.main.send(Message(header, (f"org.qemu.Display1.{of}", dict(properties), [])))

    def close(self) -> None:
        """End all connections, as QEMU does when it ends."""
        self.main.close()
        for listener in self._listeners.values():
            listener.peer.close()

    def _received(self, message: Message) -> None:
        member = message.header.fields[HeaderFields.member]
        if member == "GetManagedObjects":
            objects = {
                f"/org/qemu/Display1/Console_{each.index}": each.interfaces() for each in self.consoles
            }
            objects["/org/qemu/Display1/VM"] = {"org.qemu.Display1.VM": {"Name": ("s", "fake")}}
            self._answer(message, "a{oa{sa{sv}}}", (objects,))
        elif member == "RegisterListener":
            self._register(message)
        else:
            self.calls.put((message.header.fields[HeaderFields.path], member, message.body))
            if not message.header.flags & MessageFlag.no_reply_expected:
                self._answer(message)

    def _register(self, message: Message) -> None:
        sock = socket.socket(fileno=message.body[0])
        if self.registration_error is not None:
            sock.close()
            self.main.send(error_reply(message.header.serial, *self.registration_error))
            return
        index = int(message.header.fields[HeaderFields.path].rpartition("_")[2])
        listener = self._listeners[index] = FakeListener(sock)
        self._answer(message)  # First, as QEMU does.
        listener.peer.start()
        if self.greets:
            with contextlib.suppress(EOFError, OSError):  # It may be gone already.
                listener.greet()
        self._registered[index].set()

    def _answer(self, message: Message, signature: str = "", body: tuple[object, ...] = ()) -> None:
        fields: dict[HeaderFields, object] = {HeaderFields.reply_serial: message.header.serial}
        if signature:
            fields[HeaderFields.signature] = signature
        header = Header(
            Endianness.little, MessageType.method_return, MessageFlag.no_reply_expected, 1, 0, 1, fields
        )
        self.main.send(Message(header, body))


def method_call(
    interface: str,
    member: str,
    signature: str = "",
    body: tuple[object, ...] = (),
    flags: MessageFlag = REPLY_WANTED,
) -> Message:
    """A call to the listener object."""
    fields: dict[HeaderFields, object] = {
        HeaderFields.path: "/org/qemu/Display1/Listener",
        HeaderFields.interface: interface,
        HeaderFields.member: member,
    }
    if signature:
        fields[HeaderFields.signature] = signature
    return Message(Header(Endianness.little, MessageType.method_call, flags, 1, 0, 1, fields), body)


def error_reply(to: int, name: str, text: str) -> Message:
    fields = {
        HeaderFields.reply_serial: to,
        HeaderFields.error_name: name,
        HeaderFields.signature: "s",
    }
    header = Header(Endianness.little, MessageType.error, MessageFlag.no_reply_expected, 1, 0, 1, fields)
    return Message(header, (text,))


def encode(message: Message, serial: int = 1) -> tuple[bytes, list[int]]:
    """A message's bytes, and the fds that its body names."""
    fds = array.array("i")
    return message.serialise(serial=serial, fds=fds), fds.tolist()
