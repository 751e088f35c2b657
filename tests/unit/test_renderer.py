"""Which renderer is chosen, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_check import card, program
from wlvm.wlr import probe, renderer


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine with one card that has a render node, and one that has none."""
    card(tmp_path, 0, "i915", "eDP-1")
    card(tmp_path, 1, "cirrus", "VGA-1")
    (tmp_path / "sys/devices/i915/drm/renderD128").mkdir()
    (tmp_path / "dev/dri/renderD128").touch()
    monkeypatch.setattr(probe, "ask", lambda question, node: {"renderer": "Mesa Intel(R) Graphics"})
    return tmp_path


def answers(monkeypatch: pytest.MonkeyPatch, **answer: str) -> None:
    monkeypatch.setattr(probe, "ask", lambda question, node: answer)


@pytest.mark.parametrize("on_screens", [True, False])
def test_a_gpu_draws(machine: Path, on_screens: bool) -> None:
    choice = renderer.choose(on_screens, {}, machine)
    assert choice.name == "gles2"
    assert choice.reason == f"Mesa Intel(R) Graphics on {machine}/dev/dri/renderD128"


@pytest.mark.parametrize("software", ["llvmpipe (LLVM 15.0.6, 256 bits)", "softpipe", "Software Rasterizer"])
def test_gl_on_the_cpu_is_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch, software: str) -> None:
    answers(monkeypatch, renderer=software)
    choice = renderer.choose(True, {}, machine)
    assert choice.name == "pixman"
    assert software in choice.reason


def test_gl_that_does_not_work_is_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, error="no driver")
    choice = renderer.choose(True, {}, machine)
    assert (choice.name, choice.reason) == (
        "pixman",
        f"GLES2 does not work on {machine}/dev/dri/renderD128: no driver",
    )


def test_a_card_without_a_gpu_is_drawn_for_by_the_cpu(machine: Path) -> None:
    environ = {"WLR_DRM_DEVICES": f"{machine}/dev/dri/card1:{machine}/dev/dri/card0"}
    choice = renderer.choose(True, environ, machine)
    assert choice.name == "pixman"
    assert "card1 (cirrus) has no GPU" in choice.reason


def test_without_a_gpu_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "ask", None)
    assert renderer.choose(False, {}, tmp_path).reason == "there is no GPU: no /dev/dri/renderD*"
    assert renderer.choose(True, {}, tmp_path).reason == "there is no graphics card"


def test_a_person_is_obeyed(machine: Path) -> None:
    choice = renderer.choose(True, {"WLR_RENDERER": "pixman"}, machine)
    assert choice == renderer.RendererChoice("pixman", "WLR_RENDERER says so", insisted=True)


def test_the_firmwares_card_comes_first(machine: Path) -> None:
    (machine / "sys/devices/cirrus/boot_vga").write_text("1\n")
    assert "card1 (cirrus) has no GPU" in renderer.choose(True, {}, machine).reason


def test_a_probe_that_crashes_is_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = 'echo "00:00:00.000 [ERROR] [render/egl.c:1] no driver" >&2; kill -SEGV $$'
    monkeypatch.setattr(probe.sys, "executable", program(tmp_path / "python", script))
    assert probe.ask("gles2", "/dev/dri/renderD128") == {"error": "no driver"}


def test_a_probe_that_hangs_is_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(probe, "_PATIENCE", 0.2)
    monkeypatch.setattr(probe.sys, "executable", program(tmp_path / "python", "exec sleep 60"))
    assert probe.ask("gles2", "/dev/dri/renderD128") == {"error": "no answer within 0.2 seconds"}
