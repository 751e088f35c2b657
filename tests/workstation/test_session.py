"""wlvm as the session of a machine: modes, outputs that come and go, other sessions, devices that are unplugged, and what prevents it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.traced_qemu import TracedQemu
from tests.wlvm_process import Wlvm, eventually
from tests.workstation import terminal
from tests.workstation.hardware import Hardware, card, connectors, plugged
from wlvm import cli
from wlvm.wlr import renderer
from wlvm.wlr.renderer import RendererChoice

GPU, CIRRUS = "virtio-pci", "cirrus"
WIDTH, HEIGHT = 640, 480
PICTURE = model.picture(WIDTH, HEIGHT)


@pytest.fixture(autouse=True)
def _session(runtime_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runtime directory of its own, and no time spent on finding out that there is no GPU."""
    monkeypatch.setenv("WLR_RENDERER", "pixman")


def start(
    runtime_dir: Path, *arguments: str, config: str = "", driver: str = GPU, **environment: str
) -> Wlvm:
    """wlvm on the screens of one card."""
    environment = {"WLR_DRM_DEVICES": str(card(driver)), **environment}
    return Wlvm(runtime_dir, *arguments, config=config, backend="drm", **environment)


@contextmanager
def shown(runtime_dir: Path, output: str, rule: str = "position = [0, 0]") -> Iterator[Wlvm]:
    """A wlvm with this [[output]] that shows a still test card."""
    with TestCard(device="std-vga", options=f"mode={WIDTH}x{HEIGHT}") as guest:
        config = f'{output}\n[guest.card]\nqmp = "{guest.qmp_path}"\nconsole = [{{ {rule} }}]\n'
        with start(runtime_dir, config=config) as wlvm:
            eventually("the card is shown", lambda: wlvm.console("card").frames and still(wlvm))
            yield wlvm


def still(wlvm: Wlvm) -> bool:
    return np.array_equal(wlvm.pixels("card"), PICTURE)


def outputs(wlvm: Wlvm) -> list[str]:
    return [output.name for output in wlvm.control.stats().outputs]


def on_screen(hardware: Hardware, head: int = 0, turn: Callable[[Any], Any] = lambda seen: seen) -> None:
    """Until the screen shows the card in its top left corner, once it is turned as a person would turn the screen."""

    def same() -> bool:
        return np.array_equal(turn(hardware.screen("gpu", head))[:HEIGHT, :WIDTH], PICTURE)

    eventually(f"screen {head} shows the card", same)


# Modes.


@pytest.mark.parametrize(
    ("transform", "turn"),
    [
        ("90", lambda seen: np.rot90(seen, -1)),
        ("180", lambda seen: np.rot90(seen, 2)),
        ("flipped", lambda seen: seen[:, ::-1]),
    ],
)
def test_a_turned_screen_shows_the_picture_turned(
    hardware: Hardware, runtime_dir: Path, transform: str, turn: Callable[[Any], Any]
) -> None:
    with shown(runtime_dir, f'[[output]]\nmode = "1024x768"\ntransform = "{transform}"') as wlvm:
        on_screen(hardware, turn=turn)
        assert np.array_equal(turn(hardware.screen()), wlvm.screen())


def test_a_scaled_screen_has_larger_cards_and_guests_pixel_for_pixel(
    hardware: Hardware, runtime_dir: Path
) -> None:
    with shown(runtime_dir, '[[output]]\nmode = "1280x1024"\nscale = 2'):
        on_screen(hardware)


def test_a_mode_that_the_screen_does_not_list_is_made(hardware: Hardware, runtime_dir: Path) -> None:
    with shown(runtime_dir, '[[output]]\nmode = "1000x700@50"'):
        on_screen(hardware)
        assert hardware.screen().shape == (700, 1000)


def test_a_mode_that_is_refused_is_replaced_and_the_others_are_named(
    hardware: Hardware, runtime_dir: Path
) -> None:
    with shown(runtime_dir, '[[output]]\nmode = "16000x16000"') as wlvm:
        on_screen(hardware)
        assert hardware.screen().shape == (800, 1280)
        line = wlvm.wait_for_log("Virtual-1 refuses the mode 16000x16000")
        assert "1280x800@" in line
        assert "1920x1080@60" in line


# Outputs that come and go.


def test_a_guest_comes_back_with_its_screen(hardware: Hardware, runtime_dir: Path) -> None:
    second = connectors(GPU)[1]
    layout = '[[output]]\nname = "Virtual-2"\nmode = "1024x768"\n[[output]]\nname = "Virtual-1"'
    rule = 'output = "Virtual-2", position = [0, 0]'
    with shown(runtime_dir, layout, rule) as wlvm:

        def where() -> str | None:
            return wlvm.guest("card").consoles[0].output

        assert where() == "Virtual-1"
        for _ in range(2):
            with plugged(second, "on"):
                eventually("it is on its own screen", lambda: where() == "Virtual-2")
                on_screen(hardware, head=1)
            eventually("it is on the other screen", lambda: where() == "Virtual-1")
            assert outputs(wlvm) == ["Virtual-1"]


def test_guests_run_on_without_a_screen(hardware: Hardware, runtime_dir: Path) -> None:
    with shown(runtime_dir, '[[output]]\nmode = "1024x768"') as wlvm:
        with plugged(connectors(GPU)[0], "off"):
            eventually("no screen is left", lambda: outputs(wlvm) == [])
            hardware.point(0.5, 0.5)
            hardware.tap("a")
            assert still(wlvm)
            assert wlvm.guest("card").consoles[0].output is None
        eventually("the screen is back", lambda: outputs(wlvm) == ["Virtual-1"])
        hardware.point(0.99, 0.99)  # where it covers nothing of the card
        on_screen(hardware)


def test_an_output_that_is_not_enabled_stays_dark(runtime_dir: Path) -> None:
    first, second = connectors(GPU)
    config = '[[output]]\nname = "Virtual-1"\nenabled = false\n'
    with plugged(second, "on"), start(runtime_dir, config=config) as wlvm:
        assert outputs(wlvm) == ["Virtual-2"]
        assert (first / "enabled").read_text() == "disabled\n"
        assert (second / "enabled").read_text() == "enabled\n"


def test_a_card_that_is_removed_ends_it_with_a_word(runtime_dir: Path) -> None:
    device = (Path("/sys/class/drm") / card(GPU).name / "device").resolve()
    driver = (device / "driver").resolve()
    wlvm = start(runtime_dir)
    (driver / "unbind").write_text(device.name)
    try:
        assert wlvm.wait() == 1, wlvm.log
        assert "the graphics card was removed" in wlvm.log
        assert "Traceback" not in wlvm.log
        eventually("the console is usable", lambda: terminal.modes(1) == (terminal.TEXT, terminal.UNICODE))
    finally:
        (driver / "bind").write_text(device.name)
        eventually("the card is back", lambda: list((device / "drm").glob("card*")))


# Nobody is there.


def test_screens_go_dark_and_wake(hardware: Hardware, runtime_dir: Path) -> None:
    powered = connectors(GPU)[0] / "dpms"
    with shown(runtime_dir, '[[output]]\nmode = "1024x768"') as wlvm:
        on_screen(hardware)
        wlvm.edit(f"[idle]\nscreen_off = 5\n{wlvm.config}")
        eventually("the screen is off", lambda: powered.read_text() == "Off\n")
        frames = wlvm.frames()
        hardware.point(0.9, 0.9)  # not where a test before has left it
        eventually("the screen is on", lambda: powered.read_text() == "On\n")
        on_screen(hardware)
        assert wlvm.frames() > frames


# Other sessions.


def test_another_terminal_and_back(hardware: Hardware, runtime_dir: Path, qemu: str) -> None:
    config = f'[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with TracedQemu(qemu, runtime_dir) as vm, start(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_picture("vm")
        assert terminal.modes(1) == (terminal.GRAPHICS, terminal.OFF)
        hardware.key("a", down=True)
        vm.wait_for("+a")
        hardware.tap("ctrl", "alt", "f2")
        eventually("the other terminal is in front", lambda: terminal.active() == 2)
        assert terminal.modes(2) == (terminal.TEXT, terminal.UNICODE)
        eventually("what was held is up", lambda: len(vm.keys_and_buttons()) >= 5)
        pressed, released = vm.keys_and_buttons()[:2], vm.keys_and_buttons()[2:]
        assert pressed == ["+ctrl", "+alt"], "and no F2"
        assert sorted(released) == ["-a", "-alt", "-ctrl"]
        frames, updates = wlvm.frames(), wlvm.console("vm").updates
        eventually("the guest blinks its cursor", lambda: wlvm.console("vm").updates > updates + 2)
        assert wlvm.frames() == frames, "nothing is drawn on another session's screen"
        hardware.key("a", down=False)
        terminal.activate(1)
        eventually("we are back", lambda: np.array_equal(hardware.screen(), wlvm.screen()))
        hardware.tap("b")
        vm.wait_for_end("b")


def test_a_terminal_is_usable_after_a_crash(hardware: Hardware, runtime_dir: Path) -> None:
    """The kernel's console is on this card's screen."""
    for number in (signal.SIGKILL, signal.SIGABRT):
        wlvm = start(runtime_dir, driver=CIRRUS)
        assert terminal.modes(1) == (terminal.GRAPHICS, terminal.OFF)
        wlvm.signal(number)
        wlvm.wait()
        eventually(
            "the terminal is one of text again",
            lambda: terminal.modes(1) == (terminal.TEXT, terminal.UNICODE),
        )
        for vt in (2, 1):
            bring_to_front(vt)
        type_on_console(hardware)


def bring_to_front(vt: int) -> None:
    terminal.activate(vt)
    eventually(f"terminal {vt} is in front", lambda: terminal.active() == vt)


def type_on_console(hardware: Hardware) -> None:
    before = hardware.screen("cirrus")
    Path("/dev/tty1").write_text("#" * 40 + "\n")
    eventually("what is written appears", lambda: (hardware.screen("cirrus") != before).any())


# Devices.


def test_a_keyboard_that_is_unplugged_lets_go(hardware: Hardware, runtime_dir: Path, qemu: str) -> None:
    config = f'[guest.vm]\nqmp = "{runtime_dir / "vm.qmp"}"\n'
    with TracedQemu(qemu, runtime_dir) as vm, start(runtime_dir, config=config) as wlvm:
        wlvm.wait_for_picture("vm")

        def wait_for_a(*expected: str) -> None:
            eventually(
                f"QEMU got {expected}",
                lambda: tuple(event for event in vm.events() if event in ("+a", "-a")) == expected,
            )

        for times, name in enumerate(("second", "third")):
            plug_keyboard(hardware, wlvm, name)
            hardware.key("a", down=True)
            wait_for_a(*("+a", "-a") * times, "+a")
            hardware.unplug(name)
            wait_for_a(*("+a", "-a") * times, "+a", "-a")


def plug_keyboard(hardware: Hardware, wlvm: Wlvm, name: str) -> None:
    """Plug it, and wait until wlvm reads it."""
    before = opened_devices(wlvm)
    hardware.plug("virtio-keyboard-pci", name, bus="slot1")
    eventually("wlvm has opened it", lambda: opened_devices(wlvm) > before)


def opened_devices(wlvm: Wlvm) -> int:
    """How many input devices wlvm has open."""
    count = 0
    for fd in Path(f"/proc/{wlvm.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += "/dev/input/event" in os.readlink(fd)
    return count


# What prevents it.


def refused(**environment: str) -> str:
    """What a wlvm says that does not start."""
    process = Wlvm.start(["run", "--backend", "drm"], {**os.environ, **environment})
    assert process.stderr is not None
    said = process.stderr.read().decode()
    assert process.wait() == 1, said
    assert "Traceback" not in said
    return said.splitlines()[-1]


def test_without_a_seat_it_says_what_to_install(runtime_dir: Path) -> None:
    said = refused(SEATD_SOCK=str(runtime_dir / "none"))
    assert f"no seat: seatd does not run (no {runtime_dir}/none): apt-get install seatd" in said


def test_without_permission_it_says_which_group(runtime_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is not in the group of seatd's socket."""
    os.chmod(runtime_dir, 0o711)
    directory = runtime_dir / "nobody"
    directory.mkdir()
    os.chown(directory, 65534, 65534)
    monkeypatch.setattr(cli, "main", as_nobody(cli.main))
    said = refused(XDG_RUNTIME_DIR=str(directory), HOME=str(directory))
    assert "seatd's /run/seatd.sock is not yours to use: usermod --append --groups root $USER" in said


def as_nobody(main: Callable[[list[str]], int]) -> Callable[[list[str]], int]:
    def run(arguments: list[str]) -> int:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        return main(arguments)

    return run


def test_a_second_session_is_told_to_go_elsewhere(runtime_dir: Path, tmp_path: Path) -> None:
    with start(runtime_dir) as first:
        assert "another session's: go to a free text console" in refused(XDG_RUNTIME_DIR=str(tmp_path))
        assert outputs(first) == ["Virtual-1"]


def test_a_card_in_use_is_named(runtime_dir: Path) -> None:
    """The first to open a card is its master, whatever the seat says."""
    node = card(GPU)
    fd = os.open(node, os.O_RDWR)
    try:
        assert f"{node} is in use" in refused(WLR_DRM_DEVICES=str(node))
    finally:
        os.close(fd)


def test_a_card_that_is_not_there_is_named(runtime_dir: Path) -> None:
    said = refused(WLR_DRM_DEVICES="/dev/dri/card77")
    assert "no graphics card /dev/dri/card77, as WLR_DRM_DEVICES says: there is /dev/dri/card" in said


# What draws.


def test_the_cpu_draws_where_there_is_no_gpu(
    hardware: Hardware, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WLR_RENDERER")
    with start(runtime_dir) as wlvm:
        assert "drawing with pixman: no GPU draws on /dev/dri/renderD" in wlvm.log
        assert np.array_equal(hardware.screen(), wlvm.screen())


def test_a_gles2_that_does_not_start_is_replaced(
    hardware: Hardware, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card without a render node, on which wlroots cannot use GLES2; nobody asks that card beforehand here."""

    def choose(on_screens: bool, environ: Mapping[str, str]) -> RendererChoice:
        return RendererChoice("gles2", "a GPU that is none")

    monkeypatch.setattr(renderer, "choose", choose)
    with start(runtime_dir, driver=CIRRUS) as wlvm:
        assert "drawing with pixman: gles2 did not start, though there is a GPU that is none" in wlvm.log
        eventually("it draws", lambda: np.array_equal(hardware.screen("cirrus"), wlvm.screen()))
