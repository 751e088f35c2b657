"""A guest's pointer is a tablet or a mouse, and may change from one to the other: where the host's pointer is meanwhile, and what lets it go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guests.testcard.launch import TestCard
from tests.clients.virtual_input import VERTICAL
from tests.desk import KEYS, Desk, desk_at
from tests.wlvm_process import eventually

WIDTH, HEIGHT = 320, 240
VIRTIO = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")
BTN_LEFT, BTN_SIDE, BTN_EXTRA, BTN_FORWARD, BTN_BACK = 0x110, 0x113, 0x114, 0x115, 0x116


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@pytest.fixture
def card(qemu: str) -> Iterator[TestCard]:
    with TestCard(qemu, "virtio-gpu", f"mode={WIDTH}x{HEIGHT}", VIRTIO) as card:
        yield card


@pytest.fixture
def desk(card: TestCard, runtime_dir: Path) -> Iterator[Desk]:
    config = f'[[output]]\nmode = "{WIDTH}x{HEIGHT}"\n[guest.card]\nqmp = "{card.qmp_path}"\n'
    with desk_at(runtime_dir, config, (WIDTH, HEIGHT)) as desk:
        desk.wlvm.wait_for_picture("card")
        yield desk


def choose(card: TestCard, *, absolute: bool) -> None:
    """Have the guest's tablet be its pointer, or its mouse, as its drivers do."""
    mouse = next(each for each in card.execute("query-mice") if each["absolute"] == absolute)
    card.execute("human-monitor-command", command_line=f"mouse_set {mouse['index']}")


def lock(desk: Desk, card: TestCard) -> None:
    """Click until the pointer is locked to the guest, which then hears of the mouse's motion."""

    def locked() -> bool:
        desk.pointer.click(BTN_LEFT)
        desk.pointer.move_by(1, 1)
        return any(line.startswith("rel") for line in card.lines())

    eventually("the pointer is locked to the guest", locked)
    assert moves(desk, card)


def moves(desk: Desk, card: TestCard) -> bool:
    """Whether the guest hears of the mouse's motion."""
    card.lines()
    before = len(card.heard)
    desk.pointer.move_by(5, 5)
    desk.keyboard.tap(KEYS["x"])
    card.wait_for(f"key {KEYS['x']} up")
    return any(line.startswith("rel") for line in card.heard[before:])


def test_a_guest_that_changes_to_a_mouse_and_back_is_followed(card: TestCard, desk: Desk) -> None:
    desk.point(100, 50)
    while not card.wait_for("abs").endswith("px=100,50"):
        pass
    choose(card, absolute=False)
    lock(desk, card)
    desk.pointer.move_by(30.5, -7)
    desk.pointer.move_by(30.5, -7)
    dx = dy = 0
    while (dx, dy) != (61, -14):
        _, right, down, _ = card.wait_for("rel").split()
        dx, dy = dx + int(right), dy + int(down)
    choose(card, absolute=True)

    def follows() -> bool:
        desk.point(20, 30)
        desk.point(21, 30)
        return any(line.endswith("px=21,30") for line in card.lines())

    eventually("the guest has the pointer's place", follows)


def test_buttons_at_the_side_and_parts_of_notches(card: TestCard, desk: Desk) -> None:
    desk.point(100, 50)
    names = {BTN_SIDE: "side", BTN_EXTRA: "extra", BTN_BACK: "side", BTN_FORWARD: "extra"}
    for code, name in names.items():
        desk.pointer.click(code)
        assert card.wait_for("button") == f"button {name} down via=virtio"
        assert card.wait_for("button") == f"button {name} up via=virtio"
    for length in (5.0, 5.0, 5.0, -10.0, -5.0):  # a notch is as long as 15
        desk.pointer.scroll(VERTICAL, length)
    assert [card.wait_for("wheel").split()[1] for _ in range(2)] == ["-1", "1"]


def test_what_lets_a_locked_pointer_go(card: TestCard, desk: Desk) -> None:
    choose(card, absolute=False)
    lock(desk, card)
    desk.press("Reserved")
    assert not moves(desk, card)
    lock(desk, card)
    card.execute("stop")
    desk.wlvm.wait_for_state("card", "paused")
    card.execute("cont")
    desk.wlvm.wait_for_state("card", "running")
    assert not moves(desk, card)
    lock(desk, card)
    desk.press("Reserved+2")  # another workspace
    desk.press("Reserved+1")
    assert not moves(desk, card)
