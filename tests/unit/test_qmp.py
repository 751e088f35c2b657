"""QMP: the messages alone, then the client against a QEMU played by the other end of a socket pair."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loops import ManualLoop, SelectorLoop
from wlvm.fd import OwnedFd
from wlvm.qemu import qmp, qmp_messages
from wlvm.qemu.qmp import Failure, QemuVersion, QmpClient, QmpError, Reply, Success, connect
from wlvm.qemu.qmp_messages import Answer, Event, Greeting, QmpProtocol

GREETING = b'{"QMP":{"version":{"qemu":{"micro":2,"minor":0,"major":10},"package":"Debian"},"capabilities":["oob"]}}\r\n'
CONVERSATION = (
    GREETING
    + b'{"return":{},"id":0}\r\n'
    + b'{"timestamp":{"seconds":1,"microseconds":2},"event":"STOP"}\r\n'
    + b'{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"},"timestamp":{"seconds":1,"microseconds":2}}\r\n'
    + b'{"id":7,"error":{"class":"GenericError","desc":"VM not running"}}\r\n'
)
MESSAGES = [
    Greeting(QemuVersion(10, 0, 2)),
    Answer(0, Success({})),
    Event("STOP", {}),
    Event("SHUTDOWN", {"guest": True, "reason": "guest-shutdown"}),
    Answer(7, Failure("GenericError", "VM not running")),
]


@given(st.lists(st.integers(0, len(CONVERSATION)), max_size=12))
def test_messages_come_out_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    protocol = QmpProtocol()
    edges = [0, *sorted(cuts), len(CONVERSATION)]
    messages = [
        message
        for start, end in itertools.pairwise(edges)
        for message in protocol.feed(CONVERSATION[start:end])
    ]
    assert messages == MESSAGES


@pytest.mark.parametrize(
    "line",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"[]\n",
        b"{}\n",
        b'{"QMP":{}}\n',
        b'{"return":1,"id":"x"}\n',
        b'{"error":"no"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_nonsense_is_a_qmp_error_that_quotes_it(line: bytes) -> None:
    with pytest.raises(QmpError, match="this is not QMP: "):
        QmpProtocol().feed(line)


@given(st.binary())
def test_no_bytes_raise_anything_but_a_qmp_error(data: bytes) -> None:
    with contextlib.suppress(QmpError):
        QmpProtocol().feed(data + b"\n")


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp_messages, "MAX_LINE", 1 << 20)
    protocol = QmpProtocol()
    assert protocol.feed(b" " * (1 << 20)) == []
    with pytest.raises(QmpError, match="more than 1 MiB"):
        protocol.feed(b" ")


def test_commands_are_minified_and_end_with_a_newline() -> None:
    line = QmpProtocol().encode("getfd", {"fdname": "d"}, 3)
    assert line == b'{"execute":"getfd","arguments":{"fdname":"d"},"id":3}\n'
    assert QmpProtocol().encode("stop", None, 4) == b'{"execute":"stop","id":4}\n'


class Log:
    """Keeps what a client tells its owner."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def ready(self, version: QemuVersion) -> None:
        self.heard.append(version)

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        self.heard.append((name, dict(data)))

    def closed(self, reason: str) -> None:
        self.heard.append(f"closed: {reason}")


class PlayedQemu:
    """The other end of a client's socket."""

    def __init__(self, loop: SelectorLoop) -> None:
        ours, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        self.loop = loop
        self.log = Log()
        self.client = QmpClient(loop, ours, self.log)
        self._received = b""

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def receive(self) -> dict[str, Any]:
        """The next command."""

        def arrived() -> bool:
            with contextlib.suppress(BlockingIOError):
                self._received += self.socket.recv(1 << 20)
            return b"\n" in self._received

        self.loop.run_until(arrived)
        line, _, self._received = self._received.partition(b"\n")
        command: dict[str, Any] = json.loads(line)
        return command

    def negotiate(self) -> None:
        self.send(GREETING)
        command = self.receive()
        assert command["execute"] == "qmp_capabilities"
        self.answer(command)
        self.loop.run_until(lambda: bool(self.log.heard))

    def answer(self, command: dict[str, Any], value: object = None) -> None:
        self.send(json.dumps({"return": value or {}, "id": command["id"]}).encode() + b"\r\n")

    def wait_for(self, count: int) -> list[object]:
        self.loop.run_until(lambda: len(self.log.heard) >= count)
        return self.log.heard

    def nothing_comes(self) -> bool:
        self.loop.turn(0)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return True


@pytest.fixture
def qemu() -> Iterator[PlayedQemu]:
    loop = SelectorLoop()
    played = PlayedQemu(loop)
    yield played
    played.client.close()
    played.socket.close()
    assert not loop.watches
    assert not loop.timers


def test_the_client_is_ready_once_qemu_has_accepted_it(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    assert qemu.log.heard == [QemuVersion(10, 0, 2)]
    assert qemu.client.version == (10, 0, 2)
    assert str(qemu.client.version) == "10.0.2"


def test_nothing_is_said_before_the_greeting_and_early_commands_follow_the_negotiation(
    qemu: PlayedQemu,
) -> None:
    qemu.client.execute("query-status")
    assert qemu.nothing_comes()
    qemu.send(GREETING)
    assert [qemu.receive()["execute"] for _ in range(2)] == ["qmp_capabilities", "query-status"]


def test_replies_find_their_commands_and_keep_their_place_among_events(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    order: list[object] = qemu.log.heard
    qemu.client.execute("first", on_reply=order.append)
    qemu.client.execute("second", {"x": 1}, on_reply=order.append)
    first, second = qemu.receive(), qemu.receive()
    assert (second["execute"], second["arguments"]) == ("second", {"x": 1})
    qemu.answer(first, 1)
    qemu.send(b'{"event":"STOP","timestamp":{}}\r\n')
    qemu.answer(second, 2)
    assert qemu.wait_for(4)[1:] == [Success(1), ("STOP", {}), Success(2)]
    assert qemu.client.unanswered == 0


def test_a_refusal_that_nobody_awaits_is_logged(qemu: PlayedQemu, caplog: pytest.LogCaptureFixture) -> None:
    qemu.negotiate()
    qemu.client.execute("nonsense")
    id = qemu.receive()["id"]
    qemu.send(
        b'{"id":%d,"error":{"class":"CommandNotFound","desc":"The command nonsense has not been found"}}\n'
        % id
    )
    qemu.loop.run_until(lambda: qemu.client.unanswered == 0)
    assert "QEMU refused nonsense: The command nonsense has not been found" in caplog.text


def test_a_fault_in_a_callback_costs_no_other_reply(
    qemu: PlayedQemu, caplog: pytest.LogCaptureFixture
) -> None:
    qemu.negotiate()
    replies: list[Reply] = []

    def fail(reply: Reply) -> None:
        raise ZeroDivisionError

    qemu.client.execute("first", on_reply=fail)
    qemu.client.execute("second", on_reply=replies.append)
    for command in (qemu.receive(), qemu.receive()):
        qemu.answer(command)
    qemu.loop.run_until(lambda: bool(replies))
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


def test_fds_arrive_with_the_first_byte_of_their_command_and_are_closed_here(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    reading, writing = os.pipe()
    fd = OwnedFd(reading)
    qemu.client.execute("query-status")
    qemu.client.execute("getfd", {"fdname": "d"}, fds=[fd])
    qemu.client.execute("query-name")
    assert fd.closed
    before = b'{"execute":"query-status","id":1}\n'
    assert socket.recv_fds(qemu.socket, len(before), 4)[:2] == (before, [])
    command, fds, _, _ = socket.recv_fds(qemu.socket, 4096, 4)
    assert command.startswith(b'{"execute":"getfd"')
    assert len(fds) == 1
    assert stat.S_ISFIFO(os.fstat(fds[0]).st_mode)
    for leftover in (*fds, writing):
        os.close(leftover)


def test_fds_of_commands_that_were_never_sent_are_closed(qemu: PlayedQemu) -> None:
    reading, writing = os.pipe()
    fd = OwnedFd(reading)
    qemu.client.execute("getfd", {"fdname": "d"}, fds=[fd])
    assert not fd.closed
    qemu.client.close()
    assert fd.closed
    another = OwnedFd(writing)
    with pytest.raises(QmpError, match="getfd: the QMP connection is closed"):
        qemu.client.execute("getfd", {"fdname": "d"}, fds=[another])
    assert another.closed


def test_a_socket_that_is_full_loses_and_reorders_nothing(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    words = ["x" * 3000 + str(number) for number in range(200)]
    for word in words:
        qemu.client.execute(word)
    assert [qemu.receive()["execute"] for _ in words] == words


def test_a_qemu_that_reads_nothing_is_given_up(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    replies: list[Reply] = []
    size = qmp.MAX_UNSENT // 4
    for _ in range(6):
        qemu.client.execute("x" * size, on_reply=replies.append)
    assert replies == []
    assert qemu.wait_for(2)[1:] == ["closed: QEMU does not read its QMP socket"]
    assert replies == [Failure("Disconnected", "QEMU does not read its QMP socket")] * 6


def test_whoever_waits_is_told_when_qemu_hangs_up(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.client.execute("quit", on_reply=qemu.log.heard.append)
    qemu.socket.close()
    reason = "QEMU closed the QMP connection"
    heard = qemu.wait_for(3)[1:]
    assert heard[0] == Failure("Disconnected", str(heard[0].description))  # type: ignore[attr-defined]
    assert heard[1] in (f"closed: {reason}", "closed: the QMP connection broke: Connection reset by peer")


def test_what_qemu_said_last_is_heard_although_it_hung_up(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.send(b'{"event":"SHUTDOWN","data":{"guest":false}}\r\n')
    qemu.socket.close()
    assert qemu.wait_for(3)[1:] == [("SHUTDOWN", {"guest": False}), "closed: QEMU closed the QMP connection"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"220 mail.example ESMTP\r\n", "this is not QMP: '220 mail.example ESMTP"),
        (b'{"return":{},"id":1}\n', "something else before its QMP greeting"),
        (GREETING + GREETING, "a second QMP greeting"),
        (GREETING + b'{"return":{},"id":99}\n', "answered a command that was not sent"),
        (GREETING + b'{"error":{"class":"GenericError","desc":"JSON parse error"}}\n', "JSON parse error"),
        (
            GREETING + b'{"id":0,"error":{"class":"GenericError","desc":"no"}}\n',
            "refused the QMP connection: no",
        ),
    ],
)
def test_a_server_that_does_not_speak_qmp_is_given_up_for_a_stated_reason(
    qemu: PlayedQemu, said: bytes, reason: str
) -> None:
    qemu.send(said)
    assert reason in str(qemu.wait_for(1)[-1])
    assert len(qemu.log.heard) == 1


def test_a_qemu_that_does_not_greet_is_given_up() -> None:
    loop, log = ManualLoop(), Log()
    ours, theirs = socket.socketpair()
    client = QmpClient(loop, ours, log)
    loop.advance(qmp.GREETING_TIMEOUT_MS - 1)
    assert log.heard == []
    loop.advance(1)
    assert "it serves one client" in str(log.heard)
    client.close()
    theirs.close()


def test_nothing_is_heard_after_close(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.client.execute("stop", on_reply=qemu.log.heard.append)
    command = qemu.receive()
    qemu.answer(command)
    qemu.client.close()
    qemu.client.close()
    qemu.loop.turn(0)
    assert len(qemu.log.heard) == 1


def test_a_callback_may_close_the_client_between_two_messages(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.client.execute("stop", on_reply=lambda reply: qemu.client.close())
    command = qemu.receive()
    qemu.send(b'{"return":{},"id":%d}\n{"event":"STOP"}\n' % command["id"])
    qemu.loop.turn(1)
    qemu.loop.turn(0)
    assert qemu.log.heard == [QemuVersion(10, 0, 2)]


def test_draining_waits_for_the_replies_but_not_for_ever(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    replies: list[Reply] = []
    qemu.client.execute("stop", on_reply=replies.append)
    assert not qemu.client.drain(0.01)
    qemu.answer(qemu.receive())
    assert qemu.client.drain(10)
    assert replies == [Success({})]


def test_closing_waits_for_the_replies_and_tells_nobody(
    qemu: PlayedQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qmp, "CLOSE_SECONDS", 5.0)
    qemu.negotiate()
    replies: list[Reply] = []
    qemu.client.execute("input-send-event", on_reply=replies.append)
    command = qemu.receive()
    qemu.answer(command)
    qemu.send(b'{"event":"STOP"}\n')
    started = time.monotonic()
    qemu.client.close()
    assert time.monotonic() - started < qmp.CLOSE_SECONDS
    assert replies == []
    assert len(qemu.log.heard) == 1


def test_closing_does_not_wait_for_a_qemu_that_hangs(qemu: PlayedQemu) -> None:
    qemu.negotiate()
    qemu.client.execute("input-send-event")
    started = time.monotonic()
    qemu.client.close()
    assert time.monotonic() - started < 10 * qmp.CLOSE_SECONDS
    assert qemu.socket.recv(100).startswith(b'{"execute":"input-send-event"')
    assert qemu.socket.recv(100) == b""


def test_closing_does_not_wait_for_answers_that_change_nothing(
    qemu: PlayedQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qmp, "CLOSE_SECONDS", 5.0)
    qemu.negotiate()
    qemu.client.execute("query-status")
    started = time.monotonic()
    qemu.client.close()
    assert time.monotonic() - started < qmp.CLOSE_SECONDS


def test_closing_in_a_callback_counts_the_replies_that_came_along(
    qemu: PlayedQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qmp, "CLOSE_SECONDS", 5.0)
    qemu.negotiate()
    qemu.client.execute("first", on_reply=lambda reply: qemu.client.close())
    qemu.client.execute("second", on_reply=qemu.log.heard.append)
    first, second = qemu.receive(), qemu.receive()
    qemu.send(b'{"return":1,"id":%d}\n{"return":2,"id":%d}\n' % (first["id"], second["id"]))
    started = time.monotonic()
    qemu.loop.turn(1)
    assert time.monotonic() - started < qmp.CLOSE_SECONDS
    assert len(qemu.log.heard) == 1


def test_connecting_says_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    path = tmp_path / "qmp"
    with pytest.raises(QmpError, match="there is no such file"):
        connect(path)
    path.write_text("")
    with pytest.raises(QmpError, match="it is not a socket"):
        connect(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        with pytest.raises(QmpError, match="nothing listens there"):
            connect(path)
        listener.listen(0)
        connect(path).close()
        with pytest.raises(QmpError, match="AF_UNIX path too long"):
            connect(tmp_path / ("x" * 200))


def test_connecting_to_a_socket_that_is_busy_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "qmp"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        waiting = connect(path)
        with pytest.raises(QmpError, match="other clients are waiting"):
            connect(path)
        waiting.close()
