"""`wlvm bench` watches a real guest in a running wlvm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guests.testcard.launch import TestCard
from tests.wlvm_process import Wlvm
from wlvm import cli, command_line
from wlvm.frame_stages import WHOLE

pytestmark = pytest.mark.one_qemu


def test_a_guest_is_watched_that_stands_still_then_draws_and_is_gone(
    qemu: str, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wlvm.live_bench.PRESSES", 2)
    with TestCard(qemu=qemu, device="virtio-gpu", options="mode=640x480") as card:
        config = f'[[output]]\nmode = "1280x800@60"\n[guest.card]\nqmp = "{card.qmp_path}"\n'
        with Wlvm(runtime_dir, config=config) as wlvm:
            monkeypatch.setenv("WLVM_SOCKET", str(wlvm.socket))

            def bench(*arguments: str) -> Any:
                assert cli.main(["bench", "--json", *arguments]) == command_line.OK
                told = capsys.readouterr()
                assert "glxgears" in told.err
                return json.loads(told.out)

            wlvm.wait_for_picture("card")
            still = bench("card", "--seconds", "0.6", "--key", "space")
            assert still["counts"]["updates"] == still["counts"]["output_frames"] == 0
            assert still["wlvm"]["cpu_ms_per_frame"] is None
            assert still["wlvm"]["wakeups_per_second"] < 50
            assert still["keys"]["to_picture"]["frames"] == 2
            assert 0 < still["keys"]["to_picture"]["p50"] < 500
            assert {"guest": "card", "state": "running", "output": "HEADLESS-1"}.items() <= still.items()
            (machine,) = still["about"]["guests"]
            assert machine["pid"] == card.process.pid
            assert still["about"]["pid"] == wlvm.pid
            assert still["qemu"]["memory_mb"] > 10

            card.command("run 60")
            drawing = bench("--seconds", "1")
            assert drawing["guest"] == "card"
            assert drawing["counts"]["frames"] > 5
            assert drawing["wlvm"]["cpu_ms_per_frame"] > 0
            assert drawing["frames"]["presented"] > 5
            assert drawing["frames"]["stages"][WHOLE]["p50"] < 100

            wlvm.control.command("workspace elsewhere")
            assert cli.main(["bench", "card"]) == command_line.FAILED
            assert "card is not to be seen: go to its workspace" in capsys.readouterr().err
            assert cli.main(["bench", "nobody"]) == command_line.NOT_FOUND
            assert "no console of nobody to watch: there are card" in capsys.readouterr().err
