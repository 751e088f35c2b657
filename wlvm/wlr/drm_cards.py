"""The graphics cards of this machine, as the kernel lists them in sysfs. Loads no library."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

#: What only a device's master may do (drm.h: DRM_IOCTL_AUTH_MAGIC of struct drm_auth).
_DRM_IOCTL_AUTH_MAGIC = 0x40046411


class Card(Struct, frozen=True):
    """A card with screens: its device node, the kernel's driver, its connectors with their status ("connected", "disconnected", "unknown"),
    and the node for drawing on it, None where it only shows what somebody else has drawn.
    """

    node: Path
    driver: str
    connectors: Mapping[str, str]
    render_node: Path | None
    #: Whether the firmware showed its own picture there.
    boot_vga: bool


def cards(root: Path = Path("/")) -> list[Card]:
    """The cards with connectors, in the order in which wlroots uses them: the firmware's own one first, the others by their numbers."""
    found = []
    for entry in (root / "sys/class/drm").glob("card*"):
        if re.fullmatch(r"card\d+", entry.name) and (card := _card(entry, root)).connectors:
            found.append(card)
    return sorted(found, key=lambda card: (not card.boot_vga, int(card.node.name.removeprefix("card"))))


def render_nodes(root: Path = Path("/")) -> list[Path]:
    """The nodes for drawing, by their numbers."""
    return sorted((root / "dev/dri").glob("renderD*"))


def is_master(fd: int) -> bool:
    """Whether an open card's screens obey us: the kernel has one master for each card."""
    try:
        # No client has the magic number 0: only whether we may ask about it matters.
        fcntl.ioctl(fd, _DRM_IOCTL_AUTH_MAGIC, struct.pack("I", 0))
    except OSError as error:
        return error.errno != errno.EACCES
    return True


def is_busy(node: Path) -> bool:
    """Whether a card's screens obey somebody else now; False also where it is not ours to open.

    Who opens a card that nobody has is its master until it is closed, here at once.
    """
    try:
        fd = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not is_master(fd)
    finally:
        os.close(fd)


def _card(entry: Path, root: Path) -> Card:
    siblings = entry.resolve().parent
    nodes = root / "dev/dri"
    connectors = {
        path.name.partition("-")[2]: _text(path / "status") for path in sorted(entry.glob(f"{entry.name}-*"))
    }
    render = sorted(siblings.glob("renderD*"))
    driver = (entry / "device/driver").resolve().name if (entry / "device/driver").exists() else ""
    return Card(
        nodes / entry.name,
        # A device without a bus is named after its driver.
        driver or siblings.parent.name,
        connectors,
        nodes / render[0].name if render else None,
        _text(entry / "device/boot_vga") == "1",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
