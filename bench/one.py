"""One measurement in a process of its own: `python -m bench.one NAME [--quick]` prints its rows as JSON."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from bench.effort import FULL, QUICK, Effort

if TYPE_CHECKING:
    from bench.results import Row

#: In the order of the table: the module, and what its rows are about.
MEASUREMENTS = {
    "updates": "A guest's update, 1280x800",
    "keys": "A key: from the host to the guest's serial port",
    "key_to_pixel": "A key: from the host to a pixel of the host's output",
    "motion": "Motion at 1000 Hz",
    "cursor": "The cursor: from a device's motion to the frame that it has moved in",
    "idle": "Four guests that stand still",
    "desktop": "Many views, and a bar",
    "resize": "From a view's change to the guest's first frame of that size",
    "attach": "From `attach` to a running guest's first frame, 1280x800",
    "crowd": "Ten guests at 30 updates/s, 640x400",
    "pauses": "The garbage collector's pauses, ten guests at 60 updates/s",
    "start": "From wlvm's start to an attached guests' first frames",
    "growth": "Growth",
    "copies": "Copying pixels, 1280x800",
}


def main() -> None:
    """Measure, and say it on standard output."""
    logging.basicConfig(level=logging.ERROR)
    name, *options = sys.argv[1:]
    measure: Callable[[Effort], list[Row]] = importlib.import_module(f"bench.{name}").measure
    rows = measure(QUICK if "--quick" in options else FULL)
    sys.stdout.buffer.write(msgspec.json.encode(rows))


if __name__ == "__main__":
    main()
