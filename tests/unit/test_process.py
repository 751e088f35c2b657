"""Launching: the command line, and a process that ends for certain. Shells and Pythons stand in for QEMU."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loops import ManualLoop, SelectorLoop
from wlvm.qemu import launch, process
from wlvm.qemu.launch import (
    LaunchError,
    add_display,
    choose_render_node,
    display_abilities,
    qemu_version,
)
from wlvm.qemu.process import QemuProcess

# The command line.


def test_the_display_and_qmp_are_added() -> None:
    assert add_display(["qemu", "-m", "64"], 3) == [
        "qemu", "-m", "64",
        "-display", "dbus,p2p=yes",
        "-chardev", "socket,id=wlvm-qmp,fd=3",
        "-mon", "chardev=wlvm-qmp,mode=control",
    ]  # fmt: skip


def test_a_render_node_switches_opengl_on() -> None:
    command = add_display(["qemu"], 3, render_node="/dev/dri/a,b")
    assert command[2] == "dbus,p2p=yes,gl=on,rendernode=/dev/dri/a,,b"


@pytest.fixture
def gpus(tmp_path: Path) -> Path:
    """The root of a machine with two render nodes."""
    (tmp_path / "dev/dri").mkdir(parents=True)
    for number in (128, 129):
        (tmp_path / f"dev/dri/renderD{number}").touch()
    return tmp_path


@pytest.mark.parametrize(
    "device",
    [
        "virtio-vga-gl", "virtio-gpu-gl-pci,id=video", "virtio-gpu-pci,id=video,blob=true", "virtio-gpu-pci,blob=on",
        '{"driver": "virtio-gpu-pci", "blob": true}', "vfio-pci,host=1:0.0,display=on",
    ],
)  # fmt: skip
def test_a_gpu_is_chosen_for_a_device_that_needs_one(gpus: Path, device: str) -> None:
    first = str(gpus / "dev/dri/renderD128")
    assert choose_render_node(["qemu", "-device", device], "auto", root=gpus) == first
    assert choose_render_node(["qemu", "-device", device], False, root=gpus) is None


@pytest.mark.parametrize("device", ["virtio-gpu-pci", "virtio-vga,blob=off", "vfio-pci,host=1:0.0", "VGA"])
def test_a_gpu_is_not_chosen_for_a_device_that_does_without_unless_somebody_says_so(
    gpus: Path, device: str
) -> None:
    command = ["qemu", "-device", device]
    second = gpus / "dev/dri/renderD129"
    assert choose_render_node(command, "auto", root=gpus) is None
    assert choose_render_node(command, True, second, gpus) == str(second)


def test_where_a_gpu_is_needed_and_there_is_none_it_is_said_which(tmp_path: Path, gpus: Path) -> None:
    with pytest.raises(LaunchError, match="gl = true needs a GPU, and this machine has none"):
        choose_render_node(["qemu"], True, root=tmp_path / "empty")
    with pytest.raises(
        LaunchError, match="one of the guest's devices needs a GPU, and .*renderD7 is not there"
    ):
        choose_render_node(["qemu", "-device", "virtio-vga-gl"], "auto", gpus / "renderD7", gpus)


@pytest.mark.parametrize("option", ["-display", "--display", "-nographic", "-curses", "-daemonize"])
def test_a_command_line_that_contradicts_wlvm_is_refused_by_name(option: str) -> None:
    with pytest.raises(LaunchError, match=f"^{option} cannot be in QEMU's command line: wlvm"):
        add_display(["qemu", "-m", "64", option, "gtk"], 3)


def test_an_empty_command_line_is_refused() -> None:
    with pytest.raises(LaunchError, match="empty"):
        add_display([], 3)


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("version", "listed", "expected", "package"),
    [
        ("7.2.22 (Debian 1:7.2)", "none\ndbus", (True, False, False), None),
        ("7.2.22", "none", (False, False, False), "qemu-system-common"),
        ("8.2", "none\ncurses", (False, False, False), "qemu-system-modules-opengl"),
        ("9.2.0", "dbus", (True, True, False), None),
        ("10.1.0", "dbus", (True, True, True), None),
    ],
)
def test_what_a_qemu_can_show(
    tmp_path: Path, version: str, listed: str, expected: tuple[bool, bool, bool], package: str | None
) -> None:
    qemu = program(
        tmp_path / "qemu",
        f"[ $1 = --version ] && echo 'QEMU emulator version {version}' || echo 'Available:\n{listed}'",
    )
    abilities = display_abilities(qemu)
    assert (abilities.dbus, abilities.shared_memory, abilities.dmabuf2) == expected
    assert abilities.missing_package == package


def test_a_program_that_is_not_qemu_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_PROBE_SECONDS", 0.2)
    with pytest.raises(LaunchError, match="is not QEMU: it says 'Hello'"):
        qemu_version(program(tmp_path / "hello", "echo Hello"))
    with pytest.raises(LaunchError, match="is not installed"):
        qemu_version(str(tmp_path / "nothing"))
    with pytest.raises(LaunchError, match="failed: broken"):
        qemu_version(program(tmp_path / "broken", "echo broken >&2; exit 1"))
    with pytest.raises(LaunchError, match="does not end"):
        qemu_version(program(tmp_path / "slow", "exec sleep 60"))
    with pytest.raises(LaunchError, match="cannot be run: Permission denied"):
        qemu_version(str(tmp_path))


# The process.


class Launched:
    def __init__(self, loop: SelectorLoop, *command: str) -> None:
        self.loop = loop
        self.reasons: list[str] = []
        self.process = QemuProcess(loop, command, self.reasons.append)

    def reason(self) -> str:
        """Why it ended; waits for that."""
        self.loop.run_until(lambda: bool(self.reasons))
        assert len(self.reasons) == 1
        return self.reasons[0]


@pytest.fixture
def loop() -> Iterator[SelectorLoop]:
    loop = SelectorLoop()
    yield loop
    assert not loop.watches
    assert not loop.timers


def finish(launched: Launched) -> None:
    launched.process.kill()
    launched.process.qmp_socket.close()


def shell(loop: SelectorLoop, script: str) -> Launched:
    return Launched(loop, "sh", "-c", script)


def enduring(loop: SelectorLoop, script: str) -> Launched:
    """A program that has run a script, and goes on for ever."""
    launched = shell(loop, f"{script}; echo up >&2; while :; do sleep 0.01; done")
    loop.run_until(lambda: bool(launched.process.messages))
    return launched


def python(loop: SelectorLoop, script: str) -> Launched:
    return Launched(loop, sys.executable, "-c", textwrap.dedent(script))


def test_an_end_in_peace(loop: SelectorLoop) -> None:
    launched = shell(loop, "exit 0")
    assert launched.reason() == "QEMU ended"
    assert not launched.process.running
    launched.process.close()
    finish(launched)


def test_an_error_is_told_with_what_qemu_said_last(loop: SelectorLoop) -> None:
    launched = shell(loop, "echo one >&2; printf 'no such disk' >&2; exit 1")
    assert launched.reason() == "QEMU ended with status 1: no such disk"
    assert launched.process.messages == ("one", "no such disk")
    finish(launched)


def test_a_crash_is_told_by_its_signal(loop: SelectorLoop) -> None:
    launched = shell(loop, "kill -ABRT $$")
    assert launched.reason() == "QEMU ended by SIGABRT"
    finish(launched)


def test_what_qemu_says_often_is_logged_once(loop: SelectorLoop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    launched = shell(loop, "for i in 1 2 3; do echo same >&2; done; head -c 5000 /dev/zero | tr '\\0' x >&2")
    launched.reason()
    assert caplog.messages[0] == "QEMU: same"
    assert len([message for message in caplog.messages if "same" in message]) == 1
    assert max(map(len, launched.process.messages)) <= 1000
    finish(launched)


def test_the_other_end_of_qmp_is_where_the_command_line_says(loop: SelectorLoop) -> None:
    launched = python(loop, "import os; os.write(3, os.read(3, 9)[::-1])")
    launched.process.qmp_socket.sendall(b"ping")
    assert launched.process.qmp_socket.recv(9) == b"gnip"
    assert launched.reason() == "QEMU ended"
    finish(launched)


def test_the_child_gets_no_blocked_or_ignored_signal_no_input_and_no_other_descriptor(
    loop: SelectorLoop,
) -> None:
    stray = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(stray, True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        launched = python(
            loop,
            """
            import os, re
            status = open("/proc/self/status").read()
            word = lambda name: int(re.search(name + r":\\s*(\\w+)", status)[1], 16)
            fds = sorted(fd for fd in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{fd}"))
            ignored = word("SigIgn") >> 9 & 1  # SIGUSR1
            own_group = os.getpgid(0) == os.getpid()
            print(word("SigBlk"), ignored, os.read(0, 1), fds, own_group, file=open("/dev/stderr", "w"))
            """,
        )
    finally:
        signal.signal(signal.SIGUSR1, ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(stray)
    launched.reason()
    assert launched.process.messages == ("0 0 b'' [0, 1, 2, 3] True",)
    finish(launched)


def test_closing_asks_first(loop: SelectorLoop) -> None:
    launched = enduring(loop, "trap 'echo bye >&2; exit 0' TERM")
    launched.process.close()
    launched.process.close()
    assert launched.reason() == "QEMU ended"
    assert launched.process.messages[-1] == "bye"
    finish(launched)


def test_closing_ends_a_qemu_that_was_stopped(loop: SelectorLoop) -> None:
    launched = shell(loop, "kill -STOP $$; sleep 60")
    launched.process.close()
    assert launched.reason() == "QEMU ended by SIGTERM"
    finish(launched)


LOSES_ONE = "trap 'trap \"exit 0\" TERM' TERM"
LOSES_ALL = "trap '' TERM"


def test_closing_asks_again(loop: SelectorLoop) -> None:
    """Where a QMP command comes in while QEMU ends, it goes on ending at the next signal only."""
    launched = enduring(loop, LOSES_ONE)
    launched.process.close()
    assert launched.reason() == "QEMU ended"
    finish(launched)


def test_finishing_asks_again_without_the_loop(loop: SelectorLoop, caplog: pytest.LogCaptureFixture) -> None:
    launched = enduring(loop, LOSES_ONE)
    launched.process.finish()
    assert not launched.process.running
    assert caplog.messages == []
    finish(launched)


def test_finishing_kills_what_does_not_end(
    monkeypatch: pytest.MonkeyPatch, loop: SelectorLoop, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "END_DEADLINE_MS", 50)
    launched = enduring(loop, LOSES_ALL)
    launched.process.finish()
    assert not launched.process.running
    assert "did not end" in caplog.text
    caplog.clear()
    finish(launched)


def test_closing_insists(
    monkeypatch: pytest.MonkeyPatch, loop: SelectorLoop, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "END_DEADLINE_MS", 50)
    launched = enduring(loop, LOSES_ALL)
    launched.process.close()
    assert launched.reason().startswith("QEMU ended by SIGKILL")
    assert "did not end" in caplog.text
    caplog.clear()
    finish(launched)


def test_killing_waits_for_the_end_and_tells_nobody() -> None:
    loop = ManualLoop()
    launched = shell(loop, "trap '' TERM; exec sleep 60")
    launched.process.kill()
    launched.process.kill()
    assert not launched.process.running
    with pytest.raises(ProcessLookupError):
        os.kill(launched.process.pid, 0)
    assert launched.reasons == []
    assert not loop.watches
    launched.process.qmp_socket.close()


def test_a_program_that_is_not_there_is_named(loop: SelectorLoop) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(LaunchError, match="qemu-system-nowhere is not installed"):
        QemuProcess(loop, ["qemu-system-nowhere"], lambda reason: None)
    assert os.listdir("/proc/self/fd") == before


def test_qemu_ends_when_wlvm_is_killed() -> None:
    """A parent launches a child that would go on for ever, says its pid, and is killed."""
    script = """
        import sys
        from tests.loops import SelectorLoop
        from wlvm.qemu.process import QemuProcess
        loop = SelectorLoop()
        command = ["sh", "-c", "trap '' TERM HUP; echo up >&2; exec sleep 600"]
        child = QemuProcess(loop, command, exited=print)
        loop.run_until(lambda: child.messages)
        print(child.pid, flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        child = os.pidfd_open(pid)
        parent.kill()
        parent.wait()
        poll = select.poll()
        poll.register(child, select.POLLIN)
        ended = poll.poll(10_000)
        os.close(child)
    assert ended


def test_without_setpriv_a_warning_says_what_that_means(
    loop: SelectorLoop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    path = program(tmp_path / "qemu", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    launched = Launched(loop, path)
    assert re.search("setpriv .* not installed", caplog.text)
    caplog.clear()
    launched.reason()
    finish(launched)


def test_qmp_is_a_socket_pair_of_which_only_one_end_is_kept(loop: SelectorLoop) -> None:
    launched = shell(loop, "exit 0")
    launched.reason()
    assert launched.process.qmp_socket.family == socket.AF_UNIX
    assert launched.process.qmp_socket.recv(1) == b""
    finish(launched)
