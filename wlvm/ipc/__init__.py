"""The control socket: programs ask a running wlvm. docs/control.md tells the protocol."""

from wlvm.ipc.client import ControlClient
from wlvm.ipc.connection import Command, Deferred, Stream, WithFds
from wlvm.ipc.image import ExportedDmabuf
from wlvm.ipc.messages import ControlError, NotRunningError, Request
from wlvm.ipc.paths import default_socket, find_socket
from wlvm.ipc.server import ControlServer

__all__ = [
    "Command",
    "ControlClient",
    "ControlError",
    "ControlServer",
    "Deferred",
    "ExportedDmabuf",
    "NotRunningError",
    "Request",
    "Stream",
    "WithFds",
    "default_socket",
    "find_socket",
]
