"""From a touchscreen through wlvm to guests and programs, those that know of fingers and those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guests.testcard.launch import TestCard
from tests.clients.window import Client
from tests.touchscreen import Touchscreen
from tests.wlvm_process import Wlvm, eventually

WIDTH, HEIGHT = 320, 240
LEFT = 0x110  # BTN_LEFT
OUTPUT = f'[[output]]\nmode = "{WIDTH}x{HEIGHT}"\n'
TABLET = ("-device", "virtio-tablet-pci")
MULTITOUCH = ("-device", "virtio-multitouch-pci")


@pytest.fixture
def screen(runtime_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Touchscreen]:
    """The touchscreen of the wlvm that the test starts."""
    screen = Touchscreen((WIDTH, HEIGHT))
    monkeypatch.setattr(Wlvm, "start", staticmethod(screen.spawn))
    yield screen
    screen.close()


def card(qemu: str, *extra: str) -> TestCard:
    return TestCard(qemu, "virtio-gpu", f"mode={WIDTH}x{HEIGHT}", extra)


def shown(runtime_dir: Path, card: TestCard) -> Wlvm:
    return Wlvm(runtime_dir, config=f'{OUTPUT}[guest.card]\nqmp = "{card.qmp_path}"\n')


def hears(card: TestCard, *lines: str) -> None:
    """The next lines about fingers are these."""
    assert [card.wait_for("touch") for _ in lines] == list(lines)


@pytest.mark.one_qemu
def test_fingers_on_a_guest_that_has_a_touchscreen(qemu: str, runtime_dir: Path, screen: Touchscreen) -> None:
    with card(qemu, *TABLET, *MULTITOUCH) as guest, shown(runtime_dir, guest) as wlvm:
        wlvm.wait_for_picture("card")

        def tap(x: int, y: int) -> None:
            screen.down(7, x, y)
            screen.frame()
            screen.up(7)
            screen.frame()

        def told() -> bool:
            """Before QEMU has told of the device, a finger is a pointer."""
            tap(1, 1)
            return any(line.startswith("touch 0 up") for line in guest.lines())

        eventually("wlvm knows of the guest's touchscreen", told)
        tap(2, 2)
        while guest.wait_for("touch") != "touch 0 up px=2,2":
            pass
        screen.down(3, 10, 20)
        screen.frame()
        hears(guest, "touching 1", "touch 0 down px=10,20")
        screen.down(9, WIDTH - 1, HEIGHT - 1)
        screen.motion(3, 11, 21)
        screen.frame()
        hears(guest, "touch 0 moved px=11,21", f"touch 1 down px={WIDTH - 1},{HEIGHT - 1}")
        screen.motion(9, -50, 2 * HEIGHT)
        screen.frame()
        hears(guest, f"touch 1 moved px=0,{HEIGHT - 1}")
        screen.up(3)
        screen.frame()
        hears(guest, "touch 0 up px=11,21")
        screen.down(4, 30, 30)
        screen.up(4)
        screen.frame()
        hears(guest, "touch 0 down px=30,30", "touch 0 up px=30,30")
        screen.cancel(9)
        screen.frame()
        hears(guest, "touching 0", f"touch 1 up px=0,{HEIGHT - 1}")

        screen.down(0, 50, 60)
        screen.frame()
        hears(guest, "touching 1", "touch 0 down px=50,60")
        guest.execute("stop")
        wlvm.wait_for_state("card", "paused")
        screen.up(0)
        screen.down(1, 70, 80)
        screen.frame()
        guest.execute("cont")
        hears(guest, "touching 0", "touch 0 up px=50,60")
        wlvm.wait_for_state("card", "running")
        screen.motion(1, 71, 81)
        screen.down(2, 5, 5)
        screen.frame()
        hears(guest, "touching 1", "touch 1 down px=5,5")
        screen.unplug()
        hears(guest, "touching 0", "touch 1 up px=5,5")
        assert not [line for line in guest.heard if "71,81" in line], "what was touched while it stood still"


@pytest.mark.one_qemu
def test_a_finger_on_a_guest_with_a_tablet_is_a_pointer(
    qemu: str, runtime_dir: Path, screen: Touchscreen
) -> None:
    with card(qemu, *TABLET) as guest, shown(runtime_dir, guest) as wlvm:
        wlvm.wait_for_picture("card")
        screen.down(0, 10, 20)
        screen.frame()
        guest.wait_for("button left down")
        assert guest.heard[-2].endswith("px=10,20")
        screen.down(1, 99, 99)
        screen.motion(0, 30, 40)
        screen.frame()
        screen.up(0)
        screen.frame()
        guest.wait_for("button left up")
        assert guest.heard[-2].endswith("px=30,40")
        assert not any("99" in line for line in guest.heard), "the first finger is the pointer"


def test_programs_hear_of_fingers_if_they_want_to(runtime_dir: Path, screen: Touchscreen) -> None:
    with Wlvm(runtime_dir, config=OUTPUT) as wlvm:
        with Client(runtime_dir / wlvm.display) as client:
            client.window(0x00FF00)
            client.wait_for("it has the keyboard", lambda: client.named("keyboard enter"))
            screen.down(5, 10, 20)
            screen.up(5)
            client.wait_for("a click", lambda: len(client.named("pointer button")) == 2)
            assert [event[2:] for event in client.named("pointer button")] == [(LEFT, 1), (LEFT, 0)]
            fingers = client.touch()
            screen.down(5, 10, 20)
            screen.down(6, 30, 40)
            screen.frame()
            screen.motion(5, 11, 500)
            screen.frame()
            screen.up(5)
            screen.frame()
            client.wait_for("a finger is lifted", lambda: client.named("touch up"))
            assert [event[3:] for event in client.named("touch down")] == [(0, 10, 20), (1, 30, 40)]
            assert [event[1:] for event in client.named("touch motion")] == [(0, 11, 500)]
            screen.cancel(6)
            client.wait_for("the other is cancelled", lambda: client.named("touch cancel"))
            screen.down(5, 10, 20)
            screen.frame()
            client.wait_for("another one", lambda: len(client.named("touch frame")) == 4)
            assert len(client.named("touch down")) == 3
            assert len(client.named("pointer button")) == 2
            del fingers
        screen.motion(5, 20, 20)
        screen.unplug()
        with Client(runtime_dir / wlvm.display) as client:
            assert not client.has_touch


def test_a_touchscreen_is_the_output_that_the_rules_say(runtime_dir: Path, screen: Touchscreen) -> None:
    rule = '[[input_device]]\nkind = "touch"\noutput = "HEADLESS-{}"\n'
    with (
        Wlvm(runtime_dir, config=OUTPUT + OUTPUT + rule.format(2)) as wlvm,
        Client(runtime_dir / wlvm.display) as client,
    ):
        client.window(0x00FF00)
        client.wait_for("it has the keyboard", lambda: client.named("keyboard enter"))
        fingers = client.touch()
        screen.down(0, 10, 20)
        screen.up(0)
        wlvm.edit(OUTPUT + OUTPUT + rule.format(1))

        def touched() -> bool:
            screen.down(0, 30, 40)
            screen.up(0)
            screen.frame()
            client.display.roundtrip()
            return bool(client.named("touch down"))

        eventually("the finger is on the first output", touched)
        assert client.named("touch down")[0][3:] == (0, 30, 40), "on the other one nothing is"
        del fingers
