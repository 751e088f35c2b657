"""`wlvm msg trace`: the way of real guests' frames through a running wlvm."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from guests.testcard.launch import TestCard
from tests.chrome_trace import ChromeTrace
from tests.wlvm_process import DEADLINE, WLVM, Wlvm, eventually
from wlvm.frame_stages import STAGES, Trace
from wlvm.ipc import ControlClient, ControlError
from wlvm.trace import Recorded

pytestmark = pytest.mark.one_qemu

#: The messages that say that a picture changed, by the guest's display: shared memory from QEMU 9.2 on, or bytes.
MESSAGES = {"virtio-gpu": {"UpdateMap", "Update", "Scanout", "ScanoutMap"}, "std-vga": {"Update", "Scanout"}}


def configured(card: TestCard) -> str:
    return f'[[output]]\nmode = "1280x800@60"\n[guest.card]\nqmp = "{card.qmp_path}"\n'


@pytest.mark.parametrize("device", ["virtio-gpu", "std-vga"])
def test_each_frame_is_traced_from_its_message_to_the_screen(
    qemu: str, runtime_dir: Path, tmp_path: Path, device: str
) -> None:
    file = tmp_path / "trace.json"
    with (
        TestCard(qemu=qemu, device=device, options="mode=640x480 rate=30") as card,
        Wlvm(runtime_dir, config=configured(card)) as wlvm,
    ):
        wlvm.wait_for_picture("card")
        told = subprocess.run(
            [WLVM, "msg", "--socket", wlvm.socket, "--json", "trace", "1", "-o", file],
            check=True, capture_output=True, timeout=DEADLINE,
        )  # fmt: skip
    (console,) = json.loads(told.stdout)["consoles"]
    assert console["guest"] == "card"
    assert 10 <= console["presented"] <= console["frames"] <= 60
    read = ChromeTrace(file)
    assert len(read.frames) == console["frames"]
    # Nobody is answered but for a dma-buf; a last frame may not have been drawn by the end.
    shown = [frame for frame in read.frames.values() if len(frame.tracks) == 4 or len(frame.stages) == 8]
    assert len(shown) >= console["frames"] - 1
    for frame in shown:
        assert [stage.name for stage in frame.stages] == list(STAGES[:-1])
        assert frame.name == "frame of card"
        assert not frame.notes
    assert {each.name for each in read.tracks["wlvm/display thread"]} <= MESSAGES[device]
    updates = [each for each in read.tracks["wlvm/main thread"] if each.name == "update card"]
    assert sum(each.args["copied"] for each in updates) >= 640 * 480 * 4 * 10
    draws = [each for each in read.tracks["outputs/HEADLESS-1"] if each.name == "draw"]
    assert len({each.args["commit"] for each in draws}) == len(draws) >= console["presented"]


def test_what_is_not_shown_says_why_and_one_traces_at_a_time(qemu: str, runtime_dir: Path) -> None:
    with (
        TestCard(qemu=qemu, device="virtio-gpu", options="mode=640x480") as card,
        Wlvm(runtime_dir, config=configured(card)) as wlvm,
    ):
        wlvm.wait_for_picture("card")
        with ControlClient(wlvm.socket) as client, ControlClient(wlvm.socket) as second:
            told = client.trace(0.05)
            with pytest.raises(ControlError, match="somebody else"):
                second.trace(1)
            assert not Trace.of(told).frames  # it stands still
        wlvm.control.command("workspace elsewhere")
        assert reason_of_a_step(wlvm, card) == "hidden"
        wlvm.control.command("workspace 1")
        assert reason_of_a_step(wlvm, card) == ""


def reason_of_a_step(wlvm: Wlvm, card: TestCard) -> str:
    """Why the frame that the guest now draws is not shown; "" where it is."""

    def recording(client: ControlClient) -> Iterator[Recorded] | None:
        with contextlib.suppress(ControlError):  # The one before us hangs up at the moment.
            return client.trace(DEADLINE)
        return None

    with ControlClient(wlvm.socket) as client:
        told = eventually("nobody else records", lambda: recording(client))
        card.command("step")
        frames = next(each.frames for each in told if each.frames)
        return frames[0].ended
