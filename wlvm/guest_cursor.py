"""GuestCursor: the cursor of one console.

Where the guest knows the pointer's place (it has a tablet) the host's cursor wears the guest's image, so that it never lags behind the hand.
A relative mouse's cursor is where the guest says, and is drawn there, in the guest's picture.
"""

from __future__ import annotations

from msgspec.structs import replace

from wlvm.cursor_image import dot, premultiplied, scaled_cursor
from wlvm.desktop.view import ARROW, Cursor, HiddenCursor, ImageCursor
from wlvm.framebuffer import ARGB8888, Filter, Rect
from wlvm.qemu.handover import ConsoleChanges
from wlvm.qemu.messages import Cursor as CursorImage
from wlvm.qemu.messages import CursorPosition
from wlvm.scaling import Fitted
from wlvm.staging import StagingFramebuffer
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.scene import BufferNode, Tree

#: How many physical pixels a guest's pixel has across and down, and how they are made.
_Look = tuple[tuple[float, float], Filter]


class GuestCursor:
    """What the guest has told of its cursor, and how that is shown. `destroy()` before the scene goes."""

    def __init__(self, parent: Tree) -> None:
        """`parent`'s position is that of the guest's picture."""
        self._node = BufferNode(parent)
        self._buffer: Buffer | None = None
        self._told: CursorImage | None = None
        #: The image that was told, premultiplied; None until it is seen: a guest may tell a thousand in a second.
        self._image: CursorImage | None = None
        self._position: CursorPosition | None = None
        self._worn: tuple[_Look, ImageCursor] | None = None

    def destroy(self) -> None:
        """Its node ends with its parent."""
        self._drop_buffer()

    def forget(self) -> None:
        """The guest's machine begins anew, or is another: it has told nothing."""
        self._set_image(None)
        self._position = None
        self.hide()

    def apply(self, changes: ConsoleChanges) -> bool:
        """Take what is new; whether the host's cursor, where it wears this one, looks otherwise now."""
        before, told = self._position, self._told
        if changes.cursor is not None and changes.cursor != self._told:
            self._set_image(changes.cursor)
        if changes.cursor_position is not None:
            self._position = changes.cursor_position
        return told is not self._told or _visible(before) != _visible(self._position)

    def worn(self, fit: Fitted, scale: float) -> Cursor:
        """How the host's cursor looks over the picture of a guest that knows the pointer's place, on an output of this scale."""
        if self._told is None:
            # QEMU before 8.0 tells of no image that was there before wlvm, but the guest shows one.
            return ARROW if self._position is not None and self._position.visible else dot(scale)
        if self._position is not None and not self._position.visible:
            return HiddenCursor()
        look = fit.factor, fit.filter
        if self._worn is None or self._worn[0] != look:
            self._worn = look, scaled_cursor(self._seen(self._told), *look)
        return self._worn[1]

    def draw(self, fit: Fitted, scale: float) -> None:
        """Draw it in the picture, where the guest says that it is."""
        position, told = self._position, self._told
        if position is None or told is None or not position.visible:
            self.hide()
            return
        # What of it would lie outside of the picture is not shown: the guest draws there and nowhere else.
        shape = Rect(position.x, position.y, told.width, told.height)
        seen = shape.clipped(*fit.picture)
        if seen is None:
            self.hide()
            return
        if self._buffer is None:
            self._buffer = _buffer_of(self._seen(told))
            self._node.set_buffer(self._buffer)
        factor_x, factor_y = (each / scale for each in fit.factor)
        self._node.set_filter(fit.filter)
        self._node.set_source(Rect(seen.x - shape.x, seen.y - shape.y, seen.width, seen.height))
        self._node.set_position(round(seen.x * factor_x), round(seen.y * factor_y))
        self._node.set_size(max(1, round(seen.width * factor_x)), max(1, round(seen.height * factor_y)))
        self._node.set_enabled(True)

    def hide(self) -> None:
        """Do not draw it."""
        self._node.set_enabled(False)

    def _set_image(self, image: CursorImage | None) -> None:
        self._told, self._image, self._worn = image, None, None
        self._drop_buffer()

    def _seen(self, told: CursorImage) -> CursorImage:
        if self._image is None:
            self._image = replace(told, pixels=premultiplied(told.pixels))
        return self._image

    def _drop_buffer(self) -> None:
        if self._buffer is not None:
            self._buffer.drop()
            self._buffer = None


def _buffer_of(image: CursorImage) -> Buffer:
    pixels = StagingFramebuffer(image.width, image.height, image.width * 4, ARGB8888)
    pixels.write(Rect(0, 0, image.width, image.height), image.pixels, pixels.stride)
    return Buffer(pixels)


def _visible(position: CursorPosition | None) -> bool | None:
    return None if position is None else position.visible
