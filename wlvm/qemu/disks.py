"""What is done to a machine's disks while it is there: snapshots, and the CD in its drive; here over QMP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from wlvm.qemu.qmp import Execute, Failure, QmpError, Reply, Success, returned
from wlvm.qemu.text import readable

#: Called once with why it could not be done, a sentence; "" when it was.
Done = Callable[[str], None]


class Snapshot(Struct, frozen=True):
    """A snapshot of a whole machine: what it is called, when it was made (seconds since 1970), and how many bytes its memory takes (0: unknown)."""

    name: str
    made: int
    memory: int


class Disks(Protocol):
    """The disks of one machine, as long as it can be reached. Callbacks come from the main loop, and none after that."""

    def snapshots(self, told: Callable[[Sequence[Snapshot] | str], None]) -> None:
        """The snapshots of the whole machine, the oldest first; or why there can be none."""

    def save(self, name: str, done: Done) -> None:
        """Keep the machine as it is now under a name that no snapshot has. It stands still meanwhile."""

    def load(self, name: str, done: Done) -> None:
        """Have the machine be as it was."""

    def delete(self, name: str, done: Done) -> None:
        """Give a snapshot up."""

    def insert_cd(self, file: Path, done: Done) -> None:
        """Put a file into the CD drive, in place of what lies in it."""

    def eject_cd(self, done: Done) -> None:
        """Take out what lies in the CD drive."""


class _Stored(msgspec.Struct, rename="kebab"):
    """What of a SnapshotInfo is of use."""

    name: str
    date_sec: int
    vm_state_size: int


class _Image(msgspec.Struct):
    snapshots: list[_Stored] = []


class _Inserted(msgspec.Struct, rename="kebab"):
    node_name: str
    ro: bool
    drv: str
    file: str
    image: _Image


class _Drive(msgspec.Struct):
    """What of each BlockInfo of `query-block` is of use."""

    device: str
    removable: bool
    qdev: str = ""
    inserted: _Inserted | None = None


class _Job(msgspec.Struct):
    """What of each JobInfo is of use."""

    id: str
    error: str = ""


#: Drives that are no disks: the UEFI's, whose content QEMU puts back from the machine's memory by itself (hw/block/pflash_cfi01.c).
_FLASH: Final = "pflash"


class QmpDisks:
    """`Disks` of a machine, as long as its QMP connection lasts."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._numbers = itertools.count()
        self._jobs: dict[str, Done] = {}

    def event(self, name: str, data: Mapping[str, object]) -> None:
        """An event of QMP."""
        if name == "JOB_STATUS_CHANGE" and data.get("status") == "concluded" and data.get("id") in self._jobs:
            job = str(data["id"])
            self._ask("query-jobs", lambda reply: self._concluded(job, reply))

    def snapshots(self, told: Callable[[Sequence[Snapshot] | str], None]) -> None:
        def answer(disks: Sequence[_Inserted] | str) -> None:
            if isinstance(disks, str):
                told(disks)
                return
            everywhere = set.intersection(*({s.name for s in disk.image.snapshots} for disk in disks))
            stored = [s for s in disks[0].image.snapshots if s.name in everywhere]
            told([Snapshot(readable(s.name), s.date_sec, s.vm_state_size) for s in stored])

        self._snapshot_disks(answer)

    def save(self, name: str, done: Done) -> None:
        self._snapshot_job("snapshot-save", name, done, memory=True)

    def load(self, name: str, done: Done) -> None:
        self._snapshot_job("snapshot-load", name, done, memory=True)

    def delete(self, name: str, done: Done) -> None:
        self._snapshot_job("snapshot-delete", name, done, memory=False)

    def insert_cd(self, file: Path, done: Done) -> None:
        arguments = {"filename": str(file), "format": "raw", "read-only-mode": "read-only"}
        self._cd("blockdev-change-medium", arguments, done)

    def eject_cd(self, done: Done) -> None:
        self._cd("eject", {}, done)

    def _ask(
        self, command: str, on_reply: Callable[[Reply], None], arguments: Mapping[str, Any] | None = None
    ) -> None:
        try:
            self._execute(command, arguments, on_reply=on_reply)
        except QmpError as error:
            on_reply(Failure("Disconnected", str(error)))

    def _snapshot_disks(self, told: Callable[[Sequence[_Inserted] | str], None]) -> None:
        """The disks that a snapshot of the machine takes; or why there can be none."""

        def answer(reply: Reply) -> None:
            drives = returned(reply, list[_Drive], [])
            disks = [
                drive.inserted
                for drive in drives
                if drive.inserted and not drive.inserted.ro and not drive.device.startswith(_FLASH)
            ]
            unfit = [disk for disk in disks if disk.drv != "qcow2"]
            if unfit:
                told(f"{readable(unfit[0].file)} is {unfit[0].drv}: it can hold no snapshot. qcow2 can.")
            elif not disks:
                told("it has no disk that could hold one: that takes a qcow2 file.")
            else:
                told(disks)

        self._ask("query-block", answer)

    def _snapshot_job(self, command: str, name: str, done: Done, *, memory: bool) -> None:
        def start(disks: Sequence[_Inserted] | str) -> None:
            if isinstance(disks, str):
                done(disks)
                return
            job = f"wlvm-{next(self._numbers)}"
            nodes = [disk.node_name for disk in disks]
            arguments = {"job-id": job, "tag": name, "devices": nodes}
            self._jobs[job] = done
            if memory:
                arguments["vmstate"] = nodes[0]
            self._ask(command, lambda reply: self._started(job, reply), arguments)

        self._snapshot_disks(start)

    def _started(self, job: str, reply: Reply) -> None:
        if isinstance(reply, Failure) and job in self._jobs:
            self._jobs.pop(job)(readable(reply.description))

    def _concluded(self, job: str, reply: Reply) -> None:
        done = self._jobs.pop(job, None)
        if done is None:
            return
        jobs = returned(reply, list[_Job], [])
        error = next((readable(each.error) for each in jobs if each.id == job), "QEMU forgot about it")
        self._ask("job-dismiss", _ignore, {"id": job})
        done(error)

    def _cd(self, command: str, arguments: Mapping[str, Any], done: Done) -> None:
        def answer(reply: Reply) -> None:
            drives = returned(reply, list[_Drive], [])
            self._find_cd([drive.qdev for drive in drives if drive.removable and drive.qdev], change, done)

        def change(drive: str) -> None:
            self._ask(command, changed, {"id": drive, **arguments})

        def changed(reply: Reply) -> None:
            done(readable(reply.description) if isinstance(reply, Failure) else "")

        self._ask("query-block", answer)

    def _find_cd(self, drives: Sequence[str], found: Callable[[str], None], done: Done) -> None:
        """The first of these drives that is one for CDs: a floppy's is removable too."""
        if not drives:
            done("it has no CD drive.")
            return
        first, *others = drives

        def answer(reply: Reply) -> None:
            if isinstance(reply, Success) and str(reply.value).endswith("-cd"):
                found(first)
            else:
                self._find_cd(others, found, done)

        self._ask("qom-get", answer, {"path": first, "property": "type"})


def _ignore(reply: Reply) -> None:
    """A job that is dismissed already is as good."""
