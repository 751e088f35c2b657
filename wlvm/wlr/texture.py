"""What the renderer draws from: asked once for each buffer, because the scene leaves out in silence what its renderer refuses.

wlroots' GLES2 renderer (render/gles2/texture.c) tries the dma-buf alone where a buffer has one, never the CPU's pointer after it.
"""

from __future__ import annotations

from typing import Any, Final

from wlvm.framebuffer import fourcc_name
from wlvm.linux_dmabuf import MOD_INVALID, MOD_LINEAR, DmabufDescriptor
from wlvm.wlr import abi
from wlvm.wlr.abi import NULL, c
from wlvm.wlr.buffer import Buffer

_MODIFIER_NAMES: Final = {MOD_LINEAR: "linear", MOD_INVALID: "the driver's own"}


class Textures:
    """The textures that one renderer makes of buffers."""

    def __init__(self, renderer: Any) -> None:
        """`renderer` is a `struct wlr_renderer *` that outlives this object."""
        self._renderer = abi.borrow("struct wlr_renderer *", renderer)

    @property
    def on_cpu(self) -> bool:
        """Whether the CPU draws."""
        return bool(c.wlr_renderer_is_pixman(self._renderer))

    def can_draw(self, buffer: Buffer) -> bool:
        """Whether the renderer draws the buffer in the way that it would take: its dma-buf if it shows one, or else the CPU's pixels.

        A GPU keeps what it imported for as long as the buffer lives.
        """
        texture = c.wlr_texture_from_buffer(self._renderer, abi.borrow("struct wlr_buffer *", buffer.pointer))
        if texture == NULL:
            return False
        c.wlr_texture_destroy(texture)
        return True

    def why_not_sampled(self, descriptor: DmabufDescriptor) -> str:
        """Why no GPU would draw from such a dma-buf, whatever is in it; "" where its driver is to be tried."""
        if self.on_cpu:
            return "the CPU draws (pixman)"
        formats = c.wlr_renderer_get_dmabuf_texture_formats(self._renderer)
        if formats == NULL:
            return "the GPU's driver imports no dma-bufs"
        if c.wlr_drm_format_set_has(formats, descriptor.fourcc, descriptor.modifier):
            return ""
        layout = _MODIFIER_NAMES.get(descriptor.modifier, f"modifier {descriptor.modifier:#x}")
        return f"the GPU does not sample {fourcc_name(descriptor.fourcc)} in this layout ({layout})"
