"""The D-Bus wire: what jeepney writes is read the same, and nothing else ends in more than a WireError."""

from __future__ import annotations

import contextlib
import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jeepney.low_level import Endianness
from jeepney.low_level import Message as JeepneyMessage
from jeepney.low_level import parse_signature as jeepney_type

from tests.fake_qemu import GUID, LISTENER, encode, method_call
from tests.fds import open_fds
from wlvm.qemu.dbus import (
    MAX_FDS,
    MAX_MESSAGE,
    Call,
    Calls,
    Kind,
    Message,
    MessageReader,
    WireError,
    authentication,
    encode_error,
    encode_return,
)
from wlvm.qemu.dbus_values import MAX_VALUES, parse_signature, unmarshal

WELCOME = b"OK " + GUID + b"\r\nAGREE_UNIX_FD\r\n"


def reader() -> MessageReader:
    """A reader that QEMU has welcomed."""
    made = MessageReader()
    assert feed(made, WELCOME) == []
    assert made.authenticated
    return made


def feed(target: MessageReader, data: bytes, fds: list[int] | None = None) -> list[Message]:
    """Receive `data` as the kernel would deliver it: into the space there is. The fds come with the first byte."""
    messages = []
    rest = memoryview(data)
    while rest:
        space = target.space()
        count = min(len(space), len(rest))
        assert count > 0
        space[:count] = rest[:count]
        target.received(count, fds or [])
        fds, rest = None, rest[count:]
        while (message := target.next_message()) is not None:
            messages.append(message)
    return messages


def some_fds(count: int) -> list[int]:
    return [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(count)]


# --- values ---------------------------------------------------------------------------------------------------------------

BASIC = {
    "y": st.integers(0, 255), "n": st.integers(-(1 << 15), (1 << 15) - 1), "q": st.integers(0, 0xFFFF),
    "i": st.integers(-(1 << 31), (1 << 31) - 1), "u": st.integers(0, (1 << 32) - 1),
    "x": st.integers(-(1 << 63), (1 << 63) - 1), "t": st.integers(0, (1 << 64) - 1),
    "d": st.floats(allow_nan=False), "b": st.booleans(),
    "s": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    "o": st.just("/org/qemu/Display1"), "g": st.just("a{sv}"),
}  # fmt: skip
Typed = tuple[str, object]


def values_of(signature: str) -> st.SearchStrategy[object]:
    """Values of one basic type or byte array."""
    return st.binary(max_size=40) if signature == "ay" else BASIC[signature]


def typed(depth: int = 3) -> st.SearchStrategy[Typed]:
    """A complete type's signature with a value of it, as jeepney takes it."""
    simple = st.sampled_from([*BASIC, "ay"]).flatmap(lambda code: st.tuples(st.just(code), values_of(code)))
    if depth == 0:
        return simple
    inner = typed(depth - 1)
    arrays = st.sampled_from(list(set(BASIC) - {"y"})).flatmap(
        lambda code: st.tuples(st.just("a" + code), st.lists(values_of(code), max_size=5))
    )
    structs = st.lists(inner, min_size=1, max_size=4).map(
        lambda members: (
            "(" + "".join(code for code, _ in members) + ")",
            tuple(value for _, value in members),
        )
    )
    variants = inner.map(lambda pair: ("v", pair))
    dictionaries = st.dictionaries(BASIC["s"], inner, max_size=3).map(lambda found: ("a{sv}", found))
    return st.one_of(simple, arrays, structs, variants, dictionaries)


@settings(deadline=None)
@given(st.lists(typed(), min_size=1, max_size=4))
def test_values_that_jeepney_writes_are_read_the_same(members: list[Typed]) -> None:
    signature = "".join(code for code, _ in members)
    body = tuple(value for _, value in members)
    data = jeepney_type(list(f"({signature})")).serialise(body, 0, Endianness.little)
    assert unmarshal(signature, memoryview(data)) == body


@settings(deadline=None)
@given(
    st.sampled_from(["a{oa{sa{sv}}}", "sa{sv}as", "ahuuuuauauuuuutb", "v", "aav", "g"]),
    st.binary(max_size=200),
)
def test_any_bytes_are_values_or_a_wire_error(signature: str, data: bytes) -> None:
    with contextlib.suppress(WireError):
        unmarshal(signature, memoryview(data))


@settings(deadline=None)
@given(st.text("abdghinoqstuvxy(){}a", max_size=40))
def test_any_text_is_a_signature_or_a_wire_error(text: str) -> None:
    with contextlib.suppress(WireError):
        parse_signature(text)


@pytest.mark.parametrize(
    "signature", ["()", "a()", "a", "(", "(i", "{sv}", "a{s}", "a{vs}", "a{siu}", "z", "a" * 60 + "i"]
)
def test_an_impossible_signature_is_refused(signature: str) -> None:
    with pytest.raises(WireError):
        parse_signature(signature)


def test_an_array_of_empty_structs_does_not_loop_forever() -> None:
    data = b"\x03a()\0\0\0\0" + struct.pack("<I4x", 8) + bytes(8)
    with pytest.raises(WireError):
        unmarshal("v", memoryview(data))


def test_more_values_than_anybody_needs_are_refused() -> None:
    count = MAX_VALUES + 1
    with pytest.raises(WireError, match="too many values"):
        unmarshal("aq", memoryview(struct.pack("<I", 2 * count) + bytes(2 * count)))


def test_variants_nested_too_deep_are_refused() -> None:
    with pytest.raises(WireError):
        unmarshal("v", memoryview(b"\x01v\0" * 1000))


def test_a_byte_array_longer_than_its_message_is_refused() -> None:
    with pytest.raises(WireError):
        unmarshal("ay", memoryview(struct.pack("<I", 100) + bytes(50)))


# --- messages --------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data())
def test_messages_come_whole_however_they_are_cut(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 70_000), min_size=1, max_size=5))
    stream = b"".join(
        encode(method_call(LISTENER, f"M{size}", "ay", (bytes([size % 251]) * size,)), serial)[0]
        for serial, size in enumerate(sizes, 1)
    )
    target = reader()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found: list[Message] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += feed(target, stream[start:end])
    assert [message.serial for message in found] == list(range(1, len(sizes) + 1))
    for size, message in zip(sizes, found, strict=True):
        assert message.fields.member == f"M{size}"
        assert bytes(message.body[4:]) == bytes([size % 251]) * size
        assert message.body.readonly


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_the_welcome_are_messages_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        feed(reader(), data)


@settings(deadline=None)
@given(st.integers(0, 150), st.integers(0, 255))
def test_a_message_with_one_byte_changed_is_a_message_or_a_wire_error(position: int, value: int) -> None:
    data = bytearray(encode(method_call(LISTENER, "UpdateMap", "iiii", (1, 2, 3, 4)))[0])
    data[position % len(data)] = value
    with contextlib.suppress(WireError):
        feed(reader(), bytes(data))


def test_a_message_says_what_it_is() -> None:
    (message,) = feed(reader(), encode(method_call(LISTENER, "Disable"), 7)[0])
    assert (message.kind, message.serial, message.reply_wanted) == (Kind.CALL, 7, True)
    assert (message.fields.interface, message.fields.member) == (LISTENER, "Disable")
    assert message.values() == ()


@pytest.mark.parametrize(
    "start",
    [
        b"B\1\0\1" + bytes(12),
        b"l\1\0\2" + bytes(12),
        b"l\1\0\1" + struct.pack("<III", MAX_MESSAGE, 1, 64),
        b"l\1\0\1" + struct.pack("<III", 0, 1, 1 << 20),
        b"l\1\0\1" + struct.pack("<III", 0xFFFF_FFFF, 1, 0xFFFF_FFFF),
        b"l\1\0\1" + struct.pack("<III", 0, 1, 0),
        b"l\7\0\1" + struct.pack("<III", 0, 1, 0),
    ],
    ids=["big-endian", "version", "too-long", "fields-too-long", "all-ones", "a-call-of-nothing", "kind"],
)
def test_what_is_no_message_ends_the_connection(start: bytes) -> None:
    with pytest.raises(WireError):
        feed(reader(), start)


def test_the_announcement_of_a_large_message_costs_no_memory() -> None:
    before = resident_bytes()
    target = reader()
    assert feed(target, b"l\1\0\1" + struct.pack("<III", 100 << 20, 1, 64)) == []
    assert len(target.space()) > 100 << 20
    assert resident_bytes() - before < 10 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- file descriptors ------------------------------------------------------------------------------------------------------


def test_fds_go_to_the_message_that_claims_them() -> None:
    before = open_fds()
    target = reader()
    (fd,) = some_fds(1)
    data, _ = encode(method_call(LISTENER, "ScanoutMap", "h", (fd,)))
    (message,) = feed(target, data, [fd])
    assert [owned.fileno() for owned in message.fds] == [fd]
    message.close()
    assert open_fds() == before


def test_fds_that_no_message_claims_are_closed() -> None:
    before = open_fds()
    target = reader()
    (message,) = feed(target, encode(method_call(LISTENER, "Disable"))[0], some_fds(3))
    assert message.fds == []
    assert open_fds() == before


def test_fds_of_an_unfinished_message_are_closed_with_the_reader() -> None:
    before = open_fds()
    target = reader()
    assert feed(target, b"l", some_fds(2)) == []
    assert open_fds() == before + 2
    target.close()
    assert open_fds() == before


def test_a_message_that_claims_fds_that_never_came_ends_the_connection() -> None:
    data, _ = encode(method_call(LISTENER, "ScanoutMap", "h", (0,)))
    with pytest.raises(WireError):
        feed(reader(), data)


def test_more_fds_than_a_message_may_have_end_the_connection_and_are_closed() -> None:
    before = open_fds()
    target = reader()
    with pytest.raises(WireError):
        feed(target, b"l", some_fds(MAX_FDS + 1))
    target.close()
    assert open_fds() == before


# --- authentication --------------------------------------------------------------------------------------------------------


def test_the_client_says_everything_at_once() -> None:
    assert authentication().startswith(b"\0AUTH EXTERNAL ")
    assert authentication().endswith(b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n")


@pytest.mark.parametrize(
    "answer",
    [b"REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n", b"OK " + GUID + b"\r\nERROR\r\n", b"x" * 2000, b"DATA\r\n"],
)
def test_a_refused_authentication_ends_the_connection(answer: bytes) -> None:
    with pytest.raises(WireError):
        feed(MessageReader(), answer)


def test_the_welcome_and_the_first_message_may_come_together_and_in_pieces() -> None:
    stream = WELCOME + encode(method_call(LISTENER, "Disable"))[0]
    target = MessageReader()
    found = [message for byte in stream for message in feed(target, bytes([byte]))]
    assert [message.fields.member for message in found] == ["Disable"]


# --- what goes out ---------------------------------------------------------------------------------------------------------


def test_a_call_is_one_that_jeepney_reads() -> None:
    heard: list[Message] = []
    calls = Calls()
    call = Call("/p", "a.B", "Do", "hu", (5, 6))
    outgoing = calls.call(call, heard.append)
    message = JeepneyMessage.from_buffer(outgoing.data, fds=list(outgoing.fds))
    assert message.body == (5, 6)
    assert message.header.flags == 0
    assert outgoing.fds == (5,)
    assert JeepneyMessage.from_buffer(calls.notify(Call("/p", "a.B", "Do")).data).header.flags == 1


def test_a_reply_finds_its_caller_once() -> None:
    heard: list[Message] = []
    calls = Calls()
    serial = JeepneyMessage.from_buffer(calls.call(Call("/p", "a.B", "Do"), heard.append).data).header.serial
    (reply,) = feed(reader(), encode_return(9, serial, "s", ("done",)).data)
    waiting = calls.replied(reply)
    assert waiting is not None
    waiting(reply)
    assert heard[0].values() == ("done",)
    assert calls.replied(reply) is None


def test_an_error_carries_its_name_and_text() -> None:
    (message,) = feed(reader(), encode_error(3, 4, "a.Failed", "no").data)
    assert (message.kind, message.fields.error_name, message.values()) == (Kind.ERROR, "a.Failed", ("no",))
    assert not message.reply_wanted
