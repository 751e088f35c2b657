"""The D-Bus wire as QEMU's peer-to-peer display speaks it, without any I/O.

Bytes and file descriptors come in through a MessageReader and leave it as Messages; calls and replies leave as Outgoing, ready
for sendmsg(2). There is no bus: no Hello, no names, no destination. QEMU is the authentication server on every connection, the
listeners' too (QEMU, ui/dbus.c and ui/dbus-console.c), so this side always speaks first.

What comes in is decoded here and in `dbus_values`: jeepney needs three copies and 6 ms for a 4 MiB scanout, 34 us for the
smallest message, and can be made to loop forever. What goes out is jeepney's work.
"""

from __future__ import annotations

import array
import contextlib
import mmap
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from jeepney.low_level import (
    Endianness,
    Header,
    HeaderFields,
    MessageFlag,
    MessageType,
)
from jeepney.low_level import Message as JeepneyMessage
from msgspec import Struct, field

from wlvm.fd import OwnedFd
from wlvm.qemu.dbus_values import MAX_ARRAY, Variant, WireError, unmarshal

__all__ = [
    "MAX_ARRAY", "MAX_FDS", "MAX_MESSAGE", "Call", "Calls", "Kind", "Message", "MessageReader", "Outgoing", "WireError",
    "authentication", "encode_error", "encode_return",
]  # fmt: skip

#: Limits on what comes in. The specification's own for messages and arrays; the others are far above what QEMU sends.
MAX_MESSAGE: Final = 128 << 20
MAX_FDS: Final = 16
MAX_FIELDS: Final = 4096
#: A message whose body is decoded value by value; those with pixels in them are not.
MAX_DECODED: Final = 256 << 10

#: Small, so that the messages of one receive are soon done: all guests share the display thread.
_BUFFER: Final = 16 << 10
_HUGE_PAGE: Final = 2 << 20
_MAX_AUTHENTICATION: Final = 1024
_NO_REPLY: Final = 1


class Kind(IntEnum):
    """What a message is; the numbers are the wire's."""

    CALL = 1
    RETURN = 2
    ERROR = 3
    SIGNAL = 4


class Fields(NamedTuple):
    """The header fields of a message; empty, or 0, where it has none."""

    path: str = ""
    interface: str = ""
    member: str = ""
    error_name: str = ""
    reply_serial: int = 0
    signature: str = ""
    fd_count: int = 0


class Message(Struct):
    """One message that came in. Its body starts at a multiple of 8 and is little-endian.

    It owns its `fds`: whoever decodes it takes out of the list what it keeps, then calls `close()` for the rest. `body` stays
    valid as long as it is held, and is not shared with any other message.
    """

    kind: Kind
    serial: int
    fields: Fields
    body: memoryview
    reply_wanted: bool
    fds: list[OwnedFd] = field(default_factory=list)

    def values(self) -> tuple[object, ...]:
        """The body's values (see `unmarshal`). WireError when they do not decode, or are more than anybody should send."""
        if len(self.body) > MAX_DECODED:
            raise WireError(f"a body of {len(self.body)} bytes for {self.fields.member or 'a reply'}")
        return unmarshal(self.fields.signature, self.body)

    def close(self) -> None:
        """Close the fds that nobody took. Harmless when repeated."""
        while self.fds:
            self.fds.pop().close()


class MessageReader:
    """Turns what a QEMU socket delivers into messages: first the authentication's answer, then D-Bus.

    The owner receives into `space()`, at most once before it says `received()`, then takes messages until there are none.
    A message larger than the buffer gets memory of its own, filled by the kernel in place; pages not received cost nothing.
    """

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_BUFFER))
        self._start = self._end = 0
        self._large: memoryview | None = None
        self._filled = 0
        self._fds: list[OwnedFd] = []
        self._expected = [b"OK ", b"AGREE_UNIX_FD"]

    @property
    def authenticated(self) -> bool:
        """Whether QEMU has accepted this side, and speaks D-Bus from now on."""
        return not self._expected

    @property
    def is_amid_message(self) -> bool:
        """Whether a part of the next message is here."""
        return self._large is not None or self._end > self._start

    def space(self) -> memoryview:
        """Where the next bytes go; never empty. Within a large message it ends where that message ends."""
        if self._large is not None:
            return self._large[self._filled :]
        if self._start:
            left = self._end - self._start
            self._buffer[:left] = bytes(self._buffer[self._start : self._end])
            self._start, self._end = 0, left
        return self._buffer[self._end :]

    def received(self, count: int, fds: Sequence[int]) -> None:
        """`count` bytes are in `space()`, and `fds` came with them: the reader owns those now. WireError if they are too many."""
        self._fds.extend(map(OwnedFd, fds))
        if len(self._fds) > MAX_FDS:
            raise WireError(f"{len(self._fds)} file descriptors with one message")
        if self._large is not None:
            self._filled += count
        else:
            self._end += count

    def next_message(self) -> Message | None:
        """The next whole message, whose fds the caller owns; None until more has been received. WireError ends it all."""
        if self._expected and not self._authenticate():
            return None
        data = self._next_data()
        if data is None:
            return None
        kind, flags, serial, fields_size = _parse_fixed_header(data)
        body_start = _aligned(16 + fields_size)
        fields = _parse_fields(kind, bytes(data[16 : 16 + fields_size]))
        if fields.fd_count > len(self._fds):
            raise WireError(
                f"a message with {fields.fd_count} file descriptors, of which {len(self._fds)} came"
            )
        fds, self._fds = self._fds[: fields.fd_count], self._fds[fields.fd_count :]
        if self._start == self._end:
            self._drop_fds()
        reply_wanted = kind is Kind.CALL and not flags & _NO_REPLY
        return Message(kind, serial, fields, data[body_start:], reply_wanted, fds)

    def close(self) -> None:
        """Close the fds of messages that did not come to their end. Harmless when repeated."""
        self._drop_fds()

    def _drop_fds(self) -> None:
        """Close what no message claimed: sendmsg attaches fds to the message they belong to, so none can come for them."""
        while self._fds:
            self._fds.pop().close()

    def _authenticate(self) -> bool:
        """Read QEMU's lines as far as they are here; whether authentication is complete."""
        while self._expected:
            text = bytes(self._buffer[self._start : min(self._end, self._start + _MAX_AUTHENTICATION)])
            line, ending, _ = text.partition(b"\r\n")
            if not ending:
                if len(text) == _MAX_AUTHENTICATION:
                    raise WireError("an authentication line without an end")
                return False
            if not line.startswith(self._expected[0]):
                raise WireError(f"the authentication was answered {line[:80].decode('ascii', 'replace')!r}")
            del self._expected[0]
            self._start += len(line) + 2
        return True

    def _next_data(self) -> memoryview | None:
        """The bytes of the next whole message, no longer the buffer's; None while it is not complete."""
        if self._large is not None:
            if self._filled < len(self._large):
                return None
            data, self._large = self._large, None
            return data.toreadonly()
        pending = self._end - self._start
        if pending < 16:
            return None
        size = _message_size(self._buffer[self._start : self._start + 16])
        if size <= pending:
            start, self._start = self._start, self._start + size
            return memoryview(bytes(self._buffer[start : self._start]))
        if size > _BUFFER:
            self._large = _large_memory(size)
            self._large[:pending] = self._buffer[self._start : self._end]
            self._filled = pending
            self._start = self._end = 0
        return None


def _large_memory(size: int) -> memoryview:
    """Memory for one message. Huge pages where it can have them: taking small ones is most of a large receive's time.

    Linux aligns only what is made of whole huge pages so that all of it can be in such (docs/performance.md).
    """
    whole = -(-size // _HUGE_PAGE) * _HUGE_PAGE if size > _HUGE_PAGE // 2 else size
    memory = mmap.mmap(-1, whole, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # A kernel without them.
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)[:size]


_FIXED_HEADER: Final = struct.Struct("<cBBBIII")
_KINDS: Final = {kind.value: kind for kind in Kind}
#: Header fields that are read: their code, the signature they must have, and what they are called in Fields.
_FIELDS: Final = {
    1: ("o", "path"), 2: ("s", "interface"), 3: ("s", "member"), 4: ("s", "error_name"),
    5: ("u", "reply_serial"), 8: ("g", "signature"), 9: ("u", "fd_count"),
}  # fmt: skip
_REQUIRED: Final = {
    Kind.CALL: ("path", "member"),
    Kind.RETURN: ("reply_serial",),
    Kind.ERROR: ("reply_serial", "error_name"),
    Kind.SIGNAL: ("path", "interface", "member"),
}


def _aligned(size: int) -> int:
    return (size + 7) & ~7


def _message_size(start: memoryview) -> int:
    """How long the message is that starts with these 16 bytes."""
    order, _, _, version, body_size, _, fields_size = _FIXED_HEADER.unpack(start)
    if (
        order != b"l" or version != 1
    ):  # GDBus writes in the machine's own order, and this is the same machine.
        raise WireError("what came is not a little-endian D-Bus message")
    if fields_size > MAX_FIELDS:
        raise WireError(f"a message with {fields_size} bytes of header fields")
    size: int = _aligned(16 + fields_size) + body_size
    if size > MAX_MESSAGE:
        raise WireError(f"a message of {size} bytes")
    return size


def _parse_fixed_header(data: memoryview) -> tuple[Kind, int, int, int]:
    """Kind, flags, serial, and the size of the fields in bytes."""
    _, code, flags, _, _, serial, fields_size = _FIXED_HEADER.unpack_from(data)
    kind = _KINDS.get(code)
    if kind is None or serial == 0:
        raise WireError(f"a message of kind {code} with serial {serial}")
    return kind, flags, serial, fields_size


@lru_cache(maxsize=128)
def _parse_fields(kind: Kind, data: bytes) -> Fields:
    """The header fields, all there that `kind` needs. Cached: QEMU's frequent messages differ in nothing here, and this is most of their decoding."""
    pairs = unmarshal("a(yv)", memoryview(struct.pack("<I4x", len(data)) + data))[0]
    assert isinstance(pairs, list)
    found: dict[str, object] = {}
    for code, variant in pairs:
        assert isinstance(variant, Variant)
        if code not in _FIELDS:
            continue  # The sender's name, say. Unknown fields are to be ignored.
        signature, name = _FIELDS[code]
        if variant.signature != signature or name in found:
            raise WireError(f"header field {code} is wrong or there twice")
        found[name] = variant.value
    for name in _REQUIRED[kind]:
        if not found.get(name):
            raise WireError(f"a {kind.name.lower()} without {name}")
    return Fields(**found)  # type: ignore[arg-type]


class Outgoing(NamedTuple):
    """One message for sendmsg(2). `fds` stay the caller's and go with the first byte."""

    data: bytes
    fds: tuple[int, ...]


class Call(NamedTuple):
    """A method call to make. `body` holds a value per type of `signature`, as jeepney takes them; `h` is an open fd."""

    path: str
    interface: str
    member: str
    signature: str = ""
    body: tuple[object, ...] = ()


def authentication() -> bytes:
    """All that the client says before its first message; it may go in one write, before QEMU has answered any of it.

    The uid must be that of the socket's credentials: the effective one of whoever made the socketpair.
    """
    uid = str(os.geteuid()).encode("ascii").hex().encode("ascii")
    return b"\0AUTH EXTERNAL " + uid + b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"


class Calls:
    """The calls of one connection: their serials, and who waits for which reply."""

    def __init__(self) -> None:
        self._serial = 0
        self._waiting: dict[int, Callable[[Message], None]] = {}

    def call(self, call: Call, on_reply: Callable[[Message], None]) -> Outgoing:
        """A call whose return or error `on_reply` will get."""
        serial = self.next_serial()
        self._waiting[serial] = on_reply
        return _encode_call(call, serial, MessageFlag(0))

    def notify(self, call: Call) -> Outgoing:
        """A call that asks for no reply."""
        return _encode_call(call, self.next_serial(), MessageFlag.no_reply_expected)

    def replied(self, message: Message) -> Callable[[Message], None] | None:
        """Who waits for this return or error; None (once told, too) when nobody does."""
        return self._waiting.pop(message.fields.reply_serial, None)

    def next_serial(self) -> int:
        """A serial for any message of this connection: 1 to 2**32-1, again and again."""
        self._serial = self._serial % 0xFFFF_FFFF + 1
        return self._serial


def _encode_call(call: Call, serial: int, flags: MessageFlag) -> Outgoing:
    fields = {
        HeaderFields.path: call.path,
        HeaderFields.interface: call.interface,
        HeaderFields.member: call.member,
    }
    return _encode(MessageType.method_call, flags, serial, fields, call.signature, call.body)


def encode_return(serial: int, to: int, signature: str = "", body: tuple[object, ...] = ()) -> Outgoing:
    """The return of the call with serial `to`."""
    fields = {HeaderFields.reply_serial: to}
    return _encode(MessageType.method_return, MessageFlag.no_reply_expected, serial, fields, signature, body)


def encode_error(serial: int, to: int, name: str, text: str) -> Outgoing:
    """The error, called `name`, that the call with serial `to` ends in."""
    fields = {HeaderFields.reply_serial: to, HeaderFields.error_name: name}
    return _encode(MessageType.error, MessageFlag.no_reply_expected, serial, fields, "s", (text,))


def _encode(
    kind: MessageType,
    flags: MessageFlag,
    serial: int,
    fields: Mapping[HeaderFields, object],
    signature: str,
    body: tuple[object, ...],
) -> Outgoing:
    all_fields = {**fields, HeaderFields.signature: signature} if signature else dict(fields)
    header = Header(Endianness.little, kind, flags, 1, 0, serial, all_fields)
    fds = array.array("i")
    data = JeepneyMessage(header, body).serialise(fds=fds)
    return Outgoing(data, tuple(fds))
