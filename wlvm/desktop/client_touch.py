"""What host programs get of fingers: which of a view's surfaces each is on, in its coordinates."""

from __future__ import annotations

from typing import NamedTuple

from wlvm.framebuffer import Rect
from wlvm.wlr.scene import Scene
from wlvm.wlr.seat import ClientSeat
from wlvm.wlr.surface import Surface
from wlvm.wlr.touch import TouchCancel, TouchDown, TouchEvent, TouchFrame, TouchMotion, TouchUp


class _Touched(NamedTuple):
    """The surface that what is touched is a part of, and where the top left corner of what is touched is in the layout."""

    root: Surface
    x: float
    y: float


class ClientTouch:
    """The part of the seat that all views of host programs share."""

    def __init__(self, clients: ClientSeat, scene: Scene) -> None:
        self._clients = clients
        self._scene = scene
        self._touched: dict[int, _Touched] = {}

    def takes(self, surface: Surface) -> bool:
        """Whether a surface's client wants to hear of fingers."""
        return self._clients.takes_touch(surface)

    def tell(self, view: object, box: Rect, event: TouchEvent) -> None:
        """What a finger does that came down on `view`, whose points are of its `box` in the layout."""
        match event:
            case TouchDown(slot, x, y):
                hit = self._scene.at(box.x + x, box.y + y)
                if hit is not None and hit.surface is not None and hit.owner is view:
                    self._touched[slot] = _Touched(hit.surface.root, box.x + x - hit.x, box.y + y - hit.y)
                    self._clients.touch_down(hit.surface, slot, hit.x, hit.y)
            case TouchMotion(slot, x, y) if slot in self._touched:
                on = self._touched[slot]
                self._clients.touch_motion(slot, box.x + x - on.x, box.y + y - on.y)
            case TouchUp(slot) if slot in self._touched:
                del self._touched[slot]
                self._clients.touch_up(slot)
            case TouchCancel(slot) if slot in self._touched:
                self._clients.touch_cancel(self._touched.pop(slot).root)
                self._clients.touch_up(slot)
            case TouchFrame():
                self._clients.touch_frame()
            case _:
                pass  # its surface is gone

    def surface_gone(self, surface: Surface) -> None:
        """A surface ends, and no finger is on it any more."""
        for slot in [slot for slot, on in self._touched.items() if on.root == surface]:
            del self._touched[slot]
            self._clients.touch_up(slot)
        self._clients.touch_frame()
