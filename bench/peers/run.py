"""A whole run: each step is written down when it is done, so that a run that was ended can be gone on with."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path as FilePath
from typing import TypeVar

import msgspec

from bench.machine import version_text
from bench.peers import alone, crowds, floors
from bench.peers.limit import limited
from bench.peers.path import Path
from bench.peers.paths import empty_compositors
from bench.peers.records import Crowd, Report
from bench.peers.search import RATES, STANDING, Search, complete
from bench.peers.trial import Effort, measure

#: Nothing of what is tried takes longer, in seconds.
_LIMIT = 180.0

Found = TypeVar("Found")


class Run:
    """Measures what `report` lacks. `paths` are all of its paths."""

    def __init__(self, report: Report, paths: Sequence[Path], effort: Effort, file: FilePath) -> None:
        """`file` is where the report goes."""
        self._report = report
        self._paths = paths
        self._effort = effort
        self._file = file
        self._began = time.monotonic()

    def trials(self, rounds: int) -> None:
        """Every path in every round, one after the other."""
        report, effort = self._report, self._effort
        self._empty()
        for number in range(rounds):
            if len(report.rounds) == number:
                report.rounds.append({})
                report.baselines.append({})
                for name, milliseconds in _again(floors.measure).items():
                    report.floors.setdefault(name, []).append(milliseconds)
            for qemu in dict.fromkeys(path.qemu for path in self._paths):
                if version_text(qemu) not in report.baselines[number]:
                    self._say(f"round {number + 1} of {rounds}: the guest alone")
                    trial = _again(partial(alone.measure, qemu, effort, number))
                    report.baselines[number][version_text(qemu)] = trial
                    self._save()
            for path in self._paths:
                if path.name not in report.rounds[number]:
                    self._say(f"round {number + 1} of {rounds}: {path.title}")
                    found = self._tried(path, partial(measure, path, effort, number))
                    if found is not None:
                        report.rounds[number][path.name] = found
                        self._save()

    def still(self) -> None:
        """Many guests that stand still."""
        report, seconds = self._report, self._effort.idle_seconds
        self._empty()
        for path in self._beside():
            version = version_text(path.qemu)
            if version not in report.still_alone:
                report.still_alone[version] = _again(partial(crowds.still_alone, path.qemu, seconds))
            if path.name not in report.still:
                self._say(f"{STANDING} guests that stand still: {path.title}")
                found = self._tried(path, partial(crowds.still, path, seconds))
                if found is not None:
                    report.still[path.name] = found
                    self._save()

    def crowds(self) -> None:
        """Ever more guests that draw."""
        for path in self._beside():
            self._search(path)

    def _beside(self) -> list[Path]:
        return [path for path in self._paths if path.name not in self._report.never_beside]

    def _search(self, path: Path) -> None:
        known = self._report.crowds.setdefault(path.name, [])
        searches = {rate: Search() for rate in RATES}
        while wanted := {
            rate: count for rate, each in searches.items() if (count := each.next()) is not None
        }:
            count = min(wanted.values())
            rates = [rate for rate in wanted if wanted[rate] == count]
            unknown = [rate for rate in rates if _of(known, count, rate) is None]
            if unknown:
                self._say(f"{count} guests: {path.title}")
                measured = partial(crowds.measure, path, count, unknown, self._effort.crowd_seconds)
                found = self._tried(path, measured, f"{count} guests: ")
                if found is None:
                    return
                known += found
                self._alone(path.qemu, count)
                self._save()
            for rate in rates:
                crowd = _of(known, count, rate)
                searches[rate].found(count, complete=crowd is not None and complete(crowd))

    def _alone(self, qemu: str, count: int) -> None:
        """What as many take that nobody looks at: of powers of two, which tell of those between, too."""
        known = self._report.crowds_alone.setdefault(version_text(qemu), [])
        if count.bit_count() == 1 and _of(known, count, RATES[0]) is None:
            known += _again(partial(crowds.alone, qemu, count, self._effort.crowd_seconds))

    def _empty(self) -> None:
        if not self._report.empty:
            self._report.empty.update(_again(partial(empty_compositors, self._effort.idle_seconds)))

    def _tried(self, path: Path, what: Callable[[], Found], prefix: str = "") -> Found | None:
        """What is found, twice tried; None when both failed, which does not keep the others from being measured."""
        for _ in range(2):
            try:
                with limited(_LIMIT):
                    return what()
            except Exception as error:  # noqa: BLE001 - whatever a program of somebody else's does
                self._say(f"{path.title} failed: {error!r}")
                self._report.failures.append((path.name, prefix + str(error).partition("\n")[0]))
        return None

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:4.0f} s  {text}", file=sys.stderr, flush=True)

    def _save(self) -> None:
        new = self._file.with_name(self._file.name + ".new")
        new.write_bytes(msgspec.json.encode(self._report) + b"\n")
        new.replace(self._file)


def _again(what: Callable[[], Found]) -> Found:
    """Of what the paths are compared with, and without which nothing can be told: what fails twice ends the run."""
    try:
        with limited(_LIMIT):
            return what()
    except Exception as error:  # noqa: BLE001 - the same
        print(f"tried again: {error!r}", file=sys.stderr, flush=True)
    with limited(_LIMIT):
        return what()


def _of(known: Sequence[Crowd], count: int, rate: int) -> Crowd | None:
    return next((crowd for crowd in known if (crowd.guests, crowd.rate) == (count, rate)), None)
