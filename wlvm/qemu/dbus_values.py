"""D-Bus values out of bytes that nobody vouches for.

The D-Bus specification ("Marshaling") says how values lie in a message. jeepney decodes them too, but trusts its input: it
loops forever on an array of empty structs and takes short byte arrays for whole ones. This decoder checks every length against
the message, and its work is bounded: at most MAX_VALUES values, nested at most MAX_DEPTH deep.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, NamedTuple

#: What one message may hold where values are decoded one by one. QEMU's largest answer, all objects with all properties, has
#: some 40 values a console.
MAX_VALUES: Final = 20_000
MAX_DEPTH: Final = 32
MAX_SIGNATURE: Final = 255
MAX_ARRAY: Final = 64 << 20


class WireError(ValueError):
    """The other side does not speak D-Bus, or breaks a limit. Nothing that follows on its connection can be trusted."""


class Variant(NamedTuple):
    """A value that brings its own signature along."""

    signature: str
    value: object


class Type(NamedTuple):
    """One complete type: its D-Bus code (`r` for a struct, `e` for a dict entry) and the types inside it."""

    code: str
    inner: tuple[Type, ...] = ()


_FIXED: Final = {
    "y": struct.Struct("<B"), "n": struct.Struct("<h"), "q": struct.Struct("<H"), "i": struct.Struct("<i"),
    "u": struct.Struct("<I"), "x": struct.Struct("<q"), "t": struct.Struct("<Q"), "d": struct.Struct("<d"),
    "h": struct.Struct("<I"), "b": struct.Struct("<I"),
}  # fmt: skip
_ALIGNMENT: Final = {code: fixed.size for code, fixed in _FIXED.items()} | {
    "s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "r": 8, "e": 8,
}  # fmt: skip
_BASIC: Final = frozenset(_FIXED) | set("sog")


@lru_cache(maxsize=256)
def parse_signature(signature: str) -> tuple[Type, ...]:
    """The complete types of a signature; WireError for one that the specification forbids."""
    if len(signature) > MAX_SIGNATURE:
        raise WireError(f"a signature of {len(signature)} characters")
    types: list[Type] = []
    position = 0
    while position < len(signature):
        found, position = _parse_type(signature, position, 0)
        types.append(found)
    return tuple(types)


def _parse_type(signature: str, position: int, depth: int) -> tuple[Type, int]:
    """The complete type at `position`, and where it ends."""
    code = signature[position : position + 1]
    if depth > MAX_DEPTH:
        raise WireError("a signature nested too deep")
    if code in _BASIC or code == "v":
        return Type(code), position + 1
    if code == "a" and signature[position + 1 : position + 2] == "{":
        entry, position = _parse_members(signature, position + 2, "}", depth)
        if len(entry) != 2 or entry[0].code not in _BASIC:
            raise WireError(f"the signature {signature!r} has an impossible dict entry")
        return Type("a", (Type("e", entry),)), position
    if code == "a":
        element, position = _parse_type(signature, position + 1, depth + 1)
        return Type("a", (element,)), position
    if code == "(":
        members, position = _parse_members(signature, position + 1, ")", depth)
        return Type("r", members), position
    raise WireError(f"the signature {signature!r} is not one")


def _parse_members(signature: str, position: int, end: str, depth: int) -> tuple[tuple[Type, ...], int]:
    """The types, one at least, up to the closing bracket `end`, and the position after it."""
    members: list[Type] = []
    while signature[position : position + 1] != end:
        member, position = _parse_type(signature, position, depth + 1)
        members.append(member)
    if not members:
        raise WireError(f"the signature {signature!r} has an empty struct")
    return tuple(members), position + 1


def unmarshal(signature: str, data: memoryview) -> tuple[object, ...]:
    """The values of `signature` in all of `data`, which starts at a multiple of 8 in its message and is little-endian.

    Numbers become int, float or bool, strings str, byte arrays bytes, other arrays list, structs tuple, dictionaries dict,
    variants Variant, and a file descriptor (`h`) its index among the message's. WireError when the bytes are not that.
    """
    decoder = _Decoder(data)
    try:
        values = tuple(decoder.value(each, 0) for each in parse_signature(signature))
    except (struct.error, UnicodeDecodeError) as error:
        raise WireError(f"a value of {signature!r} does not decode: {error}") from None
    if decoder.position != len(data):
        raise WireError(f"{len(data) - decoder.position} bytes too many for {signature!r}")
    return values


class _Decoder:
    """Walks through `data`. Raises WireError, struct.error (past the end) and UnicodeDecodeError."""

    __slots__ = ("_data", "_left", "position")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._left = MAX_VALUES
        self.position = 0

    def value(self, wanted: Type, depth: int) -> object:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise WireError("a message with too many values, or nested too deep")
        code = wanted.code
        self.position += -self.position % _ALIGNMENT[code]
        if code in _FIXED:
            return self._fixed(code)
        if code in "so":
            return self._text("u")
        if code == "g":
            return self._text("y")
        if code == "v":
            return self._variant(depth)
        if code == "a":
            return self._array(wanted.inner[0], depth)
        return tuple(self.value(member, depth + 1) for member in wanted.inner)

    def _fixed(self, code: str) -> int | float | bool:
        fixed = _FIXED[code]
        value: int | float = fixed.unpack_from(self._data, self.position)[0]
        self.position += fixed.size
        if code != "b":
            return value
        if value not in (0, 1):
            raise WireError(f"a boolean of {value}")
        return bool(value)

    def _text(self, length_code: str) -> str:
        length = int(self._fixed(length_code))
        end = self.position + length
        if end >= len(self._data) or self._data[end] != 0:
            raise WireError("a string that does not end where it says")
        text = str(self._data[self.position : end], "utf-8")
        self.position = end + 1
        return text

    def _variant(self, depth: int) -> Variant:
        signature = self._text("y")
        types = parse_signature(signature)
        if len(types) != 1:
            raise WireError(f"a variant of {signature!r}, which is not one type")
        return Variant(signature, self.value(types[0], depth + 1))

    def _array(self, element: Type, depth: int) -> object:
        length = int(self._fixed("u"))
        self.position += -self.position % _ALIGNMENT[element.code]
        end = self.position + length
        if length > MAX_ARRAY or end > len(self._data):
            raise WireError(f"an array of {length} bytes in a message of {len(self._data)}")
        if element.code == "y":
            start, self.position = self.position, end
            return bytes(self._data[start:end])
        values = []
        while self.position < end:
            values.append(self.value(element, depth + 1))
        if self.position != end:
            raise WireError("an array whose last element passes its end")
        return dict(values) if element.code == "e" else values  # type: ignore[arg-type]
