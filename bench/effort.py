"""How much is measured: all of it for the numbers of docs/performance.md, or a little of each to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Times in seconds, and counts."""

    seconds: float
    keys: int
    motion_seconds: float
    idle_seconds: float
    starts: int
    fake_rounds: int
    real_rounds: int
    updates: int
    copies: int
    commands: int


FULL = Effort(
    seconds=8,
    keys=300,
    motion_seconds=10,
    idle_seconds=10,
    starts=5,
    fake_rounds=500,
    real_rounds=50,
    updates=100_000,
    copies=300,
    commands=60,
)
QUICK = Effort(
    seconds=1.5,
    keys=30,
    motion_seconds=1,
    idle_seconds=1,
    starts=1,
    fake_rounds=20,
    real_rounds=3,
    updates=5_000,
    copies=30,
    commands=6,
)
