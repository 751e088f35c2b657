"""What a run has measured, as it is written to JSON: `python -m bench` writes it, bench.report makes docs/performance.md of it."""

from __future__ import annotations

from msgspec import Struct

from bench.results import Row


class Record(Struct, frozen=True):
    """`machine` is `bench.machine.facts`; the rows are by the names of bench.one.MEASUREMENTS, as far as they were measured."""

    quick: bool
    date: str
    machine: dict[str, object]
    measurements: dict[str, list[Row]]
