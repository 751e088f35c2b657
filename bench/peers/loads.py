"""How the guest draws while it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: The test card's `damage`, and frames a second: a stack is started for each kind of damage.
LOADS: Mapping[str, Sequence[int]] = {"full": (30, 60, 75), "patch": (30, 60)}

STILL = "still"
#: What keys are measured under, besides.
BUSY = ("full", 30)


def load_name(damage: str, rate: int) -> str:
    """As results are named by."""
    return f"{damage} {rate}"
