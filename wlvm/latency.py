"""How long something took, over the last while."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

#: How many of the latest measurements are kept.
KEPT = 1024


class Latencies:
    """The latest measurements of one kind, in seconds."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        self._latest.append(seconds)

    def milliseconds(self) -> dict[str, float] | None:
        """The median, the 99th percentile and the most, in milliseconds; None before the first measurement."""
        if not self._latest:
            return None
        ordered = sorted(self._latest)
        return {
            "p50": round(1000 * percentile(ordered, 50), 3),
            "p99": round(1000 * percentile(ordered, 99), 3),
            "max": round(1000 * ordered[-1], 3),
        }


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value that `percent` of `ordered` (sorted, not empty) do not exceed (the nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
