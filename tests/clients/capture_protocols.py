"""wlr-screencopy-unstable-v1 and wlr-export-dmabuf-unstable-v1 as pywayland interfaces: it brings neither.

What a client sends and hears; the order of the requests, and that of the events, is their number on the wire.
"""

from __future__ import annotations

from typing import Any

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.protocol.wayland import WlBuffer, WlOutput  # isort: skip
from pywayland.protocol_core import Argument, ArgumentType, Interface, Proxy, Resource  # isort: skip

_INT = Argument(ArgumentType.Int)
_UINT = Argument(ArgumentType.Uint)
_FD = Argument(ArgumentType.FileDescriptor)
_OUTPUT = Argument(ArgumentType.Object, interface=WlOutput)
_BUFFER = Argument(ArgumentType.Object, interface=WlBuffer)


class ScreencopyFrame(Interface):
    """One picture of an output: what buffer it needs, and when it is in the buffer."""

    name = "zwlr_screencopy_frame_v1"
    version = 3


class ScreencopyFrameProxy(Proxy[ScreencopyFrame]):
    interface = ScreencopyFrame

    @ScreencopyFrame.request(_BUFFER)
    def copy(self, buffer: Any) -> None:
        self._marshal(0, buffer)

    @ScreencopyFrame.request()
    def destroy(self) -> None:
        self._marshal(1)
        self._destroy()

    @ScreencopyFrame.request(_BUFFER, version=2)
    def copy_with_damage(self, buffer: Any) -> None:
        self._marshal(2, buffer)


class ScreencopyFrameResource(Resource):
    """Only its events' signatures are used."""

    interface = ScreencopyFrame

    @ScreencopyFrame.event(_UINT, _UINT, _UINT, _UINT)
    def buffer(self, format: int, width: int, height: int, stride: int) -> None: ...

    @ScreencopyFrame.event(_UINT)
    def flags(self, flags: int) -> None: ...

    @ScreencopyFrame.event(_UINT, _UINT, _UINT)
    def ready(self, seconds_high: int, seconds_low: int, nanoseconds: int) -> None: ...

    @ScreencopyFrame.event()
    def failed(self) -> None: ...

    @ScreencopyFrame.event(_UINT, _UINT, _UINT, _UINT, version=2)
    def damage(self, x: int, y: int, width: int, height: int) -> None: ...

    @ScreencopyFrame.event(_UINT, _UINT, _UINT, version=3)
    def linux_dmabuf(self, format: int, width: int, height: int) -> None: ...

    @ScreencopyFrame.event(version=3)
    def buffer_done(self) -> None: ...


class ScreencopyManager(Interface):
    name = "zwlr_screencopy_manager_v1"
    version = 3


class ScreencopyManagerProxy(Proxy[ScreencopyManager]):
    interface = ScreencopyManager

    @ScreencopyManager.request(Argument(ArgumentType.NewId, interface=ScreencopyFrame), _INT, _OUTPUT)
    def capture_output(self, overlay_cursor: int, output: Any) -> Any:
        return self._marshal_constructor(0, ScreencopyFrame, overlay_cursor, output)

    @ScreencopyManager.request(
        Argument(ArgumentType.NewId, interface=ScreencopyFrame), _INT, _OUTPUT, _INT, _INT, _INT, _INT
    )
    def capture_output_region(
        self, overlay_cursor: int, output: Any, x: int, y: int, width: int, height: int
    ) -> Any:
        return self._marshal_constructor(1, ScreencopyFrame, overlay_cursor, output, x, y, width, height)


class ExportFrame(Interface):
    """One picture of an output in dma-bufs: `object` for each of its planes."""

    name = "zwlr_export_dmabuf_frame_v1"
    version = 1


class ExportFrameProxy(Proxy[ExportFrame]):
    interface = ExportFrame

    @ExportFrame.request()
    def destroy(self) -> None:
        self._marshal(0)
        self._destroy()


class ExportFrameResource(Resource):
    """Only its events' signatures are used."""

    interface = ExportFrame

    @ExportFrame.event(_UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT)
    def frame(self, width: int, height: int, *rest: int) -> None: ...

    @ExportFrame.event(_UINT, _FD, _UINT, _UINT, _UINT, _UINT)
    def object(self, index: int, fd: int, size: int, offset: int, stride: int, plane: int) -> None: ...

    @ExportFrame.event(_UINT, _UINT, _UINT)
    def ready(self, seconds_high: int, seconds_low: int, nanoseconds: int) -> None: ...

    @ExportFrame.event(_UINT)
    def cancel(self, reason: int) -> None: ...


class ExportManager(Interface):
    name = "zwlr_export_dmabuf_manager_v1"
    version = 1


class ExportManagerProxy(Proxy[ExportManager]):
    interface = ExportManager

    @ExportManager.request(Argument(ArgumentType.NewId, interface=ExportFrame), _INT, _OUTPUT)
    def capture_output(self, overlay_cursor: int, output: Any) -> Any:
        return self._marshal_constructor(0, ExportFrame, overlay_cursor, output)


for _interface, _proxy in (
    (ScreencopyFrame, ScreencopyFrameProxy),
    (ScreencopyManager, ScreencopyManagerProxy),
    (ExportFrame, ExportFrameProxy),
    (ExportManager, ExportManagerProxy),
):
    _interface._gen_c()
    _interface.proxy_class = _proxy
