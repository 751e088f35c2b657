"""The test card that is checked in is the one its sources make."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from guests.testcard.launch import IMAGE

SOURCES = IMAGE.parent


def test_the_sources_make_the_same_bytes(tmp_path: Path) -> None:
    compiler = (SOURCES / "COMPILER").read_text()
    for tool in ("gcc", "ld", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here: apt-get install gcc make")
    told = [
        subprocess.run([tool, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
        for tool in ("gcc", "ld")
    ]
    if told != compiler.splitlines():
        pytest.skip(
            f"made by {compiler.splitlines()}, and here are {told}: install gcc and binutils of Debian 12"
        )
    subprocess.run(["make", "-C", str(SOURCES), f"OUT={tmp_path}"], check=True, capture_output=True)
    assert (tmp_path / "testcard.elf").read_bytes() == IMAGE.read_bytes()
