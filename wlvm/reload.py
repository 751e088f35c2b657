"""What an edited configuration changes, so that the rest is left alone."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from msgspec import Struct

from wlvm.config import Config
from wlvm.guest_config import GuestConfig
from wlvm.machine_config import MachineConfig


class Part(enum.Enum):
    """What is applied by itself."""

    LABEL = "what a guest is called, and its colour"
    PLACE = "where a guest's consoles sit"
    SCALING = "how a guest's pictures lie in their places, and whether it follows these"
    CAPTURE = "who may have pictures"
    INPUT = "how a guest is typed into"
    START = "how a guest is launched: at its next start, since a machine that runs is not ended for it"
    HIDDEN = "what becomes of a guest that nobody sees"
    CONNECTION = "which QEMU a guest is: it is left, and taken in anew"
    OUTPUTS = "modes, scales and places of outputs"
    DEVICES = "keyboards, mice and touchpads"
    IDLE = "when the screens go dark"
    DESKTOP = "workspaces, layouts, gaps and rules"
    LOOK = "colours, borders, titles and their font"
    KEYS = "bindings, modes and the reserved key"


#: Which part each key belongs to; a test holds that all of them are here.
GUEST_PARTS: Mapping[str, Part] = {
    "label": Part.LABEL,
    "color": Part.LABEL,
    "consoles": Part.PLACE,
    "scale": Part.SCALING,
    "filter": Part.SCALING,
    "resize": Part.SCALING,
    "capture": Part.CAPTURE,
    "input": Part.INPUT,
    "keyboard_layout": Part.INPUT,
    "keyboard_variant": Part.INPUT,
    **dict.fromkeys(MachineConfig.__struct_fields__, Part.START),
    "launch": Part.START,
    "gl": Part.START,
    "start": Part.START,
    "outlive": Part.START,
    "shutdown_limit": Part.START,
    "render_node": Part.START,
    "hidden": Part.HIDDEN,
    "hidden_after": Part.HIDDEN,
    "qmp": Part.CONNECTION,
    "libvirt": Part.CONNECTION,
    "uri": Part.CONNECTION,
}
PARTS: Mapping[str, Part] = {
    "outputs": Part.OUTPUTS,
    "keyboard": Part.DEVICES,
    "input_devices": Part.DEVICES,
    "idle": Part.IDLE,
    "capture": Part.CAPTURE,
    "desktop": Part.DESKTOP,
    "workspaces": Part.DESKTOP,
    "layouts": Part.DESKTOP,
    "rules": Part.DESKTOP,
    "look": Part.LOOK,
    "keys": Part.KEYS,
    "bindings": Part.KEYS,
    "modes": Part.KEYS,
}


class GuestChange(Struct, frozen=True):
    """A guest that both configurations have: as it is from now on, and what is new of it."""

    guest: GuestConfig
    parts: frozenset[Part]


class Difference(Struct, frozen=True):
    """What one configuration has otherwise than another."""

    added: tuple[GuestConfig, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[GuestChange, ...] = ()
    parts: frozenset[Part] = frozenset()
    """What is new outside of the guests' tables."""


def difference(old: Config, new: Config) -> Difference:
    """What to do to have `new` in place of `old`. Guests are the same by their names; their order says nothing."""
    before = {guest.name: guest for guest in old.guests}
    after = {guest.name: guest for guest in new.guests}
    changes = [
        GuestChange(guest, _guest_parts(before[name], guest))
        for name, guest in after.items()
        if name in before
    ]
    return Difference(
        added=tuple(guest for name, guest in after.items() if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(change for change in changes if change.parts),
        parts=_differing(old, new, PARTS),
    )


def _guest_parts(old: GuestConfig, new: GuestConfig) -> frozenset[Part]:
    parts = _differing(old, new, GUEST_PARTS)
    if Part.CONNECTION in parts:
        return frozenset((Part.CONNECTION,))  # all else comes with it
    return parts


def _differing(old: object, new: object, parts: Mapping[str, Part]) -> frozenset[Part]:
    return frozenset(part for name, part in parts.items() if getattr(old, name) != getattr(new, name))
