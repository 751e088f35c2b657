"""DomainDisks: a domain's snapshots, which libvirt keeps account of, and the CD in its drive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from wlvm.libvirt.calls import LibvirtError, call
from wlvm.libvirt.connection import Connection
from wlvm.libvirt.mailbox import Mailbox
from wlvm.qemu.disks import Done, Snapshot


class DomainDisks:
    """A `wlvm.qemu.disks.Disks` of one domain, through a connection to libvirt."""

    def __init__(self, mailbox: Mailbox, connection: Connection) -> None:
        self._mailbox = mailbox
        self._connection = connection

    def snapshots(self, told: Callable[[Sequence[Snapshot] | str], None]) -> None:
        call(self._mailbox, self._connection.snapshots, told, lambda error: told(str(error)))

    def save(self, name: str, done: Done) -> None:
        self._do(partial(self._connection.save_snapshot, name), done)

    def load(self, name: str, done: Done) -> None:
        self._do(partial(self._connection.restore_snapshot, name), done)

    def delete(self, name: str, done: Done) -> None:
        self._do(partial(self._connection.delete_snapshot, name), done)

    def insert_cd(self, file: Path, done: Done) -> None:
        self._do(partial(self._connection.change_cd, file), done)

    def eject_cd(self, done: Done) -> None:
        self._do(partial(self._connection.change_cd, None), done)

    def _do(self, work: Callable[[], None], done: Done) -> None:
        def failed(error: LibvirtError) -> None:
            done(f"{error}.")

        call(self._mailbox, work, lambda _: done(""), failed)
