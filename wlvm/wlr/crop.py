"""Clients' surfaces that are larger than their place: wlroots 0.16 has no clip for a part of the scene.

What a scene shows of a surface is made smaller instead. wlroots makes it whole again at the surface's next commit.
"""

from __future__ import annotations

import logging
from typing import Any

from wlvm.framebuffer import Rect
from wlvm.wlr import abi
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.scene import Tree

log = logging.getLogger(__name__)

_TRANSFORM_NORMAL = 0


def crop_surfaces(tree: Tree, area: Rect) -> None:
    """Show nothing of the surfaces below `tree` that is right of or below `area`, in layout coordinates.

    One that begins outside keeps a pixel, and one whose buffer is turned is left as it is.
    """

    @wlr_ffi.callback("void(struct wlr_scene_buffer *, int, int, void *)", onerror=_report)  # type: ignore[untyped-decorator]
    def crop(buffer: Any, x: int, y: int, _data: Any) -> None:
        scene_surface = wlr.wlr_scene_surface_from_buffer(buffer)
        if scene_surface != wlr_ffi.NULL:
            _crop(buffer, scene_surface.surface, area.x + area.width - x, area.y + area.height - y)

    wlr.wlr_scene_node_for_each_buffer(tree.node, crop, wlr_ffi.NULL)


def _crop(buffer: Any, surface: Any, room_right: int, room_down: int) -> None:
    state = surface.current
    if state.transform != _TRANSFORM_NORMAL or not (state.width and state.height):
        return
    width = max(1, min(state.width, room_right))
    height = max(1, min(state.height, room_down))
    _crop_opaque_region(buffer, surface, width, height)
    source = wlr_ffi.new("struct wlr_fbox *")
    wlr.wlr_surface_get_buffer_source_box(surface, source)
    source.width *= width / state.width
    source.height *= height / state.height
    wlr.wlr_scene_buffer_set_source_box(buffer, source)
    wlr.wlr_scene_buffer_set_dest_size(buffer, width, height)


def _crop_opaque_region(buffer: Any, surface: Any, width: int, height: int) -> None:
    """Before it is made smaller: the scene draws nothing below what is opaque, and reckons with all of it, whatever size it shows."""
    whole = ffi.cast("struct pixman_region32 *", wlr_ffi.addressof(surface, "opaque_region"))
    region = ffi.new("struct pixman_region32 *")
    c.pixman_region32_init_rects(region, ffi.NULL, 0)
    c.pixman_region32_intersect_rect(region, whole, 0, 0, width, height)
    wlr.wlr_scene_buffer_set_opaque_region(buffer, abi.lend("struct pixman_region32 *", region))
    c.pixman_region32_fini(region)


def _report(kind: Any, error: BaseException, traceback: Any) -> None:
    log.error("a surface could not be cropped", exc_info=(kind, error, traceback))
