"""The control socket: both sides against each other, and the server against clients that misbehave."""

from __future__ import annotations

import errno
import fcntl
import json
import mmap
import os
import resource
import select
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fds import open_fds
from tests.loops import SelectorLoop
from wlvm import __version__, linux_dmabuf
from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.framebuffer import RGB565, XRGB8888, FramebufferError, Rect
from wlvm.ipc import (
    Command,
    ControlClient,
    ControlError,
    ControlServer,
    Deferred,
    NotRunningError,
    Request,
    Stream,
    WithFds,
    default_socket,
    find_socket,
    server,
)
from wlvm.ipc.image import describe_dmabuf, duplicate_planes, take_dmabuf
from wlvm.ipc.messages import (
    MAX_LINE,
    AttachArguments,
    Attached,
    DmabufImage,
    DmabufPlane,
    FrameArguments,
    Listing,
)
from wlvm.linux_dmabuf import MOD_INVALID, DmabufDescriptor, Plane

T = TypeVar("T")

PICTURE = Frame(3, 2, RGB565, bytes(range(12)))


class Commands:
    """What the tests' server can do, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.pending: list[Deferred] = []
        self.table: dict[str, Command] = {
            "list": self.listing,
            "attach": self.attach,
            "detach": self.detach,
            "frame": self.frame,
            "screenshot": self.screenshot,
            "quit": self.listing,
        }

    def listing(self, request: Request) -> Listing:
        self.asked.append(request)
        return Listing(guests=())

    def attach(self, request: Request) -> Attached:
        return Attached(Path(request.parse(AttachArguments).qmp).stem)

    def detach(self, request: Request) -> dict[str, object]:
        raise RuntimeError("a mistake of wlvm's")

    def frame(self, request: Request) -> Frame:
        if request.parse(FrameArguments).guest != "debian":
            raise ControlError("there is no such guest", "not-found")
        return PICTURE

    def screenshot(self, request: Request) -> Deferred:
        self.pending.append(Deferred())
        return self.pending[-1]


@pytest.fixture
def loop() -> Iterator[SelectorLoop]:
    loop = SelectorLoop()
    yield loop
    assert not loop.watches, "something is still watched"
    assert not loop.timers, "a timer was not given back"


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def control(loop: SelectorLoop, commands: Commands, runtime_dir: Path) -> Iterator[ControlServer]:
    control = ControlServer(loop, default_socket("wayland-7"), commands.table)
    yield control
    control.close()


def beside(loop: SelectorLoop, work: Callable[[], T]) -> Future[T]:
    """Do blocking work in a thread while the loop runs, until it is done."""
    ours, theirs = socket.socketpair()
    watch = loop.watch(ours.fileno(), lambda: None)
    with ours, theirs, ThreadPoolExecutor(1) as thread:
        future = thread.submit(work)
        future.add_done_callback(lambda _: theirs.send(b"."))
        try:
            loop.run_until(future.done)
        finally:
            watch.remove()
    return future


def ask(loop: SelectorLoop, control: ControlServer, question: Callable[[ControlClient], T]) -> T:
    """What a client gets for a question."""

    def connect_and_ask() -> T:
        with ControlClient(control.path) as client:
            return question(client)

    return beside(loop, connect_and_ask).result()


class RawClient:
    """A client that sends what it likes."""

    def __init__(self, loop: SelectorLoop, path: Path) -> None:
        self._loop = loop
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.connect(os.fspath(path))
        self._received = b""
        self.ended = False

    def line(self) -> Any:
        """The next line from the server."""
        self._loop.run_until(lambda: self._poll() and b"\n" in self._received)
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def wait_for_end(self) -> None:
        self._loop.run_until(lambda: self._poll() and self.ended)

    def _poll(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
            self._received += data
            self.ended = self.ended or not data
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.ended = True
        return True


@pytest.fixture
def raw(loop: SelectorLoop, control: ControlServer) -> Iterator[RawClient]:
    client = RawClient(loop, control.path)
    watch = loop.watch(client.socket.fileno(), lambda: None)
    assert client.line() == {"wlvm": __version__, "protocol": 1}
    yield client
    watch.remove()
    client.socket.close()


def connections(control: ControlServer) -> int:
    return len(control._clients)


# Both sides.


def test_a_command_is_answered(loop: SelectorLoop, control: ControlServer) -> None:
    assert ask(loop, control, lambda client: client.call("list")) == {"guests": []}
    assert ask(loop, control, lambda client: client.listing()) == Listing(guests=())
    assert ask(loop, control, lambda client: client.attach(Path("/run/debian.qmp"))) == "debian"


def test_one_connection_asks_many_times(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    ask(loop, control, lambda client: [client.listing() for _ in range(5)])
    assert [request.id for request in commands.asked] == [1, 2, 3, 4, 5]


def test_a_refusal_has_a_text_and_a_code(loop: SelectorLoop, control: ControlServer) -> None:
    with pytest.raises(ControlError, match="no such guest") as refused:
        ask(loop, control, lambda client: client.frame("nobody"))
    assert refused.value.code == "not-found"
    with pytest.raises(ControlError, match="no command dance") as refused:
        ask(loop, control, lambda client: client.call("dance"))
    assert refused.value.code == "invalid"


@pytest.mark.parametrize(
    "arguments", [{}, {"guest": 3}, {"guest": "debian", "console": "0"}, {"guest": "a", "gest": 1}]
)
def test_wrong_arguments_are_refused_by_name(
    loop: SelectorLoop, control: ControlServer, arguments: dict[str, object]
) -> None:
    with pytest.raises(ControlError, match="^frame: ") as refused:
        ask(loop, control, lambda client: client.call("frame", arguments))
    assert refused.value.code == "invalid"


def test_a_mistake_in_a_command_is_an_answer_and_is_logged(
    loop: SelectorLoop, control: ControlServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ControlError, match="a mistake of wlvm's"):
        ask(loop, control, lambda client: client.detach("debian"))
    assert "command detach" in caplog.text
    assert ask(loop, control, lambda client: client.listing()) == Listing(guests=())


def test_pixels_arrive_exactly(loop: SelectorLoop, control: ControlServer) -> None:
    assert ask(loop, control, lambda client: client.frame("debian")) == PICTURE


def test_a_large_picture_costs_no_more_of_the_socket_than_a_small_one(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    large = Frame(2048, 1024, XRGB8888, bytes(4 << 21))
    commands.table["frame"] = lambda request: large
    assert ask(loop, control, lambda client: client.frame("debian")) == large


def test_the_memory_of_a_picture_is_sealed(
    loop: SelectorLoop, control: ControlServer, raw: RawClient
) -> None:
    raw.socket.send(b'{"command":"frame","arguments":{"guest":"debian"}}\n')
    received: list[tuple[bytes, list[int]]] = []

    def arrived() -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(raw.socket, 4096, 4)
        except BlockingIOError:
            return False
        received.append((data, fds))
        return True

    loop.run_until(arrived)
    [(data, [fd])] = received
    try:
        assert json.loads(data) == {
            "id": None,
            "result": {"width": 3, "height": 2, "stride": 6, "fourcc": "RG16"},
            "fds": 1,
        }
        assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SEAL
        for change in (lambda: os.pwrite(fd, b"x", 0), lambda: os.ftruncate(fd, 1), lambda: mmap.mmap(fd, 6)):
            with pytest.raises(PermissionError):
                change()
        assert os.read(fd, 100) == PICTURE.pixels
    finally:
        os.close(fd)


def test_a_result_may_come_later_while_others_are_served(
    loop: SelectorLoop, control: ControlServer, commands: Commands, raw: RawClient
) -> None:
    raw.socket.send(b'{"command":"screenshot","id":"a"}\n{"command":"list","id":"b"}\n')
    loop.run_until(lambda: bool(commands.pending))
    ask(loop, control, lambda client: client.listing())
    assert len(commands.asked) == 1, "the second request waits for the first one's answer"
    commands.pending[0].resolve(ControlError("the output went away"))
    assert raw.line() == {"id": "a", "error": "the output went away", "code": "failed"}
    assert raw.line() == {"id": "b", "result": {"guests": []}}


def test_a_result_that_is_there_already_is_given_at_once(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    def screenshot(request: Request) -> Deferred:
        deferred = Deferred()
        deferred.resolve(PICTURE)
        return deferred

    commands.table["screenshot"] = screenshot
    assert ask(loop, control, lambda client: client.screenshot()) == PICTURE


def test_a_client_that_leaves_before_its_result_is_forgotten(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    client = RawClient(loop, control.path)
    client.socket.send(b'{"command":"screenshot"}\n')
    loop.run_until(lambda: bool(commands.pending))
    client.socket.close()
    loop.run_until(lambda: connections(control) == 0)
    commands.pending[0].resolve(PICTURE)


# dma-bufs. Memfds stand for them here (see test_linux_dmabuf.py); tests/workstation has real ones.


@pytest.fixture
def dmabuf(monkeypatch: pytest.MonkeyPatch) -> Iterator[DmabufDescriptor]:
    """One of two planes, in the layout of some GPU."""
    monkeypatch.setattr(linux_dmabuf, "dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)
    fds = [OwnedFd(os.memfd_create("dmabuf")) for _ in range(2)]
    for fd in fds:
        os.ftruncate(fd.fileno(), 64 * 256)
    planes = (Plane(fds[0], 0, 256), Plane(fds[1], 256, 64))
    with fds[0], fds[1]:
        yield DmabufDescriptor(64, 64, XRGB8888, MOD_INVALID, planes, True, Rect(8, 0, 56, 60))


def export(commands: Commands, dmabuf: DmabufDescriptor) -> None:
    """`frame` answers with the dma-buf."""
    commands.table["frame"] = lambda _request: WithFds(
        describe_dmabuf(dmabuf, copied=False, reason=""), duplicate_planes(dmabuf)
    )


def inode(fd: OwnedFd) -> int:
    return os.fstat(fd.fileno()).st_ino


def test_a_dmabuf_arrives_with_its_planes_and_every_word_of_its_description(
    loop: SelectorLoop, control: ControlServer, commands: Commands, dmabuf: DmabufDescriptor
) -> None:
    export(commands, dmabuf)
    before = open_fds()
    with ask(loop, control, lambda client: client.dmabuf("debian")) as exported:
        got = exported.descriptor
        assert not exported.copied
        for ours, theirs in zip(dmabuf.planes, got.planes, strict=True):
            assert (inode(ours.fd), ours.offset, ours.stride) == (
                inode(theirs.fd),
                theirs.offset,
                theirs.stride,
            )
        for word in ("width", "height", "fourcc", "modifier", "y_inverted", "visible"):
            assert getattr(got, word) == getattr(dmabuf, word), word
        assert exported.frame() is None, "the CPU cannot tell where a GPU puts its pixels"
    loop.run_until(lambda: connections(control) == 0)
    assert open_fds() == before


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"planes": (DmabufPlane(0, 256),)}, "1 planes came with 2 file descriptors"),
        ({"modifier": "tiled"}, "'tiled' is no modifier"),
        ({"planes": (DmabufPlane(0, 256), DmabufPlane(1 << 20, 256))}, "starts at byte"),
        ({"visible": (0, 0, 65, 1)}, "not inside"),
        ({"fourcc": "NV12"}, "NV12 is not one"),
    ],
)
def test_a_dmabuf_that_cannot_be_is_not_taken(
    dmabuf: DmabufDescriptor, changes: dict[str, object], text: str
) -> None:
    image = msgspec.structs.replace(describe_dmabuf(dmabuf, copied=False, reason=""), **changes)
    with pytest.raises(FramebufferError, match=text):
        take_dmabuf(image, [plane.fd for plane in dmabuf.planes])


def test_a_client_that_cannot_take_a_dmabuf_leaves_no_descriptor_open(
    loop: SelectorLoop, control: ControlServer, commands: Commands, dmabuf: DmabufDescriptor
) -> None:
    image = DmabufImage(1, 1, "XR24", "0x0", (0, 0, 1, 1), False, (), False, "")
    commands.table["frame"] = lambda _request: WithFds(image, duplicate_planes(dmabuf))
    before = open_fds()
    with pytest.raises(ControlError, match="0 planes came with 2"):
        ask(loop, control, lambda client: client.dmabuf("debian"))
    loop.run_until(lambda: connections(control) == 0)
    assert open_fds() == before


def test_without_descriptors_for_all_planes_none_stays_open(dmabuf: DmabufDescriptor) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_fds()
    highest = max(plane.fd.fileno() for plane in dmabuf.planes)
    taken = [OwnedFd(os.dup(0)) for _ in range(highest)]
    room_for_one = max(fd.fileno() for fd in taken) + 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (room_for_one, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            duplicate_planes(dmabuf)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in taken:
            fd.close()
    assert open_fds() == before


def test_a_client_that_floods_and_does_not_read_keeps_few_descriptors_under_way(
    loop: SelectorLoop, control: ControlServer, commands: Commands, dmabuf: DmabufDescriptor
) -> None:
    export(commands, dmabuf)
    client = RawClient(loop, control.path)
    before = open_fds()
    asked = len(b'{"command":"frame"}\n' * 1000)
    assert client.socket.send(b'{"command":"frame"}\n' * 1000) == asked
    for _ in range(500):
        loop.turn(0)
    assert open_fds() <= before + 1 + len(dmabuf.planes), "at most the connection and one reply of ours"
    ask(loop, control, lambda other: other.listing())
    client.socket.close()
    loop.run_until(lambda: connections(control) == 0)
    assert open_fds() <= before - 1


# Results that lines follow.


class Line(msgspec.Struct):
    number: int
    padding: str = ""


class Counting:
    """A stream that tells how often it was woken."""

    def __init__(self, padding: str = "") -> None:
        self.number = 0
        self.told = 0
        self.ended = 0
        self._padding = padding
        self.stream = Stream(Line(-1), self._following, self._end)

    def count(self) -> None:
        self.number += 1
        self.stream.wake()

    def _following(self) -> list[Line]:
        new, self.told = self.number - self.told, self.number
        return [Line(self.number, self._padding)] if new else []

    def _end(self, stream: Stream) -> None:
        assert stream is self.stream
        self.ended += 1


@pytest.fixture
def counting(commands: Commands) -> Counting:
    counting = Counting()
    commands.table["subscribe"] = lambda request: counting.stream
    return counting


def test_a_stream_tells_whenever_it_is_woken(raw: RawClient, counting: Counting) -> None:
    counting.count()
    raw.socket.send(b'{"command":"subscribe","id":1}\n')
    assert raw.line() == {"id": 1, "result": {"number": -1, "padding": ""}}
    assert raw.line()["number"] == 1
    counting.stream.wake()
    counting.count()
    assert raw.line()["number"] == 2


def test_who_has_subscribed_may_ask_on(raw: RawClient, counting: Counting) -> None:
    raw.socket.send(b'{"command":"subscribe","id":1}\n{"command":"list","id":2}\n')
    assert [raw.line()["id"] for _ in range(2)] == [1, 2]
    counting.count()
    assert raw.line()["number"] == 1
    raw.socket.send(b'{"command":"subscribe","id":3}\n{"command":"list","id":4}\n')
    assert "subscribed already" in raw.line()["error"]
    assert raw.line()["id"] == 4
    assert counting.ended == 1, "the second stream was never begun"


def test_a_subscriber_that_says_no_more_is_told_on(
    loop: SelectorLoop, control: ControlServer, raw: RawClient, counting: Counting
) -> None:
    raw.socket.send(b'{"command":"subscribe"}\n')
    raw.socket.shutdown(socket.SHUT_WR)
    assert "result" in raw.line()
    for number in range(1, 4):
        counting.count()
        assert raw.line()["number"] == number
    raw.socket.shutdown(socket.SHUT_RD)
    loop.run_until(lambda: connections(control) == 0)
    assert counting.ended == 1


def test_a_subscriber_that_leaves_is_forgotten(
    loop: SelectorLoop, control: ControlServer, counting: Counting
) -> None:
    client = RawClient(loop, control.path)
    client.socket.send(b'{"command":"subscribe"}\n')
    client.line()
    assert "number" in client.line()["result"]
    client.socket.close()
    loop.run_until(lambda: connections(control) == 0)
    assert counting.ended == 1
    counting.count()


def test_a_subscriber_that_does_not_read_is_asked_for_no_more(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    counting = Counting(padding="x" * 10_000)
    commands.table["subscribe"] = lambda request: counting.stream
    client = RawClient(loop, control.path)
    client.socket.send(b'{"command":"subscribe"}\n')
    loop.run_until(lambda: any(c._stream for c in control._clients))
    for _ in range(1000):
        counting.count()
        loop.turn(0)
    (connection,) = control._clients
    assert len(connection._outgoing) <= 10_100, "at most one line waits"
    assert counting.told < 100
    ask(loop, control, lambda other: other.listing())
    lines = []
    while not lines or lines[-1] < 1000:
        lines.append(client.line().get("number", 0))
    assert len(lines) < 110
    client.socket.close()
    loop.run_until(lambda: connections(control) == 0)


def test_events_are_read_one_after_the_other(
    loop: SelectorLoop, control: ControlServer, counting: Counting
) -> None:
    counting.count()

    def read_three(client: ControlClient) -> list[int]:
        told = []
        for event in client.subscribe():
            told.append(event["number"])
            if len(told) == 3:
                return told
            counting.number += 1
            ask_again.send(b".")
        return told

    ours, ask_again = socket.socketpair()
    watch = loop.watch(ours.fileno(), lambda: (ours.recv(1), counting.stream.wake()))  # type: ignore[arg-type]
    with ours, ask_again:
        assert ask(loop, control, read_three) == [1, 2, 3]
        watch.remove()


# Clients that misbehave.


def test_descriptors_that_a_client_sends_are_closed(
    loop: SelectorLoop, control: ControlServer, raw: RawClient
) -> None:
    before = open_fds()
    with OwnedFd(os.memfd_create("theirs")) as fd:
        for _ in range(50):
            socket.send_fds(raw.socket, [b'{"command":"list"}\n'], [fd.fileno()] * 10)
            assert raw.line()["result"] == {"guests": []}
    assert open_fds() == before


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b'{"command":3}',
        b'{"command":"list","id":{}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_is_served(raw: RawClient, line: bytes) -> None:
    raw.socket.send(line + b"\n")
    refusal = raw.line()
    assert (refusal["id"], refusal["code"]) == (None, "invalid")
    raw.socket.send(b'{"command":"list","id":9}\n')
    assert raw.line() == {"id": 9, "result": {"guests": []}}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(max_size=200))
def test_no_bytes_stop_the_server(loop: SelectorLoop, control: ControlServer, garbage: bytes) -> None:
    client = RawClient(loop, control.path)
    watch = loop.watch(client.socket.fileno(), lambda: None)
    client.line()
    client.socket.send(garbage + b'\n{"command":"list","id":"last"}\n')
    while client.line()["id"] != "last":
        pass
    watch.remove()
    client.socket.close()


def test_a_request_without_end_is_refused(loop: SelectorLoop, control: ControlServer, raw: RawClient) -> None:
    rest = memoryview(bytes(b"x" * (MAX_LINE + (1 << 17))))

    def send_all() -> bool:
        nonlocal rest
        try:
            rest = rest[raw.socket.send(rest) :]
        except OSError as error:
            return error.errno == errno.EPIPE
        return not rest

    loop.run_until(send_all)
    assert "longer than" in raw.line()["error"]
    raw.wait_for_end()
    assert connections(control) == 0


def test_a_client_that_does_not_read_is_read_no_more(
    loop: SelectorLoop, control: ControlServer, commands: Commands
) -> None:
    commands.table["list"] = lambda request: {"text": "x" * (1 << 20)}
    client = RawClient(loop, control.path)
    client.socket.send(b'{"command":"list"}\n' * 1000)
    loop.run_until(lambda: any(len(c._outgoing) > 1000 for c in control._clients))
    before = [len(c._outgoing) for c in control._clients]
    ask(loop, control, lambda client: client.attach(Path("/other/client.qmp")))
    assert [len(c._outgoing) for c in control._clients if c._outgoing] == before
    client.socket.close()
    loop.run_until(lambda: connections(control) == 0)


def test_many_requests_at_once_leave_turns_to_others(
    loop: SelectorLoop, control: ControlServer, commands: Commands, raw: RawClient
) -> None:
    raw.socket.send(b'{"command":"list"}\n' * 20)
    handled_by_turn = []
    while len(commands.asked) < 20:
        before = len(commands.asked)
        loop.turn(1)
        handled_by_turn.append(len(commands.asked) - before)
    assert max(handled_by_turn) == 1


def test_a_client_that_has_said_everything_is_still_answered(
    loop: SelectorLoop, control: ControlServer, commands: Commands, raw: RawClient
) -> None:
    raw.socket.send(b'{"command":"screenshot","id":1}\n')
    raw.socket.shutdown(socket.SHUT_WR)
    loop.run_until(lambda: bool(commands.pending))
    loop.turn(0)
    commands.pending[0].resolve({})
    assert raw.line() == {"id": 1, "result": {}}
    raw.wait_for_end()


def test_one_client_too_many_is_told_so(
    loop: SelectorLoop, control: ControlServer, monkeypatch: pytest.MonkeyPatch, raw: RawClient
) -> None:
    monkeypatch.setattr(server, "MAX_CLIENTS", 1)
    with pytest.raises(ControlError, match="1 clients are connected already"):
        ask(loop, control, lambda client: client.listing())
    assert connections(control) == 1


def test_another_user_is_refused(
    loop: SelectorLoop, control: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "peer", lambda sock: (1, os.geteuid() + 1))
    with pytest.raises(ControlError, match="may not control"):
        ask(loop, control, lambda client: client.listing())


def test_the_user_at_the_other_end_is_the_kernels_word() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert server.peer(ours) == (os.getpid(), os.geteuid())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_refused_even_where_the_file_is_open_to_all(
    loop: SelectorLoop, control: ControlServer
) -> None:
    control.path.parent.chmod(0o755)
    control.path.chmod(0o666)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.fspath(control.path))
            os.write(theirs, sock.recv(9999))
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        watch = loop.watch(ours, lambda: None)
        loop.run_until(lambda: bool(select.select([ours], [], [], 0)[0]))
        watch.remove()
        assert b"user 65534 may not control this wlvm" in told.read()
    assert os.waitpid(child, 0)[1] == 0


def test_without_descriptors_connections_wait(
    loop: SelectorLoop,
    control: ControlServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = control._socket

    class Exhausted:
        def accept(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(control, "_socket", Exhausted())
    client = RawClient(loop, control.path)
    loop.turn(1)
    assert "Too many open files" in caplog.text
    monkeypatch.setattr(control, "_socket", listener)
    [timer] = [timer for timer in loop.timers if timer.due is not None]
    timer.callback()
    loop.run_until(lambda: connections(control) == 1)
    client.socket.close()


# The socket itself.


def test_the_socket_is_private_and_named_after_the_display(control: ControlServer, runtime_dir: Path) -> None:
    assert control.path == runtime_dir / "wlvm-wayland-7.sock"
    assert stat.S_IMODE(control.path.stat().st_mode) == 0o600


def test_the_socket_is_removed_at_the_end(loop: SelectorLoop, control: ControlServer, raw: RawClient) -> None:
    control.close()
    control.close()
    assert not control.path.exists()
    raw.wait_for_end()


def test_a_dead_socket_is_replaced(loop: SelectorLoop, runtime_dir: Path) -> None:
    path = default_socket("wayland-1")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    control = ControlServer(loop, path, Commands().table)
    assert ask(loop, control, lambda client: client.listing()) == Listing(guests=())
    control.close()


def test_a_living_wlvm_keeps_its_socket(loop: SelectorLoop, control: ControlServer) -> None:
    with pytest.raises(ControlError, match="another wlvm is running there"):
        ControlServer(loop, control.path, {})
    assert control.path.exists()


def test_the_socket_of_a_successor_is_left_alone(loop: SelectorLoop, control: ControlServer) -> None:
    control.path.unlink()
    successor = ControlServer(loop, control.path, {})
    control.close()
    assert control.path.exists()
    successor.close()


def test_what_is_no_socket_is_not_replaced(loop: SelectorLoop, runtime_dir: Path) -> None:
    path = default_socket("wayland-1")
    path.write_text("precious")
    with pytest.raises(ControlError, match="not a socket"):
        ControlServer(loop, path, {})
    assert path.read_text() == "precious"


def test_a_directory_open_to_others_is_refused(loop: SelectorLoop, runtime_dir: Path) -> None:
    runtime_dir.chmod(0o777)
    with pytest.raises(ControlError, match="only you can write to"):
        ControlServer(loop, default_socket("wayland-1"), {})


def test_a_path_too_long_for_a_socket_is_refused(loop: SelectorLoop, runtime_dir: Path) -> None:
    with pytest.raises(ControlError, match="107 bytes"):
        ControlServer(loop, runtime_dir / ("x" * 107), {})


def test_without_a_runtime_directory_there_is_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(ControlError, match="XDG_RUNTIME_DIR"):
        default_socket("wayland-1")


# Which wlvm.


def test_a_client_finds_the_wlvm_that_is_meant(
    loop: SelectorLoop, control: ControlServer, runtime_dir: Path
) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime_dir)}
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(runtime_dir / "wlvm-wayland-0.sock"))
    assert find_socket(environ) == control.path
    assert find_socket(environ | {"WLVM_SOCKET": "/elsewhere"}) == Path("/elsewhere")
    other = ControlServer(loop, default_socket("wayland-8"), {})
    assert find_socket(environ | {"WAYLAND_DISPLAY": "wayland-8"}) == other.path
    with pytest.raises(
        ControlError, match=r"several .* wlvm-wayland-7\.sock, .*wlvm-wayland-8\.sock|several"
    ):
        find_socket(environ)
    other.close()


def test_no_wlvm_is_an_error_of_its_own(runtime_dir: Path) -> None:
    with pytest.raises(NotRunningError, match="no wlvm is running"):
        find_socket({"XDG_RUNTIME_DIR": str(runtime_dir)})
    with pytest.raises(NotRunningError, match="XDG_RUNTIME_DIR"):
        find_socket({})
    with pytest.raises(NotRunningError, match="no wlvm is running there"):
        ControlClient(runtime_dir / "wlvm-none.sock")


# A client whose server is strange.


def against(
    loop: SelectorLoop, path: Path, answer: bytes, question: Callable[[ControlClient], object]
) -> str:
    """What a client says of a server that sends `answer` and hangs up."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(answer)

        with ThreadPoolExecutor(1) as thread:
            thread.submit(serve)
            with pytest.raises(ControlError) as strange, ControlClient(path) as client:
                question(client)
    return str(strange.value)


GREETING = b'{"wlvm":"9","protocol":1}\n'


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"", "hung up"),
        (b"SSH-2.0\n", "does not speak"),
        (b'{"wlvm":"9","protocol":2}\n', "wlvm 9 speaks version 2"),
        (GREETING, "hung up"),
        (GREETING + b'{"id":7,"result":{}}\n', "was not asked"),
        (GREETING + b'{"id":1,"result":{}}\n', "does not speak"),
        (
            GREETING + b'{"id":1,"result":{"width":1,"height":1,"stride":4,"fourcc":"XR24"}}\n',
            "0 file descriptors",
        ),
        (GREETING + b'{"id":1,"result":{},"fds":1}\n', "without its file descriptors"),
        (GREETING + b'{"id":null,"error":"busy","code":"failed"}\n', "busy"),
    ],
)
def test_a_strange_server_is_an_error(
    loop: SelectorLoop, runtime_dir: Path, answer: bytes, complaint: str
) -> None:
    assert complaint in against(loop, runtime_dir / "s", answer, lambda client: client.frame("debian"))


def test_a_server_that_says_nothing_is_given_up(runtime_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(runtime_dir / "s"))
        silent.listen()
        with pytest.raises(ControlError, match="does not answer"):
            ControlClient(runtime_dir / "s", timeout=0.05)
