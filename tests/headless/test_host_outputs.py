"""Programs that change the outputs: wlr-randr, kanshi. What is on an output follows it, and goes elsewhere while it is off."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guests.testcard import model
from guests.testcard.launch import TestCard
from tests.clients.output_protocols import GammaControlManager, OutputManager, OutputPowerManager
from tests.clients.virtual_input import InputClient
from tests.clients.window import Client
from tests.wlvm_process import Wlvm, eventually
from wlvm.ipc import ControlError

RED, BLUE = 0xFF0000, 0x0000FF
CONFIG = """
[[output]]
name = "HEADLESS-1"
mode = "800x600"
[[output]]
name = "HEADLESS-2"
mode = "640x480"
[[rule]]
app_id = "wlvm.test"
output = "HEADLESS-1"
"""


@pytest.fixture
def wlvm(runtime_dir: Path) -> Iterator[Wlvm]:
    with Wlvm(runtime_dir, config=CONFIG) as wlvm:
        yield wlvm


def randr(wlvm: Wlvm, *arguments: str) -> str:
    return str(wlvm.run("wlr-randr", *arguments).stdout.decode())


def field(told: str, output: str, name: str) -> str:
    """What wlr-randr says of an output."""
    match = re.search(rf"^{output} .*\n(?: .*\n)*?  {name}: (.*)", told, re.MULTILINE)
    assert match is not None, told
    return match[1]


def refused(wlvm: Wlvm, *arguments: str) -> bool:
    try:
        randr(wlvm, *arguments)
    except subprocess.CalledProcessError as error:
        return b"failed to apply configuration" in error.stderr
    return False


def names(wlvm: Wlvm) -> list[str]:
    return [output.name for output in wlvm.control.stats().outputs]


def test_wlr_randr_lists_the_outputs_as_they_are(wlvm: Wlvm) -> None:
    told = randr(wlvm)
    assert field(told, "HEADLESS-1", "Enabled") == field(told, "HEADLESS-2", "Enabled") == "yes"
    assert "800x600 px, 60.000000 Hz (current)" in told
    assert field(told, "HEADLESS-2", "Position") == "800,0"


def test_a_guest_and_a_window_follow_mode_scale_and_transform(runtime_dir: Path) -> None:
    with (
        TestCard(device="virtio-gpu", options="mode=320x240") as card,
        Wlvm(runtime_dir, config=f'{CONFIG}[guest.card]\nqmp = "{card.qmp_path}"\nconsole = [{{ output = "HEADLESS-1", position = [0, 0] }}]') as wlvm,
    ):  # fmt: skip
        picture = model.picture(320, 240)
        eventually("the guest is shown", lambda: np.array_equal(wlvm.screen()[:240, :320], picture))
        randr(wlvm, "--output", "HEADLESS-1", "--custom-mode", "1000x700", "--transform", "90")
        assert wlvm.screen("HEADLESS-1").shape == (1000, 700)
        eventually("the guest is shown", lambda: np.array_equal(wlvm.screen()[:240, :320], picture))
        with Client(runtime_dir / wlvm.display) as client:
            window = client.window(RED)
            assert window.size == (700, 1000)
            randr(wlvm, "--output", "HEADLESS-1", "--scale", "2", "--transform", "normal")
            client.wait_for("the window has half the pixels", lambda: window.size == (500, 350))
        told = randr(wlvm)
        assert field(told, "HEADLESS-1", "Scale") == "2.000000"
        assert field(told, "HEADLESS-2", "Position") == "500,0", (
            "nobody chose its place: still beside the other"
        )


def test_a_position_that_was_chosen_stays(wlvm: Wlvm) -> None:
    randr(wlvm, "--output", "HEADLESS-2", "--pos", "0,600")
    randr(wlvm, "--output", "HEADLESS-1", "--scale", "2")
    assert field(randr(wlvm), "HEADLESS-2", "Position") == "0,600"


def test_what_is_on_an_output_that_is_switched_off_goes_to_another_and_comes_back(wlvm: Wlvm) -> None:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        window = client.window(RED)
        assert window.size == (800, 600)
        randr(wlvm, "--output", "HEADLESS-1", "--off")
        client.wait_for("the window is on the other one", lambda: window.size == (640, 480))
        assert names(wlvm) == ["HEADLESS-2"]
        assert field(randr(wlvm), "HEADLESS-1", "Enabled") == "no"
        randr(wlvm, "--output", "HEADLESS-2", "--off")
        assert names(wlvm) == []
        randr(wlvm, "--output", "HEADLESS-1", "--on")
        client.wait_for("the window is back", lambda: window.size == (800, 600))
        eventually("it is seen there", lambda: np.all(wlvm.screen("HEADLESS-1")[30:, 30:] == RED))
        assert wlvm.stays_idle()


def test_a_change_that_cannot_be_leaves_everything_as_it_was(wlvm: Wlvm) -> None:
    before = randr(wlvm)
    assert refused(
        wlvm, "--output", "HEADLESS-1", "--off", "--output", "HEADLESS-2", "--custom-mode", "99999x10"
    )
    assert refused(wlvm, "--output", "HEADLESS-1", "--scale", "0.1")
    assert refused(wlvm, "--output", "HEADLESS-1", "--pos", "999999,0")
    assert randr(wlvm) == before
    assert "wanted to change the outputs: HEADLESS-2" in wlvm.log


def test_kanshi_applies_the_profile_that_fits(wlvm: Wlvm) -> None:
    config = wlvm.runtime_dir / "kanshi"
    config.write_text(
        "profile {\n"
        "output HEADLESS-1 disable\n"
        "output HEADLESS-2 enable scale 2 transform 180 position 100,50\n"
        "}\n"
    )
    kanshi = subprocess.Popen(
        ["kanshi", "--config", config], env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually("one output is off", lambda: names(wlvm) == ["HEADLESS-2"])
        told = randr(wlvm)
        assert "Scale: 2.000000" in told
        assert "Transform: 180" in told
        assert "Position: 100,50" in told
    finally:
        kanshi.kill()
        kanshi.wait()


def dark(wlvm: Wlvm, output: str) -> bool:
    try:
        wlvm.screen(output)
    except ControlError as error:
        return f"{output} is switched off" in str(error)
    return False


def test_a_client_switches_a_screen_off_and_on_and_input_does_not(wlvm: Wlvm) -> None:
    with (
        Client(wlvm.runtime_dir / wlvm.display) as client,
        InputClient(wlvm.runtime_dir / wlvm.display) as hand,
    ):
        heard: list[int] = []
        switch = client.bind(OutputPowerManager).get_output_power(client.outputs["HEADLESS-2"])
        switch.dispatcher["mode"] = lambda _switch, mode: heard.append(mode)
        client.wait_for("it is on", lambda: heard == [1])
        switch.set_mode(0)
        client.wait_for("it is off", lambda: heard == [1, 0])
        assert dark(wlvm, "HEADLESS-2")
        assert not dark(wlvm, "HEADLESS-1")
        assert names(wlvm) == ["HEADLESS-1", "HEADLESS-2"], "what is on it stays there"
        hand.pointer().move_by(5, 5)
        assert dark(wlvm, "HEADLESS-2")
        switch.set_mode(1)
        client.wait_for("it is on", lambda: heard == [1, 0, 1])
        assert not dark(wlvm, "HEADLESS-2")
        switch.set_mode(0)
        client.wait_for("it is off", lambda: heard[-1] == 0)
        randr(wlvm, "--output", "HEADLESS-2", "--scale", "2")
        client.wait_for("a change of the outputs lights it", lambda: heard[-1] == 1)


def test_gamma_control_fails_where_there_are_no_colour_tables_and_harms_nothing(wlvm: Wlvm) -> None:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        failed: list[bool] = []
        control = client.bind(GammaControlManager).get_gamma_control(client.outputs["HEADLESS-1"])
        control.dispatcher["failed"] = lambda _control: failed.append(True)
        client.wait_for("it fails", lambda: failed)
        client.window(BLUE)
        eventually("frames are shown", lambda: np.all(wlvm.screen("HEADLESS-1")[30:, 30:] == BLUE))
        wlsunset = subprocess.Popen(
            ["wlsunset", "-T", "5000", "-t", "4000", "-l", "50", "-L", "10"],
            env={**os.environ, "WAYLAND_DISPLAY": wlvm.display}, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert wlsunset.stderr is not None
            eventually("wlsunset is told", lambda: b"failed" in wlsunset.stderr.readline())
        finally:
            wlsunset.kill()
            wlsunset.wait()
            wlsunset.stderr.close()
        client.window(RED)
        eventually("frames are shown", lambda: np.any(wlvm.screen("HEADLESS-1") == RED))
        assert "a frame could not be shown" not in wlvm.log


def test_a_client_that_releases_a_mode_loses_the_output_and_wlvm_goes_on(wlvm: Wlvm) -> None:
    with Client(wlvm.runtime_dir / wlvm.display) as client:
        heads: list[Any] = []
        modes: list[Any] = []
        finished: list[bool] = []

        def head(_manager: Any, head: Any) -> None:
            heads.append(head)
            head.dispatcher["mode"] = lambda _head, mode: modes.append(mode)
            head.dispatcher["finished"] = lambda _head: finished.append(True)

        manager = client.bind(OutputManager)
        manager.dispatcher["head"] = head
        client.wait_for("the outputs are told", lambda: len(modes) == 2)
        for mode in modes:
            mode.release()
        client.display.roundtrip()
        randr(wlvm, "--output", "HEADLESS-1", "--custom-mode", "640x480")
        client.wait_for("they are no more", lambda: len(finished) == 2)
        assert "640x480" in randr(wlvm)
