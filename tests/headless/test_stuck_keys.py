"""No key stays down in a guest, whatever comes between its press and its release: a walk with a real QEMU that writes down what it got."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.window import Client
from tests.desk import CONFIG, KEYS, Desk, desk_at
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import eventually, send_when_caught

HELD = ("Shift", "Ctrl", "Alt", "Super", "a", "q", "Left", "F5", "Tab", "Delete")
GERMAN = '[keyboard]\nlayout = "de"\n'


pytestmark = pytest.mark.one_qemu


class Walk:
    """A guest that has the focus, a window beside it, and a person who holds keys while something happens."""

    def __init__(self, vm: TracedQemu, desk: Desk, config: str) -> None:
        self.vm = vm
        self.desk = desk
        self.config = config
        self.german = False
        self.client: Client = desk.client()
        self.client.window(0x123456)
        self.held: list[str] = []

    @property
    def down(self) -> set[str]:
        """What is down in the guest."""
        down: set[str] = set()
        for event in self.vm.keys_and_buttons():
            (down.add if event[0] == "+" else down.discard)(event[1:])
        return down

    def all_is_up(self) -> None:
        eventually("all is up in the guest", lambda: not self.down)

    def press(self, names: list[str]) -> None:
        self.desk.wlvm.control.command("focus guest vm")
        for name in names:
            self.desk.key(name, True)
        self.held = names
        eventually("they are down in the guest", lambda: len(self.down) == len(names))

    def let_go(self) -> None:
        for name in self.held:
            self.desk.key(name, False)
        self.held = []

    # What may happen while keys are held; after each, nothing but what is still held for the guest may be down.

    def another_view_gets_the_focus(self) -> None:
        self.desk.wlvm.control.command("focus app *")
        self.all_is_up()

    def the_grab_is_released(self) -> None:
        self.desk.press("Reserved")

    def another_workspace_is_shown(self) -> None:
        self.desk.wlvm.control.command("workspace 2")
        self.all_is_up()
        self.let_go()
        self.desk.wlvm.control.command("workspace 1")

    def the_machine_is_paused(self) -> None:
        self.desk.wlvm.control.command("pause vm")
        self.desk.wlvm.wait_for_state("vm", "paused")
        self.let_go()
        self.desk.wlvm.control.command("resume vm")
        self.desk.wlvm.wait_for_state("vm", "running")
        self.all_is_up()

    def the_machine_is_reset(self) -> None:
        self.desk.wlvm.control.command("reset vm")

    def qemu_hangs(self) -> None:
        """And wlvm's own keys go on."""
        self.vm.process.send_signal(signal.SIGSTOP)
        self.let_go()
        self.desk.press("Reserved+Right")
        eventually("the window has the focus", lambda: self.focus() == "app")
        self.vm.process.send_signal(signal.SIGCONT)
        self.all_is_up()

    def the_layout_is_another(self) -> None:
        self.german = not self.german
        self.desk.wlvm.edit((GERMAN if self.german else "") + self.config)
        self.desk.wlvm.control.command("reload")

    def the_keyboard_is_unplugged(self) -> None:
        self.desk.keyboard.close()
        self.all_is_up()
        self.desk.keyboard = self.desk.input.keyboard()
        self.held = []

    def a_mode_is_entered(self) -> None:
        self.desk.wlvm.control.command("mode other")
        self.let_go()
        self.all_is_up()
        self.desk.wlvm.control.command("mode default")

    def the_session_is_locked(self) -> None:
        with self.desk.program("swaylock", "--color", "00ff00", "--no-unlock-indicator") as swaylock:
            self.all_is_up()
            self.let_go()
            send_when_caught(swaylock, signal.SIGUSR1)
            assert swaylock.wait(10) == 0

    def focus(self) -> str:
        views = self.desk.wlvm.control.call("views")["views"]
        focused = next((view for view in views if view["focused"]), None)
        return "" if focused is None else "guest" if focused.get("guest") else "app"


TROUBLES: tuple[Callable[[Walk], None], ...] = (
    Walk.another_view_gets_the_focus,
    Walk.the_grab_is_released,
    Walk.another_workspace_is_shown,
    Walk.the_machine_is_paused,
    Walk.the_machine_is_reset,
    Walk.qemu_hangs,
    Walk.the_layout_is_another,
    Walk.the_keyboard_is_unplugged,
    Walk.a_mode_is_entered,
    Walk.the_session_is_locked,
)


@pytest.fixture
def walk(qemu: str, runtime_dir: Path) -> Iterator[Walk]:
    with TracedQemu(qemu, runtime_dir) as vm:
        config = f'{CONFIG}[desktop]\nlayout = "columns"\n[guest.vm]\nqmp = "{vm.qmp}"\n[mode.other]\nF11 = "quit"\n'
        with desk_at(runtime_dir, config) as desk:
            desk.wlvm.wait_for_picture("vm")
            yield Walk(vm, desk, config)


def test_no_key_stays_down_whatever_happens_while_it_is_held(walk: Walk) -> None:
    choose = random.Random(7)
    for trouble in choose.sample(TROUBLES * 3, 3 * len(TROUBLES)):
        walk.press(choose.sample(HELD, choose.randint(1, 4)))
        trouble(walk)
        walk.let_go()
        walk.all_is_up()
    walk.press(["a"])
    walk.let_go()
    walk.all_is_up()


def test_every_key_but_the_reserved_one_is_the_guests(walk: Walk) -> None:
    """Also those that other systems keep for themselves; what QEMU does not know is dropped, and the log says so once."""
    walk.desk.wlvm.control.command("focus guest vm")
    codes = {
        "print": 99, "other print": 210, "ro": 89, "lang1": 122, "lang2": 123, "yen": 124, "audiomute": 113,
        "volumeup": 115, "audioplay": 164, "power": 116, "menu": 139, "less": 86, "unknown": 240, "large": 0x2BE,
    }  # fmt: skip
    for _ in range(2):
        for code in codes.values():
            walk.desk.keyboard.tap(code)
    walk.desk.press("Ctrl+Alt+F2")
    walk.desk.press("Super+l")
    walk.desk.press("a")
    eventually("the last one has come up", lambda: walk.vm.keys_and_buttons()[-1:] == ["-a"])
    known = [name for name in codes if name not in ("other print", "unknown", "large")]
    expected = [way + name for name in known for way in "+-"] * 2
    expected += ["+ctrl", "+alt", "+f2", "-f2", "-alt", "-ctrl", "+meta_l", "+l", "-l", "-meta_l", "+a", "-a"]
    assert walk.vm.keys_and_buttons() == expected
    dropped = [line for line in walk.desk.wlvm.log.splitlines() if "is unknown to QEMU" in line]
    assert len(dropped) == len(codes) - len(known)
    assert KEYS["Reserved"] == 97, "which nobody has seen"
