"""`wlvm check`: what it finds on machines made for the purpose, and what it says and returns on this one."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from wlvm import check
from wlvm.check import Finding, Machine


def by_name(findings: object) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}  # type: ignore[attr-defined]


def program(path: Path, script: str) -> str:
    """An executable shell script; its path."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def qemu(tmp_path: Path, version: str, displays: str) -> dict[str, Finding]:
    """The findings about a QEMU of that version that offers those displays."""
    script = f'case "$1" in --version) echo "QEMU emulator version {version} (Debian)";; *) echo "{displays}";; esac'
    return by_name(check._qemu(program(tmp_path / "qemu", script)))


@pytest.mark.parametrize(
    ("version", "memory", "planes"),
    [
        ("7.2.22", "degraded", "degraded"),
        ("9.1.3", "degraded", "degraded"),
        ("9.2.0", "ok", "degraded"),
        ("10.0.2", "ok", "degraded"),
        ("10.1.0", "ok", "ok"),
        ("11.0.50", "ok", "ok"),
    ],
)
def test_a_qemu_can_show_what_its_version_can(tmp_path: Path, version: str, memory: str, planes: str) -> None:
    found = qemu(tmp_path, version, "none gtk dbus")
    assert found["D-Bus display"].state == "ok"
    assert (found["shared memory"].state, found["dma-bufs, several planes"].state) == (memory, planes)


def test_a_missing_dbus_display_names_the_package_that_has_it(tmp_path: Path) -> None:
    old = qemu(tmp_path, "7.2.22", "none gtk")["D-Bus display"]
    new = qemu(tmp_path, "10.0.2", "none gtk")["D-Bus display"]
    assert (old.state, old.remedy) == ("missing", "apt-get install qemu-system-common")
    assert (new.state, new.remedy) == ("missing", "apt-get install qemu-system-modules-opengl")


def test_no_qemu_is_missing(tmp_path: Path) -> None:
    [finding] = check._qemu(str(tmp_path / "absent"))
    assert (finding.state, finding.remedy) == ("missing", "apt-get install qemu-system-x86")


def card(root: Path, number: int, driver: str, *connectors: str) -> None:
    """A graphics card as sysfs has it."""
    device = root / "sys/devices" / driver
    entry = device / f"drm/card{number}"
    entry.mkdir(parents=True)
    for connector in connectors:
        (entry / f"card{number}-{connector}").mkdir()
        (entry / f"card{number}-{connector}/status").write_text("connected\n")
    (entry / "device").symlink_to(device)
    (root / "sys/bus" / driver).mkdir(parents=True)
    (device / "driver").symlink_to(root / "sys/bus" / driver)
    (root / "sys/class/drm").mkdir(parents=True, exist_ok=True)
    (root / f"sys/class/drm/card{number}").symlink_to(entry)
    (root / "dev/dri").mkdir(parents=True, exist_ok=True)
    (root / f"dev/dri/card{number}").touch()


def test_devices_are_listed_and_absent_ones_say_what_is_lost(tmp_path: Path) -> None:
    (tmp_path / "dev/dri").mkdir(parents=True)
    (tmp_path / "dev/dri/renderD128").touch()
    (tmp_path / "dev/dri/renderD129").touch()
    found = by_name(check._devices(Machine(tmp_path, {})))
    assert found["/dev/dri/renderD*"] == Finding(
        "devices", "/dev/dri/renderD*", "ok", "/dev/dri/renderD128 /dev/dri/renderD129"
    )
    assert found["graphics cards"].state == "degraded"
    assert found["/dev/udmabuf"].state == "degraded"
    assert found["/dev/udmabuf"].remedy == "modprobe udmabuf"
    assert all(finding.lost for finding in found.values() if finding.state == "degraded")


def test_each_card_with_screens_is_listed(tmp_path: Path) -> None:
    card(tmp_path, 0, "i915", "eDP-1", "HDMI-A-1")
    card(tmp_path, 1, "vgem")
    found = by_name(check._devices(Machine(tmp_path, {})))
    assert found["/dev/dri/card0"] == Finding(
        "devices", "/dev/dri/card0", "ok", "i915: HDMI-A-1 connected, eDP-1 connected"
    )
    assert "/dev/dri/card1" not in found


def test_a_device_of_others_names_the_group_to_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/kvm").touch()
    monkeypatch.setattr(check.os, "access", lambda path, mode: False)
    kvm = by_name(check._devices(Machine(tmp_path, {})))["/dev/kvm"]
    assert kvm.found == "/dev/kvm: not yours to open"
    assert kvm.remedy.startswith("usermod --append --groups kvm ")


def test_a_seat_is_found_by_its_daemon(tmp_path: Path) -> None:
    assert by_name(check._session(Machine(tmp_path, {})))["seat"].remedy.startswith("apt-get install seatd")
    (tmp_path / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as seatd:
        seatd.bind(str(tmp_path / "run/seatd.sock"))
        assert "does not run, though" in by_name(check._session(Machine(tmp_path, {})))["seat"].found
        seatd.listen()
        assert by_name(check._session(Machine(tmp_path, {})))["seat"].found == "seatd"


def test_a_login_without_screens_is_no_seat(tmp_path: Path) -> None:
    for folder in ("seats", "sessions", "users"):
        (tmp_path / "run/systemd" / folder).mkdir(parents=True)

    def seat(**environ: str) -> Finding:
        return by_name(check._session(Machine(tmp_path, environ)))["seat"]

    assert seat().found == "logind knows no session of ours"
    (tmp_path / "run/systemd/sessions/7").write_text("ACTIVE=1\nREMOTE=1\n")
    assert "this login has no screens" in seat(XDG_SESSION_ID="7").found
    (tmp_path / "run/systemd/sessions/8").write_text("SEAT=seat0\nVTNR=1\n")
    assert seat(XDG_SESSION_ID="8").found == "logind"
    (tmp_path / "run/systemd/users" / str(os.getuid())).write_text("STATE=active\nDISPLAY=8\n")
    assert seat().found == "logind", "as for a service of the user's"


def test_a_runtime_directory_must_be_there_and_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert check._runtime_directory(str(tmp_path)).state == "ok"
    tmp_path.chmod(0o755)
    assert check._runtime_directory(str(tmp_path)).found.endswith("is open to others")
    assert check._runtime_directory(str(tmp_path / "absent")).state == "degraded"
    assert check._runtime_directory(None).found == "not set"


def test_a_cursor_theme_is_followed_to_the_one_it_inherits(tmp_path: Path) -> None:
    icons = tmp_path / "usr/share/icons"
    (icons / "default").mkdir(parents=True)
    (icons / "default/index.theme").write_text("[Icon Theme]\nName = x\nInherits = Circle, White\n")
    (icons / "Circle").mkdir()
    (icons / "Circle/index.theme").write_text("[Icon Theme]\nInherits=default\n")
    machine = Machine(tmp_path, {"HOME": str(tmp_path)})
    assert check._cursor_theme(machine).state == "degraded"
    (icons / "White/cursors").mkdir(parents=True)
    assert check._cursor_theme(machine).found == f"default: {icons}/White/cursors"


def test_nested_backends_need_the_compositor_around_them(tmp_path: Path) -> None:
    wlroots = {
        "version": "0.16.2",
        "path": "/lib",
        "parts": {part: part != "drm" for part in ("headless", "wayland", "x11", "drm", "libinput")},
    }
    found = by_name(check._wlroots(Machine(tmp_path, {"DISPLAY": ":0"}), wlroots))
    assert found["headless backend"].state == "ok"
    assert found["x11 backend"].state == "ok"
    assert found["wayland backend"].found == "compiled in; not here: WAYLAND_DISPLAY is not set"
    assert found["drm backend"].found == "not compiled in"


def test_a_refused_stack_is_missing_with_the_loaders_words() -> None:
    [finding] = check._libraries({"error": "libgone.so.1 is not installed: apt-get install libgone1"})
    assert finding.state == "missing"
    assert "apt-get install libgone1" in finding.found


@pytest.mark.parametrize(("states", "status"), [(["ok", "degraded"], 0), (["ok", "missing"], 1)])
def test_only_what_is_missing_makes_the_exit_status_1(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    states: list[check.State],
    status: int,
) -> None:
    findings = [Finding("topic", f"thing {state}", state, "found", "this", "do that") for state in states]
    monkeypatch.setattr(check, "examine", lambda machine: iter(findings))
    assert check.run(as_json=True) == status
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is (status == 0)
    assert [finding["state"] for finding in told["findings"]] == states
    assert check.run(as_json=False) == status
    assert "to get it: do that" in capsys.readouterr().out


def test_this_machine_can_run_wlvm_on_the_systems_libraries() -> None:
    """The real thing: real libraries, a real renderer, the real QEMU; make test has installed what is required."""
    found = by_name(check.examine(Machine(Path("/"), {})))
    assert [name for name, finding in found.items() if finding.state == "missing"] == []
    assert found["libwayland-server.so.0"].found.startswith("/usr/lib")
    assert found["pixman"].state == "ok"
