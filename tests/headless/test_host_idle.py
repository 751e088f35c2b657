"""Programs that act when nobody is there (swayidle), and those that do not want that (a film)."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import Wlvm, eventually

from pywayland.protocol.idle_inhibit_unstable_v1 import ZwpIdleInhibitManagerV1  # isort: skip


def test_swayidle_hears_of_idleness_and_of_its_end_but_not_during_a_film(runtime_dir: Path) -> None:
    with Wlvm(runtime_dir) as wlvm, Client(runtime_dir / wlvm.display) as client:
        window = client.window(0xFF0000)
        inhibitor = client.bind(ZwpIdleInhibitManagerV1).create_inhibitor(window.surface)
        client.display.roundtrip()
        gone, back = runtime_dir / "gone", runtime_dir / "back"
        swayidle = subprocess.Popen(
            ["swayidle", "timeout", "1", f"touch {gone}", "resume", f"touch {back}"],
            env={**os.environ, "WAYLAND_DISPLAY": wlvm.display}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            select.select([], [], [], 1.5)
            assert not gone.exists(), "a film is shown"
            inhibitor.destroy()
            client.display.roundtrip()
            eventually("nobody is there", gone.exists)
            assert not back.exists()
            with InputClient(runtime_dir / wlvm.display) as hand:
                hand.pointer().move_by(1, 1)
                eventually("somebody is back", back.exists)
        finally:
            swayidle.kill()
            swayidle.wait()
