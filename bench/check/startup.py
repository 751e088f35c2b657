"""`python -m bench.check.startup LIBRARY CONFIG`, in callgrind: the wlvm command, which ends when it has drawn its first frame."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from bench.check.counter import Counter
from bench.check.figures import START
from wlvm import cli
from wlvm.desktop.output import Output


def main() -> int:
    """What `wlvm run --backend headless` does."""
    library, config = sys.argv[1:]
    draw = Output._frame
    counter = Counter(Path(library))

    def drawn(output: Output) -> None:
        draw(output)
        if output.frames == 1:
            counter.dump(START)
            os.kill(os.getpid(), signal.SIGTERM)

    setattr(Output, "_frame", drawn)  # noqa: B010 - a method, to mypy, cannot be assigned
    with tempfile.TemporaryDirectory(prefix="wlvm-bench-") as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory
        return cli.main(["run", "--backend", "headless", "--config", config])


if __name__ == "__main__":
    sys.exit(main())
