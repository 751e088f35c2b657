"""PictureNode: a picture of wlvm's own in the scene, drawn anew only when it would be another one."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PIL import Image

from wlvm.framebuffer import Rect
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.scene import BufferNode, Tree


class PictureNode:
    """A node of the tree that it is made in. `destroy()` it before that tree."""

    def __init__(self, parent: Tree) -> None:
        self._node = BufferNode(parent)
        self._node.set_enabled(False)
        self._buffer: Buffer | None = None
        self._drawn: Hashable = None

    def show(self, box: Rect, key: Hashable, draw: Callable[[], Image.Image]) -> None:
        """Have the picture in this box. `draw` makes it, in mode "RGB", and is called when `key` is another than before."""
        if key != self._drawn or self._buffer is None:
            old, self._buffer = self._buffer, Buffer(StagingFramebuffer.of_image(draw()))
            self._node.set_buffer(self._buffer)
            if old is not None:
                old.drop()
            self._drawn = key
        self._node.set_position(box.x, box.y)
        self._node.set_size(box.width, box.height)
        self._node.set_enabled(True)

    def hide(self) -> None:
        self._node.set_enabled(False)

    def destroy(self) -> None:
        self._node.destroy()
        if self._buffer is not None:
            self._buffer.drop()
            self._buffer = None
