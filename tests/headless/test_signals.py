"""Ctrl-C and its like at many moments: whatever was under way, nothing is left behind."""

from __future__ import annotations

import os
import pty
import random
import select
import signal
import subprocess
import termios
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wlvm_process import DEADLINE, WLVM, Wlvm, eventually

#: What wlvm ends with: at its leisure; interrupted, or ended by a signal, while it had not begun.
SANE = (0, 1, 130, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP)


@pytest.fixture
def marker() -> str:
    """A word that only this test's QEMUs have on their command lines."""
    return f"wlvm-test-{uuid.uuid4().hex}"


def processes(marker: str) -> list[int]:
    """The processes that run with this word on their command lines."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (directory / "cmdline").read_bytes():
                found.append(int(directory.name))
        except OSError:
            continue  # it has just ended
    return found


class Terminal:
    """A terminal that wlvm runs in, as its foreground process."""

    def __init__(self, *command: str | Path, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        self.output = b""
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, **environment},
        )  # fmt: skip

    def read(self, seconds: float) -> None:
        """Read what is said, waiting so long for something."""
        if select.select([self._master], [], [], max(0.0, seconds))[0]:
            self.output += os.read(self._master, 65536)

    def wait_for_lines(self, count: int) -> None:
        """Until wlvm has said so many lines."""
        end = time.monotonic() + DEADLINE
        while self.output.count(b"\n") < count and self.process.poll() is None:
            assert time.monotonic() < end, self.output.decode()
            self.read(0.1)

    def wait(self) -> int:
        """The exit status; what is said until then is read."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.output.decode()
            self.read(0.05)
        self.read(0)
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert termios.tcgetattr(self._slave) == self._before
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def left_behind(runtime_dir: Path, marker: str) -> Iterator[None]:
    """When the test is over, nothing is left: no QEMU, no socket, no lock."""
    yield
    try:
        assert processes(marker) == []
        assert [
            path.name for path in runtime_dir.iterdir() if path.name.startswith(("wayland", "wlvm-"))
        ] == []
    finally:
        for pid in processes(marker):
            os.kill(pid, signal.SIGKILL)


def two_qemus(qemu: str, directory: Path, marker: str) -> Path:
    """A configuration with two guests to launch."""
    file = directory / "two.toml"
    command = f'["{qemu}", "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", "-name", "{marker}"]'
    file.write_text("".join(f"[guest.{name}]\nlaunch = {command}\n" for name in ("one", "two")))
    return file


def run(config: Path) -> Terminal:
    return Terminal(WLVM, "run", "--backend", "headless", "--config", config, PYTHONUNBUFFERED="1")


def interrupted_in_order(terminal: Terminal) -> None:
    """It ended with a sane status and, once it had begun, without a word from Python's interpreter."""
    status = terminal.wait()
    terminal.close()
    assert status in SANE, terminal.output.decode()
    if b"wlvm is on" in terminal.output:
        assert status == 0, terminal.output.decode()
        assert b"Traceback" not in terminal.output, terminal.output.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("lines", [0, 1, 3])
@pytest.mark.usefixtures("left_behind")
def test_a_signal_once_wlvm_has_said_so_much_leaves_nothing(
    qemu: str, runtime_dir: Path, marker: str, number: signal.Signals, lines: int
) -> None:
    terminal = run(two_qemus(qemu, runtime_dir, marker))
    terminal.wait_for_lines(lines)
    terminal.process.send_signal(number)
    interrupted_in_order(terminal)


@pytest.mark.usefixtures("left_behind")
def test_a_signal_at_any_moment_leaves_nothing(qemu: str, runtime_dir: Path, marker: str) -> None:
    config = two_qemus(qemu, runtime_dir, marker)
    moments = random.Random(5)
    for _ in range(6):
        terminal = run(config)
        threading.Event().wait(moments.uniform(0.0, 1.2))
        number = moments.choice([signal.SIGINT, signal.SIGTERM])
        terminal.process.send_signal(number)
        interrupted_in_order(terminal)
        assert processes(marker) == []
        assert not list(runtime_dir.glob("wayland-*")), terminal.output.decode()


@pytest.mark.usefixtures("left_behind")
def test_ctrl_c_again_and_again_leaves_nothing(qemu: str, runtime_dir: Path, marker: str) -> None:
    terminal = run(two_qemus(qemu, runtime_dir, marker))
    terminal.wait_for_lines(2)
    for _ in range(20):
        if terminal.process.poll() is None:
            terminal.process.send_signal(signal.SIGINT)
        terminal.read(0.005)
    status = terminal.wait()
    terminal.close()
    assert status in SANE, terminal.output.decode()


@pytest.mark.usefixtures("left_behind")
def test_qemus_that_ignore_sigterm_are_killed_together(runtime_dir: Path, marker: str) -> None:
    script = runtime_dir / "stubborn"
    script.write_text("#!/bin/sh\ntrap '' TERM\necho stubborn >&2\nwhile :; do sleep 1; done\n")
    script.chmod(0o755)
    config = "".join(f'[guest.g{n}]\nlaunch = ["{script}", "{marker}"]\n' for n in range(3))
    wlvm = Wlvm(runtime_dir, config=config)
    eventually("all have started", lambda: wlvm.log.count("stubborn") == 3)
    wlvm.control.detach("g0")
    start = time.monotonic()
    wlvm.signal(signal.SIGTERM)
    assert wlvm.wait() == 0
    assert time.monotonic() - start < 8, "their time is not waited for one after another"
    assert wlvm.log.count("did not end within") == 3
    wlvm.close()
    eventually("what they had started has ended", lambda: not processes(marker))


@pytest.mark.usefixtures("left_behind")
def test_a_signal_as_soon_as_there_is_a_socket_leaves_none(qemu: str, runtime_dir: Path, marker: str) -> None:
    config = two_qemus(qemu, runtime_dir, marker)
    for number in (signal.SIGTERM, signal.SIGINT):
        terminal = run(config)
        end = time.monotonic() + DEADLINE
        # Without a pause: this is about the milliseconds before wlvm's loop runs.
        while not (runtime_dir / "wayland-0.lock").exists():
            assert time.monotonic() < end
        terminal.process.send_signal(number)
        interrupted_in_order(terminal)
        assert terminal.process.returncode == 0
        assert not list(runtime_dir.glob("wayland-*"))


@pytest.mark.usefixtures("left_behind")
def test_a_script_ends_with_the_qemu_that_it_started(qemu: str, runtime_dir: Path, marker: str) -> None:
    script = runtime_dir / "script"
    script.write_text('#!/bin/sh\n"$@"\n')
    script.chmod(0o755)
    launch = f'["{script}", "{qemu}", "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", "-name", "{marker}"]'
    with Wlvm(runtime_dir, config=f"[guest.wrapped]\nlaunch = {launch}\n") as wlvm:
        wlvm.wait_for_picture("wrapped")
    eventually("both have ended", lambda: not processes(marker))


def test_a_launched_qemu_that_is_killed_is_warned_of_once(qemu: str, runtime_dir: Path, marker: str) -> None:
    launch = f'["{qemu}", "-accel", "tcg", "-nodefaults", "-m", "64", "-vga", "std", "-name", "{marker}"]'
    with Wlvm(runtime_dir, config=f"[guest.mine]\nlaunch = {launch}\n") as wlvm:
        wlvm.wait_for_picture("mine")
        for pid in processes(marker):
            os.kill(pid, signal.SIGKILL)
        eventually("it says how QEMU ended", lambda: "SIGKILL" in wlvm.guest("mine").reason)
        assert wlvm.guest("mine").state == "off"
        assert wlvm.log.count("WARNING") == 1, wlvm.log
