"""What the numbers were measured on, and the QEMUs that are there."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import wlvm
from wlvm.qemu.launch import qemu_version

#: From this version on QEMU shares a virtio-gpu's framebuffer instead of sending its bytes.
_SHARES_MEMORY = (9, 2, 0)


def qemus() -> list[str]:
    """The QEMU executables to measure with: those in WLVM_QEMUS (colon-separated) that can be run."""
    return [
        qemu for qemu in os.environ.get("WLVM_QEMUS", "qemu-system-x86_64").split(":") if shutil.which(qemu)
    ]


def sharing_qemu() -> str | None:
    """A QEMU that shares a virtio-gpu's memory, the newest; None where there is none."""
    found = [qemu for qemu in qemus() if qemu_version(qemu) >= _SHARES_MEMORY]
    return max(found, key=qemu_version, default=None)


def pixel_ways() -> list[tuple[str, str]]:
    """A QEMU and a display device for each way in which pixels come: shared memory, where a QEMU shares it, and bytes."""
    sharing = sharing_qemu()
    return [*([(sharing, "virtio-gpu")] if sharing is not None else []), (qemus()[0], "std-vga")]


def version_text(qemu: str) -> str:
    """As in "10.0.2"."""
    return str(qemu_version(qemu))


def facts() -> dict[str, object]:
    """CPU, cores, kernel, Python, the QEMUs' versions and wlvm's commit; "" for what cannot be known."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "qemus": [version_text(qemu) for qemu in qemus()],
        "wlvm": wlvm.__version__,
        "commit": _commit(),
        "load before": os.getloadavg()[0],
    }


def told(machine: Mapping[str, object]) -> str:
    """The same as text."""
    return ", ".join(f"{name} {_word(value)}" for name, value in machine.items() if value)


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2g}"
    return " and ".join(str(each) for each in value) if isinstance(value, list) else f"{value}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str:
    here = Path(__file__).parent
    try:
        command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=10"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
