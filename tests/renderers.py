"""Renderers without a backend, for tests of what they make of buffers."""

from __future__ import annotations

from cffi import FFI

from wlvm.wlr import abi
from wlvm.wlr.texture import Textures

_ffi = FFI()
_ffi.cdef("struct wlr_renderer; struct wlr_renderer *wlr_pixman_renderer_create(void);")
_c = _ffi.dlopen(abi.libwlroots())


def pixman() -> Textures:
    """The renderer on the CPU; it lives as long as the tests."""
    renderer = _c.wlr_pixman_renderer_create()
    assert renderer != _ffi.NULL
    return Textures(renderer)
