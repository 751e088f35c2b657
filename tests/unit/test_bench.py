"""The benchmarks, as far as that can be told without measuring anything."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from bench.one import MEASUREMENTS

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
