"""Booting real guests takes minutes: `make test-guests` does, and nothing else."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.gallery.real_guest import GuestFactory, running


def pytest_ignore_collect() -> bool | None:
    return None if "WLVM_GALLERY" in os.environ else True


@pytest.fixture
def guest(qemu: str, runtime_dir: Path) -> GuestFactory:
    return partial(running, qemu, runtime_dir)
