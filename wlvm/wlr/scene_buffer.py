"""What wlroots 0.16 keeps to itself of a `struct wlr_scene_buffer` (types/wlr_scene.h): its size in the scene, and its texture.

The scene makes the texture when it draws, and throws it away whenever it is given a buffer, the same one too. A GPU then loads all of the
picture anew for each small change of it.
"""

from __future__ import annotations

from typing import Any, Final

from wlvm.wlr import abi
from wlvm.wlr.abi import NULL, c, ffi, wlr, wlr_ffi
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.loader import LoaderError

#: Where the private end begins, in bytes.
_PRIVATE: Final[int] = wlr_ffi.offsetof("struct wlr_scene_buffer", "primary_output") + ffi.sizeof("void *")

if _PRIVATE + ffi.sizeof("struct wlr_scene_buffer_private") != wlr_ffi.sizeof("struct wlr_scene_buffer"):
    raise LoaderError("struct wlr_scene_buffer is not that of wlroots 0.16")


def private(scene_buffer: Any) -> Any:
    """The private end, a `struct wlr_scene_buffer_private *`, of a `struct wlr_scene_buffer *`; it lives as long as that."""
    return ffi.cast(
        "struct wlr_scene_buffer_private *", ffi.cast("char *", abi.address(scene_buffer)) + _PRIVATE
    )


def damage(scene_buffer: Any, inner: Any, buffer: Buffer, region: Any) -> None:
    """Have the scene show `buffer`, in which only `region` (a `struct pixman_region32 *`, in buffer pixels) differs from before.

    Where it is the buffer that is shown already, so is its texture, of which a GPU loads the region alone. `inner` is the private end.
    """
    same = scene_buffer.buffer == buffer.pointer
    texture, inner.texture = inner.texture, NULL
    wlr.wlr_scene_buffer_set_buffer_with_damage(
        scene_buffer, buffer.pointer, abi.lend("struct pixman_region32 *", region)
    )
    if texture == NULL:
        return
    if same and (
        c.wlr_texture_is_pixman(texture)  # it draws from the buffer's memory
        or c.wlr_texture_update_from_buffer(
            texture, abi.borrow("struct wlr_buffer *", buffer.pointer), region
        )
    ):
        inner.texture = texture
    else:
        c.wlr_texture_destroy(texture)
