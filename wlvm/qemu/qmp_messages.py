"""The messages of QMP, QEMU's monitor protocol, without I/O.

One JSON value a line in both directions (QEMU docs/interop/qmp-spec). QEMU speaks first, with a greeting, and takes no command but
`qmp_capabilities` until that has been answered. It carries out one command at a time, in order; the rest waits in the socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from wlvm.qemu.text import readable

#: The longest line accepted, in bytes. QEMU's longest (query-qmp-schema) is some 250 KiB; decoding takes some 20 ns a byte.
MAX_LINE: Final = 1 << 20

_T = TypeVar("_T")


class QmpError(ConnectionError):
    """QMP cannot be spoken, or no longer. The text is for a person."""


class QemuVersion(NamedTuple):
    """A release of QEMU; compares as one expects."""

    major: int
    minor: int
    micro: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


class Greeting(Struct, frozen=True):
    """The first message of QEMU."""

    version: QemuVersion


class Success(Struct, frozen=True):
    """A command was carried out; `value` is what it returned."""

    value: Any


class Failure(Struct, frozen=True):
    """A command was refused: QEMU's error class ("GenericError", "CommandNotFound", ...) and its text."""

    error_class: str
    description: str


Reply = Success | Failure


def returned(reply: Reply, as_type: type[_T], otherwise: _T) -> _T:
    """What a command returned, as this type; `otherwise` where it failed, or returned something that is not of the type."""
    if isinstance(reply, Failure):
        return otherwise
    try:
        return msgspec.convert(reply.value, as_type)
    except msgspec.ValidationError:
        return otherwise


class Answer(Struct, frozen=True):
    """The reply to the command that was sent with this id; None when QEMU could not make out the command, let alone its id."""

    id: int | None
    reply: Reply


class Event(Struct, frozen=True):
    """Something happened in QEMU (QEMU qapi/run-state.json and others), such as STOP, RESUME, RESET and SHUTDOWN."""

    name: str
    data: Mapping[str, Any]


_Number = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class _Version(msgspec.Struct):
    major: _Number
    minor: _Number
    micro: _Number


class _Versions(msgspec.Struct):
    qemu: _Version


class _Greeting(msgspec.Struct):
    version: _Versions


class _Error(msgspec.Struct):
    desc: str
    error_class: str = msgspec.field(name="class", default="GenericError")


class _Line(msgspec.Struct):
    """Every message of QEMU: exactly one of the first four is there."""

    greeting: _Greeting | msgspec.UnsetType = msgspec.field(name="QMP", default=msgspec.UNSET)
    event: str | msgspec.UnsetType = msgspec.UNSET
    returned: Any = msgspec.field(name="return", default=msgspec.UNSET)
    error: _Error | msgspec.UnsetType = msgspec.UNSET
    data: dict[str, Any] = {}
    id: int | None = None


class QmpProtocol:
    """Bytes in, messages out; commands in, bytes out. No I/O."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Line)
        self._encoder = msgspec.json.Encoder()
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[Greeting | Answer | Event]:
        """The messages that `data`, the next bytes from QEMU, completes. QmpError when they are not QMP: the connection is of no use then."""
        searched = len(self._partial)
        self._partial += data
        messages = []
        start = 0
        while (end := self._partial.find(b"\n", max(start, searched))) >= 0:
            line = bytes(self._partial[start:end])
            start = end + 1
            if line.strip():
                messages.append(self._decode(line))
        del self._partial[:start]
        if len(self._partial) > MAX_LINE:
            raise QmpError(f"a QMP message of more than {MAX_LINE >> 20} MiB")
        return messages

    def _decode(self, line: bytes) -> Greeting | Answer | Event:
        try:
            message = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise QmpError(f"this is not QMP: {_excerpt(line)} ({error})") from None
        if message.greeting is not msgspec.UNSET:
            version = message.greeting.version.qemu
            return Greeting(QemuVersion(version.major, version.minor, version.micro))
        if message.event is not msgspec.UNSET:
            return Event(message.event, message.data)
        if message.error is not msgspec.UNSET:
            return Answer(
                message.id, Failure(readable(message.error.error_class), readable(message.error.desc))
            )
        if message.returned is not msgspec.UNSET:
            return Answer(message.id, Success(message.returned))
        raise QmpError(f"this is not QMP: {_excerpt(line)}")

    def encode(self, command: str, arguments: Mapping[str, Any] | None, id: int) -> bytes:
        """The line that asks for `command`, without a superfluous byte: QEMU's monitor polls once for each (monitor/monitor.c)."""
        message: dict[str, Any] = {"execute": command}
        if arguments is not None:
            message["arguments"] = arguments
        message["id"] = id
        return self._encoder.encode(message) + b"\n"


def _excerpt(line: bytes) -> str:
    return repr(line[:80])[1:] + ("..." if len(line) > 80 else "")
