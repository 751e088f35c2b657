"""QMP, launching and input against real QEMUs that run nothing but their firmware. QEMU's own trace says what its devices got."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.loops import SelectorLoop
from wlvm.fd import OwnedFd
from wlvm.qemu.input import InputForwarder
from wlvm.qemu.key_repeat import KeyRepeatTiming
from wlvm.qemu.keycodes import QKEYCODES
from wlvm.qemu.launch import display_abilities, qemu_version
from wlvm.qemu.machine import Machine
from wlvm.qemu.motion import absolute_axis
from wlvm.qemu.process import QemuProcess
from wlvm.qemu.qmp import Failure, QemuVersion, QmpClient, Reply, Success, connect

KEY_A, KEY_LEFTSHIFT, BTN_LEFT = 30, 42, 0x110
TABLET = ("-device", "virtio-tablet-pci")
#: A line of QEMU's trace (ui/trace-events) -> how the tests write it.
TRACED = [
    (re.compile(r"input_event_key_qcode .* key qcode (\w+), down 1"), r"+\1"),
    (re.compile(r"input_event_key_qcode .* key qcode (\w+), down 0"), r"-\1"),
    (re.compile(r"input_event_btn .* button ([\w-]+), down 1"), r"+\1"),
    (re.compile(r"input_event_btn .* button ([\w-]+), down 0"), r"-\1"),
    (re.compile(r"input_event_(abs|rel) .* axis (\w), value (\S+)"), r"\1 \2 \3"),
]


class TracedGuest:
    """A launched QEMU, wlvm's connection to it, and a trace of its input."""

    def __init__(self, executable: str, folder: Path, *options: str) -> None:
        self._trace = folder / "trace"
        self._read = 0
        self.loop = SelectorLoop()
        self.heard: list[object] = []
        command = [
            executable,
            "-accel",
            "tcg",
            "-m",
            "64",
            "-nodefaults",
            "-no-user-config",
            "-name",
            "traced",
        ]
        tracing = ["-trace", "input_event_*", "-trace", "ps2_put_keycode", "-D", str(self._trace)]
        self.process = QemuProcess(self.loop, [*command, *tracing, *options], exited=self.heard.append)
        self.qmp = QmpClient(self.loop, self.process.qmp_socket, self)
        self.input = InputForwarder(self.loop, self.qmp.execute)
        self.loop.run_until(lambda: bool(self.heard))

    def close(self) -> None:
        self.input.close()
        self.qmp.close()
        self.process.kill()
        assert not self.loop.watches
        assert not self.loop.timers

    def ready(self, version: QemuVersion) -> None:
        self.heard.append(version)

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        self.heard.append(name)
        if name == "STOP":
            self.input.stopped()
        elif name == "RESUME":
            self.input.resumed()

    def closed(self, reason: str) -> None:
        self.heard.append(f"closed: {reason}")

    def execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Reply:
        """Run a command to its reply."""
        replies: list[Reply] = []
        self.qmp.execute(command, arguments, on_reply=replies.append)
        self.loop.run_until(lambda: bool(replies))
        return replies[0]

    def settle(self) -> None:
        """Until QEMU has answered everything, and the motion that waited for that has gone too."""
        self.loop.run_until(lambda: not self.qmp.unanswered)
        while self.input.pending:
            self.loop.turn(1)
        self.loop.run_until(lambda: not self.qmp.unanswered)

    def lines(self) -> list[str]:
        """The trace since the last call."""
        with self._trace.open() as trace:
            trace.seek(self._read)
            lines = trace.read().splitlines()
            self._read = trace.tell()
        return lines

    def traced(self) -> list[str]:
        """The keys, buttons and motion that QEMU gave its devices since the last call."""
        self.settle()
        events = []
        for line in self.lines():
            for pattern, written in TRACED:
                if match := pattern.match(line):
                    events.append(match.expand(written))
        return events


Launch = Callable[..., TracedGuest]


@pytest.fixture
def launch(qemu: str, tmp_path: Path) -> Iterator[Launch]:
    """Starts a TracedGuest with these options of QEMU's."""
    guests: list[TracedGuest] = []

    def start(*options: str) -> TracedGuest:
        guests.append(TracedGuest(qemu, tmp_path, *options))
        return guests[-1]

    yield start
    for guest in guests:
        guest.close()


@pytest.fixture
def guest(launch: Launch) -> TracedGuest:
    return launch()


def at(x: int, y: int) -> list[str]:
    """The trace of a position on a 640 x 480 console."""
    return [f"abs x {absolute_axis(x, 640):#x}", f"abs y {absolute_axis(y, 480):#x}"]


# Launching and QMP.


def test_a_launched_qemu_speaks_qmp_over_the_inherited_socket(guest: TracedGuest, qemu: str) -> None:
    assert guest.heard == [qemu_version(qemu)]
    assert guest.execute("query-name") == Success({"name": "traced"})
    display = guest.execute("query-display-options")
    assert isinstance(display, Success)
    assert (display.value["type"], display.value["p2p"]) == ("dbus", True)
    assert display_abilities(qemu).dbus


def test_quitting_is_told_by_qmp_and_by_the_process(guest: TracedGuest) -> None:
    guest.qmp.execute("quit")
    guest.loop.run_until(lambda: "QEMU ended" in guest.heard)
    assert "SHUTDOWN" in guest.heard
    guest.loop.run_until(lambda: any(str(word).startswith("closed: ") for word in guest.heard))


def test_a_qemu_that_is_killed_is_told_by_both(guest: TracedGuest) -> None:
    os.kill(guest.process.pid, 9)
    guest.loop.run_until(lambda: len(guest.heard) == 3)
    assert "QEMU ended by SIGKILL" in guest.heard


def test_a_qemu_that_refuses_its_command_line_says_why(qemu: str) -> None:
    loop = SelectorLoop()
    reasons: list[str] = []
    process = QemuProcess(loop, [qemu, "-device", "nonsense"], exited=reasons.append)
    loop.run_until(lambda: bool(reasons))
    process.qmp_socket.close()
    assert reasons[0].startswith("QEMU ended with status 1: ")
    assert "'nonsense' is not a valid device model name" in reasons[0]


def test_a_file_descriptor_reaches_qemu_with_its_command(guest: TracedGuest) -> None:
    ours, theirs = socket.socketpair()
    replies: list[Reply] = []
    guest.qmp.execute("getfd", {"fdname": "d"}, fds=[OwnedFd(theirs.detach())], on_reply=replies.append)
    guest.qmp.execute("query-status")
    guest.qmp.execute("closefd", {"fdname": "d"}, on_reply=replies.append)
    guest.loop.run_until(lambda: len(replies) == 2)
    assert replies == [Success({}), Success({})]
    assert ours.recv(1) == b"", "QEMU closed the other end"
    ours.close()


def test_another_implementation_of_qmp_understands_the_same(launch: Launch, tmp_path: Path) -> None:
    qmp = pytest.importorskip("qemu.qmp", reason="pip install qemu.qmp")
    path = tmp_path / "qmp"
    guest = launch("-qmp", f"unix:{path},server=on,wait=off", *TABLET)
    commands = [
        ("query-version", None),
        ("query-mice", None),
        ("qom-list", {"path": "/machine/peripheral-anon"}),
        ("query-nonsense", None),
        ("input-send-event", {"events": [{"type": "key", "data": {}}]}),
    ]

    async def others_replies() -> list[Reply]:
        client = qmp.QMPClient("other")
        await client.connect(str(path))
        replies: list[Reply] = []
        for command, arguments in commands:
            try:
                replies.append(Success(await client.execute(command, arguments)))
            except qmp.ExecuteError as error:
                replies.append(Failure(error.error_class, str(error)))
        await client.disconnect()
        return replies

    own = [guest.execute(command, arguments) for command, arguments in commands]
    assert own == asyncio.run(others_replies())
    assert [type(reply) for reply in own] == [Success, Success, Success, Failure, Failure]


# Keys.


def test_every_key_of_the_table_goes_down_and_comes_up(guest: TracedGuest, qemu: str) -> None:
    """All pipelined. QEMU takes sysrq for print (ui/input.c); f13 to f24 are its own since 8.0 (qapi/ui.json)."""
    new = {f"f{number}" for number in range(13, 25)} if qemu_version(qemu) < (8, 0, 0) else set()
    for code in QKEYCODES:
        guest.input.key(code, True)
        guest.input.key(code, False)
    names = ["print" if name == "sysrq" else name for name in QKEYCODES.values() if name not in new]
    assert guest.traced() == [sign + name for name in names for sign in "+-"]
    assert guest.input.stats.refused == 2 * len(new)


def test_the_ps2_keyboard_gets_a_key_that_is_held_again_and_again(guest: TracedGuest) -> None:
    guest.input.repeat = KeyRepeatTiming(delay_ms=20, interval_ms=5)
    guest.input.key(KEY_A, True)
    traced: list[str] = []

    def repeated() -> bool:
        traced.extend(guest.lines())
        return sum(line.endswith("keycode 0x1c") for line in traced) >= 4

    guest.loop.run_until(repeated)
    guest.input.key(KEY_A, False)
    assert guest.traced()[-1] == "-a"


# Pointer.


def test_clicks_find_the_pointer_where_it_was(launch: Launch) -> None:
    guest = launch(*TABLET)
    for x in range(0, 50, 5):
        guest.input.motion_absolute(x, 0, 640, 480)
        guest.input.motion_absolute(x + 1, 0, 640, 480)
        guest.input.button(BTN_LEFT, True)
        guest.input.motion_absolute(x + 2, 0, 640, 480)
        guest.input.button(BTN_LEFT, False)
    traced = guest.traced()
    before_clicks = [traced[index - 2 : index] for index, event in enumerate(traced) if event == "+left"]
    before_releases = [traced[index - 2 : index] for index, event in enumerate(traced) if event == "-left"]
    assert before_clicks == [at(x + 1, 0) for x in range(0, 50, 5)]
    assert before_releases == [at(x + 2, 0) for x in range(0, 50, 5)]


def test_fast_motion_is_joined_and_ends_where_it_should(launch: Launch) -> None:
    guest = launch(*TABLET)
    for x in range(640):
        guest.input.motion_absolute(x, 479, 640, 480)
    traced = guest.traced()
    assert traced == [*at(0, 479), *at(639, 479)]


def test_wheels_turn_both_ways(guest: TracedGuest) -> None:
    guest.input.wheel(vertical=120, horizontal=-120)
    assert guest.traced() == ["+wheel-down", "-wheel-down", "+wheel-left", "-wheel-left"]


def test_a_guest_without_a_tablet_is_no_worse_for_a_position(
    guest: TracedGuest, caplog: pytest.LogCaptureFixture
) -> None:
    guest.input.motion_absolute(1, 1, 640, 480)
    guest.input.button(BTN_LEFT, True)
    guest.input.button(BTN_LEFT, False)
    assert guest.traced() == ["+left", "-left"]
    assert "Input handler not found for event type abs" in caplog.text


# Every down comes up.


def test_what_came_up_while_the_guest_was_stopped_comes_up_when_it_goes_on(guest: TracedGuest) -> None:
    guest.input.key(KEY_A, True)
    guest.input.key(KEY_LEFTSHIFT, True)
    guest.qmp.execute("stop")
    guest.input.key(KEY_A, False)
    assert guest.traced() == ["+a", "+shift"]
    guest.input.motion_relative(5, 5)
    guest.qmp.execute("cont")
    guest.loop.run_until(lambda: "RESUME" in guest.heard)
    assert guest.traced() == ["-a"]
    guest.input.release_all()
    assert guest.traced() == ["-shift"]


def test_what_is_down_comes_up_before_wlvm_hangs_up(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "qmp"
    guest = launch("-qmp", f"unix:{path},server=on,wait=off")
    attached = QmpClient(guest.loop, connect(path), guest)
    forwarder = InputForwarder(guest.loop, attached.execute)
    guest.loop.run_until(lambda: attached.version is not None)
    for code in range(2, 12):
        forwarder.key(code, True)
    forwarder.close()
    attached.close()
    digits = list("1234567890")
    assert guest.traced() == [
        *(f"+{digit}" for digit in digits),
        *(f"-{digit}" for digit in reversed(digits)),
    ]


# The machine.


@pytest.mark.parametrize(
    ("options", "repeats", "tablet"),
    [
        ((), False, False),
        (("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci"), True, True),
        (("-usb", "-device", "usb-kbd,id=keys", "-device", "usb-tablet,id=pen"), True, True),
        (("-usb", "-usbdevice", "keyboard"), True, False),
        (("-usb", "-device", "usb-mouse"), False, False),
    ],
    ids=["PS/2", "virtio", "USB", "usbdevice", "USB mouse"],
)
def test_what_the_machine_has(launch: Launch, options: tuple[str, ...], repeats: bool, tablet: bool) -> None:
    guest = launch(*options)
    answers: list[bool] = []
    machine = Machine(guest.qmp.execute, changed=lambda: answers.append(True))
    machine.ask()
    machine.ask()
    guest.loop.run_until(lambda: bool(answers))
    guest.settle()
    assert answers == [True, True], "once more for what was asked in between"
    assert machine.keyboard_repeats_itself is repeats
    assert machine.has_tablet is tablet
    assert not machine.absolute_pointer, "no driver in the guest has taken the tablet over"
