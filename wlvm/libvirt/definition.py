"""What a domain's XML says that matters to wlvm (https://libvirt.org/formatdomain.html)."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from msgspec import Struct

#: What a domain needs to be shown.
GRAPHICS = "<graphics type='dbus' p2p='yes'/>"


class Definition(Struct, frozen=True):
    """A domain as it runs."""

    #: Its title, "" without one.
    title: str
    #: Which of its `<graphics>` are wlvm's, from 0; None where none is.
    graphics: int | None
    #: Whether it has a keyboard whose keys the guest's driver repeats: a PS/2 keyboard's are not.
    keyboard_repeats_itself: bool

    @classmethod
    def parse(cls, xml: str) -> Definition:
        """Of what `virsh dumpxml` prints."""
        domain = ElementTree.fromstring(xml)
        graphics = (
            index
            for index, each in enumerate(domain.iterfind("devices/graphics"))
            if (each.get("type"), each.get("p2p")) == ("dbus", "yes")
        )
        keyboards = {each.get("bus") for each in domain.iterfind("devices/input[@type='keyboard']")}
        return cls(
            title=domain.findtext("title", ""),
            graphics=next(graphics, None),
            keyboard_repeats_itself=bool(keyboards & {"usb", "virtio"}),
        )


def with_cd(xml: str, file: Path | None) -> str | None:
    """The `<disk>` of a domain's CD drive with this file in it, or nothing; None where it has no such drive."""
    disk = ElementTree.fromstring(xml).find("devices/disk[@device='cdrom']")
    if disk is None:
        return None
    for name in ("source", "backingStore"):
        for each in disk.findall(name):
            disk.remove(each)
    disk.set("type", "file")
    if file is not None:
        ElementTree.SubElement(disk, "source", file=str(file))
    return ElementTree.tostring(disk, encoding="unicode")


def new_snapshot(name: str) -> str:
    """What asks for a snapshot of a whole domain."""
    snapshot = ElementTree.Element("domainsnapshot")
    ElementTree.SubElement(snapshot, "name").text = name
    return ElementTree.tostring(snapshot, encoding="unicode")


def snapshot_time(xml: str) -> int:
    """When a snapshot was made, in seconds since 1970."""
    return int(ElementTree.fromstring(xml).findtext("creationTime", "0"))
