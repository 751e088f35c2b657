"""The benchmarks, as far as that can be told without measuring anything."""

from __future__ import annotations

import importlib
from pathlib import Path

import msgspec
import pytest

from bench import document, report
from bench.one import MEASUREMENTS
from bench.record import Record
from bench.results import Row

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "bench").rglob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_finds_what_it_imports(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_can_be_made(name: str) -> None:
    assert callable(importlib.import_module(f"bench.{name}").measure)


def test_the_document_is_what_the_record_makes() -> None:
    """Whoever edits docs/performance.md edits the template, bench/performance.md.in; whoever measures anew runs bench.report."""
    record = msgspec.json.decode(report.RECORDED.read_bytes(), type=Record)
    for name, text in report.files(record).items():
        assert (document.DOCS / name).read_text() == text, "python -m bench.report writes it"


def test_an_aim_is_missed_where_one_of_its_cases_misses_it() -> None:
    record = msgspec.json.decode(report.RECORDED.read_bytes(), type=Record)
    met, missed = (
        Row(case, {"added p50 ms": added}, "<= 1 ms added", added <= 1)
        for case, added in (("a", 0.5), ("b", 1.5))
    )
    measured = {**record.measurements, "keys": [met, missed]}
    text = report.files(msgspec.structs.replace(record, measurements=measured))["performance.md"]
    assert "median | 0.5 to 1.5 ms | MISSED: b |" in text
