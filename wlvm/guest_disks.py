"""GuestDisks: what a person does to a guest's disks, and what is said of it on the screen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from wlvm.qemu.disks import Disks, Snapshot
from wlvm.vm.vm import PowerError, Vm

log = logging.getLogger(__name__)


class GuestDisks:
    """The disks of one guest. All but `snapshots` returns at once; the person is told when it is done, or why it is not."""

    def __init__(self, name: str, machine: Callable[[], Vm], tell: Callable[[str], None]) -> None:
        """`machine` is asked each time; PowerError when there is none. `tell` shows a sentence."""
        self._name = name
        self._machine = machine
        self._tell = tell

    def snapshots(self, told: Callable[[Sequence[Snapshot] | str], None]) -> None:
        """The snapshots, or why there can be none. PowerError."""
        self._disks().snapshots(told)

    def save(self, name: str) -> None:
        """Keep the machine as it is now. PowerError, as with all that follow."""
        disks = self._disks()
        self._tell(f"It is kept as it is now, as {name}.")
        disks.save(name, partial(self._done, f"The snapshot {name}", "is there"))

    def load(self, name: str) -> None:
        """Have it as it was."""
        self._disks().load(name, partial(self._done, f"The snapshot {name}", "is restored"))

    def delete(self, name: str) -> None:
        self._disks().delete(name, partial(self._done, f"The snapshot {name}", "is deleted"))

    def insert_cd(self, file: str) -> None:
        """`file` is a whole path, or starts at a home (~)."""
        path = Path(file).expanduser()
        if not path.is_absolute():
            raise PowerError(f"{file}: expected a whole path, or one that starts with ~")
        if not path.is_file():
            raise PowerError(f"{file}: there is no such file")
        self._disks().insert_cd(path, partial(self._done, path.name, "is in the CD drive"))

    def eject_cd(self) -> None:
        self._disks().eject_cd(partial(self._done, "The CD", "is out of its drive"))

    def _disks(self) -> Disks:
        disks = self._machine().disks
        if disks is None:
            raise PowerError("its disks can be changed when its QEMU, or libvirt, answers")
        return disks

    def _done(self, what: str, result: str, error: str) -> None:
        text = f"{what} {result}." if not error else f"{what}: {error}"
        log.log(logging.WARNING if error else logging.INFO, "%s: %s", self._name, text)
        self._tell(text)
