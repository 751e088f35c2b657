"""The gate's arithmetic (bench/check): what is compared, and what fails."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.check.figures import (
    BYTES,
    COMPOSITION,
    COPY,
    EVENTS,
    FLOOR_TIMES,
    INSTRUCTIONS,
    NOTHING,
    PYTHON,
    START,
    Figure,
    figures,
)
from bench.check.peer import Ratio
from bench.check.record import Record, failures, load, rows

KEY = "key: sent"


def record(count: float, peer: Ratio | None = None) -> Record:
    return Record({}, {KEY: Figure(count, 1000)}, peer)


def test_what_takes_a_little_more_passes() -> None:
    assert failures(record(100), record(109)) == []


def test_what_takes_more_than_a_tenth_more_fails_with_its_name() -> None:
    (failure,) = failures(record(100), record(112))
    assert failure.startswith(f"{KEY}: +12.0%")


def test_a_slower_python_is_not_wlvms_fault() -> None:
    slower = Record({}, {KEY: Figure(150, 1500)})
    assert failures(record(100), slower) == []


def test_a_figure_that_is_counted_no_more_fails() -> None:
    (failure,) = failures(record(100), Record({}, {}))
    assert failure.startswith(KEY)


def test_a_new_figure_is_told_as_new() -> None:
    (row,) = rows({}, {KEY: Figure(100, 1000)})
    assert row.values["change"] == "new"


def test_what_was_measured_fails_only_where_it_is_certain() -> None:
    before = record(100, Ratio(0.2, 0.05, 10))
    assert failures(before, record(100, Ratio(0.23, 0.06, 20))) == []
    assert len(failures(before, record(100, Ratio(0.24, 0.06, 20)))) == 1


def test_without_the_peer_the_gate_stands_on_the_rest() -> None:
    before = record(100, Ratio(0.2, 0.05, 10))
    assert failures(before, record(100)) == []
    assert len(failures(before, record(120))) == 1


def test_a_figure_is_an_events_without_the_counting_itself() -> None:
    counts = dict.fromkeys(INSTRUCTIONS, 60 * EVENTS) | {START: 9000, NOTHING: 10 * EVENTS}
    counts |= {PYTHON: 110 * FLOOR_TIMES, COPY: 60 * FLOOR_TIMES, COMPOSITION: 80 * FLOOR_TIMES}
    found = figures(counts, dict.fromkeys(BYTES, 1.0))
    assert found[KEY] == Figure(50, 100)
    assert found["bytes, whole: taken"] == Figure(50, 150)
    assert found[START] == Figure(9000, 100)


def test_all_figures_are_recorded() -> None:
    assert load().figures.keys() == {*INSTRUCTIONS, *BYTES}


def test_the_work_that_is_counted_is_done() -> None:
    """A whole wlvm in one thread, in a process of its own: each stage is told of, and copies no more than the damage."""
    command = [sys.executable, "-m", "tests.stepped_work"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    assert set(found["counted"]) == {*INSTRUCTIONS, NOTHING, PYTHON, COPY, COMPOSITION} - {START}
    assert found["facts"] == {name: float(size) for name, size in BYTES.items()}
