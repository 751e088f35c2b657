"""How the buffers of scene nodes are sampled when they are scaled, which wlroots 0.16 leaves to its renderers.

A texture says how it is sampled. The scene makes one of a node's buffer when it draws that for the first time, and keeps it until the
node is given another buffer: so before each frame the nodes on the output that somebody chose a filter for have their textures made, and
set up, here. What was set up stays so until the node has another texture or another place.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from wlvm.framebuffer import Filter, Rect
from wlvm.pixel_grid import PixelGrid
from wlvm.wlr import abi
from wlvm.wlr.abi import NULL, c, ffi, wlr, wlr_ffi
from wlvm.wlr.listeners import Listeners
from wlvm.wlr.scene_buffer import private

#: pixman.h: PIXMAN_FILTER_NEAREST and _BILINEAR, PIXMAN_REPEAT_PAD.
_PIXMAN_FILTERS: Final = {Filter.NEAREST: 3, Filter.LINEAR: 4}
_PIXMAN_REPEAT_PAD: Final = 2

#: GLES2/gl2.h
_GL_TEXTURE_MAG_FILTER: Final = 0x2800
_GL_FILTERS: Final = {Filter.NEAREST: 0x2600, Filter.LINEAR: 0x2601}

_TRANSFORM_90: Final = 1  # the bit of all transforms of enum wl_output_transform that swap the sides


class _Screen(NamedTuple):
    """What of an output decides where a box of the layout is in its buffer; width and height in pixels, as it is seen."""

    x: int
    y: int
    scale: float
    transform: int
    width: int
    height: int

    @classmethod
    def of(cls, scene_output: Any) -> _Screen:
        """That of a `struct wlr_scene_output *`."""
        output = scene_output.output
        width, height, transform = output.width, output.height, output.transform
        if transform & _TRANSFORM_90:
            width, height = height, width
        return cls(scene_output.x, scene_output.y, output.scale, transform, width, height)

    def target(self, box: tuple[int, int, int, int]) -> Rect | None:
        """The pixels of the output's buffer that a box of the layout is drawn on; None where that is beside the output."""
        physical = PixelGrid((self.x, self.y), self.scale).physical(Rect(*box))
        if not physical.overlaps(Rect(0, 0, self.width, self.height)):
            return None
        turned = wlr_ffi.new("struct wlr_box *", tuple(physical))
        inverse = wlr.wlr_output_transform_invert(self.transform)
        wlr.wlr_box_transform(turned, turned, inverse, self.width, self.height)
        return Rect(turned.x, turned.y, turned.width, turned.height)


class _FilteredNode:
    """A `struct wlr_scene_buffer *` that a filter was chosen for, until it is destroyed."""

    def __init__(self, pointer: Any, filter: Filter) -> None:
        self.filter = filter
        self._prepared: object = None
        self._position = wlr_ffi.new("int[2]")
        self._pointer = pointer
        self._node = wlr_ffi.addressof(pointer.node)
        self._private = private(pointer)
        self._listeners = Listeners()
        self._listeners.add(wlr_ffi.addressof(pointer.node.events.destroy), lambda _data: self._destroyed())

    def _destroyed(self) -> None:
        self._listeners.remove()
        del _nodes[abi.address(self._pointer)]

    def prepare(self, screen: _Screen, renderer: Any) -> None:
        """Before a frame of an output, which a renderer draws."""
        box, texture = self._box(), self._private.texture
        if box is None or (texture != NULL and self._prepared == (texture, box, screen, self.filter)):
            return
        target = screen.target(box)
        if target is None:
            return
        if texture == NULL:
            buffer = abi.borrow("struct wlr_buffer *", self._pointer.buffer)
            # The scene destroys it, as it does those that it makes itself.
            texture = self._private.texture = c.wlr_texture_from_buffer(renderer, buffer)
        if texture == NULL:
            return
        if c.wlr_texture_is_pixman(texture):
            _set_up_pixman(texture, self.filter, target)
        elif c.wlr_renderer_is_gles2(renderer):
            _set_up_gles2(texture, self.filter, c.wlr_gles2_renderer_get_egl(renderer))
        self._prepared = (texture, box, screen, self.filter)

    def _box(self) -> tuple[int, int, int, int] | None:
        """Where it is in the layout; None where it is hidden, or shows nothing."""
        shown = wlr.wlr_scene_node_coords(self._node, self._position, self._position + 1)
        width, height = self._private.dst_width, self._private.dst_height
        if not shown or not self._pointer.buffer or width <= 0 or height <= 0:
            return None
        return (*self._position, width, height)


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
    screen, renderer = _Screen.of(scene_output), abi.borrow("struct wlr_renderer *", renderer)
    for node in _nodes.values():
        node.prepare(screen, renderer)


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
