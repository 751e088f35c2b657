"""What every test may ask for, and what no test may do unseen."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fds import open_fds
from wlvm.qemu.display import DisplayThread
from wlvm.wlr import loader

#: The folders of tests/ in the order they run: the fast ones, and those that the others stand on, first.
ORDER = ("unit", "guests", "headless", "nested", "workstation", "gallery")

#: The loggers that pywayland and pywlroots swallow the exceptions of callbacks into.
CALLBACK_LOGGERS = ("pywayland", "wlroots", "wlvm.wlr.listeners")

#: The QEMUs to test against: the executables in WLVM_QEMUS, colon-separated.
QEMUS = os.environ.get("WLVM_QEMUS", "qemu-system-x86_64").split(":")


def pytest_configure() -> None:
    """Tests that are Wayland clients import pywayland themselves, perhaps before wlvm does: load the system's libraries for it.

    Where that is refused, the tests that need it say so.
    """
    with contextlib.suppress(loader.LoaderError):
        loader.load()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = config.rootpath / "tests"

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items[:] = sorted((item for item in items if not _is_for_another_qemu(item)), key=rank)


def _is_for_another_qemu(item: pytest.Item) -> bool:
    """Whether the test is about what wlvm does with any guest, and runs with the last of the QEMUs instead."""
    if item.get_closest_marker("one_qemu") is None or not isinstance(item, pytest.Function):
        return False
    return hasattr(item, "callspec") and item.callspec.params.get("qemu", QEMUS[-1]) != QEMUS[-1]


def version_of(qemu: str) -> str | None:
    """The version of a QEMU executable, as in "7.2.22"; None when it cannot be run."""
    if shutil.which(qemu) is None:
        return None
    told = subprocess.run([qemu, "--version"], check=False, capture_output=True, text=True).stdout
    match = re.search(r"version ([\d.]+)", told)
    return match[1] if match else None


@pytest.fixture(
    scope="session", params=QEMUS, ids=lambda qemu: f"qemu-{version_of(qemu) or 'absent: ' + qemu}"
)
def qemu(request: pytest.FixtureRequest) -> str:
    """A QEMU executable to start; the test runs once for each in WLVM_QEMUS, or for the last of them alone where it is marked `one_qemu`."""
    program: str = request.param
    if version_of(program) is None:
        pytest.skip(
            f"{program} is not here: apt-get install qemu-system-x86, or make qemu-10 for .cache/qemu-10"
        )
    return program


@pytest.fixture
def runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private XDG_RUNTIME_DIR with nothing in it, short enough for the paths of sockets."""
    with tempfile.TemporaryDirectory(prefix="wlvm-") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        for variable in ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"):
            monkeypatch.delenv(variable, raising=False)
        yield Path(directory)


@pytest.fixture(scope="session")
def guarding() -> None:
    """What guards memory has the fds that it keeps."""
    from wlvm.wlr import guarded_memory

    guarded_memory.prepare()


@pytest.fixture
def no_fd_is_lost() -> Iterator[None]:
    """The test closes every file descriptor that it opens."""
    before = open_fds()
    yield
    assert open_fds() == before


@pytest.fixture
def thread(no_fd_is_lost: None) -> Iterator[DisplayThread]:
    """A running display thread."""
    made = DisplayThread()
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _no_exception_in_a_callback_goes_unseen() -> Iterator[None]:
    """Fail the test during which a callback of pywayland or pywlroots raised; the bindings only log it."""
    exceptions: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                exceptions.append(record)

    collector = Collector()
    loggers = [logging.getLogger(name) for name in CALLBACK_LOGGERS]
    for logger in loggers:
        logger.addHandler(collector)
    yield
    for logger in loggers:
        logger.removeHandler(collector)
    if exceptions:
        texts = [logging.Formatter().format(record) for record in exceptions]
        pytest.fail("a callback raised:\n" + "\n".join(texts), pytrace=False)
