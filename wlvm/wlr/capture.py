"""How Wayland clients get pictures of outputs: wlr-screencopy and wlr-export-dmabuf, for those clients that may have them.

wlroots does both by itself (types/wlr_screencopy_v1.c, types/wlr_export_dmabuf_v1.c of 0.16), from the commit of an output's next frame. What it
leaves to the compositor is here: who finds them, what is not to be captured, and the end of an output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wlvm.framebuffer import XRGB8888
from wlvm.staging import StagingFramebuffer
from wlvm.wlr import abi
from wlvm.wlr.abi import c, ffi, wlr
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.output import WlrOutput

_SCREENCOPY = b"zwlr_screencopy_manager_v1"
_EXPORT_DMABUF = b"zwlr_export_dmabuf_manager_v1"

_OUTPUT_STATE_BUFFER = 1 << 0  # WLR_OUTPUT_STATE_BUFFER

_NOTIFY = "void (*)(struct wl_listener *, void *)"


class CaptureProtocols:
    """The two protocols of one display. They end with the display; keep this until then."""

    def __init__(self, compositor: Compositor, *, allowed: Callable[[int], bool], export: bool) -> None:
        """`allowed` says whether the client that a process (by its id) connected as finds them.

        `export`: offer export-dmabuf too, where outputs are drawn into dma-bufs. Whoever got one sees all that is drawn into it later.
        """
        display = compositor.display._ptr
        self._allowed = allowed
        self._screencopy = abi.borrow(
            "struct wlr_screencopy_manager_v1 *", wlr.wlr_screencopy_manager_v1_create(display)
        )
        self._export: Any = None
        if export and compositor.backend.allocates_dmabufs:
            self._export = abi.borrow(
                "struct wlr_export_dmabuf_manager_v1 *", wlr.wlr_export_dmabuf_manager_v1_create(display)
            )
        self._filter = ffi.callback(
            "bool(*)(const struct wl_client *, const struct wl_global *, void *)", self._offers, error=False
        )
        c.wl_display_set_global_filter(abi.borrow("struct wl_display *", display), self._filter, abi.NULL)

    @property
    def lends_outputs(self) -> bool:
        """Whether clients may have dma-bufs of outputs, and see in them what is drawn later too."""
        return self._export is not None

    def _offers(self, client: Any, global_: Any, _data: Any) -> bool:
        """Raised for every client and global, when the client lists the globals and when it binds one."""
        name = ffi.string(c.wl_global_get_interface(global_).name)
        if name not in (_SCREENCOPY, _EXPORT_DMABUF):
            return True
        pid = ffi.new("pid_t *")
        c.wl_client_get_credentials(client, pid, ffi.NULL, ffi.NULL)
        return self._allowed(pid[0])

    def refuse(self, output: WlrOutput) -> None:
        """Make fail what clients wait for from this output by screencopy.

        In a listener of the output's commits that was added before the output was announced it comes before wlroots copies the frame.
        """
        for frame in _frames(self._screencopy, "struct wlr_screencopy_frame_v1"):
            if _is_of(frame, output) and frame.buffer != ffi.NULL:
                # What wlroots does when the output goes: the client is told that the capture failed, and the frame ends.
                listener = ffi.addressof(frame, "output_destroy")
                ffi.cast(_NOTIFY, listener.notify)(listener, ffi.NULL)

    def output_gone(self, output: WlrOutput) -> None:
        """Cancel what clients wait for from an output that is about to go, or shows nothing any more.

        wlroots 0.16 forgets export-dmabuf, and would later use the output's memory, which is no more. Screencopy it does not forget, unless the
        output is there still.
        """
        self.refuse(output)
        if self._export is None:
            return
        for frame in _frames(self._export, "struct wlr_export_dmabuf_frame_v1"):
            if _is_of(frame, output):
                # A commit of something that is no dma-buf makes wlroots tell the client to try again, and end the frame.
                buffer = Buffer(StagingFramebuffer(1, 1, 4, XRGB8888))
                commit = ffi.new("struct wlr_output_event_commit *")
                commit.output, commit.committed = frame.output, _OUTPUT_STATE_BUFFER
                commit.buffer = abi.borrow("struct wlr_buffer *", buffer.pointer)
                listener = ffi.addressof(frame, "output_commit")
                ffi.cast(_NOTIFY, listener.notify)(listener, commit)
                buffer.drop()


def _frames(manager: Any, kind: str) -> Iterator[Any]:
    """What clients wait for; each may end while it is looked at."""
    head = ffi.addressof(manager, "frames")
    offset = ffi.offsetof(kind, "link")
    link = head.next
    while link != head:
        following = link.next
        yield ffi.cast(f"{kind} *", ffi.cast("char *", link) - offset)
        link = following


def _is_of(frame: Any, output: WlrOutput) -> bool:
    return abi.address(frame.output) == abi.address(output.pointer)
