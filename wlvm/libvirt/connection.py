"""Connection: one domain, through a connection to libvirt's daemon. Everything here waits for the daemon: see `calls`."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import libvirt
from msgspec import Struct

from wlvm.libvirt.calls import LibvirtError, UnreachableError
from wlvm.libvirt.definition import Definition, new_snapshot, snapshot_time, with_cd
from wlvm.qemu.disks import Snapshot
from wlvm.qemu.text import readable

#: A daemon that has said nothing for so many seconds is asked whether it is there, and given up when it has not answered so many times.
_KEEPALIVE_SECONDS: Final = 3
_KEEPALIVE_TIMES: Final = 3

_ENDS: Final = {
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: "The guest has shut down.",
    libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED: "It was switched off.",
    libvirt.VIR_DOMAIN_SHUTOFF_CRASHED: "Its QEMU ended unexpectedly.",
    libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED: "It was moved to another host.",
    libvirt.VIR_DOMAIN_SHUTOFF_SAVED: "It was saved, and goes on from there when it is started.",
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED: "It could not be started.",
    libvirt.VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT: "It was stopped for a snapshot.",
}
_PAUSED: Final = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED, libvirt.VIR_DOMAIN_CRASHED)
_CRASHED: Final = "The guest says that it has crashed."
_TROUBLES: Final = {
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR): "It stands still: a disk of it failed, or is full.",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_WATCHDOG): "It stands still: its watchdog has run out.",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_CRASHED): _CRASHED,
    (libvirt.VIR_DOMAIN_CRASHED, libvirt.VIR_DOMAIN_CRASHED_PANICKED): _CRASHED,
}  # fmt: skip


class Absent(Struct, frozen=True):
    """There is no such domain."""


class Off(Struct, frozen=True):
    """The domain does not run, for a reason that a person can read."""

    reason: str


class Active(Struct, frozen=True):
    """The domain runs, or is paused."""

    #: A number that it has from its start to its end.
    run: int
    paused: bool
    #: What a person should know of it; "" when nothing.
    trouble: str
    definition: Definition


Sight = Absent | Off | Active


class Connection:
    """One domain, by name. Methods may be called on any thread, several at a time; LibvirtError when they fail."""

    def __init__(
        self, uri: str, name: str, changed: Callable[[], None], rebooted: Callable[[], None]
    ) -> None:
        """Connect; the daemon of a session is started by that. UnreachableError when there is none.

        `changed` is called, on any thread, when the domain may be in another state or the connection is lost; `rebooted`, when its guest
        was reset.
        """
        self._name = name
        self._changed = changed
        self._rebooted = rebooted
        try:
            self._connection = libvirt.open(uri)
        except libvirt.libvirtError as error:
            raise UnreachableError(_text(error)) from None
        try:
            with contextlib.suppress(libvirt.libvirtError):  # Some drivers run inside of this process.
                self._connection.setKeepAlive(_KEEPALIVE_SECONDS, _KEEPALIVE_TIMES)
                self._connection.registerCloseCallback(self._on_close, None)
            with self._errors():
                self._events = [
                    self._connection.domainEventRegisterAny(None, kind, callback, None)
                    for kind, callback in (
                        (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_lifecycle),
                        (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._on_reboot),
                    )
                ]
        except LibvirtError:
            self._connection.close()
            raise

    def close(self) -> None:
        """End it. Nothing is told afterwards."""
        with contextlib.suppress(libvirt.libvirtError):
            self._connection.unregisterCloseCallback()
        for event in self._events:
            with contextlib.suppress(libvirt.libvirtError):
                self._connection.domainEventDeregisterAny(event)
        with contextlib.suppress(libvirt.libvirtError):
            self._connection.close()

    def look(self) -> Sight:
        """What the domain does now."""
        with self._errors():
            try:
                domain = self._domain()
                state, reason = domain.state()
                if state == libvirt.VIR_DOMAIN_SHUTOFF:
                    return Off(_ENDS.get(reason, "It has not been started."))
                return Active(
                    run=domain.ID(),
                    paused=state in _PAUSED,
                    trouble=_TROUBLES.get((state, reason), ""),
                    definition=Definition.parse(domain.XMLDesc()),
                )
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                    return Absent()
                raise

    def open_display(self, graphics: int) -> socket.socket:
        """A socket on which the domain's QEMU speaks D-Bus, for its `<graphics>` with this number.

        QEMU lets in who has the user id of whoever made the pair of sockets. That is to be wlvm: openGraphicsFD, where the daemon makes
        it, works only where the daemon runs as the same user, and that of qemu:///system does not.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._errors():
                self._domain().openGraphics(graphics, theirs.fileno())
        except LibvirtError:
            ours.close()
            raise
        return ours

    # What a person does to it.

    def start(self) -> None:
        with self._errors():
            self._domain().create()

    def shut_down(self) -> None:
        with self._errors():
            self._domain().shutdown()

    def power_off(self) -> None:
        with self._errors():
            self._domain().destroy()

    def pause(self) -> None:
        with self._errors():
            self._domain().suspend()

    def resume(self) -> None:
        with self._errors():
            domain = self._domain()
            if domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
                domain.pMWakeup()
            else:
                domain.resume()

    def reset(self) -> None:
        with self._errors():
            self._domain().reset()

    # Its disks.

    def snapshots(self) -> list[Snapshot]:
        """Those that libvirt knows, the oldest first. It does not tell how much memory they keep."""
        with self._errors():
            found = [
                Snapshot(readable(each.getName()), snapshot_time(each.getXMLDesc()), 0)
                for each in self._domain().listAllSnapshots()
            ]
        return sorted(found, key=lambda snapshot: snapshot.made)

    def save_snapshot(self, name: str) -> None:
        with self._errors():
            self._domain().snapshotCreateXML(new_snapshot(name))

    def restore_snapshot(self, name: str) -> None:
        with self._errors():
            domain = self._domain()
            domain.revertToSnapshot(domain.snapshotLookupByName(name))

    def delete_snapshot(self, name: str) -> None:
        with self._errors():
            self._domain().snapshotLookupByName(name).delete()

    def change_cd(self, file: Path | None) -> None:
        """Put a file into its CD drive; None: take out what lies there."""
        with self._errors():
            domain = self._domain()
            drive = with_cd(domain.XMLDesc(), file)
            if drive is None:
                raise LibvirtError("it has no CD drive")
            domain.updateDeviceFlags(drive, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def _domain(self) -> Any:
        return self._connection.lookupByName(self._name)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn libvirt's error into ours."""
        try:
            yield
        except libvirt.libvirtError as error:
            if self._connection.isAlive():
                raise LibvirtError(_text(error)) from None
            raise UnreachableError("the connection is lost") from None

    # libvirt's callbacks.

    def _on_lifecycle(self, connection: Any, domain: Any, event: int, detail: int, opaque: None) -> None:
        if domain.name() == self._name:
            self._changed()

    def _on_reboot(self, connection: Any, domain: Any, opaque: None) -> None:
        if domain.name() == self._name:
            self._rebooted()

    def _on_close(self, connection: Any, reason: int, opaque: None) -> None:
        self._changed()


def _text(error: Any) -> str:
    return readable(error.get_error_message() or str(error))
