"""wlr-output-management, wlr-output-power-management and wlr-gamma-control (unstable, v1) as pywayland interfaces: it brings none of them.

Of output management only what a client needs that lists outputs.

The order of the requests, and that of the events, is their number on the wire.
"""

from __future__ import annotations

from typing import Any

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywayland

from pywayland.protocol.wayland import WlOutput  # isort: skip
from pywayland.protocol_core import Argument, ArgumentType, Interface, Proxy, Resource  # isort: skip

_INT = Argument(ArgumentType.Int)
_UINT = Argument(ArgumentType.Uint)
_FD = Argument(ArgumentType.FileDescriptor)
_OUTPUT = Argument(ArgumentType.Object, interface=WlOutput)


class OutputMode(Interface):
    name = "zwlr_output_mode_v1"
    version = 3


class OutputModeProxy(Proxy[OutputMode]):
    interface = OutputMode

    @OutputMode.request(version=3)
    def release(self) -> None:
        self._marshal(0)
        self._destroy()


class OutputModeResource(Resource):
    """Only its events' signatures are used."""

    interface = OutputMode

    @OutputMode.event(_INT, _INT)
    def size(self, width: int, height: int) -> None: ...

    @OutputMode.event(_INT)
    def refresh(self, refresh: int) -> None: ...

    @OutputMode.event()
    def preferred(self) -> None: ...

    @OutputMode.event()
    def finished(self) -> None: ...


class OutputHead(Interface):
    name = "zwlr_output_head_v1"
    version = 3


class OutputHeadProxy(Proxy[OutputHead]):
    interface = OutputHead

    @OutputHead.request(version=3)
    def release(self) -> None:
        self._marshal(0)
        self._destroy()


class OutputHeadResource(Resource):
    """Only its events' signatures are used."""

    interface = OutputHead

    @OutputHead.event(Argument(ArgumentType.String))
    def name(self, name: str) -> None: ...

    @OutputHead.event(Argument(ArgumentType.String))
    def description(self, description: str) -> None: ...

    @OutputHead.event(_INT, _INT)
    def physical_size(self, width: int, height: int) -> None: ...

    @OutputHead.event(Argument(ArgumentType.NewId, interface=OutputMode))
    def mode(self, mode: Any) -> None: ...

    @OutputHead.event(_INT)
    def enabled(self, enabled: int) -> None: ...

    @OutputHead.event(Argument(ArgumentType.Object, interface=OutputMode))
    def current_mode(self, mode: Any) -> None: ...

    @OutputHead.event(_INT, _INT)
    def position(self, x: int, y: int) -> None: ...

    @OutputHead.event(_INT)
    def transform(self, transform: int) -> None: ...

    @OutputHead.event(Argument(ArgumentType.Fixed))
    def scale(self, scale: float) -> None: ...

    @OutputHead.event()
    def finished(self) -> None: ...


class OutputManager(Interface):
    name = "zwlr_output_manager_v1"
    version = 3


class OutputManagerProxy(Proxy[OutputManager]):
    interface = OutputManager


class OutputManagerResource(Resource):
    """Only its events' signatures are used."""

    interface = OutputManager

    @OutputManager.event(Argument(ArgumentType.NewId, interface=OutputHead))
    def head(self, head: Any) -> None: ...

    @OutputManager.event(_UINT)
    def done(self, serial: int) -> None: ...


class OutputPower(Interface):
    """An output's switch: 0 is off, 1 is on."""

    name = "zwlr_output_power_v1"
    version = 1


class OutputPowerProxy(Proxy[OutputPower]):
    interface = OutputPower

    @OutputPower.request(_UINT)
    def set_mode(self, mode: int) -> None:
        self._marshal(0, mode)

    @OutputPower.request()
    def destroy(self) -> None:
        self._marshal(1)
        self._destroy()


class OutputPowerResource(Resource):
    """Only its events' signatures are used."""

    interface = OutputPower

    @OutputPower.event(_UINT)
    def mode(self, mode: int) -> None: ...

    @OutputPower.event()
    def failed(self) -> None: ...


class OutputPowerManager(Interface):
    name = "zwlr_output_power_manager_v1"
    version = 1


class OutputPowerManagerProxy(Proxy[OutputPowerManager]):
    interface = OutputPowerManager

    @OutputPowerManager.request(Argument(ArgumentType.NewId, interface=OutputPower), _OUTPUT)
    def get_output_power(self, output: Any) -> Any:
        return self._marshal_constructor(0, OutputPower, output)


class GammaControl(Interface):
    """An output's colour tables: red, green and blue, each of so many 16-bit numbers."""

    name = "zwlr_gamma_control_v1"
    version = 1


class GammaControlProxy(Proxy[GammaControl]):
    interface = GammaControl

    @GammaControl.request(_FD)
    def set_gamma(self, fd: int) -> None:
        self._marshal(0, fd)

    @GammaControl.request()
    def destroy(self) -> None:
        self._marshal(1)
        self._destroy()


class GammaControlResource(Resource):
    """Only its events' signatures are used."""

    interface = GammaControl

    @GammaControl.event(_UINT)
    def gamma_size(self, size: int) -> None: ...

    @GammaControl.event()
    def failed(self) -> None: ...


class GammaControlManager(Interface):
    name = "zwlr_gamma_control_manager_v1"
    version = 1


class GammaControlManagerProxy(Proxy[GammaControlManager]):
    interface = GammaControlManager

    @GammaControlManager.request(Argument(ArgumentType.NewId, interface=GammaControl), _OUTPUT)
    def get_gamma_control(self, output: Any) -> Any:
        return self._marshal_constructor(0, GammaControl, output)


for _interface, _proxy, _resource in (
    (OutputMode, OutputModeProxy, OutputModeResource),
    (OutputHead, OutputHeadProxy, OutputHeadResource),
    (OutputManager, OutputManagerProxy, OutputManagerResource),
    (OutputPower, OutputPowerProxy, OutputPowerResource),
    (OutputPowerManager, OutputPowerManagerProxy, Resource),
    (GammaControl, GammaControlProxy, GammaControlResource),
    (GammaControlManager, GammaControlManagerProxy, Resource),
):
    _interface.proxy_class = _proxy
    _interface.resource_class = _resource
    _interface._gen_c()
