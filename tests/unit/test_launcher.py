"""Programs that a person starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loops import SelectorLoop
from wlvm.launcher import Launcher


@pytest.fixture
def loop() -> SelectorLoop:
    return SelectorLoop()


@pytest.fixture
def launcher(loop: SelectorLoop) -> Iterator[Launcher]:
    launcher = Launcher(loop)
    yield launcher
    launcher.close()


def children() -> str:
    """The processes that are ours, ended ones included."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def test_the_shell_runs_the_line_in_a_session_of_its_own(
    loop: SelectorLoop, launcher: Launcher, tmp_path: Path
) -> None:
    before = children()
    launcher.run(f"ps -o sid= -p $$ >{tmp_path}/sid; echo $$ >{tmp_path}/pid")
    loop.run_until(lambda: children() == before)
    pid, sid = (int((tmp_path / name).read_text()) for name in ("pid", "sid"))
    assert sid == pid != os.getsid(0)


def test_the_log_says_what_could_not_be_found(
    loop: SelectorLoop, launcher: Launcher, caplog: pytest.LogCaptureFixture
) -> None:
    launcher.run("no-such-program --option")
    loop.run_until(lambda: bool(caplog.records))
    assert "exec no-such-program --option: no such program" in caplog.text


def test_what_runs_goes_on_when_wlvm_hears_no_more(
    loop: SelectorLoop, launcher: Launcher, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "go")
    launcher.run(f"read line <{tmp_path}/go; echo $line >{tmp_path}/heard; echo >{tmp_path}/done")
    launcher.close()
    (tmp_path / "go").write_text("on\n")
    os.waitpid(-1, 0)
    assert (tmp_path / "heard").read_text() == "on\n"
