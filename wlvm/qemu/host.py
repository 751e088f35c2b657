"""What this computer offers a machine: whether KVM runs guests, whether QEMU draws with a GPU, which UEFI firmware there is.

Finding out takes a second or so, since it is tried: `python -m wlvm.qemu.host QEMU [NODE]` prints it as JSON, for a program that cannot wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from wlvm.qemu.launch import LaunchError, choose_render_node, qemu_version

#: A machine's processor where KVM works, and where it does not. Nested KVM may run some processors and refuse this one.
KVM: Final = ("-accel", "kvm", "-cpu", "host")
TCG: Final = ("-accel", "tcg", "-cpu", "max")

#: Seconds until SeaBIOS must have found that there is nothing to boot from; a second where a machine is slow.
_KVM_PATIENCE: Final = 5
#: Seconds until a QEMU that draws with a GPU must have answered.
_GL_PATIENCE: Final = 10

#: Where descriptions of firmwares are (docs/interop/firmware.json of QEMU), the more specific place first.
_FIRMWARES: Final = ("etc/qemu/firmware", "usr/share/qemu/firmware")

#: Drivers whose render nodes draw with the CPU.
_NO_GPU: Final = ("vgem", "vkms")


class Ability(msgspec.Struct, frozen=True):
    """Whether something works, and why (not), in words."""

    works: bool
    why: str


class Uefi(msgspec.Struct, frozen=True):
    """The files of a UEFI firmware: its code, and the variables that a new machine has."""

    code: str
    variables: str


class Host(msgspec.Struct, frozen=True):
    """What machines are given here."""

    kvm: Ability
    gl: Ability
    uefi: Uefi | None


def examine(qemu: str, render_node: Path | None = None, root: Path = Path("/")) -> Host:
    """Find it out; `render_node` is the GPU that a person chose. LaunchError where there is no such QEMU."""
    qemu_version(qemu)
    return Host(kvm(qemu, root), gl(qemu, render_node, root), uefi(root))


def kvm(qemu: str, root: Path = Path("/")) -> Ability:
    """Whether KVM not only opens but runs guests: where virtualisation is nested there may be one that does not."""
    device = root / "dev/kvm"
    if not device.exists():
        return Ability(False, "there is no /dev/kvm")
    if not os.access(device, os.R_OK | os.W_OK):
        return Ability(False, "/dev/kvm is not yours to open: usermod --append --groups kvm $USER")
    cache = _KvmCache(qemu)
    works = cache.read()
    if works is None:
        works = _boots(qemu, KVM)
        cache.write(works)
    return Ability(
        works, "it runs guests here" if works else "/dev/kvm is there, but guests do not run on it"
    )


def _boots(qemu: str, accelerator: Sequence[str]) -> bool:
    """Whether a machine's firmware comes to its end: to finding nothing that it could boot."""
    command = [qemu, *accelerator, "-machine", "q35", "-nodefaults", "-display", "none", "-m", "16"]
    command += ["-debugcon", "stdio", "-global", "isa-debugcon.iobase=0x402"]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as guest:
            watchdog = threading.Timer(_KVM_PATIENCE, guest.kill)
            watchdog.start()
            assert guest.stdout is not None
            booted = any(b"No bootable device" in line for line in guest.stdout)
            watchdog.cancel()
            guest.kill()
    except OSError:
        return False
    return booted


class _KvmCache:
    """What was found of KVM since this computer was started, by QEMU: trying takes seconds where it hangs."""

    def __init__(self, qemu: str) -> None:
        base = os.environ.get("XDG_CACHE_HOME", "")
        directory = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
        self._file = directory / "wlvm" / "kvm.json"
        self._boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._qemu = qemu

    def read(self) -> bool | None:
        return self._found().get(self._qemu)

    def write(self, works: bool) -> None:
        text = json.dumps({"boot": self._boot, "works": {**self._found(), self._qemu: works}})
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(text)

    def _found(self) -> dict[str, bool]:
        try:
            cached = msgspec.json.decode(self._file.read_bytes(), type=_Cached)
        except (OSError, msgspec.MsgspecError):
            return {}
        return cached.works if cached.boot == self._boot else {}


class _Cached(msgspec.Struct):
    """The file's content: for which start of the computer, and whether KVM works, by QEMU."""

    boot: str
    works: dict[str, bool]


def gl(qemu: str, render_node: Path | None, root: Path = Path("/")) -> Ability:
    """Whether this QEMU draws with a GPU for guests (virtio-vga-gl with -display dbus,gl=on)."""
    try:
        node = choose_render_node((qemu,), True, render_node, root)
    except LaunchError as error:
        return Ability(False, str(error).removeprefix("gl = true needs a GPU, and "))
    assert node is not None
    driver = Path(os.path.realpath(root / f"sys/class/drm/{Path(node).name}/device/driver")).name
    if driver in _NO_GPU:
        return Ability(False, f"{node} ({driver}) has no GPU behind it")
    command = [qemu, "-accel", "tcg", "-nodefaults", "-S", "-m", "16", "-qmp", "stdio"]
    command += ["-display", f"dbus,p2p=yes,gl=on,rendernode={node}", "-device", "virtio-vga-gl"]
    try:
        done = subprocess.run(
            command,
            check=False,
            input=b'{"execute":"qmp_capabilities"}{"execute":"quit"}',
            capture_output=True,
            timeout=_GL_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Ability(False, f"QEMU hangs when it is to draw on {node}")
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it ends"]
        return Ability(False, f"QEMU cannot draw on {node}: {said[-1]}")
    return Ability(True, f"QEMU draws on {node}")


def uefi(root: Path = Path("/")) -> Uefi | None:
    """The firmware for a PC of this name's kind without Secure Boot, as its package describes it; None where there is none."""
    files = [file for place in _FIRMWARES for file in sorted((root / place).glob("*.json"))]
    for file in files:
        try:
            found = _plain_uefi(json.loads(file.read_text()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        if found is not None and all(os.access(name, os.R_OK) for name in (found.code, found.variables)):
            return found
    return None


def _plain_uefi(description: dict[str, object]) -> Uefi | None:
    told = msgspec.convert(description, _Firmware)
    on_pc = any(
        target.architecture == "x86_64" and any("q35" in machine for machine in target.machines)
        for target in told.targets
    )
    if (
        "uefi" not in told.interface_types
        or not on_pc
        or {"secure-boot", "requires-smm"} & set(told.features)
    ):
        return None
    return Uefi(told.mapping.executable.filename, told.mapping.nvram_template.filename)


class _File(msgspec.Struct):
    filename: str


class _Mapping(msgspec.Struct, rename="kebab"):
    executable: _File
    nvram_template: _File


class _Target(msgspec.Struct):
    architecture: str
    machines: list[str]


class _Firmware(msgspec.Struct, rename="kebab"):
    """What of a firmware's description is of use."""

    interface_types: list[str]
    mapping: _Mapping
    targets: list[_Target]
    features: list[str]


def main(arguments: Sequence[str]) -> int:
    """Print what is found for a QEMU, and perhaps a render node, as JSON; where there is no such QEMU, why, and return 1."""
    try:
        host = examine(arguments[0], Path(arguments[1]) if len(arguments) > 1 else None)
    except LaunchError as error:
        print(error)
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(host))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
