"""Guests that lie, break off and flood: each costs itself its picture, and the other guests nothing.

One wlvm serves all these tests, so that what one leaves behind another would meet. A good guest is shown beside the bad ones, and
must go on through everything.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.fake_qemu import (
    LISTENER,
    LISTENER_DMABUF2,
    LISTENER_MAP,
    X8R8G8B8,
    FakeConsole,
    FakeListener,
    method_call,
)
from tests.fake_vm import RETURNS, SILENCE, FakeVm, Manners, Raw, Refusal
from tests.wlvm_process import Wlvm, eventually

WIDTH, HEIGHT = 64, 48
BAD = "bad"

#: Well below every deadline that a guest could make wlvm wait for, and above what a busy machine takes, in seconds.
PROMPT = 5.0


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wlvm-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def wlvm(directory: Path) -> Iterator[Wlvm]:
    with Wlvm(directory, XDG_RUNTIME_DIR=str(directory)) as running:
        yield running


@pytest.fixture(scope="module")
def good(wlvm: Wlvm, directory: Path) -> Iterator[FakeVm]:
    with FakeVm(directory / "good.qmp") as vm:
        wlvm.control.attach(vm.path)
        yield vm


@dataclass
class Stage:
    """wlvm, the good guest, and what a test wants to know of them."""

    wlvm: Wlvm
    good: FakeVm
    directory: Path
    log_before: int

    _colors = itertools.cycle(range(0x102030, 0xFFFFFF, 0x051123))

    def attach(self, manners: Manners | None = None, name: str = BAD) -> FakeVm:
        """Another guest, which behaves so."""
        vm = FakeVm(self.directory / f"{name}.qmp", manners)
        assert self.wlvm.control.attach(vm.path) == name
        return vm

    def attached(self, manners: Manners | None = None) -> FakeVm:
        """A guest that wlvm shows so far."""
        vm = self.attach(manners)
        paint(vm.listener(), self.color())
        eventually("the picture came", lambda: self.wlvm.guest(BAD).consoles[0].width)
        return vm

    def color(self) -> int:
        return next(self._colors)

    def log(self) -> list[str]:
        """What wlvm has said since the test began."""
        return self.wlvm.log.splitlines()[self.log_before :]

    def warnings(self, name: str = BAD) -> list[str]:
        return [line for line in self.log() if line.startswith(("WARNING", "ERROR")) and f" {name}: " in line]

    def warned_once(self, text: str, name: str = BAD) -> None:
        """The log has one line about the guest, which says this."""
        (line,) = eventually(f"{name} is complained of", lambda: self.warnings(name))
        assert text in line

    def is_shown(self, vm: FakeVm, name: str) -> None:
        """What the guest draws comes to the screen."""
        color = self.color()
        paint(vm.listener(), color)
        console = next(iter(self.wlvm.guest(name).consoles))
        eventually(f"{name} is on the screen", lambda: (self.wlvm.screen() == color).sum() >= WIDTH * HEIGHT)
        assert console.output

    def good_goes_on(self) -> None:
        """The good guest's drawing comes to the screen, and commands are answered promptly."""
        start = time.monotonic()
        self.wlvm.control.listing()
        assert time.monotonic() - start < PROMPT
        self.is_shown(self.good, "good")

    def comes_back(self, vm: FakeVm, name: str = BAD) -> None:
        """A guest that behaves from now on is shown."""
        vm.manners = Manners()
        vm.hang_up()
        self.wlvm.wait_for_state(name, "running")
        self.is_shown(vm, name)


def paint(listener: FakeListener, color: int, width: int = WIDTH, height: int = HEIGHT) -> None:
    listener.scanout(width, height, struct.pack("<I", color) * (width * height))


def fds(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.fixture
def stage(wlvm: Wlvm, good: FakeVm, directory: Path) -> Iterator[Stage]:
    """The stage; when the test is over, nothing of its guests is left in wlvm, and nothing failed there."""
    stage = Stage(wlvm, good, directory, len(wlvm.log.splitlines()))
    stage.good_goes_on()
    before = fds(wlvm.pid)
    yield stage
    stage.good_goes_on()
    for guest in wlvm.control.listing().guests:
        if guest.name != "good":
            wlvm.control.detach(guest.name)
    eventually("every file descriptor was given back", lambda: fds(wlvm.pid) <= before)
    text = "\n".join(stage.log())
    assert "Traceback" not in text, text
    assert stage.warnings("good") == []


# Guests that cannot be shown.


def nonsense(sock: socket.socket) -> None:
    """Another protocol than D-Bus."""
    with sock, contextlib.suppress(OSError):
        sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" + random.Random(1).randbytes(100_000))
        while sock.recv(65536):
            pass


def authentication_rejected(sock: socket.socket) -> None:
    with sock, contextlib.suppress(OSError):
        sock.sendall(b"REJECTED DBUS_COOKIE_SHA1\r\n")
        while sock.recv(65536):
            pass


def gone_at_once(sock: socket.socket) -> None:
    sock.close()


UNSHOWABLE = {
    "garbage": (Manners(greeting=b"SSH-2.0-OpenSSH_9.2\r\n"), "this is not QMP"),
    "endless": (Manners(greeting=b"x" * (100 << 20)), "a QMP message of more than"),
    "deep": (Manners(greeting=b"[" * 100_000 + b"\r\n"), "this is not QMP"),
    "early": (Manners(greeting=b'{"return": {}, "id": 0}\r\n'), "before its QMP greeting"),
    "refusing": (
        Manners(
            answers=dict.fromkeys(("qmp_capabilities", *RETURNS), Refusal("no")), otherwise=Refusal("no")
        ),
        "QEMU refused the QMP connection: no",
    ),
    "headless": (
        Manners(answers={"add_client": Refusal("protocol '@dbus-display' is invalid")}),
        "start it with -display dbus,p2p=yes",
    ),
    "uncalled": (Manners(answers={"getfd": Raw(b'{"return": {}, "id": 77}\r\n')}), "was not sent"),
    "no-dbus": (Manners(display=nonsense), "display connection broke"),
    "rejected": (Manners(display=authentication_rejected), "display connection broke"),
    "gone": (Manners(display=gone_at_once), "QEMU closed its display connection"),
    "no-consoles": (Manners(consoles=()), "QEMU has no graphic console"),
    "text-only": (Manners(consoles=(FakeConsole(kind="Text"),)), "QEMU has no graphic console"),
    "unlistened": (
        Manners(registration_error=("org.qemu.Display1.Error.Invalid", "`listener` is taken")),
        "`listener` is taken",
    ),
    "loud": (
        Manners(answers={"add_client": Refusal("\x1b[31m\n" + "very " * 10_000 + "wrong")}),
        "QEMU has no D-Bus display",
    ),
}


def test_guests_that_cannot_be_shown_say_why_once_and_are_shown_when_they_can_be(stage: Stage) -> None:
    vms = {name: stage.attach(manners, name) for name, (manners, _) in UNSHOWABLE.items()}
    with contextlib.ExitStack() as closing:
        for vm in vms.values():
            closing.callback(vm.close)
        for name, (_, reason) in UNSHOWABLE.items():
            guest = stage.wlvm.wait_for_state(name, "lost")
            assert reason in guest.reason
            assert guest.reason.isprintable()
            assert len(guest.reason) < 500
        stage.good_goes_on()
        for name, vm in vms.items():
            eventually(f"{name} was tried again", lambda vm=vm: vm.connections > 1)
        for name, (_, reason) in UNSHOWABLE.items():
            stage.warned_once(reason, name)
        for vm in vms.values():
            vm.manners = Manners()
        for name, vm in vms.items():
            stage.wlvm.wait_for_state(name, "running")
            stage.is_shown(vm, name)


RUBBISH = {
    "query-status": [1, 2, 3],
    "query-name": {"name": "\x07" + "name " * 10_000},
    "query-mice": [{"current": "yes"}, 7],
    "qom-list": {"type": []},
}


@pytest.mark.parametrize("answers", [RUBBISH, dict.fromkeys(RUBBISH), dict.fromkeys(RUBBISH, "x" * 100_000)])
def test_answers_that_make_no_sense_are_as_good_as_none(stage: Stage, answers: dict[str, object]) -> None:
    with stage.attach(Manners(answers=answers)) as vm:
        stage.is_shown(vm, BAD)
        guest = stage.wlvm.guest(BAD)
        assert guest.state == "running"
        assert guest.label.isprintable()
        assert len(guest.label) <= 200
        stage.good_goes_on()
        assert stage.warnings() == []


def test_a_flood_of_events_keeps_nobody_waiting(stage: Stage) -> None:
    with stage.attached() as vm:
        for _ in range(20):
            vm.say_bytes(
                b'{"event":"STOP"}\n{"event":"RESUME"}\n{"event":"RESET"}\n{"event":"OTHER","data":{}}\n'
                * 500
            )
        stage.good_goes_on()
        stage.is_shown(vm, BAD)
        assert stage.wlvm.wait_for_state(BAD, "running")


# Values that are refused, one by one: the guest and its last picture stay.

#: Something that a guest says over its listener connection.
Saying = Callable[[FakeListener], None]


def scanout_map(
    fd: int, width: int = WIDTH, height: int = HEIGHT, stride: int = WIDTH * 4, offset: int = 0
) -> Saying:
    body = (fd, offset, width, height, stride, X8R8G8B8)
    return lambda listener: listener.tell(LISTENER_MAP, "ScanoutMap", "huuuuu", body)


def scanout(width: int, height: int, stride: int, size: int) -> Saying:
    body = (width, height, stride, X8R8G8B8, bytes(size))
    return lambda listener: listener.tell(LISTENER, "Scanout", "uuuuay", body)


def cursor(width: int, height: int, hot_x: int, hot_y: int, size: int) -> Saying:
    body = (width, height, hot_x, hot_y, bytes(size))
    return lambda listener: listener.tell(LISTENER, "CursorDefine", "iiiiay", body)


def dmabuf(fd: int, fourcc: int = 0x34325258) -> Saying:
    body = (fd, WIDTH, HEIGHT, WIDTH * 4, fourcc, 0, False)
    return lambda listener: listener.tell(LISTENER, "ScanoutDMABUF", "huuuutb", body)


@pytest.fixture(scope="module")
def odd_fds(directory: Path) -> Iterator[dict[str, int]]:
    """Open files of many kinds; all but the first are no shared memory."""
    memory = os.memfd_create("picture")
    os.ftruncate(memory, WIDTH * HEIGHT * 4)
    pipe, pipe_end = os.pipe()
    ours, theirs = socket.socketpair()
    (directory / "file").write_bytes(bytes(WIDTH * HEIGHT * 4))
    opened = {
        "memory": memory,
        "a pipe": pipe,
        "its end": pipe_end,
        "a socket": ours.detach(),
        "another": theirs.detach(),
        "a directory": os.open(directory, os.O_RDONLY),
        "endless zeros": os.open("/dev/zero", os.O_RDONLY),
        "a process": os.pidfd_open(os.getpid()),
        "a file of /proc": os.open("/proc/self/status", os.O_RDONLY),
        "a file that may block": os.open(Path(__file__), os.O_RDONLY),
        "only a name": os.open(directory / "file", os.O_PATH),
        "write-only memory": os.open(f"/proc/self/fd/{memory}", os.O_WRONLY),
    }
    yield opened
    for fd in opened.values():
        os.close(fd)


BIG = (1 << 32) - 1

REFUSED: dict[str, Callable[[dict[str, int]], Saying]] = {
    "a scanout of nothing": lambda fds: scanout(0, 0, 0, 0),
    "a scanout too wide": lambda fds: scanout(16385, 1, 16385 * 4, 16385 * 4),
    "a scanout of absurd size": lambda fds: scanout(BIG, BIG, BIG, 16),
    "a stride too short": lambda fds: scanout(WIDTH, HEIGHT, WIDTH * 4 - 1, WIDTH * HEIGHT * 4),
    "pixels that are missing": lambda fds: scanout(WIDTH, HEIGHT, WIDTH * 4, 5),
    "pixels too many": lambda fds: scanout(WIDTH, HEIGHT, WIDTH * 4, WIDTH * HEIGHT * 4 + 1),
    "an absurd cursor": lambda fds: cursor(BIG >> 1, BIG >> 1, 0, 0, 4),
    "a cursor of nothing": lambda fds: cursor(0, 0, 0, 0, 0),
    "a negative cursor": lambda fds: cursor(-1, -1, -1, -1, 4),
    "a cursor too large": lambda fds: cursor(513, 1, 0, 0, 513 * 4),
    "half a cursor": lambda fds: cursor(64, 64, 0, 0, 64 * 32 * 4),
    "a map of nothing": lambda fds: scanout_map(fds["memory"], 0, 0),
    "a map too wide": lambda fds: scanout_map(fds["memory"], 16385, 1, 16385 * 4),
    "a map of absurd size": lambda fds: scanout_map(fds["memory"], BIG, BIG, BIG),
    "a map's stride too short": lambda fds: scanout_map(fds["memory"], stride=4),
    "a map past its end": lambda fds: scanout_map(fds["memory"], offset=1),
    "a map far past its end": lambda fds: scanout_map(fds["memory"], offset=BIG),
    "a map's missing fd": lambda fds: lambda it: it.tell(
        LISTENER_MAP, "ScanoutMap", "uuuuuu", (0, 0, WIDTH, HEIGHT, WIDTH * 4, X8R8G8B8)
    ),
    "an update of no map": lambda fds: lambda it: it.update_map(0, 0, 10, 10),
    "a dma-buf of memory": lambda fds: dmabuf(fds["memory"]),
    "a dma-buf of an absurd format": lambda fds: dmabuf(fds["memory"], BIG),
    "planes that are missing": lambda fds: lambda it: it.tell(
        LISTENER_DMABUF2, "ScanoutDMABUF2", "ahuuuuauauuuuutb",
        ([fds["memory"]], 0, 0, WIDTH, HEIGHT, [], [], 4, BIG, BIG, BIG, 0, False),
    ),
    "an update far away": lambda fds: lambda it: it.update(1 << 30, -5, 1, 1, bytes(4)),
    **{
        f"a map of {kind}": lambda fds, kind=kind: scanout_map(fds[kind])  # type: ignore[misc]
        for kind in (
            "a pipe", "a socket", "a directory", "endless zeros", "a process", "a file of /proc",
            "a file that may block", "only a name", "write-only memory",
        )
    },
    "a dma-buf of a pipe": lambda fds: dmabuf(fds["a pipe"]),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_value_that_cannot_be_is_refused_and_the_last_picture_stays(
    stage: Stage, odd_fds: dict[str, int], what: str
) -> None:
    with stage.attached() as vm:
        before = stage.wlvm.pixels(BAD)
        say = REFUSED[what](odd_fds)
        for _ in range(3):
            say(vm.listener())
        vm.listener().sync()
        assert "refused" in eventually("the reason is listed", lambda: stage.wlvm.guest(BAD).reason)
        assert stage.wlvm.guest(BAD).state == "running"
        assert (stage.wlvm.pixels(BAD) == before).all()
        stage.warned_once("refused")
        stage.is_shown(vm, BAD)
        eventually("a good picture ends it", lambda: not stage.wlvm.guest(BAD).reason)


# Shared memory, which the other side can take away at any moment.


@contextlib.contextmanager
def shared(color: int) -> Iterator[int]:
    fd = os.memfd_create("picture")
    try:
        os.pwrite(fd, struct.pack("<I", color) * (WIDTH * HEIGHT), 0)
        yield fd
    finally:
        os.close(fd)


def test_a_truncated_map_leaves_the_last_picture_until_a_good_one_comes(stage: Stage) -> None:
    color, other = stage.color(), stage.color()
    with stage.attach() as vm, shared(color) as fd, shared(other) as better:
        listener = vm.listener()
        listener.scanout_map(fd, WIDTH, HEIGHT)
        eventually(
            "the memory is on the screen", lambda: (stage.wlvm.screen() == color).sum() >= WIDTH * HEIGHT
        )
        os.ftruncate(fd, 0)
        for _ in range(100):
            listener.update_map(0, 0, WIDTH, HEIGHT)
        assert "truncated" in eventually("the reason is listed", lambda: stage.wlvm.guest(BAD).reason)
        assert (stage.wlvm.pixels(BAD) == color).all()
        stage.good_goes_on()
        listener.scanout_map(better, WIDTH, HEIGHT)
        eventually(
            "the new memory is on the screen", lambda: (stage.wlvm.screen() == other).sum() >= WIDTH * HEIGHT
        )
        eventually("all is well", lambda: not stage.wlvm.guest(BAD).reason)
        stage.warned_once("truncated")


def test_memory_that_shrinks_and_grows_while_it_is_read_kills_nobody(stage: Stage) -> None:
    with stage.attach() as vm, shared(0x123456) as fd:
        listener = vm.listener()
        listener.scanout_map(fd, WIDTH, HEIGHT)
        for size in random.Random(2).choices(range(WIDTH * HEIGHT * 4), k=500):
            os.ftruncate(fd, size)
            listener.update_map(0, 0, WIDTH, HEIGHT)
            os.ftruncate(fd, WIDTH * HEIGHT * 4)
        listener.sync()
        stage.good_goes_on()
        stage.is_shown(vm, BAD)


@pytest.mark.parametrize(("width", "height", "stride"), [(16384, 16384, 65536), (1, 16384, 1 << 31)])
def test_memory_of_holes_is_not_copied(stage: Stage, width: int, height: int, stride: int) -> None:
    """It costs its owner nothing to offer a terabyte."""
    with stage.attach() as vm, shared(0) as fd:
        os.ftruncate(fd, 1 << 45)
        vm.listener().scanout_map(fd, width, height, stride=stride)
        stage.good_goes_on()
        assert "more than wlvm copies" in eventually("it says why", lambda: stage.wlvm.guest(BAD).reason)


# Connections that end, or never begin, at a bad moment.


def test_a_listener_that_closes_in_the_middle_of_a_message_is_lost_and_comes_back(stage: Stage) -> None:
    with stage.attached() as vm:
        peer = vm.listener().peer
        peer.send_bytes(b"l\x01\x00\x01" + struct.pack("<III", 1 << 20, 7, 0) + bytes(1000))
        peer.close()
        assert "display connection" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.good_goes_on()
        stage.warned_once("display connection")
        stage.comes_back(vm)


def test_a_listener_that_says_nonsense_is_lost_and_comes_back(stage: Stage) -> None:
    with stage.attached() as vm:
        vm.listener().peer.send_bytes(random.Random(3).randbytes(10_000))
        assert "display connection broke" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.warned_once("display connection broke")
        stage.comes_back(vm)


def test_a_message_with_too_many_fds_costs_the_guest_its_connection(
    stage: Stage, odd_fds: dict[str, int]
) -> None:
    with stage.attached() as vm:
        many = [odd_fds["memory"]] * 200
        vm.listener().tell(LISTENER, "Disable", fds=many)
        assert "file descriptors" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.warned_once("file descriptors")
        stage.comes_back(vm)


def test_a_display_that_goes_while_qmp_lives_is_lost_and_comes_back(stage: Stage) -> None:
    with stage.attached() as vm:
        vm.qemu().close()
        assert "QEMU closed its display connection" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.warned_once("QEMU closed its display connection")
        stage.comes_back(vm)


def test_qmp_that_goes_while_the_display_lives_is_lost_and_comes_back(stage: Stage) -> None:
    with stage.attached() as vm:
        vm.hang_up_qmp()
        assert "QEMU closed the QMP connection" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.warned_once("QEMU closed the QMP connection")
        stage.comes_back(vm)


def test_a_guest_that_dies_in_mid_frame_and_returns_is_warned_of_once(stage: Stage) -> None:
    with stage.attached() as vm, shared(5) as fd:
        vm.listener().peer.begin(
            method_call(LISTENER_MAP, "ScanoutMap", "huuuuu", (fd, 0, WIDTH, HEIGHT, WIDTH * 4, X8R8G8B8))
        )
        vm.kill()
        eventually(
            "it is tried again",
            lambda: "nothing listens there" in stage.wlvm.wait_for_state(BAD, "lost").reason,
        )
        assert len(stage.warnings()) == 1
        vm.path.unlink()
        vm.start()
        stage.wlvm.wait_for_state(BAD, "running")
        stage.is_shown(vm, BAD)


def test_guests_that_say_nothing_are_given_up_or_called_unresponsive(stage: Stage) -> None:
    mute = Manners(greeting=b"")
    stuck = Manners(answers=dict.fromkeys((*RETURNS, "getfd", "add_client"), SILENCE))
    with stage.attach(mute, "mute") as vm, stage.attach(stuck, "stuck") as stuck_vm:
        stage.wlvm.wait_for_state("stuck", "unresponsive")
        stage.good_goes_on()
        reason = stage.wlvm.wait_for_state("mute", "lost").reason
        assert "does not answer on its QMP socket" in reason
        stage.warned_once(reason, "mute")
        stage.warned_once("QEMU does not answer", "stuck")
        assert stage.wlvm.guest("stuck").state == "unresponsive"
        vm.manners = stuck_vm.manners = Manners()
        stuck_vm.hang_up()
        for name, each in (("mute", vm), ("stuck", stuck_vm)):
            stage.wlvm.wait_for_state(name, "running")
            stage.is_shown(each, name)


# Too much.


def test_a_thousand_scanouts_a_second_keep_nobody_waiting(stage: Stage) -> None:
    with stage.attached() as vm:
        listener = vm.listener()
        stop = threading.Event()

        def flood() -> None:
            sizes = random.Random(4)
            with contextlib.suppress(OSError):
                while not stop.wait(0.001):
                    paint(listener, 0x00FF00, sizes.randrange(1, 200), sizes.randrange(1, 200))

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for _ in range(5):
                stage.good_goes_on()
        finally:
            stop.set()
            thread.join()
        stage.is_shown(vm, BAD)
        assert stage.warnings() == []


@pytest.mark.parametrize(
    "say",
    [
        scanout(0, 0, 0, 0),
        cursor(512, 512, -1, 1 << 30, 512 * 512 * 4),
        scanout(1024, 1024, 4096, 4 << 20),
        lambda listener: listener.tell(LISTENER, "MouseSet", "iii", (1 << 30, -(1 << 30), 1)),
        lambda listener: listener.tell(LISTENER, "NoSuchMethod"),
    ],
    ids=["refused", "cursors", "large", "pointer", "unknown"],
)
def test_a_flood_of_messages_keeps_nobody_waiting(stage: Stage, say: Saying) -> None:
    with stage.attached() as vm:
        listener = vm.listener()
        stop = threading.Event()

        def flood() -> None:
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    say(listener)

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for _ in range(3):
                stage.good_goes_on()
        finally:
            stop.set()
            thread.join()
        stage.is_shown(vm, BAD)
        assert len(stage.warnings()) <= 1


def test_a_frame_is_answered_in_time_whatever_else_goes_on(stage: Stage) -> None:
    with stage.attach() as vm, shared(7) as fd:
        listener = vm.listener()
        listener.scanout_map(fd, WIDTH, HEIGHT)
        waits = []
        for _ in range(20):
            start = time.monotonic()
            listener.peer.call(method_call(LISTENER, "UpdateDMABUF", "iiii", (0, 0, WIDTH, HEIGHT)))
            waits.append(time.monotonic() - start)
        assert np.median(waits) < 0.5, "QEMU waits for one second"


def test_a_guest_of_many_consoles_keeps_nobody_waiting(stage: Stage) -> None:
    consoles = tuple(FakeConsole(index=index, width=0, height=0) for index in range(16))
    with stage.attach(Manners(consoles=consoles)) as vm:
        vm.listener(15)
        stage.good_goes_on()
        assert len(stage.wlvm.wait_for_state(BAD, "running").consoles) == 16


def test_a_guest_of_absurdly_many_consoles_is_refused(stage: Stage) -> None:
    consoles = tuple(FakeConsole(index=index) for index in range(200))
    with stage.attach(Manners(consoles=consoles)):
        assert "200 consoles" in stage.wlvm.wait_for_state(BAD, "lost").reason
        stage.good_goes_on()


def test_leaving_a_guest_that_does_not_answer_keeps_nobody_waiting(stage: Stage) -> None:
    stuck = Manners(answers=dict.fromkeys((*RETURNS, "getfd", "add_client"), SILENCE))
    with stage.attach(stuck) as vm:
        eventually("it is asked for its display", lambda: "add_client" in vm.commands)
        start = time.monotonic()
        stage.wlvm.control.detach(BAD)
        assert time.monotonic() - start < PROMPT
