"""A wlvm to test against: the installed command, headless, in a runtime directory of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Protocol, Self, TypeVar

import numpy as np

from wlvm.ipc import ControlClient
from wlvm.ipc.messages import ConsoleStats, GuestListing

Value = TypeVar("Value")

WLVM = Path(sys.executable).with_name("wlvm")

#: How long anything may take, in seconds; only a failing test waits so long.
DEADLINE = float(os.environ.get("WLVM_TEST_DEADLINE", "20"))


def eventually(what: str, ask: Callable[[], Value]) -> Value:
    """The first true answer of `ask`, asked until there is one; AssertionError when it does not come."""
    end = time.monotonic() + DEADLINE
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"it never came true that {what}; last answer: {answer!r}"
        select.select([], [], [], 0.01)


def send_when_caught(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a program that has just started, as soon as it has a handler: before, the signal would end it."""

    def catches() -> bool:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (number - 1) & 1)

    eventually(f"it catches {number.name}", catches)
    process.send_signal(number)


class Process(Protocol):
    """What a test needs of a running wlvm's `subprocess.Popen`."""

    pid: int

    @property
    def stderr(self) -> IO[bytes] | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...


def spawn(arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
    """Start the installed command."""
    return subprocess.Popen(
        [WLVM, *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )


#: The C library fills memory that is freed, so that whoever uses it still does not go unseen.
PERTURBED = {"MALLOC_PERTURB_": "165"}

#: Nothing around views, so that all of a screen is theirs.
BARE = '[look]\nborder = 0\ntitles = false\nbackground = "#000000"\n'


def without_gaps(config: str) -> str:
    """A configuration that has no gap and no margin where it names none."""
    none = "".join(f"{key} = 0\n" for key in ("gap", "margin") if f"{key} =" not in config)
    if "[desktop]\n" in config:
        return config.replace("[desktop]\n", f"[desktop]\n{none}")
    return f"{config}\n[desktop]\n{none}" if none else config


class Wlvm:
    """A running wlvm; `close()` ends it and checks that it left nothing behind.

    A `config` without `[look]` has BARE, and one that names no gap has none.
    """

    #: How a wlvm is started; the virtual workstation has a way of its own.
    start: ClassVar[Callable[[Sequence[str], Mapping[str, str]], Process]] = staticmethod(spawn)

    def __init__(
        self,
        runtime_dir: Path,
        *arguments: str,
        config: str = "",
        backend: str = "headless",
        **environment: str,
    ) -> None:
        self.runtime_dir = runtime_dir
        self._config = file = runtime_dir / "config.toml"
        self.edit(config)
        self._log: list[str] = []
        self._partial = ""
        self._process = Wlvm.start(
            ["run", "--backend", backend, "--config", str(file), *arguments],
            {**os.environ, "PYTHONFAULTHANDLER": "1", **PERTURBED, **environment},
        )
        assert self._process.stderr is not None
        os.set_blocking(self._process.stderr.fileno(), False)
        line = self.wait_for_log("wlvm is on")
        self.display = line.split("wlvm is on ")[1].split(",")[0]
        self.socket = Path(line.rpartition(" ")[2])
        self.control = ControlClient(self.socket, timeout=DEADLINE)

    def edit(self, config: str) -> None:
        """Have this in the configuration's file, which wlvm notices."""
        self._config.write_text(without_gaps(config if "[look]" in config else f"{config}\n{BARE}"))

    @property
    def config(self) -> str:
        """What the configuration's file says."""
        return self._config.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything wlvm has written to its standard error."""
        self._read_log(0)
        return "\n".join(self._log)

    def wait_for_log(self, text: str) -> str:
        """The first line of the log that holds `text`, now or soon."""
        end = time.monotonic() + DEADLINE
        while True:
            for line in self._log:
                if text in line:
                    return line
            left = end - time.monotonic()
            assert left > 0, f"wlvm never said {text!r}, but: {self._log}"
            assert self._read_log(left), f"wlvm ended: {self._log}"

    def _read_log(self, seconds: float) -> bool:
        """Read what is there, waiting so long for something; False at its end."""
        pipe = self._process.stderr
        assert pipe is not None
        if not select.select([pipe], [], [], seconds)[0]:
            return True
        data = pipe.read()
        if not data:
            return False
        *lines, self._partial = (self._partial + data.decode()).split("\n")
        self._log += lines
        return True

    def guest(self, name: str) -> GuestListing:
        return next(guest for guest in self.control.listing().guests if guest.name == name)

    def wait_for_state(self, name: str, state: str) -> GuestListing:
        return eventually(
            f"{name} is {state}", lambda: (guest := self.guest(name)).state == state and guest or None
        )

    def console(self, name: str, index: int = 0) -> ConsoleStats:
        guest = next(guest for guest in self.control.stats().guests if guest.name == name)
        return next(console for console in guest.consoles if console.index == index)

    def wait_for_picture(self, name: str) -> None:
        """Until a frame with the guest's picture has been shown."""
        eventually(f"{name} shows a picture", lambda: self.console(name).frames)

    def frames(self) -> int:
        """The frames drawn so far, on all outputs."""
        return sum(output.frames for output in self.control.stats().outputs)

    def stays_idle(self, rounds: int = 50) -> bool:
        """Whether no frame is drawn while so many commands are answered, 5 ms apart: some fifteen refreshes of a screen."""
        before = self.frames()
        for _ in range(rounds):
            select.select([], [], [], 0.005)
            if self.frames() != before:
                return False
        return True

    def pixels(self, name: str) -> np.ndarray:
        """The guest's picture, 0x00RRGGBB."""
        return self.control.frame(name).array

    def screen(self, output: str | None = None) -> np.ndarray:
        """The output's picture, 0x00RRGGBB."""
        return self.control.screenshot(output).array

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        """Run a Wayland client."""
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(self.runtime_dir),
            "WAYLAND_DISPLAY": self.display,
        }
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            command, env=environment, timeout=DEADLINE, check=True, capture_output=True, **options
        )

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit status, once wlvm has ended."""
        status = self._process.wait(DEADLINE)
        self._read_log(0)
        return status

    def close(self) -> None:
        """End it as a person would; it must end well, and leave no socket."""
        self.control.close()
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            status = self.wait()
        finally:
            self._process.kill()
            self._process.wait()
            assert self._process.stderr is not None
            log = self.log
            self._process.stderr.close()
        assert status == 0, log
        left = [path.name for path in self.runtime_dir.iterdir() if path.name.startswith("wlvm-wayland")]
        assert left == []
        assert "Traceback" not in log, log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._process.kill()
            self._process.wait()
            print(self.log, file=sys.stderr)
