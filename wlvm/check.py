"""`wlvm check`: what this machine can do, what is lost where it cannot, and how to get it.

Each line is `ok`, `degraded` (wlvm runs, something is lost) or `missing` (wlvm does not run without it). Whatever might crash the
process that asks runs in another one.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from wlvm.qemu import host
from wlvm.qemu.launch import LaunchError, display_abilities
from wlvm.wlr import probe, renderer, seat_daemon
from wlvm.wlr.drm_cards import Card, cards, is_busy

State = Literal["ok", "degraded", "missing"]

QEMU = "qemu-system-x86_64"


class Finding(Struct, frozen=True):
    """One line of the answer: `name` within `topic`, what was found, what is `lost` by it, and the `remedy`."""

    topic: str
    name: str
    state: State
    found: str
    lost: str = ""
    remedy: str = ""


class Machine(Struct, frozen=True):
    """Where the questions are put: the file system below `root`, and the environment."""

    root: Path
    environ: Mapping[str, str]

    def nodes(self, pattern: str) -> list[Path]:
        """The device nodes that match `pattern`, relative to the root."""
        return sorted(self.root.glob(pattern))


def run(as_json: bool) -> int:
    """Print what this machine can do, for a person or, as one JSON object, for a program.

    Returns the exit status: 0 when wlvm can run here, 1 when something it requires is missing.
    """
    findings = list(examine(Machine(Path("/"), os.environ)))
    able = all(finding.state != "missing" for finding in findings)
    if as_json:
        print(json.dumps({"ok": able, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print(table(findings))
        print(
            "\nwlvm can run here." if able else "\nwlvm cannot run here until what is missing is installed."
        )
    return 0 if able else 1


def examine(machine: Machine) -> Iterator[Finding]:
    """Every finding, topic by topic."""
    stack = probe.ask("stack")
    yield from _versions()
    yield from _libraries(stack)
    if "wlroots" in stack:
        yield from _wlroots(machine, stack["wlroots"])
        yield from _renderers(machine)
    yield from _devices(machine)
    yield from _session(machine)
    yield from _qemu(QEMU)
    yield _kvm(machine, QEMU)


def table(findings: Sequence[Finding]) -> str:
    """The findings for a person to read: one line each under its topic, losses and remedies below it."""
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            lines += ["", topic] if lines else [topic]
        lines.append(f"  {finding.state:<9} {finding.name:<{width}}  {finding.found}")
        for label, text in (("lost", finding.lost), ("to get it", finding.remedy)):
            if text:
                indent = " " * (width + 14)
                lines += textwrap.wrap(
                    f"{label}: {text}", 110, initial_indent=indent, subsequent_indent=indent + "  "
                )
    return "\n".join(lines)


def _versions() -> Iterator[Finding]:
    yield Finding("versions", "python", "ok", platform.python_version())
    yield Finding("versions", "kernel", "ok", platform.release())
    for name in ("wlvm", "pywayland", "pywlroots", "xkbcommon"):
        try:
            yield Finding("versions", name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding("versions", name, "missing", "not installed", "everything", "make setup")


def _libraries(stack: Mapping[str, Any]) -> Iterator[Finding]:
    """Which copy of each library is bound. A stack that refuses to start is a finding of its own."""
    topic = "libraries, as bound"
    if "error" in stack:
        yield Finding(topic, "one copy of each", "missing", stack["error"], "everything")
    for row in stack.get("libraries", ()):
        if row["path"]:
            yield Finding(topic, row["soname"], "ok", f"{row['path']} ({_package_version(row['package'])})")
        else:
            yield Finding(
                topic,
                row["soname"],
                "degraded",
                "the system has none; the copy in pywlroots serves",
                row["lost"],
                f"apt-get install {row['package']}",
            )


def _package_version(package: str) -> str:
    """A Debian package with its version, or just its name where dpkg does not know it."""
    if shutil.which("dpkg-query") is None:
        return package
    asked = _output("dpkg-query", "--show", "--showformat=${Version}", package)
    return f"{package} {asked}" if asked else package


def _wlroots(machine: Machine, wlroots: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding("wlroots", "version", "ok", f"{wlroots['version']} from {wlroots['path']}")
    needs = {
        "headless": ("", "tests and servers"),
        "wayland": (_nested_in("WAYLAND_DISPLAY", machine), "running inside another compositor"),
        "x11": (_nested_in("DISPLAY", machine), "running inside an X server"),
        "drm": (
            "" if cards(machine.root) else "no graphics card with screens",
            "a session on this machine's screens",
        ),
        "libinput": (_lacks_device(machine, "dev/input/event*"), "this machine's keyboards and pointers"),
    }
    for part, (obstacle, lost) in needs.items():
        name = f"{part} backend"
        if not wlroots["parts"][part]:
            yield Finding("wlroots", name, "degraded", "not compiled in", lost)
        elif obstacle:
            yield Finding("wlroots", name, "degraded", f"compiled in; not here: {obstacle}", lost)
        else:
            yield Finding("wlroots", name, "ok", "compiled in, and possible here")


def _nested_in(variable: str, machine: Machine) -> str:
    return "" if machine.environ.get(variable) else f"{variable} is not set"


def _lacks_device(machine: Machine, pattern: str) -> str:
    return "" if machine.nodes(pattern) else f"no /{pattern}"


def _renderers(machine: Machine) -> Iterator[Finding]:
    pixman = probe.ask("renderer", WLR_RENDERER="pixman", WLR_BACKENDS="headless")
    if "error" in pixman:
        yield Finding("renderers", "pixman", "missing", pixman["error"], "everything", "make setup")
    else:
        yield Finding("renderers", "pixman", "ok", "tried on a headless backend")
    for place, on_screens in (("on screens", True), ("in windows", False)):
        choice = renderer.choose(on_screens, machine.environ, machine.root)
        found = f"{choice.name}: {choice.reason}"
        if choice.name == "gles2" or choice.insisted:
            yield Finding("renderers", place, "ok", found)
        else:
            remedy = "a GPU with a render node, and apt-get install libegl1 libgles2 libgbm1 libgl1-mesa-dri"
            yield Finding("renderers", place, "degraded", found, "drawing with the GPU", remedy)


def _devices(machine: Machine) -> Iterator[Finding]:
    """The graphics cards; then device nodes: what is there, and whether this user may open it."""
    found = cards(machine.root)
    yield from (_card(card, machine) for card in found)
    if not found:
        lost = "a session on this machine's screens"
        remedy = "a graphics driver in the kernel"
        yield Finding("devices", "graphics cards", "degraded", "none with screens", lost, remedy)
    wanted = {
        "dev/dri/renderD*": (
            "drawing with the GPU, guests with GL",
            "render",
            "a graphics driver in the kernel",
        ),
        "dev/udmabuf": ("dma-bufs from guests without a GPU", "kvm", "modprobe udmabuf"),
        "dev/dma_heap/system": ("the tests with real dma-bufs", "video", "a kernel with DMABUF_HEAPS_SYSTEM"),
        "dev/kvm": (
            "fast guests",
            "kvm",
            "virtualisation in the firmware, and modprobe kvm_intel or kvm_amd",
        ),
    }
    for pattern, (lost, group, remedy) in wanted.items():
        nodes = machine.nodes(pattern)
        closed = [node for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
        names = " ".join(f"/{node.relative_to(machine.root)}" for node in nodes)
        if not nodes:
            yield Finding("devices", f"/{pattern}", "degraded", "not there", lost, remedy)
        elif closed:
            remedy = f"usermod --append --groups {group} $USER, and log in again"
            yield Finding("devices", f"/{pattern}", "degraded", f"{names}: not yours to open", lost, remedy)
        else:
            yield Finding("devices", f"/{pattern}", "ok", names)


def _card(card: Card, machine: Machine) -> Finding:
    """What a card has, and whether a session could show anything on it now."""
    name = f"/{card.node.relative_to(machine.root)}"
    screens = ", ".join(f"{connector} {status}" for connector, status in card.connectors.items())
    found = f"{card.driver}: {screens}"
    lost = "a session on its screens"
    if is_busy(card.node):
        found += "; another session has it now"
        return Finding(
            "devices", name, "degraded", found, lost, "end that session, or go to a free text console"
        )
    if not os.access(card.node, os.R_OK | os.W_OK) and seat_daemon.obstacle(machine.environ, machine.root):
        remedy = "a seat, which opens it for you (see there)"
        return Finding("devices", name, "degraded", f"{found}; not yours to open", lost, remedy)
    return Finding("devices", name, "ok", found)


def _session(machine: Machine) -> Iterator[Finding]:
    """What a login session provides: a seat, the runtime directory, a cursor theme."""
    obstacle, _, remedy = seat_daemon.obstacle(machine.environ, machine.root).partition(": ")
    if obstacle:
        lost = "a session on this machine's screens"
        yield Finding("session", "seat", "degraded", obstacle, lost, remedy)
    else:
        found = " and ".join(seat_daemon.daemons(machine.environ, machine.root))
        yield Finding("session", "seat", "ok", found or machine.environ["LIBSEAT_BACKEND"])
    yield _runtime_directory(machine.environ.get("XDG_RUNTIME_DIR"))
    yield _cursor_theme(machine)


def _runtime_directory(path: str | None) -> Finding:
    remedy = "log in through logind, or export XDG_RUNTIME_DIR=$(mktemp -d)"
    lost = "Wayland clients and wlvm's commands find no socket without it"
    if not path:
        return Finding("session", "XDG_RUNTIME_DIR", "degraded", "not set", lost, remedy)
    directory = Path(path)
    if not directory.is_dir() or not os.access(directory, os.W_OK):
        return Finding(
            "session", "XDG_RUNTIME_DIR", "degraded", f"{path} is no directory of yours", lost, remedy
        )
    if directory.stat().st_mode & 0o077:
        return Finding(
            "session", "XDG_RUNTIME_DIR", "degraded", f"{path} is open to others", "privacy", remedy
        )
    return Finding("session", "XDG_RUNTIME_DIR", "ok", path)


def _cursor_theme(machine: Machine) -> Finding:
    theme = machine.environ.get("XCURSOR_THEME", "default")
    home = Path(machine.environ.get("HOME", "/"))
    places = [home / ".local/share/icons", home / ".icons", machine.root / "usr/share/icons"]
    if "XCURSOR_PATH" in machine.environ:
        places = [Path(place).expanduser() for place in machine.environ["XCURSOR_PATH"].split(":")]
    directory = _cursors(theme, places, seen=set())
    if directory is not None:
        return Finding("session", "cursor theme", "ok", f"{theme}: {directory}")
    return Finding(
        "session",
        "cursor theme",
        "degraded",
        f"no theme named {theme}",
        "cursors of a chosen look and size; wlroots' small built-in ones serve",
        "apt-get install dmz-cursor-theme",
    )


def _cursors(theme: str, places: Sequence[Path], seen: set[str]) -> Path | None:
    """The directory that holds the cursors of `theme` or of a theme it inherits from (index.theme), as libXcursor searches."""
    seen.add(theme)
    inherited: list[str] = []
    for place in places:
        if (place / theme / "cursors").is_dir():
            return place / theme / "cursors"
        index = place / theme / "index.theme"
        if not inherited and index.is_file():
            names = re.search(r"^Inherits\s*=\s*(.*)$", index.read_text(errors="replace"), re.MULTILINE)
            inherited = re.split(r"[,;:\s]+", names[1].strip()) if names else []
    for parent in inherited:
        if parent and parent not in seen and (found := _cursors(parent, places, seen)):
            return found
    return None


def _qemu(program: str) -> Iterator[Finding]:
    """QEMU's version, and how its D-Bus display can hand out pictures."""
    try:
        abilities = display_abilities(program)
    except LaunchError as error:
        yield Finding("qemu", program, "missing", str(error), "guests", "apt-get install qemu-system-x86")
        return
    yield Finding("qemu", program, "ok", f"version {abilities.version}")
    if abilities.missing_package is not None:
        found = "its module ui-dbus is not installed"
        remedy = f"apt-get install {abilities.missing_package}"
        yield Finding("qemu", "D-Bus display", "missing", found, "guests' screens", remedy)
        return
    yield Finding("qemu", "D-Bus display", "ok", "there")
    for name, there, since, lost in (
        (
            "shared memory", abilities.shared_memory, "9.2",
            "pictures without a copy in QEMU: each update arrives as bytes",
        ),
        (
            "dma-bufs, several planes", abilities.dmabuf2, "10.1",
            "dma-bufs of more than one plane or with a window inside the buffer",
        ),
    ):  # fmt: skip
        if there:
            yield Finding("qemu", name, "ok", f"since QEMU {since}")
        else:
            remedy = "a newer QEMU; see docs/install.md"
            yield Finding("qemu", name, "degraded", f"only since QEMU {since}", lost, remedy)


def _kvm(machine: Machine, program: str) -> Finding:
    """Whether KVM not only opens but runs a guest: nested virtualisation may have a /dev/kvm that does not."""
    able = host.kvm(program, machine.root)
    lost = "" if able.works else "fast guests: they run on tcg"
    return Finding("qemu", "runs guests on KVM", "ok" if able.works else "degraded", able.why, lost)


def _output(*command: str) -> str:
    """What a command prints, or nothing where it is not there, fails or hangs."""
    try:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
