"""Texts that are typed into a real guest, by a command and from what a program has copied."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guests.testcard.launch import TestCard
from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import WLVM, Wlvm, eventually
from wlvm.ipc import ControlError

from xkbcommon import xkb  # isort: skip

KEY_ESC, KEY_A, KEY_CAPSLOCK = 1, 30, 58
RIGHT_CTRL, KEY_V = 97, 47
VIRTIO = ("-device", "virtio-keyboard-pci")

TEXT = "cat > x.py <<'EOF'\n\tprint(\"Hello, World!\" if 2 ** 8 == 256 else ~0)\nEOF\n"


pytestmark = pytest.mark.one_qemu


@pytest.fixture(autouse=True)
def _runtime(runtime_dir: Path) -> None:
    """Every test here runs in a runtime directory of its own."""


@contextmanager
def card_and_wlvm(
    qemu: str,
    runtime_dir: Path,
    *,
    options: str = "",
    rate: int = 250,
    layout: str = "us",
    extra: tuple[str, ...] = (),
) -> Iterator[tuple[TestCard, Wlvm]]:
    with TestCard(qemu=qemu, options=f"mode=640x480 {options}", extra=extra) as card:
        config = f"""
            [guest.card]
            qmp = "{card.qmp_path}"
            keyboard_layout = "{layout}"
            input = {{ typing_rate = {rate} }}
        """
        with Wlvm(runtime_dir, config=config) as wlvm:
            wlvm.wait_for_picture("card")
            yield card, wlvm


class Reader:
    """Reads what is typed into the test card, as a system with this layout does."""

    def __init__(self, card: TestCard, layout: str = "us") -> None:
        self._card = card
        self._state = xkb.Context().keymap_new_from_names(layout=layout).state_new()
        self.text = ""
        self.down: set[int] = set()

    def read(self) -> str:
        """All of the text so far."""
        for line in self._card.lines():
            if line.startswith("key "):
                self._key(int(line.split()[1]), line.split()[2] == "down")
        return self.text

    def _key(self, key: int, down: bool) -> None:
        if down:
            self.down.add(key)
            symbol = self._state.key_get_one_sym(key + 8)
            self.text += {0xFF0D: "\n"}.get(symbol, self._state.key_get_string(key + 8))
        else:
            self.down.discard(key)
        self._state.update_key(key + 8, xkb.XKB_KEY_DOWN if down else xkb.XKB_KEY_UP)

    def wait_for(self, text: str) -> None:
        eventually("all is typed", lambda: len(self.read()) >= len(text) and not self.down)
        assert self.text == text


@contextmanager
def copied(wlvm: Wlvm, text: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that offers a text."""
    environment = {**os.environ, "WAYLAND_DISPLAY": wlvm.display}
    copier = subprocess.Popen(["wl-copy", *options, "--foreground", text], env=environment)
    try:

        def offered() -> bool:
            command = ["wl-paste", *(each for each in options if each == "--primary"), "--no-newline"]
            told = subprocess.run(command, check=False, capture_output=True, timeout=10, env=environment)
            return told.stdout == text.encode()

        eventually("it is offered", offered)
        yield copier
    finally:
        copier.kill()
        copier.wait()


@pytest.mark.parametrize("extra", [(), VIRTIO], ids=["ps2", "virtio"])
def test_what_a_program_copied_is_typed_as_it_is(
    qemu: str, runtime_dir: Path, extra: tuple[str, ...]
) -> None:
    with card_and_wlvm(qemu, runtime_dir, extra=extra) as (card, wlvm):
        with copied(wlvm, TEXT), InputClient(runtime_dir / wlvm.display) as hand:
            wlvm.control.command("focus guest card")
            hand.keyboard().tap(RIGHT_CTRL, KEY_V)
            Reader(card).wait_for(TEXT)
        with copied(wlvm, "selected", "--primary"):
            wlvm.control.command("paste primary")
            Reader(card).wait_for("selected")


def test_a_command_types_by_the_guests_layout_and_ends_with_the_text(qemu: str, runtime_dir: Path) -> None:
    with card_and_wlvm(qemu, runtime_dir, layout="de") as (card, wlvm):
        text = "Zürich kostet 20 €, {y@z}\n"
        subprocess.run([WLVM, "type", "--socket", wlvm.socket, "card", "-"], input=text.encode(), check=True)
        Reader(card, "de").wait_for(text)
        wlvm.control.command("type  by a binding")
        Reader(card, "de").wait_for("by a binding")
        with pytest.raises(ControlError, match="card's keyboard layout cannot type 字"):
            wlvm.control.type_text("card", "x字x")
        with pytest.raises(ControlError, match="20001 characters are too many to type"):
            wlvm.control.type_text("card", "x" * 20_001)
        wlvm.control.command("pause card")
        wlvm.wait_for_state("card", "paused")
        with pytest.raises(ControlError, match="card takes no keys now"):
            wlvm.control.type_text("card", "x")
        assert not [line for line in card.lines() if line.startswith("key")], "nothing of these was typed"


def test_caps_lock_of_the_guest_is_off_for_the_text_and_on_again(qemu: str, runtime_dir: Path) -> None:
    with card_and_wlvm(qemu, runtime_dir, options="lights") as (card, wlvm):
        card.command("lights 4")
        eventually("wlvm knows", lambda: "lights 0" in typed(card, wlvm, "aB"))
        assert typed(card, wlvm, "a") == [
            "key 58 down via=ps2", "lights 0", "key 58 up via=ps2",
            "key 30 down via=ps2", "key 30 up via=ps2",
            "key 58 down via=ps2", "lights 4", "key 58 up via=ps2",
        ]  # fmt: skip


def typed(card: TestCard, wlvm: Wlvm, text: str) -> list[str]:
    """What the guest says of a text."""
    wlvm.control.type_text("card", text)
    card.command("report off")
    return card.lines()


def test_a_key_stops_it_and_so_does_who_wanted_it(qemu: str, runtime_dir: Path) -> None:
    reboots = ("-action", "reboot=reset")
    with (
        card_and_wlvm(qemu, runtime_dir, rate=50, extra=reboots) as (card, wlvm),
        InputClient(runtime_dir / wlvm.display) as hand,
        copied(wlvm, "X" * 300),
    ):
        keyboard = hand.keyboard()
        wlvm.control.command("focus guest card")
        for key in (KEY_ESC, KEY_A):
            wlvm.control.command("paste")
            card.wait_for("key 45 up")
            keyboard.tap(key)
            wlvm.wait_for_log("of 300 characters were typed: a key was pressed")
        card.wait_for("key 30 up")
        assert "key 1 down via=ps2" not in card.heard, "Escape does nothing else"
        program = subprocess.Popen([WLVM, "type", "--socket", wlvm.socket, "card", "x" * 1000])
        card.wait_for("key 45 up")
        program.send_signal(signal.SIGINT)
        program.wait()
        wlvm.wait_for_log("of 1000 characters were typed: the program that had it typed is gone")
        wlvm.control.type_text("card", ".")
        card.wait_for("key 52 up")
        wlvm.control.command(f"type {'x' * 900}")
        card.wait_for("key 45 up")
        wlvm.control.command("reset")
        wlvm.wait_for_log("of 900 characters were typed: the machine was reset")
        keys = [line.split()[1:3] for line in card.heard if line.startswith("key")]
        assert sorted(key for key, way in keys if way == "down") == sorted(
            key for key, way in keys if way == "up"
        )


def test_what_takes_long_is_asked_about_and_a_program_that_hangs_is_given_up(
    qemu: str, runtime_dir: Path
) -> None:
    with (
        card_and_wlvm(qemu, runtime_dir, rate=50) as (card, wlvm),
        Client(runtime_dir / wlvm.display) as client,
    ):
        client.window(0x123456)
        wlvm.control.command("focus app *")
        with pytest.raises(ControlError, match="no guest has the focus"):
            wlvm.control.command("paste")
        wlvm.control.command("focus guest card")
        with pytest.raises(ControlError, match="nothing is copied"):
            wlvm.control.command("paste")
        with copied(wlvm, "x" * 1200) as program:
            wlvm.control.command("paste")
            wlvm.wait_for_log("To type 1200 characters takes 24 seconds. Paste once more to begin.")
            wlvm.control.command("paste")
            card.wait_for("key 45 down")
            with pytest.raises(ControlError, match="another text is being typed into card"):
                wlvm.control.command("type x")
            wlvm.control.command("pause")
            wlvm.wait_for_log("of 1200 characters were typed: it is paused")
            wlvm.control.command("resume")
            wlvm.wait_for_state("card", "running")
            program.send_signal(signal.SIGSTOP)
            wlvm.control.command("paste")
            wlvm.wait_for_log("the program that offers the text does not send it")
