"""`python -m bench.first_frame CONFIG COUNT`: the wlvm command, which says so and ends when the first frames of so many guests have been shown."""

from __future__ import annotations

import os
import signal
import sys

from wlvm import cli
from wlvm.presentation import Presentation


def main() -> int:
    """What `wlvm run --backend headless` does."""
    path, count = sys.argv[1:]
    presented = Presentation.presented
    shown: set[int] = set()

    def noted(presentation: Presentation, commit: int, when: float) -> None:
        presented(presentation, commit, when)
        if presentation.frames and id(presentation) not in shown:
            shown.add(id(presentation))
            if len(shown) == int(count):
                os.write(1, b"shown\n")
                os.kill(os.getpid(), signal.SIGTERM)

    setattr(Presentation, "presented", noted)  # noqa: B010 - a method, to mypy, cannot be assigned
    return cli.main(["run", "--backend", "headless", "--config", path])


if __name__ == "__main__":
    sys.exit(main())
