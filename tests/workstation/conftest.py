"""For tests that run inside the virtual workstation (docs/workstation.md) and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.wlvm_process import Wlvm
from tests.workstation.forked import ForkedProcess
from tests.workstation.hardware import Hardware

INSIDE = "WLVM_WORKSTATION" in os.environ

if INSIDE:
    Wlvm.start = ForkedProcess


def pytest_ignore_collect() -> bool | None:
    return None if INSIDE else True


@pytest.fixture(scope="session")
def hardware() -> Iterator[Hardware]:
    machine = Hardware()
    yield machine
    machine.close()
