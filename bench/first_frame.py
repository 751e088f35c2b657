"""`python -m bench.first_frame CONFIG`: the wlvm command, which says so and ends when a guest's first frame has been shown."""

from __future__ import annotations

import os
import signal
import sys

from wlvm import cli
from wlvm.guest_surface import GuestSurface


def main() -> int:
    """What `wlvm run --backend headless` does."""
    presented = GuestSurface.presented

    def noted(surface: GuestSurface, now: float) -> None:
        presented(surface, now)
        if surface.presentation.frames == 1:
            os.write(1, b"shown\n")
            os.kill(os.getpid(), signal.SIGTERM)

    setattr(GuestSurface, "presented", noted)  # noqa: B010 - a method, to mypy, cannot be assigned
    return cli.main(["run", "--backend", "headless", "--config", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
