"""From the change of a view to the first frame in which its guest has that size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial, wraps
from itertools import cycle
from typing import Any

from bench.effort import Effort
from bench.machine import qemus, sharing_qemu, version_text
from bench.presented import presented
from bench.results import Row, Value, spread
from bench.running import Steps, configuration, play, shown, surface, until
from guests.testcard.launch import TestCard
from wlvm.desktop.command_text import parse
from wlvm.guest_size import QUIET_MS, Following
from wlvm.qemu.console import Console
from wlvm.server import Server


def measure(effort: Effort) -> list[Row]:
    """Two guests beside each other, and the side between them is pulled."""
    return [
        _row(qemu, effort.real_rounds) for qemu in dict.fromkeys((sharing_qemu() or qemus()[-1], qemus()[0]))
    ]


@contextmanager
def _asked(when: list[float]) -> Iterator[None]:
    """Note when guests are asked for a size."""
    ask = Console.set_ui_info

    @wraps(ask)
    def noted(console: Console, **arguments: Any) -> None:
        when.append(time.monotonic())
        ask(console, **arguments)

    setattr(Console, "set_ui_info", noted)  # noqa: B010 - a method, to mypy, cannot be assigned
    try:
        yield
    finally:
        setattr(Console, "set_ui_info", ask)  # noqa: B010


def _row(qemu: str, rounds: int) -> Row:
    whole: list[float] = []
    answered: list[float] = []
    questions: list[float] = []

    def scenario(server: Server) -> Steps:
        for name in server.guests:
            yield from shown(server, name)
        console = surface(server)
        yield from until("it has its size", lambda: console.size.following is Following.FOLLOWS)
        commands = cycle(["resize grow width", "resize shrink width"])
        for _ in range(rounds):
            yield 0.3
            found: list[float] = []
            questions.clear()

            def exact(presentation: object, before: tuple[int, int] = console.natural_size) -> bool:
                return (
                    presentation is console.presentation
                    and console.size.following is Following.FOLLOWS
                    and console.natural_size != before
                )

            with presented(found, exact):
                began = time.monotonic()
                server.runner.do(parse(next(commands)))
                yield from until("it has followed", partial(len, found))
            whole.append(found[0] - began)
            answered.append(found[0] - questions[0])

    with (
        TestCard(qemu=qemu, device="virtio-gpu") as one,
        TestCard(qemu=qemu, device="virtio-gpu") as other,
        _asked(questions),
    ):
        play(configuration([one.qmp_path, other.qmp_path]), scenario)
    values: dict[str, Value] = spread(whole, "exact after", "ms", 1e3)
    values["of it, the pause ms"] = QUIET_MS
    values.update(spread(answered, "after the question", "ms", 1e3))
    return Row(f"virtio-gpu, QEMU {version_text(qemu)}, {rounds} times", values)
