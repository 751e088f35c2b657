"""What a domain's XML says that matters to wlvm (https://libvirt.org/formatdomain.html)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

#: What a domain needs to be shown.
GRAPHICS = "<graphics type='dbus' p2p='yes'/>"


@dataclass(frozen=True, slots=True)
class Definition:
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
