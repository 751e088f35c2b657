"""Host programs that send nonsense, flood, hang and hoard: each harms itself, and the others go on.

One wlvm serves all these tests, so that what one program leaves behind the next would meet. A good one has a window all the time; how long it waits
for an answer is compared with how long it waits alone.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.hostile import KINDS
from tests.clients.window import Client, Window
from tests.wlvm_process import DEADLINE, Wlvm, eventually

WIDTH, HEIGHT = 800, 600
RED = 0xFF0000
CONFIG = f'[[output]]\nmode = "{WIDTH}x{HEIGHT}"\n'

#: How much longer than alone the good program may wait for an answer, at the median. The bad one takes a processor for itself meanwhile.
RATIO = 100

#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored from cffi callback <function dispatcher_func"
)


class Good:
    """A program that does as it is told."""

    def __init__(self, wlvm: Wlvm, client: Client) -> None:
        self.wlvm = wlvm
        self.client = client
        self.window: Window = client.window(RED)
        self._told = False
        configured = self.window.xdg_surface.dispatcher["configure"]

        def heard(xdg_surface: Any, serial: int) -> None:
            self._told = True
            configured(xdg_surface, serial)

        self.window.xdg_surface.dispatcher["configure"] = heard
        #: How long it waits alone.
        self.alone = self.waits()

    def waits(self, times: int = 50) -> float:
        """How long it takes until it is configured, in seconds: the median of so many times."""
        samples = []
        for _ in range(times):
            self._told = False
            begun = time.perf_counter()
            self.window.toplevel.set_maximized()
            self.client.wait_for("it is configured", lambda: self._told)
            samples.append(time.perf_counter() - begun)
        return statistics.median(samples)

    def has_all(self) -> None:
        """It has the output to itself, and its picture is on it."""
        self.client.wait_for("it has the output", lambda: self.window.size == (WIDTH, HEIGHT))
        eventually("its picture is whole", lambda: np.all(self.wlvm.screen() == RED))


@pytest.fixture(scope="module")
def good() -> Iterator[Good]:
    with tempfile.TemporaryDirectory(prefix="wlvm-") as name:
        directory = Path(name)
        with (
            Wlvm(directory, config=CONFIG, XDG_RUNTIME_DIR=name) as wlvm,
            Client(directory / wlvm.display) as client,
        ):
            yield Good(wlvm, client)


@contextlib.contextmanager
def bad(good: Good, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has begun to misbehave."""
    socket = good.wlvm.runtime_dir / good.wlvm.display
    command = [sys.executable, "-m", "tests.clients.hostile", str(socket), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            os.set_blocking(process.stdout.fileno(), False)
            good.client.wait_for(f"{kind} has begun", process.stdout.read)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_the_others_are_answered_meanwhile_and_have_all_again_afterwards(good: Good, kind: str) -> None:
    with bad(good, kind):
        assert good.waits() < RATIO * good.alone
        assert good.wlvm.control.listing().guests == ()
    good.has_all()
    assert [view["app_id"] for view in good.wlvm.control.call("views")["views"]] == ["wlvm.test"]


def test_memory_that_vanishes_ends_whose_it_was(good: Good) -> None:
    with bad(good, "vanishing_memory") as process:
        assert process.wait(DEADLINE) != 0
    good.has_all()


def test_a_program_that_hangs_is_asked_to_close_and_holds_up_nobody(good: Good) -> None:
    with bad(good, "hanging"):
        good.client.wait_for("there are two", lambda: good.window.size == (WIDTH // 2, HEIGHT))
        good.wlvm.control.command("float on", "resize set 300 200", "fullscreen on")
        good.wlvm.control.command("close")
        assert good.waits() < RATIO * good.alone
        good.wlvm.control.command("fullscreen off", "move to workspace away", "workspace 1")
        good.has_all()
    good.has_all()
