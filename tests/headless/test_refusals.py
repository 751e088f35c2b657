"""A wlvm that does not start says why, and ends well."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.wlvm_process import DEADLINE, WLVM, Wlvm


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('[bindings]\n"Reserved+nosuch" = "close"\n', "Reserved+nosuch: expected the name of a key's symbol"),
        ('[keyboard]\nlayout = "klingon"\n', "no keyboard layout klingon"),
    ],
)
def test_what_only_the_keyboards_library_knows_is_refused_at_the_start(
    runtime_dir: Path, config: str, said: str
) -> None:
    file = runtime_dir / "config.toml"
    file.write_text(config)
    ended = subprocess.run(
        [WLVM, "run", "--backend", "headless", "--config", file],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime_dir)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (ended.returncode, said in ended.stderr) == (1, True), ended.stderr


def test_outputs_that_are_named_and_not_there_are_told(runtime_dir: Path) -> None:
    config = """
        [[workspace]]
        name = "mail"
        outputs = ["DP-9"]
        [[rule]]
        app_id = "foot"
        output = "HEADLESS-1"
        [guest.debian]
        qmp = "/nowhere.qmp"
        console = [{ output = "HDMI-A-7" }]
    """
    with Wlvm(runtime_dir, config=config) as wlvm:
        told = [line.partition(": ")[2] for line in wlvm.log.splitlines() if "no output" in line]
    assert told == [
        "guest debian:0: no output HDMI-A-7 is there now, but HEADLESS-1: it is waited for",
        "workspace mail: no output DP-9 is there now, but HEADLESS-1: it is waited for",
    ]
