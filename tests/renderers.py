"""Renderers without a backend, for tests of what they make of buffers."""

from __future__ import annotations

from wlvm.wlr.abi import NULL, c, ffi
from wlvm.wlr.texture import Textures

ffi.cdef("struct wlr_renderer *wlr_pixman_renderer_create(void);")


def pixman() -> Textures:
    """The renderer on the CPU; it lives as long as the tests."""
    renderer = c.wlr_pixman_renderer_create()
    assert renderer != NULL
    return Textures(renderer)
