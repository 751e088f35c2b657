"""The display thread against a fake QEMU: what it tells, what it answers, and whom it survives."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from jeepney.low_level import HeaderFields, MessageType

from tests.display_watcher import DisplayWatcher, Picture
from tests.fake_qemu import (
    LISTENER,
    LISTENER_DMABUF2,
    LISTENER_MAP,
    FakeConsole,
    FakeListener,
    FakeQemu,
    encode,
    error_reply,
    method_call,
)
from tests.fds import open_fds
from wlvm.framebuffer import RGB565, XRGB8888, Rect
from wlvm.qemu.display import Display, DisplayThread
from wlvm.qemu.handover import MAX_BACKLOG_UPDATES, ConsoleChanges
from wlvm.qemu.messages import Cursor, CursorPosition, ScanoutBytes, ScanoutDmabuf, ScanoutMap

pytestmark = pytest.mark.usefixtures("no_fd_is_lost")

RED, BLUE = b"\0\0\xff\0", b"\xff\0\0\0"


@pytest.fixture
def qemu(no_fd_is_lost: None) -> Iterator[FakeQemu]:
    with FakeQemu() as made:
        yield made


@pytest.fixture
def watcher(thread: DisplayThread) -> DisplayWatcher:
    return DisplayWatcher(thread)


@pytest.fixture
def display(thread: DisplayThread, qemu: FakeQemu, watcher: DisplayWatcher) -> Display:
    """The display of `qemu`, connected."""
    made = thread.connect(qemu.take_client(), watcher)
    watcher.wait_connected()
    return made


@pytest.fixture
def listener(display: Display, qemu: FakeQemu) -> FakeListener:
    return qemu.listener()


@pytest.fixture
def memory() -> Iterator[int]:
    """640x480 pixels of shared memory, red."""
    fd = os.memfd_create("guest", os.MFD_CLOEXEC)
    os.pwrite(fd, RED * (640 * 480), 0)
    yield fd
    os.close(fd)


def has_scanout(changes: ConsoleChanges) -> bool:
    return changes.scanout is not None


def succeeded(reply: object) -> bool:
    return reply.header.message_type is MessageType.method_return  # type: ignore[attr-defined]


# --- connecting --------------------------------------------------------------------------------------------------------------


def test_the_graphic_consoles_are_told_with_their_properties(
    thread: DisplayThread, watcher: DisplayWatcher
) -> None:
    second = FakeConsole(2, "virtio-gpu", width=800, height=600, head=1, is_absolute=True)
    with FakeQemu([second, FakeConsole(1, "serial0", "Text"), FakeConsole(0)]) as qemu:
        display = thread.connect(qemu.take_client(), watcher)
        assert list(display.consoles) == []
        first, other = watcher.wait_connected()
        assert display.consoles == watcher.consoles
        assert (first.index, first.label, first.head, first.device_address) == (0, "VGA", 0, "pci/0000/02.0")
        assert (other.index, other.head, other.width, other.height, other.is_absolute) == (
            2,
            1,
            800,
            600,
            True,
        )
        assert qemu.listener(0).interfaces == [LISTENER_MAP, LISTENER_DMABUF2]
        assert qemu.listener(2).interfaces == [LISTENER_MAP, LISTENER_DMABUF2]


def test_a_refused_listener_closes_with_what_qemu_said(
    thread: DisplayThread, watcher: DisplayWatcher
) -> None:
    error = ("org.qemu.Display1.Error.Invalid", "`:1.1` is already registered!")
    with FakeQemu(registration_error=error) as qemu:
        thread.connect(qemu.take_client(), watcher)
        assert "`:1.1` is already registered!" in watcher.wait_closed()
        assert not watcher.consoles


def test_a_guest_without_a_graphic_console_is_closed(thread: DisplayThread, watcher: DisplayWatcher) -> None:
    with FakeQemu([FakeConsole(kind="Text")]) as qemu:
        thread.connect(qemu.take_client(), watcher)
        assert watcher.wait_closed() == "QEMU has no graphic console"


@pytest.mark.parametrize(
    "said",
    [b"REJECTED EXTERNAL\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", os.urandom(4096), b""],
    ids=["refusal", "HTTP", "random", "nothing"],
)
def test_something_else_than_qemu_is_closed_with_a_reason(
    thread: DisplayThread, watcher: DisplayWatcher, said: bytes
) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        thread.connect(ours, watcher)
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        assert "display connection" in watcher.wait_closed()


def test_a_qemu_that_never_answers_is_given_up(
    thread: DisplayThread, watcher: DisplayWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wlvm.qemu.session.SETUP_DEADLINE", 0.01)
    ours, theirs = socket.socketpair()
    with theirs:
        thread.connect(ours, watcher)
        assert "did not set up" in watcher.wait_closed()


def test_qemus_end_is_told_last_and_the_last_picture_may_be_taken(
    thread: DisplayThread, qemu: FakeQemu, memory: int
) -> None:
    taken: list[ConsoleChanges] = []

    class Consumer(DisplayWatcher):
        def closed(self, reason: str) -> None:
            super().closed(reason)
            taken.append(self.consoles[0].take())

    consumer = Consumer(thread)
    display = thread.connect(qemu.take_client(), consumer)
    consumer.wait_connected()
    qemu.listener().scanout_map(memory, 640, 480)
    qemu.close()
    assert consumer.wait_closed() == "QEMU closed its display connection"
    assert isinstance(taken[0].scanout, ScanoutMap)
    taken[0].close()
    display.close()


def test_a_closed_display_tells_nothing_more(
    thread: DisplayThread, display: Display, watcher: DisplayWatcher, listener: FakeListener, memory: int
) -> None:
    listener.scanout_map(memory, 640, 480)
    watcher.changes.clear()
    display.close()
    display.close()
    assert listener.peer.ended.wait(5)
    thread.dispatch()
    assert watcher.changes == []
    assert watcher.reason is None


def test_a_display_may_be_closed_before_it_is_connected(thread: DisplayThread, qemu: FakeQemu) -> None:
    watcher = DisplayWatcher(thread)
    thread.connect(qemu.take_client(), watcher).close()
    assert qemu.main.ended.wait(5)
    thread.dispatch()
    assert not watcher.consoles


def test_a_thread_that_never_started_closes_what_it_was_given() -> None:
    thread = DisplayThread()
    ours, theirs = socket.socketpair()
    with theirs:
        thread.connect(ours, DisplayWatcher(thread))
        thread.stop()
        thread.stop()


# --- what QEMU waits for -----------------------------------------------------------------------------------------------------


def test_a_map_is_answered_while_the_main_thread_looks_away(
    listener: FakeListener, display: Display, memory: int
) -> None:
    for _ in range(20):
        assert succeeded(listener.scanout_map(memory, 640, 480))
    listener.sync()
    before = open_fds()
    changes = display.consoles[0].take()
    assert isinstance(changes.scanout, ScanoutMap)
    assert changes.update_count == 20
    assert changes.size == (640, 480)
    changes.close()
    assert open_fds() == before - 1


def test_damage_to_a_map_is_clipped(
    listener: FakeListener, display: Display, watcher: DisplayWatcher, memory: int
) -> None:
    listener.scanout_map(memory, 640, 480)
    listener.sync()
    display.consoles[0].take().close()
    listener.update_map(-10, 470, 30, 1 << 30)
    listener.update_map(640, 0, 5, 5)
    listener.tell(LISTENER, "MouseSet", "iii", (3, -4, 1))
    taken: list[ConsoleChanges] = []
    watcher.wait_taken(
        display.consoles[0], lambda changes: taken.append(changes) or changes.cursor_position is not None
    )
    assert [rect for changes in taken for rect in changes.damage] == [Rect(0, 470, 20, 10)]
    assert taken[-1].cursor_position == CursorPosition(3, -4, True)


@pytest.fixture
def dmabuf(monkeypatch: pytest.MonkeyPatch, memory: int) -> int:
    """Memory that stands for a dma-buf: few machines can make a real one."""
    monkeypatch.setattr("wlvm.linux_dmabuf.dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)
    return memory


def show_dmabuf(listener: FakeListener, fd: int) -> None:
    listener.tell(LISTENER, "ScanoutDMABUF", "huuuutb", (fd, 640, 480, 2560, XRGB8888, 0, False))


def test_a_frame_that_nobody_acknowledges_is_answered_in_time(listener: FakeListener, dmabuf: int) -> None:
    show_dmabuf(listener, dmabuf)
    begun = time.monotonic()
    assert succeeded(listener.peer.call(method_call(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 640, 480))))
    assert 0.020 <= time.monotonic() - begun < 1


def test_an_acknowledged_frame_is_answered_once(
    listener: FakeListener,
    display: Display,
    watcher: DisplayWatcher,
    dmabuf: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wlvm.qemu.listener.FRAME_DEADLINE", 3600.0)
    show_dmabuf(listener, dmabuf)
    first = listener.peer.begin(method_call(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 10, 10)))
    second = listener.peer.begin(method_call(LISTENER, "UpdateDMABUF", "iiii", (20, 20, 10, 10)))
    (console,) = display.consoles
    frames: list[int] = []
    watcher.wait_taken(
        console, lambda changes: (frames.extend(changes.frames), changes.close(), len(frames) == 2)[-1]
    )
    assert frames == [first, second]
    console.acknowledge(frames[1:])
    assert succeeded(listener.peer.wait(second))
    with pytest.raises(queue.Empty):
        listener.peer.wait(first, 0.05)
    console.acknowledge(frames)
    assert succeeded(listener.peer.wait(first))
    with pytest.raises(queue.Empty):
        listener.peer.wait(second, 0.05)


def test_a_reply_that_is_wanted_comes(listener: FakeListener) -> None:
    """QEMU wants none of most calls, but D-Bus lets it."""
    assert succeeded(listener.peer.call(method_call(LISTENER, "Disable")))
    assert succeeded(listener.peer.call(method_call(LISTENER, "MouseSet", "iii", (0, 0, 1))))


def test_a_method_that_a_listener_has_not_is_refused(listener: FakeListener) -> None:
    reply = listener.peer.call(method_call("org.freedesktop.DBus.Introspectable", "Introspect"))
    assert reply.header.fields[HeaderFields.error_name] == "org.freedesktop.DBus.Error.UnknownMethod"


# --- pictures ----------------------------------------------------------------------------------------------------------------


def test_a_large_scanout_of_bytes_arrives_whole(
    listener: FakeListener, display: Display, watcher: DisplayWatcher
) -> None:
    data = os.urandom(1024 * 1024 * 4)
    listener.scanout(1024, 1024, data)
    scanout = watcher.wait_taken(display.consoles[0], has_scanout).scanout
    assert isinstance(scanout, ScanoutBytes)
    assert scanout.data == data


class Consumer:
    """Takes everything of one console and makes the picture."""

    def __init__(self, watcher: DisplayWatcher, display: Display) -> None:
        self._watcher = watcher
        self._console = display.consoles[0]
        self.picture = Picture()

    def wait_for(self, listener: FakeListener) -> None:
        """Apply everything that QEMU has said until now."""
        listener.sync()
        self.picture.apply(self._console.take())

    def wait_for_size(self, size: tuple[int, int]) -> None:
        self._watcher.wait(lambda: (self._console.width, self._console.height) == size, f"a size of {size}")
        self.picture.apply(self._console.take())


@pytest.fixture
def consumer(watcher: DisplayWatcher, display: Display) -> Iterator[Consumer]:
    made = Consumer(watcher, display)
    yield made
    made.picture.close()


def rows(pixel: bytes, width: int, height: int) -> bytes:
    return pixel * (width * height)


@pytest.mark.parametrize("announced", ["before", "between", "after"])
def test_an_unannounced_change_of_resolution_ends_in_an_exact_picture(
    qemu: FakeQemu, listener: FakeListener, consumer: Consumer, announced: str
) -> None:
    def announce() -> None:
        qemu.announce(0, {"Width": ("u", 720), "Height": ("u", 400)})
        consumer.wait_for_size((720, 400))

    listener.scanout(640, 480, rows(RED, 640, 480))
    consumer.wait_for(listener)
    if announced == "before":
        announce()
    listener.update(0, 0, 200, 16, rows(BLUE, 200, 16))
    listener.update(200, 0, 520, 16, rows(BLUE, 520, 16))
    if announced == "between":
        announce()
    for y in range(16, 400, 16):
        listener.update(0, y, 720, 16, rows(BLUE, 720, 16))
    consumer.wait_for(listener)
    if announced == "after":
        announce()
    assert consumer.picture.size == (720, 400)
    assert consumer.picture.rgb() == b"\0\0\xff" * (720 * 400)


def test_a_stale_scanout_after_the_announcement_does_not_win(
    qemu: FakeQemu, listener: FakeListener, consumer: Consumer
) -> None:
    qemu.announce(0, {"Width": ("u", 320), "Height": ("u", 200)})
    consumer.wait_for_size((320, 200))
    listener.scanout(640, 480, rows(RED, 640, 480))
    listener.update(0, 0, 320, 199, rows(BLUE, 320, 199))
    listener.update(0, 199, 320, 1, rows(BLUE, 320, 1))
    consumer.wait_for(listener)
    assert consumer.picture.rgb() == b"\0\0\xff" * (320 * 200)


def test_bytes_after_a_map_start_on_black(listener: FakeListener, consumer: Consumer, memory: int) -> None:
    listener.scanout_map(memory, 640, 480)
    consumer.wait_for(listener)
    assert consumer.picture.rgb() == b"\xff\0\0" * (640 * 480)
    listener.update(0, 0, 640, 1, rows(BLUE, 640, 1))
    consumer.wait_for(listener)
    assert consumer.picture.rgb() == b"\0\0\xff" * 640 + bytes(640 * 479 * 3)


def test_updates_have_the_format_of_the_scanout_before_them(display: Display, listener: FakeListener) -> None:
    listener.scanout(640, 480, rows(RED, 640, 480))
    listener.update(0, 0, 2, 2, bytes(8), pixman=0x10020565)
    listener.sync()
    changes = display.consoles[0].take()
    assert isinstance(changes.scanout, ScanoutBytes)
    assert [update.fourcc for update in changes.updates] == [changes.scanout.fourcc] == [RGB565]


def test_updates_cannot_make_a_picture_larger_than_bytes_may_be(
    display: Display, listener: FakeListener
) -> None:
    listener.scanout(640, 480, rows(RED, 640, 480))
    listener.update(16383, 0, 1, 1, RED)
    listener.update(0, 16383, 1, 1, RED)
    listener.sync()
    assert display.consoles[0].refused == 1


def test_a_flip_of_a_blob_is_not_disabled(listener: FakeListener, display: Display, dmabuf: int) -> None:
    show_dmabuf(listener, dmabuf)
    listener.tell(LISTENER, "Disable")
    listener.tell(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 640, 480))
    listener.sync()
    changes = display.consoles[0].take()
    assert isinstance(changes.scanout, ScanoutDmabuf)
    assert not changes.disabled
    changes.close()
    listener.tell(LISTENER, "Disable")
    listener.sync()
    assert display.consoles[0].take().disabled


def test_a_flip_is_told_with_its_update(
    listener: FakeListener,
    display: Display,
    watcher: DisplayWatcher,
    dmabuf: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told by itself, the buffer would have a frame of the screen, and its update the next."""
    monkeypatch.setattr("wlvm.qemu.listener.FLIP_DEADLINE", 3600.0)
    (console,) = display.consoles
    show_dmabuf(listener, dmabuf)
    listener.sync()
    watcher.dispatch()
    console.take().close()
    watcher.changes.clear()
    show_dmabuf(listener, dmabuf)
    listener.tell(LISTENER, "Disable")
    listener.sync()
    watcher.dispatch()
    assert watcher.changes == []
    listener.tell(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 640, 480))
    watcher.wait(lambda: bool(watcher.changes), "word of the flip")
    changes = console.take()
    assert has_scanout(changes)
    assert not changes.disabled
    changes.close()


def test_a_flip_whose_update_does_not_come_is_told(
    listener: FakeListener, display: Display, watcher: DisplayWatcher, dmabuf: int
) -> None:
    (console,) = display.consoles
    for _ in range(2):
        show_dmabuf(listener, dmabuf)
        watcher.wait_taken(console, has_scanout).close()


def test_a_scanout_that_qemu_drops_is_noticed(listener: FakeListener, display: Display, dmabuf: int) -> None:
    (console,) = display.consoles
    show_dmabuf(listener, dmabuf)
    listener.tell(LISTENER, "Disable")
    listener.sync()
    assert console.lost_scanouts == 0
    listener.peer.skip()
    listener.tell(LISTENER, "Disable")
    listener.sync()
    assert console.lost_scanouts == 1
    console.take().close()


def test_the_newest_cursor_is_told(listener: FakeListener, display: Display) -> None:
    for shade in (b"\1", b"\2"):
        listener.tell(LISTENER, "CursorDefine", "iiiiay", (2, 2, 1, -1, shade * 16))
    listener.sync()
    assert display.consoles[0].take().cursor == Cursor(2, 2, 1, 0, b"\2" * 16)


# --- properties and calls ----------------------------------------------------------------------------------------------------


def test_announced_properties_are_noted(qemu: FakeQemu, display: Display, watcher: DisplayWatcher) -> None:
    (console,) = display.consoles
    qemu.announce(0, {"Width": ("u", 1024), "Height": ("s", "tall")})
    qemu.announce(0, {"IsAbsolute": ("b", True)}, of="Mouse")
    qemu.announce(7, {"Width": ("u", 1)})
    watcher.changes.clear()
    qemu.announce(0, {"Modifiers": ("u", 4)}, of="Keyboard")
    watcher.wait(lambda: console.modifiers == 4 and console in watcher.changes, "the modifiers")
    assert (console.width, console.height, console.is_absolute) == (1024, 480, True)


def test_motion_and_size_reach_qemu(qemu: FakeQemu, display: Display) -> None:
    (console,) = display.consoles
    console.rel_motion(-3, 4)
    console.set_abs_position(5, 6)
    console.set_ui_info(width_mm=300, height_mm=200, xoff=-1, yoff=0, width=800, height=600)
    path = "/org/qemu/Display1/Console_0"
    assert qemu.next_call() == (path, "RelMotion", (-3, 4))
    assert qemu.next_call() == (path, "SetAbsPosition", (5, 6))
    assert qemu.next_call() == (path, "SetUIInfo", (300, 200, -1, 0, 800, 600))


def test_what_no_number_of_qemus_holds_is_the_callers_mistake(display: Display) -> None:
    (console,) = display.consoles
    with pytest.raises(ValueError, match="SetAbsPosition"):
        console.set_abs_position(-1, 0)
    with pytest.raises(ValueError, match="SetUIInfo"):
        console.set_ui_info(width_mm=1 << 16, height_mm=0, xoff=0, yoff=0, width=1, height=1)


# --- hostile QEMUs -----------------------------------------------------------------------------------------------------------


def test_bad_values_are_refused_and_counted_and_the_connection_survives(
    listener: FakeListener, display: Display, memory: int
) -> None:
    before = open_fds()
    reply = listener.scanout_map(memory, 640, 481)
    assert reply.header.fields[HeaderFields.error_name] == "org.qemu.Display1.Error.Invalid"
    listener.scanout(1, 1, b"")
    listener.update_map(0, 0, 1, 1)
    listener.tell(LISTENER, "CursorDefine", "iiiiay", (1000, 1000, 0, 0, b""))
    listener.tell(LISTENER, "ScanoutDMABUF", "huuuutb", (memory, 640, 480, 2560, XRGB8888, 0, False))
    listener.tell(LISTENER, "Scanout", "s", ("nonsense",))
    reply = listener.peer.call(method_call(LISTENER, "UpdateDMABUF", "iiii", (0, 0, 1, 1)))
    assert not succeeded(reply)
    (console,) = display.consoles
    assert console.refused == 7
    assert console.last_refusal == "UpdateDMABUF: damage to a picture that is not shared"
    assert open_fds() == before
    assert succeeded(listener.scanout_map(memory, 640, 480))


def test_unexpected_fds_are_closed(listener: FakeListener, memory: int) -> None:
    before = open_fds()
    listener.tell(LISTENER, "Disable", fds=[memory] * 5)
    listener.tell(LISTENER, "MouseSet", "iii", (0, 0, 1), fds=[memory])
    listener.sync()
    assert open_fds() == before


@pytest.mark.parametrize(
    "garbage", [b"\0" * 16, b"l\1\0\1" + b"\xff" * 12, os.urandom(64)], ids=["zeros", "ones", "random"]
)
def test_a_broken_wire_closes_this_guest_and_no_other(
    thread: DisplayThread, listener: FakeListener, watcher: DisplayWatcher, garbage: bytes, memory: int
) -> None:
    with FakeQemu() as healthy:
        other = DisplayWatcher(thread)
        thread.connect(healthy.take_client(), other)
        other.wait_connected()
        listener.peer.send_bytes(garbage + bytes(64), [memory])
        assert "broke" in watcher.wait_closed()
        assert succeeded(healthy.listener().scanout_map(memory, 640, 480))
        assert other.reason is None


def test_too_many_fds_close_this_guest(listener: FakeListener, watcher: DisplayWatcher, memory: int) -> None:
    data, _ = encode(method_call(LISTENER, "Disable"))
    listener.peer.send_bytes(data, [memory] * 40)
    assert "file descriptors" in watcher.wait_closed()


def test_an_unsolicited_reply_means_nothing(
    qemu: FakeQemu, display: Display, watcher: DisplayWatcher
) -> None:
    qemu.main.send(error_reply(4711, "a.Failed", "nobody asked"))
    qemu.announce(0, {"Width": ("u", 99)})
    watcher.wait(lambda: display.consoles[0].width == 99, "the width")


def test_a_flood_delays_no_other_guest(
    thread: DisplayThread, listener: FakeListener, display: Display, memory: int
) -> None:
    stop = threading.Event()
    data, _ = encode(method_call(LISTENER, "UpdateMap", "iiii", (0, 0, 1, 1)))

    def flood() -> None:
        while not stop.is_set():
            listener.peer.send_bytes(data * 100)

    listener.scanout_map(memory, 640, 480)
    with FakeQemu() as healthy:
        other = DisplayWatcher(thread)
        thread.connect(healthy.take_client(), other)
        other.wait_connected()
        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            for _ in range(20):
                begun = time.monotonic()
                assert succeeded(healthy.listener().scanout_map(memory, 640, 480))
                assert time.monotonic() - begun < 0.9  # QEMU waits one second.
        finally:
            stop.set()
            flooding.join()
    display.close()


def test_updates_that_nobody_takes_are_left_in_the_socket_until_they_are_taken(
    listener: FakeListener, display: Display, watcher: DisplayWatcher
) -> None:
    (console,) = display.consoles
    total = 20 * MAX_BACKLOG_UPDATES

    def draw() -> None:
        for number in range(total):
            listener.update(number % 1024, number // 1024, 1, 1, RED)

    drawing = threading.Thread(target=draw)
    drawing.start()
    watcher.wait(console.handover.overfull, "a backlog")
    taken: list[int] = []
    watcher.wait_taken(console, lambda changes: (taken.append(len(changes.updates)), sum(taken) == total)[-1])
    drawing.join()
    in_one_receive = 16384 // 150
    assert max(taken) <= MAX_BACKLOG_UPDATES + in_one_receive
