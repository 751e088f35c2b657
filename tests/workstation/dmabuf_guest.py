"""A test card whose scanouts are real dma-bufs: QEMU makes them of the guest's own pages, with udmabuf."""

from __future__ import annotations

from guests.testcard.launch import TestCard
from tests.workstation.hardware import render_node

#: The guest's memory, in MiB.
_MEMORY = 64


def dmabuf_guest(qemu: str, options: str) -> TestCard:
    """A test card with `blob` and these options. QEMU needs a render node for its display, and draws nothing with it."""
    return TestCard(
        qemu,
        "virtio-gpu,blob=true",
        f"blob {options}",
        extra=(
            *("-m", str(_MEMORY)),
            *("-object", f"memory-backend-memfd,id=memory,size={_MEMORY}M,share=on"),
            *("-machine", "memory-backend=memory"),
        ),
        display=("-display", f"dbus,p2p=yes,gl=on,rendernode={render_node('virtio-pci')}"),
    )
