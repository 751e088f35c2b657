"""What the configuration says of keyboards, as host programs see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import Wlvm

KEY_A = 30
SLOW = "[keyboard]\nrepeat_rate = 3\nrepeat_delay = 1234\n"
NEVER = "[keyboard]\nrepeat_rate = 0\n"


@pytest.mark.parametrize(("config", "told"), [("", (25, 600)), (SLOW, (3, 1234)), (NEVER, (0, 600))])
def test_programs_are_told_how_to_repeat_a_key(runtime_dir: Path, config: str, told: tuple[int, int]) -> None:
    with Wlvm(runtime_dir, config=config) as wlvm, Client(runtime_dir / wlvm.display) as client:
        assert client.named("keyboard repeat_info") == [told]
        with InputClient(runtime_dir / wlvm.display) as typist:
            client.window(0x123456)
            typist.keyboard().tap(KEY_A)
            client.wait_for("the key comes", lambda: client.named("keyboard key"))
            assert set(client.named("keyboard repeat_info")) == {told}, "whatever keyboard it is"
