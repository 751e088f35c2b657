"""A connection to a QEMU that does not read: what it costs is bounded, and a motion is not worth the display."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator

import pytest

from tests.fake_qemu import GUID
from wlvm.qemu.dbus import Call, Message
from wlvm.qemu.peer import MAX_UNSENT, Peer

MOTION = Call("/org/qemu/Display1/Console_0", "org.qemu.Display1.Mouse", "RelMotion", "ii", (1, 1))


class Owner:
    def __init__(self) -> None:
        self.reason = ""

    def received(self, peer: Peer, message: Message) -> None:
        raise AssertionError(message)

    def lost(self, peer: Peer, reason: str) -> None:
        assert not self.reason
        self.reason = reason


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


@pytest.fixture
def peer(
    sockets: tuple[socket.socket, socket.socket], selector: selectors.BaseSelector, owner: Owner
) -> Iterator[Peer]:
    made = Peer(sockets[0], selector, owner)
    made.start()
    yield made
    made.close()


def received(sock: socket.socket) -> int:
    """How many bytes are there to read."""
    sock.setblocking(False)
    count = 0
    while True:
        try:
            count += len(sock.recv(1 << 20))
        except BlockingIOError:
            return count


def test_motions_are_left_out_while_qemu_does_not_read(
    peer: Peer,
    sockets: tuple[socket.socket, socket.socket],
    selector: selectors.BaseSelector,
    owner: Owner,
) -> None:
    for _ in range(20_000):
        peer.notify(MOTION)
    assert owner.reason == ""
    total = 0
    while (count := received(sockets[1])) > 0:
        total += count
        for key, events in selector.select(0):
            key.data.ready(events)
    assert 0 < total < MAX_UNSENT
    peer.notify(MOTION)
    assert received(sockets[1]) > 0


def test_a_qemu_that_reads_nothing_at_all_is_given_up(peer: Peer, owner: Owner) -> None:
    for _ in range(20_000):
        peer.call(MOTION, lambda message: None)
    assert owner.reason == "QEMU does not read what its display connection is sent"


def test_a_paused_peer_receives_nothing_until_resumed(
    peer: Peer, sockets: tuple[socket.socket, socket.socket], selector: selectors.BaseSelector
) -> None:
    peer.pause()
    sockets[1].sendall(b"OK " + GUID + b"\r\n")
    assert selector.select(0) == []
    peer.resume()
    assert [events for _, events in selector.select(0)] == [selectors.EVENT_READ]


def test_a_peer_whose_other_end_is_gone_is_lost_once(
    peer: Peer, sockets: tuple[socket.socket, socket.socket], owner: Owner
) -> None:
    sockets[1].close()
    peer.ready(selectors.EVENT_READ)
    peer.ready(selectors.EVENT_READ)
    peer.notify(MOTION)
    assert owner.reason == "QEMU closed its display connection"
