"""Inside of a program that callgrind runs: which instructions are counted, and under what name."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path


class Counter:
    """Counts what is done in `count`, until `dump` writes that under a name and begins anew.

    `library` is requests.c, compiled. Where no callgrind is, nothing is counted and everything is done all the same.
    """

    def __init__(self, library: Path) -> None:
        requests = ctypes.CDLL(str(library))
        self._toggle = requests.toggle
        self._dump = requests.dump
        requests.instrument()

    def count(self, work: Callable[[], object]) -> None:
        """Do this, and count the instructions of this thread meanwhile."""
        self._toggle()
        work()
        self._toggle()

    def dump(self, name: str) -> None:
        """What was counted since the last dump is called so."""
        self._dump(name.encode())
