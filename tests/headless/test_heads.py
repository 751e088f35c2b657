"""Guests with several heads: which of them have a place, what is shown there, and where input goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.virtual_input import InputClient
from tests.wlvm_process import BARE, Wlvm, eventually
from wlvm.ipc import ControlError

DEVICE = "virtio-gpu,max_outputs=3"
TABLETS = tuple(
    word for head in (0, 1) for word in ("-device", f"virtio-tablet-pci,display=video,head={head}")
)
OUTPUTS = """
[[output]]
name = "HEADLESS-1"
mode = "1280x800"
[[output]]
name = "HEADLESS-2"
mode = "1024x768"
"""
BOUND = """
[[guest.card.console]]
head = 1
output = "HEADLESS-2"
"""


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


def consoles(wlvm: Wlvm) -> list[int]:
    """The consoles that have a place."""
    return [view["console"] for view in wlvm.control.call("views")["views"]]


def test_a_head_comes_and_goes_as_it_is_plugged_in_and_used(qemu: str, runtime_dir: Path) -> None:
    with (
        TestCard(qemu, DEVICE, "heads=2") as card,
        Wlvm(runtime_dir, "--attach", str(card.qmp_path), "--output", "1600x800") as wlvm,
    ):
        eventually(
            "the first fills the screen", lambda: np.array_equal(wlvm.screen(), model.picture(1600, 800))
        )
        assert consoles(wlvm) == [0]
        assert len(wlvm.guest("qmp").consoles) == 3
        wlvm.control.command("head on qmp:1")
        assert consoles(wlvm) == [0, 1], "it has its place before the guest knows"
        half = model.picture(800, 800)
        both = np.hstack((half, half))
        eventually("each has its half", lambda: np.array_equal(wlvm.screen(), both))
        card.command("head off")
        eventually("the guest does not use it", lambda: wlvm.guest("qmp").consoles[1].width == 0)
        assert consoles(wlvm) == [0, 1], "somebody has plugged it in: the guest may use it yet"
        card.command("head on")
        eventually("it does", lambda: np.array_equal(wlvm.screen(), both))
        wlvm.control.command("head off qmp:1")
        assert consoles(wlvm) == [0]
        card.wait_for("head 1 off")
        eventually("the first has all", lambda: np.array_equal(wlvm.screen(), model.picture(1600, 800)))
        wlvm.control.command("head on qmp:1")
        eventually("both are back", lambda: np.array_equal(wlvm.screen(), both))
        for wrong, why in {
            "qmp:0": "always there",
            "qmp:7": "has no console 7",
            "nobody:1": "no guest",
        }.items():
            with pytest.raises(ControlError, match=why):
                wlvm.control.command(f"head on {wrong}")


def test_a_head_that_the_guest_uses_by_itself_has_a_place_while_it_does(qemu: str, runtime_dir: Path) -> None:
    """A head that an earlier viewer has plugged in."""
    with TestCard(qemu, DEVICE, "heads=2") as card:
        arguments = ("--attach", str(card.qmp_path), "--output", "1600x800")
        with Wlvm(runtime_dir, *arguments) as wlvm:
            wlvm.wait_for_state("qmp", "running")
            wlvm.control.command("head on qmp:1")
            card.wait_for("head 1 800x800")
        with Wlvm(runtime_dir, *arguments) as wlvm:
            eventually("both are there", lambda: consoles(wlvm) == [0, 1])
            card.command("head off")
            eventually("it went", lambda: consoles(wlvm) == [0])
            card.command("head on")
            eventually("it came", lambda: consoles(wlvm) == [0, 1])


def test_a_head_that_is_bound_to_an_output_fills_it_and_has_a_pointer_of_its_own(
    qemu: str, runtime_dir: Path
) -> None:
    with TestCard(qemu, DEVICE, "heads=2", TABLETS) as card:
        config = f'{BARE}{OUTPUTS}[guest.card]\nqmp = "{card.qmp_path}"\n{BOUND}'
        with Wlvm(runtime_dir, config=config) as wlvm, InputClient(runtime_dir / wlvm.display) as client:
            second = model.picture(1024, 768)
            eventually("it is there", lambda: np.array_equal(wlvm.screen("HEADLESS-2"), second))
            first = model.picture(1280, 800)
            eventually("so is the first", lambda: np.array_equal(wlvm.screen("HEADLESS-1"), first))
            client.pointer("HEADLESS-1").move_to(201, 101, 2560, 1600)
            assert card.wait_for("abs").endswith("px=100,50")
            client.pointer("HEADLESS-2").move_to(1025, 769, 2048, 1536)
            assert card.wait_for("tablet") == "tablet 1"
            # The card takes all positions as ones on its first head, in whose pixels it tells them.
            assert card.wait_for("abs").split()[1:3] == ["16400", "16405"]
            client.pointer("HEADLESS-1").move_to(301, 101, 2560, 1600)
            assert card.wait_for("tablet") == "tablet 0"
