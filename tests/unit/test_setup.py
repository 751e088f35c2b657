"""scripts/setup, where it refuses: it says the one thing to do and leaves nothing behind.

Each test runs a copy of the set-up in an empty folder, with a PATH that holds only what the test put there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = (
    "awk",
    "bash",
    "cat",
    "comm",
    "dirname",
    "env",
    "id",
    "mktemp",
    "readlink",
    "rm",
    "sed",
    "sort",
    "xargs",
)


class Checkout:
    """A copy of what the set-up consists of, and of the programs it may find."""

    def __init__(self, place: Path) -> None:
        self.place = place / "checkout"
        self.programs = place / "bin"
        self.programs.mkdir()
        for folder in ("scripts", "requirements"):
            shutil.copytree(ROOT / folder, self.place / folder)
        for tool in TOOLS:
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        self.before = self.content()

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def python(self, name: str, version: tuple[int, int]) -> None:
        """A Python of that version, as far as the set-up asks before it makes an environment."""
        dotted = f"{version[0]}.{version[1]}"
        usable = "true" if (3, 11) <= version <= (3, 12) else "false"
        self.program(name, f'case "$1" in --version) echo "Python {dotted}.1";; *) {usable};; esac')

    def setup(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.place / "scripts/setup"), "run"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": str(self.programs), **environment},
        )

    def content(self) -> list[str]:
        return sorted(str(path.relative_to(self.place)) for path in self.place.rglob("*"))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_root_the_one_command_is_printed_and_nothing_is_left(checkout: Checkout) -> None:
    checkout.python("python3.12", (3, 12))
    checkout.program("id", "echo 1000")
    checkout.program("sudo", "exit 1")
    checkout.program(
        "dpkg-query", 'for p in "${@:4}"; do [ "$p" = ovmf ] || echo "installed $p"; done; exit 1'
    )
    done = checkout.setup()
    assert done.returncode == 1
    assert "    sudo apt-get install --no-install-recommends ovmf\n" in done.stderr
    assert checkout.content() == checkout.before


def test_with_sudo_the_missing_packages_are_installed_by_it(checkout: Checkout, tmp_path: Path) -> None:
    """The update comes only after an installation that failed."""
    log = tmp_path / "log"
    checkout.python("python3.11", (3, 11))
    checkout.program("id", "echo 1000")
    checkout.program("dpkg-query", 'for p in "${@:4}"; do [ "$p" = ovmf ] || echo "installed $p"; done')
    checkout.program("sudo", f'echo "$*" >>{log}; [ "$*" = "-n true" ]')
    done = checkout.setup()
    assert done.returncode == 1
    asked = [line.partition("apt-get")[2].split()[3:] for line in log.read_text().splitlines()[1:]]
    install = ["install", "--no-install-recommends", "-y", "ovmf"]
    assert asked == [install, ["update"], install]
    assert checkout.content() == checkout.before


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (3, 14)])
def test_another_python_is_told_how_to_get_the_right_one(
    checkout: Checkout, version: tuple[int, int]
) -> None:
    checkout.python("mine", version)
    done = checkout.setup(PYTHON="mine")
    assert done.returncode == 1
    assert f"mine is Python {version[0]}.{version[1]}.1" in done.stderr
    assert "uv python install 3.12" in done.stderr
    assert checkout.content() == checkout.before


def test_an_unknown_purpose_is_refused(checkout: Checkout) -> None:
    done = subprocess.run(
        [str(checkout.place / "scripts/setup"), "fly"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (2, "usage: scripts/setup [run|test|peers|check]\n")


def names(lock: str) -> dict[str, str]:
    """The packages of a lock file with their versions."""
    lines = (ROOT / "requirements" / lock).read_text().splitlines()
    pins = (line.split(" ")[0].partition("==") for line in lines if line and line[0] not in " #")
    return {name: version for name, _, version in pins}


def test_every_dependency_is_pinned_and_the_locks_agree() -> None:
    run, test, build = names("run.txt"), names("test.txt"), names("build.txt")
    assert all({**run, **test, **build}.values())
    assert run.items() <= test.items()
    assert all(run[name] == build[name] for name in run.keys() & build.keys())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {name.partition("==")[0] for name in project["dependencies"]} <= run.keys()
    assert set(project["optional-dependencies"]["test"]) <= test.keys()


def test_the_ways_in_are_executable() -> None:
    for script in (".ci/run", "scripts/setup", "scripts/lock", "scripts/fetch-qemu10"):
        assert os.access(ROOT / script, os.X_OK), script
