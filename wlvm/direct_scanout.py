"""Direct scanout: a screen shows a guest's buffer as it is, with no frame drawn; and why it does not.

wlroots decides it anew for each frame (types/scene/wlr_scene.c): one buffer alone, that fills the output pixel by pixel, and that the driver
takes for its plane. Here is only told what it decided.
"""

from __future__ import annotations

from wlvm.desktop.output import Output
from wlvm.guest_surface import GuestSurface

PATH = "dma-buf direct scanout"


def is_scanned_out(surface: GuestSurface, output: Output) -> bool:
    """Whether the screen shows the surface's buffer as it is."""
    return surface.picture is not None and output.scanned_out is surface.picture.buffer


def why_not(surface: GuestSurface, output: Output) -> str:
    """Why the screen does not show the surface's picture, which lies in a dma-buf, as it is."""
    picture = surface.picture
    assert picture is not None
    source = picture.buffer.source
    if not output.scans_out:
        return f"{output.name} is no screen of this machine"
    if output.too_slow_to_scan_out:
        return f"{output.name} refreshes at {output.wlr.refresh / 1000:g} Hz, too slow to keep the guest from what is shown"
    if picture.visible != (0, 0, source.width, source.height):
        return "the picture is a part of a larger buffer"
    if picture.upside_down or output.wlr.transform != "normal":
        return "the picture has to be turned"
    if surface.box != output.box or picture.visible[2:] != output.wlr.size:
        return f"the picture does not fill {output.name} pixel by pixel"
    if output.wlr.takes(picture.buffer):
        return "something is shown over it"
    if not output.wlr.has_cursor_plane:
        return f"the driver of {output.name} does not take the buffer, or the cursor is drawn over it"
    return f"the driver of {output.name} does not take the buffer"
