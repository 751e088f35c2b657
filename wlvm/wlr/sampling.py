"""How the buffers of scene nodes are sampled when they are scaled, which wlroots 0.16 leaves to its renderers.

A texture says how it is sampled. The scene makes one of a node's buffer when it draws that for the first time, and keeps it until the
node is given a buffer again: so before each frame the nodes on the output that somebody chose a filter for have their textures made, and
set up, here.
"""

from __future__ import annotations

from typing import Any, Final

from wlvm.framebuffer import Filter, Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.wlr import abi
from wlvm.wlr.abi import NULL, c, ffi, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.loader import LoaderError

#: pixman.h: PIXMAN_FILTER_NEAREST and _BILINEAR, PIXMAN_REPEAT_PAD.
_PIXMAN_FILTERS: Final = {Filter.NEAREST: 3, Filter.LINEAR: 4}
_PIXMAN_REPEAT_PAD: Final = 2

#: GLES2/gl2.h
_GL_TEXTURE_MAG_FILTER: Final = 0x2800
_GL_FILTERS: Final = {Filter.NEAREST: 0x2600, Filter.LINEAR: 0x2601}

_TRANSFORM_90: Final = 1  # the bit of all transforms of enum wl_output_transform that swap the sides


#: Where the private end of a `struct wlr_scene_buffer` begins, in bytes.
_PRIVATE: Final[int] = wlr_ffi.offsetof("struct wlr_scene_buffer", "primary_output") + ffi.sizeof("void *")

if _PRIVATE + ffi.sizeof("struct wlr_scene_buffer_private") != wlr_ffi.sizeof("struct wlr_scene_buffer"):
    raise LoaderError("struct wlr_scene_buffer is not that of wlroots 0.16")


class _FilteredNode:
    """A `struct wlr_scene_buffer *` that a filter was chosen for, until it is destroyed."""

    def __init__(self, pointer: Any, filter: Filter) -> None:
        self.filter = filter
        self._pointer = pointer
        self._node = wlr_ffi.addressof(pointer.node)
        private = ffi.cast("char *", abi.address(pointer)) + _PRIVATE
        self._private = ffi.cast("struct wlr_scene_buffer_private *", private)
        self._listeners = Listeners()
        self._listeners.add(wlr_ffi.addressof(pointer.node.events.destroy), lambda _data: self._destroyed())

    def _destroyed(self) -> None:
        self._listeners.remove()
        del _nodes[abi.address(self._pointer)]

    def box(self) -> Rect | None:
        """Where it is in the layout; None where it is hidden, or shows nothing."""
        position = wlr_ffi.new("int[2]")
        shown = wlr.wlr_scene_node_coords(self._node, position, position + 1)
        width, height = self._private.dst_width, self._private.dst_height
        if not shown or self._pointer.buffer == wlr_ffi.NULL or width <= 0 or height <= 0:
            return None
        return Rect(position[0], position[1], width, height)

    def texture(self, renderer: Any) -> Any:
        """The texture that the scene is to draw from, made now if there is none; NULL where it cannot be made."""
        if self._private.texture == NULL:
            buffer = abi.borrow("struct wlr_buffer *", self._pointer.buffer)
            # The scene destroys it, as it does those that it makes itself.
            self._private.texture = c.wlr_texture_from_buffer(renderer, buffer)
        return self._private.texture


#: By the node's address.
_nodes: dict[int, _FilteredNode] = {}


def choose(scene_buffer: Any, filter: Filter) -> None:
    """Have the buffer of a `struct wlr_scene_buffer *`, one with a destination size, sampled so in the frames to come."""
    node = _nodes.get(abi.address(scene_buffer))
    if node is None:
        _nodes[abi.address(scene_buffer)] = _FilteredNode(scene_buffer, filter)
    else:
        node.filter = filter


def prepare(scene_output: Any, renderer: Any) -> None:
    """Before a frame of a `struct wlr_scene_output *`, which a `struct wlr_renderer *` draws: set up the textures of the nodes on it."""
    output = scene_output.output
    renderer = abi.borrow("struct wlr_renderer *", renderer)
    grid = PixelGrid((scene_output.x, scene_output.y), output.scale)
    width, height = output.width, output.height
    if output.transform & _TRANSFORM_90:
        width, height = height, width
    for node in _nodes.values():
        box = node.box()
        if box is None:
            continue
        physical = grid.physical(box)
        if not physical.overlaps(Rect(0, 0, width, height)):
            continue
        texture = node.texture(renderer)
        if texture == NULL:
            continue
        if c.wlr_texture_is_pixman(texture):
            _set_up_pixman(texture, node.filter, _turned(physical, output.transform, width, height))
        elif c.wlr_renderer_is_gles2(renderer):
            _set_up_gles2(texture, node.filter, c.wlr_gles2_renderer_get_egl(renderer))


def _turned(box: Rect, transform: int, width: int, height: int) -> Rect:
    """A box of an output's pixels as it lies in the output's buffer."""
    turned = wlr_ffi.new("struct wlr_box *", tuple(box))
    wlr.wlr_box_transform(turned, turned, wlr.wlr_output_transform_invert(transform), width, height)
    return Rect(turned.x, turned.y, turned.width, turned.height)


def _set_up_pixman(texture: Any, filter: Filter, target: Rect) -> None:
    """Pixels beyond the image are its edge's, where pixman would mix nothing into it. Of an image without an end wlroots would draw more
    than its box, by a pixel at each side where the output's scale is no whole number: `target` bounds it, in the output's buffer."""
    image = c.wlr_pixman_texture_get_image(texture)
    c.pixman_image_set_filter(image, _PIXMAN_FILTERS[filter], NULL, 0)
    c.pixman_image_set_repeat(image, _PIXMAN_REPEAT_PAD)
    region = ffi.new("struct pixman_region32 *")
    box = (target.x, target.y, target.x + target.width, target.y + target.height)
    c.pixman_region32_init_rects(region, ffi.new("struct pixman_box32[]", [box]), 1)
    c.pixman_image_set_clip_region32(image, region)
    c.pixman_region32_fini(region)
    # The clip of a source, in the target's coordinates, counts only with both of these.
    c.pixman_image_set_has_client_clip(image, 1)
    c.pixman_image_set_source_clipping(image, 1)


def _set_up_gles2(texture: Any, filter: Filter, egl: Any) -> None:
    attributes = ffi.new("struct wlr_gles2_texture_attribs *")
    c.wlr_gles2_texture_get_attribs(texture, attributes)
    before = ffi.new("struct wlr_egl_context *")
    c.wlr_egl_save_context(before)
    c.wlr_egl_make_current(egl)
    c.glBindTexture(attributes.target, attributes.tex)
    c.glTexParameteri(attributes.target, _GL_TEXTURE_MAG_FILTER, _GL_FILTERS[filter])
    c.glBindTexture(attributes.target, 0)
    c.wlr_egl_restore_context(before)
