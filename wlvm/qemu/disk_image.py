"""What kind of disk image a file is, found out without trusting the guest that writes it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from wlvm.qemu.launch import LaunchError

#: What the kinds of images begin with, and where; QEMU's drivers of these names look for the same (block/*.c).
_SIGNATURES: Final = (
    ("qcow2", 0, b"QFI\xfb"),
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vdi", 0x40, b"\x7f\x10\xda\xbe"),
    ("vhdx", 0, b"vhdxfile"),
)
_HEAD: Final = 112

#: In a qcow2 header (docs/interop/qcow2.txt): where the offset of a backing file's name and the incompatible features are, and which of these is
#: an external data file.
_BACKING_FILE: Final = slice(8, 16)
_VERSION: Final = slice(4, 8)
_INCOMPATIBLE: Final = slice(72, 80)
_EXTERNAL_DATA: Final = 1 << 2


class DiskImage(Struct, frozen=True):
    """A disk's file, the driver that QEMU reads it with, and whether the file is a host's `device`."""

    path: Path
    driver: Literal["raw", "qcow2", "vmdk", "vdi", "vhdx"]
    device: bool = False

    @property
    def holds_snapshots(self) -> bool:
        return self.driver == "qcow2"


def disk_image(path: Path) -> DiskImage:
    """What the file of a disk is. LaunchError, with what to do, where it cannot be used.

    A guest with a raw disk can write anything to its beginning. An image that leads to other files is taken for what it says only where the
    name of its file says so too: else the guest would have these files at its next start.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        raise LaunchError(
            f"{path} is not there; a new disk is made with: qemu-img create -f qcow2 {path} 20G"
        ) from None
    except OSError as error:
        raise LaunchError(f"{path} cannot be read: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise LaunchError(f"{path} cannot be written to: its guest needs that")
    driver = next(
        (name for name, at, sign in _SIGNATURES if head[at : at + len(sign)] == sign),
        "raw",
    )
    named = path.suffix.lower() == f".{driver}"
    if driver != "raw" and not named and (driver != "qcow2" or _leads_elsewhere(head)):
        raise LaunchError(
            f"{path} looks like {driver}, which may lead to other files of yours, and a guest can make its disk look so; "
            f"if it is, name it .{driver}"
        )
    return DiskImage(path, driver, stat.S_ISBLK(mode))  # type: ignore[arg-type]


def _leads_elsewhere(head: bytes) -> bool:
    """Whether a qcow2 header tells of another file."""
    version = int.from_bytes(head[_VERSION], "big")
    incompatible = int.from_bytes(head[_INCOMPATIBLE], "big") if version >= 3 else 0
    return any(head[_BACKING_FILE]) or bool(incompatible & _EXTERNAL_DATA)
