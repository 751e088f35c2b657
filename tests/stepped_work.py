"""`python -m tests.stepped_work`: the work that the gate counts (bench.check.work), done a few times and not counted; what came of it, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from bench.check import work
from bench.check.stepped import SteppedDisplays
from bench.running import configuration, play


class Uncounted:
    """A bench.check.counter.Counter where no callgrind is."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def count(self, what: Callable[[], object]) -> None:
        what()

    def dump(self, name: str) -> None:
        self.names.append(name)


def main() -> None:
    counter = Uncounted()
    done = work.Work(counter, events=2, warm_up=1)
    with SteppedDisplays.used():
        play(configuration([]), done.scenario)
    print(json.dumps({"counted": counter.names, "facts": done.facts}))


if __name__ == "__main__":
    main()
