"""The scene graph (types/wlr_scene.h): what is on the screens, and where.

Positions and sizes are in layout coordinates (logical pixels), relative to the parent node. A node is destroyed by its `destroy()` or
with its parent, whichever comes first; the objects here are only handles, and one whose parent is gone must not be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct

from wlvm.framebuffer import Filter, Rect
from wlvm.wlr import abi, sampling, scene_buffer
from wlvm.wlr.abi import c, ffi, wlr, wlr_ffi
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.environment import environment
from wlvm.wlr.loader import LoaderError
from wlvm.wlr.surface import Surface

Color = tuple[float, float, float, float]

_TRANSFORM_NORMAL = 0
_TRANSFORM_FLIPPED_180 = 6  # WL_OUTPUT_TRANSFORM_FLIPPED_180: upside down, left stays left

#: Where the private end of a `struct wlr_scene` begins, in bytes.
_PRIVATE: Final[int] = wlr_ffi.offsetof("struct wlr_scene", "presentation") + ffi.sizeof("void *")

if _PRIVATE + ffi.sizeof("struct wlr_scene_private") != wlr_ffi.sizeof("struct wlr_scene"):
    raise LoaderError("struct wlr_scene is not that of wlroots 0.16")

#: Whose a tree is, by the address of its node: see `Tree.owner`.
_owners: dict[int, object] = {}


class Hit(Struct, frozen=True):
    """What is at a point: whose it is, and the client's surface there with the point in its coordinates (None: no client's)."""

    owner: object
    surface: Surface | None
    x: float
    y: float


class Node:
    """Any node: a place in the tree."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def set_position(self, x: int, y: int) -> None:
        wlr.wlr_scene_node_set_position(self.node, x, y)

    def set_enabled(self, enabled: bool) -> None:
        """Show or hide the node and all below it."""
        wlr.wlr_scene_node_set_enabled(self.node, enabled)

    def raise_to_top(self) -> None:
        """Above all its siblings."""
        wlr.wlr_scene_node_raise_to_top(self.node)

    def destroy(self) -> None:
        """Remove the node, and all below it, from the scene."""
        wlr.wlr_scene_node_destroy(self.node)


class Tree(Node):
    """A node that only groups others."""

    def __init__(self, pointer: Any) -> None:
        super().__init__(wlr_ffi.addressof(pointer.node))
        self.pointer = pointer

    @classmethod
    def create(cls, parent: Tree, owner: object = None) -> Tree:
        """A new tree in `parent`. What is below it, down to trees with an owner of their own, counts as `owner`'s (see `Scene.at`).

        A tree with an owner ends by its own `destroy()`.
        """
        tree = cls(wlr.wlr_scene_tree_create(parent.pointer))
        if owner is not None:
            _owners[abi.address(tree.node)] = owner
        return tree

    def move_to(self, parent: Tree) -> None:
        """Put the tree on top of what is in another one."""
        wlr.wlr_scene_node_reparent(self.node, parent.pointer)

    def destroy(self) -> None:
        _owners.pop(abi.address(self.node), None)
        super().destroy()


class RectNode(Node):
    """A rectangle of one colour (red, green, blue, alpha, each 0 to 1)."""

    def __init__(self, parent: Tree, width: int, height: int, color: Color) -> None:
        self._pointer = wlr.wlr_scene_rect_create(
            parent.pointer, width, height, wlr_ffi.new("float[4]", color)
        )
        super().__init__(wlr_ffi.addressof(self._pointer.node))

    def set_size(self, width: int, height: int) -> None:
        wlr.wlr_scene_rect_set_size(self._pointer, width, height)

    def set_color(self, color: Color) -> None:
        wlr.wlr_scene_rect_set_color(self._pointer, wlr_ffi.new("float[4]", color))


class BufferNode(Node):
    """A buffer, or a part of one, shown at some size. The scene holds a lock of the buffer while it shows it."""

    def __init__(self, parent: Tree) -> None:
        self._pointer = wlr.wlr_scene_buffer_create(parent.pointer, wlr_ffi.NULL)
        self._private = scene_buffer.private(self._pointer)
        super().__init__(wlr_ffi.addressof(self._pointer.node))

    def set_buffer(self, buffer: Buffer | None) -> None:
        """Show `buffer`, all of it new; None shows nothing."""
        wlr.wlr_scene_buffer_set_buffer(self._pointer, wlr_ffi.NULL if buffer is None else buffer.pointer)

    def set_buffer_with_damage(self, buffer: Buffer, damage: Iterable[Rect]) -> None:
        """Show `buffer`, in which only `damage` (in buffer pixels) differs from what the node showed before."""
        boxes = [(r.x, r.y, r.x + r.width, r.y + r.height) for r in damage]
        region = ffi.new("struct pixman_region32 *")
        c.pixman_region32_init_rects(region, ffi.new("struct pixman_box32[]", boxes), len(boxes))
        scene_buffer.damage(self._pointer, self._private, buffer, region)
        c.pixman_region32_fini(region)

    def set_filter(self, filter: Filter) -> None:
        """How the buffer is sampled where it is scaled. A source that is larger than the buffer shows the buffer's edge there from now on.

        Otherwise it is as the renderer likes: GLES2 mixes pixels, pixman does not. Where GLES2 scales down it mixes them in any case.
        """
        sampling.choose(self._pointer, filter)

    def set_source(self, source: tuple[float, float, float, float] | None) -> None:
        """Show only this part of the buffer (x, y, width, height in buffer pixels); None shows all of it."""
        box = wlr_ffi.NULL
        if source is not None:
            box = wlr_ffi.new("struct wlr_fbox *", tuple(source))
        wlr.wlr_scene_buffer_set_source_box(self._pointer, box)

    def set_size(self, width: int, height: int) -> None:
        """Scale what is shown to this size."""
        wlr.wlr_scene_buffer_set_dest_size(self._pointer, width, height)

    def set_upside_down(self, upside_down: bool) -> None:
        """Whether the buffer's first row is the bottom of the picture."""
        transform = _TRANSFORM_FLIPPED_180 if upside_down else _TRANSFORM_NORMAL
        wlr.wlr_scene_buffer_set_transform(self._pointer, transform)


class Scene:
    """The scene of all outputs."""

    def __init__(self, *, direct_scanout: bool) -> None:
        """`direct_scanout`: hand a buffer that fills an output to the screen as it is, where the driver takes it.

        The headless backend would take any buffer, and has no screen to save the work for.
        """
        self.direct_scanout = direct_scanout
        if direct_scanout:
            self.pointer = wlr.wlr_scene_create()
        else:
            with environment(WLR_SCENE_DISABLE_DIRECT_SCANOUT="1"):
                self.pointer = wlr.wlr_scene_create()
        if self.pointer == wlr_ffi.NULL:
            raise MemoryError("no scene could be made")
        self.root = Tree(wlr_ffi.addressof(self.pointer.tree))
        self._point = wlr_ffi.new("double[2]")

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """No buffer is tried on a screen as it is, in the frames of this block."""
        private = ffi.cast(
            "struct wlr_scene_private *", ffi.cast("char *", abi.address(self.pointer)) + _PRIVATE
        )
        before, private.direct_scanout = private.direct_scanout, False
        try:
            yield
        finally:
            private.direct_scanout = before

    def at(self, x: float, y: float, below: Tree | None = None) -> Hit | None:
        """The topmost thing at a point of the layout that takes input there: in the tree `below`, or anywhere; None where there is none."""
        tree = self.root if below is None else below
        node = wlr.wlr_scene_node_at(tree.node, x, y, self._point, self._point + 1)
        if node == wlr_ffi.NULL:
            return None
        return Hit(_owner(node), _surface(node), self._point[0], self._point[1])

    def destroy(self) -> None:
        """All that is in it goes with it. A process has one scene at a time."""
        self.root.destroy()
        _owners.clear()


def _owner(node: Any) -> object:
    """The owner of the closest tree around a node that has one."""
    while node != wlr_ffi.NULL:
        owner = _owners.get(abi.address(node))
        if owner is not None:
            return owner
        # A tree's node is its first member: they have the same address.
        node = wlr_ffi.cast("struct wlr_scene_node *", node.parent)
    return None


def _surface(node: Any) -> Surface | None:
    if node.type != wlr.WLR_SCENE_NODE_BUFFER:
        return None
    scene_surface = wlr.wlr_scene_surface_from_buffer(wlr.wlr_scene_buffer_from_node(node))
    return None if scene_surface == wlr_ffi.NULL else Surface(scene_surface.surface)
