"""One guest's display on the display thread: the main connection, and a listener connection a console.

QEMU's order of things (ui/dbus.c, ui/dbus-console.c): the main connection authenticates; the objects are listed; then, for each
graphic console, RegisterListener with one end of a socketpair. QEMU returns from it first, and then, its main loop stopped,
authenticates this side on that socket and asks for the listener's interfaces. So the authentication is written before
the call is made, and nobody here ever waits for QEMU.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from wlvm.fd import OwnedFd
from wlvm.qemu.console import (
    CONSOLE_INTERFACE,
    KEYBOARD_INTERFACE,
    MOUSE_INTERFACE,
    PROPERTIES_INTERFACE,
    Console,
    ConsoleLink,
    console_path,
)
from wlvm.qemu.dbus import Call, Kind, Message, WireError
from wlvm.qemu.dbus_values import Variant
from wlvm.qemu.handover import FrameToken
from wlvm.qemu.listener import Listener
from wlvm.qemu.peer import Peer
from wlvm.qemu.text import readable

#: How long QEMU may take until all listeners are registered, in seconds. It may be busy, or stopped in a debugger.
SETUP_DEADLINE: Final = 30.0
#: As many heads as a virtio-gpu can have. Each is a surface to place and a card to draw: 64 kept every guest waiting for seconds.
MAX_CONSOLES: Final = 16

_ROOT: Final = "/org/qemu/Display1"
_CONSOLE_PATH: Final = re.compile(r"/org/qemu/Display1/Console_(0|[1-9][0-9]{0,8})")

_T = TypeVar("_T")


class SessionReports(Protocol):
    """What the session has to say; told on the display thread."""

    def connected(self, consoles: Sequence[Console]) -> None:
        """QEMU draws to every graphic console's listener."""

    def changed(self, console: Console) -> None:
        """There is something to take, or a property has changed. Not before `connected`."""

    def closed(self, reason: str) -> None:
        """The session is over, for a reason that a person can read. Last, and not after `close()`."""


class Session:
    """Everything of one guest that lives on the display thread. It owns the sockets; `close()` ends it."""

    def __init__(
        self,
        sock: socket.socket,
        selector: selectors.BaseSelector,
        link: ConsoleLink,
        reports: SessionReports,
    ) -> None:
        """A session on `sock`, whose other end QEMU has got from `add_client`. Takes it over; `link` is for the consoles."""
        self._selector = selector
        self._link = link
        self._reports = reports
        self._consoles: dict[int, Console] = {}
        self._listeners: dict[int, Listener] = {}
        self._peers: dict[int, Peer] = {}
        self._indices: dict[Peer, int] = {}
        self._unready: set[int] = set()
        self._lost_early: dict[int, str] = {}
        self._connected = False
        self._closed = False
        self._setup_deadline = time.monotonic() + SETUP_DEADLINE
        self._main = Peer(sock, selector, self)

    def start(self) -> None:
        """Begin to talk to QEMU."""
        self._main.start()
        self._main.call(
            Call(_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"), self._objects_listed
        )

    def received(self, peer: Peer, message: Message) -> None:
        """A call or signal of QEMU's (PeerOwner)."""
        index = self._indices.get(peer)
        if index is not None:
            self._listeners[index].received(peer, message)
        elif message.kind is Kind.SIGNAL and message.fields.member == "PropertiesChanged":
            self._properties_changed(message)

    def lost(self, peer: Peer, reason: str) -> None:
        """One of the connections is gone, which ends the session (PeerOwner)."""
        index = self._indices.get(peer)
        if index in self._unready:
            # QEMU refuses a listener by closing its socket and by answering why: the answer is worth the wait.
            self._lost_early[index] = reason
        else:
            self._fail(reason)

    def notify(self, call: Call) -> None:
        """Call QEMU and ask for no reply. Nothing happens on a closed session."""
        if not self._closed:
            self._main.notify(call)

    def ask_size(self, index: int, call: Call) -> None:
        """Call SetUIInfo of console `index`; an error that QEMU answers is told of the console."""
        if not self._closed:
            self._main.call(call, partial(self._size_answered, self._consoles[index]))

    def ask(self, call: Call, answered: Callable[[str], None]) -> None:
        """Call QEMU; `answered` is called here with the error that it answers, or "". Never on a closed session."""
        if not self._closed:
            self._main.call(call, lambda reply: answered(_error(reply)))

    def acknowledge(self, index: int, frames: tuple[FrameToken, ...]) -> None:
        """Answer the frames of console `index` that still wait."""
        if not self._closed:
            self._listeners[index].acknowledge(self._peers[index], frames)

    def resume(self, index: int) -> None:
        """Read the listener connection of console `index` again."""
        if not self._closed:
            self._peers[index].resume()

    def next_deadline(self) -> float | None:
        """When `expire` has something to do, in monotonic seconds; None for never."""
        if self._closed:
            return None
        deadlines = [listener.next_deadline() for listener in self._listeners.values()]
        if not self._connected:
            deadlines.append(self._setup_deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def expire(self, now: float) -> None:
        """Do what is due at `now`, in monotonic seconds."""
        if self._closed:
            return
        if not self._connected and self._setup_deadline <= now:
            self._fail(f"QEMU did not set up its display connection within {SETUP_DEADLINE:.0f} seconds")
            return
        for index, listener in self._listeners.items():
            if not self._closed:
                listener.expire(self._peers[index], now)

    def close(self) -> None:
        """Close every connection and what was not taken of the consoles. Harmless when repeated; nothing is told."""
        self._disconnect()
        for console in self._consoles.values():
            console.handover.close()

    def _disconnect(self) -> None:
        self._closed = True
        self._main.close()
        for peer in self._peers.values():
            peer.close()

    def _fail(self, reason: str) -> None:
        """End the session. What the consoles have to give stays takable."""
        if not self._closed:
            self._disconnect()
            self._reports.closed(reason)

    def _objects_listed(self, reply: Message) -> None:
        if reply.kind is Kind.ERROR:
            self._fail(f"QEMU does not list its display's objects: {_error_text(reply)}")
            return
        for index, interfaces in sorted(_graphic_consoles(reply).items()):
            self._add_console(index, interfaces)
        if not self._consoles:
            self._fail("QEMU has no graphic console")
        for index in list(self._consoles):
            self._register_listener(index)

    def _add_console(self, index: int, interfaces: Mapping[str, Mapping[str, object]]) -> None:
        about = interfaces[CONSOLE_INTERFACE]
        label, address = (readable(_typed(about.get(name), str, "")) for name in ("Label", "DeviceAddress"))
        console = Console(index, label, _typed(about.get("Head"), int, 0), address, self._link)
        for interface, properties in interfaces.items():
            _apply_properties(console, interface, properties)
        self._consoles[index] = console
        self._listeners[index] = Listener(console, partial(self._console_changed, console))

    def _register_listener(self, index: int) -> None:
        if self._closed:
            return
        ours, theirs = socket.socketpair()
        handed_over = OwnedFd(theirs.detach())
        peer = Peer(ours, self._selector, self)
        self._peers[index] = peer
        self._indices[peer] = index
        self._unready.add(index)
        peer.start()  # Writes the authentication, which QEMU waits for with the guest stopped.
        call = Call(console_path(index), CONSOLE_INTERFACE, "RegisterListener", "h", (handed_over.fileno(),))
        self._main.call(call, partial(self._listener_registered, index), [handed_over])

    def _listener_registered(self, index: int, reply: Message) -> None:
        if reply.kind is Kind.ERROR:
            label = self._consoles[index].label
            self._fail(f"QEMU refused to show console {index} ({label}): {_error_text(reply)}")
            return
        self._unready.discard(index)
        if index in self._lost_early:
            self._fail(self._lost_early[index])
            return
        if self._unready:
            return
        self._connected = True
        consoles = tuple(self._consoles.values())
        self._reports.connected(consoles)
        for console in consoles:
            self._reports.changed(console)

    def _size_answered(self, console: Console, reply: Message) -> None:
        refusal = _error_text(reply) if reply.kind is Kind.ERROR else ""
        if refusal != console.size_refusal:
            console.size_refusal = refusal
            self._console_changed(console)

    def _console_changed(self, console: Console) -> None:
        if self._connected:
            self._reports.changed(console)

    def _properties_changed(self, message: Message) -> None:
        match = _CONSOLE_PATH.fullmatch(message.fields.path)
        console = self._consoles.get(int(match[1])) if match else None
        if (
            console is None
            or message.fields.interface != PROPERTIES_INTERFACE
            or message.fields.signature != "sa{sv}as"
        ):
            return
        interface, properties, _ = message.values()
        assert isinstance(interface, str)
        assert isinstance(properties, dict)
        _apply_properties(console, interface, _unpacked(properties))
        self._listeners[console.index].console_resized()
        self._console_changed(console)


def _graphic_consoles(reply: Message) -> dict[int, dict[str, dict[str, object]]]:
    """By console number: the properties of each of its interfaces. From the return of GetManagedObjects."""
    if reply.fields.signature != "a{oa{sa{sv}}}":
        raise WireError(f"QEMU lists its display's objects as {reply.fields.signature!r}")
    (objects,) = reply.values()
    assert isinstance(objects, dict)
    consoles = {}
    for path, interfaces in objects.items():
        match = _CONSOLE_PATH.fullmatch(path)
        if match is None:
            continue
        unpacked = {name: _unpacked(properties) for name, properties in interfaces.items()}
        if unpacked.get(CONSOLE_INTERFACE, {}).get("Type") == "Graphic":
            consoles[int(match[1])] = unpacked
    if len(consoles) > MAX_CONSOLES:
        raise WireError(f"QEMU has {len(consoles)} consoles")
    return consoles


def _unpacked(properties: Mapping[str, Variant]) -> dict[str, object]:
    return {name: variant.value for name, variant in properties.items()}


def _apply_properties(console: Console, interface: str, properties: Mapping[str, object]) -> None:
    """Note those properties that a Console has; one of another type than QEMU's stays as it was."""
    if interface == CONSOLE_INTERFACE:
        console.width = _typed(properties.get("Width"), int, console.width)
        console.height = _typed(properties.get("Height"), int, console.height)
    elif interface == MOUSE_INTERFACE:
        console.is_absolute = _typed(properties.get("IsAbsolute"), bool, console.is_absolute)
    elif interface == KEYBOARD_INTERFACE:
        console.modifiers = _typed(properties.get("Modifiers"), int, console.modifiers)


def _typed(value: object, wanted: type[_T], otherwise: _T) -> _T:
    return value if isinstance(value, wanted) else otherwise


def _error(reply: Message) -> str:
    return _error_text(reply) if reply.kind is Kind.ERROR else ""


def _error_text(reply: Message) -> str:
    """What QEMU said, for a person."""
    text = readable(str(reply.values()[0])) if reply.fields.signature.startswith("s") else ""
    name = readable(reply.fields.error_name)
    return f"{text} ({name})" if text else name
