"""One path, measured once: it must show the guest first, to the pixel."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.peers import frames
from bench.peers.flips import Flips, listen
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.observer import AHEAD, Observer
from bench.peers.path import ALONE, REFRESH, SIZE, Path, Running, Wall
from bench.peers.processes import ProcessorTime, clocks, guest_clocks, memory, stand_still
from bench.peers.records import Load, Trial
from guests.testcard import model

#: Between two keys, in seconds: never in step with anything.
PAUSE = (0.05, 0.1)

_DEADLINE = 20.0
#: Until a new rate is steady, and until one is after the guest stood still: QEMU's VNC server looks ever less often then, and comes back slowly.
SETTLE = 0.7
WARM = 2.5

#: Of the whole picture; more are no cursor.
_MAY_DIFFER = 2000
#: So many looks, a tenth of a second apart, find the same.
_AT_REST = 5


@dataclass(frozen=True)
class Effort:
    """How long each load, the standing still and many guests' drawing last, in seconds, and how many keys are pressed."""

    seconds: float
    idle_seconds: float
    crowd_seconds: float
    keys: int


FULL = Effort(seconds=2.2, idle_seconds=4.0, crowd_seconds=2.0, keys=40)
QUICK = Effort(seconds=1.0, idle_seconds=1.0, crowd_seconds=0.7, keys=5)


def measure(path: Path, effort: Effort, seed: int) -> Trial:
    """Start it twice, once for each kind of damage."""
    keys: dict[str, list[float]] = {}
    loads: dict[str, Load] = {}
    with ExitStack() as stack:
        running = path.start(stack, "damage=full")
        differing = prove(running)
        pauses = random.Random(seed)
        keys[STILL] = key_delays(running, effort.keys, pauses)
        running.card.command(f"run {BUSY[1]}")
        keys[load_name(*BUSY)] = key_delays(running, effort.keys, pauses)
        loads |= _loads(running, "full", effort.seconds)
        held = memory(running.processes())
        idle = stand_still(running.processes(), effort.idle_seconds)
    with ExitStack() as stack:
        running = path.start(stack, "damage=patch")
        prove(running)
        loads |= _loads(running, "patch", effort.seconds)
    return Trial(differing, keys, loads, held, idle)


def prove(running: Running, wall: Wall = ALONE) -> int:
    """Wait until the output shows frame 0 of every test card, and nothing on it moves; how many pixels are others. RuntimeError when it never does."""
    expected = np.tile(model.picture(*wall.size), (1, wall.guests))
    seen: list[int] = []
    end = time.monotonic() + _DEADLINE
    with Observer(running.display, (0, 0, 1, 1)) as observer:
        while time.monotonic() < end:
            picture = observer.picture()
            differing = int((picture != expected).sum()) if picture.shape == expected.shape else expected.size
            seen.append(differing)
            if differing <= _MAY_DIFFER and seen[-_AT_REST:] == [differing] * _AT_REST:
                return differing
            time.sleep(0.1)
    raise RuntimeError(f"the output does not show the guest: {seen[-1]} pixels are others")


def key_delays(running: Running, count: int, pauses: random.Random) -> list[float]:
    """From the press of the space bar to the commit of the first frame with the patch in its other colour, in milliseconds."""
    x, y, width, height = model.patch_rect(*SIZE)
    delays = []
    with Observer(running.display, (x + width // 2, y + height // 2, 8, 8)) as observer:
        color = int(observer.picture()[y + height // 2, x + width // 2])
        observer.look_ahead(AHEAD)
        for _ in range(count):
            other = next(each for each in model.PATCH_COLOURS if each != color)
            observer.take()
            began = observer.press_space()
            commit = observer.until(partial(_are_all, other), _DEADLINE)
            observer.release_space()
            delays.append(round((commit.when - began) * 1e3, 3))
            color = other
            observer.listen(pauses.uniform(*PAUSE))
    return delays


def _are_all(color: int, pixels: model.Pixels) -> bool:
    return bool((pixels == color).all())


def _loads(running: Running, damage: str, seconds: float) -> dict[str, Load]:
    flips = Flips(running.card)
    running.card.command(f"run {LOADS[damage][0]}")
    listen([flips], WARM)
    with Observer(running.display, counter_row()) as observer:
        found = {
            load_name(damage, rate): load(running, observer, flips, rate, seconds) for rate in LOADS[damage]
        }
    running.card.command("hold")
    return found


def counter_row() -> model.Rect:
    """The first of the rows that the frame counter is in, in pixels of the output."""
    x, y, width, _ = model.counter_rect(*SIZE, bottom=False)
    return x, y, width, 1


def load(running: Running, observer: Observer, flips: Flips, rate: int, seconds: float) -> Load:
    """Have the guest draw so often, and see for so long what is shown and what it takes. `observer` looks at `counter_row`."""
    clocks_ = {**guest_clocks(running.cards), **clocks(running.programs)}
    running.card.command(f"run {rate}")
    observer.look_ahead(round((seconds + 2 * SETTLE) * REFRESH))
    observer.listen(SETTLE, [flips])
    observer.take()
    spent, began = ProcessorTime(clocks_), time.monotonic()
    observer.listen(seconds, [flips])
    cpu, took = spent.spent(), time.monotonic() - began
    # A commit's clock is the same one: what was committed before, and heard of since, is not of this time.
    commits = [
        (commit.when, model.counter_number(commit.pixels[0]))
        for commit in observer.take()
        if commit.when >= began
    ]
    refresh = frames.refreshes([when for when, _ in commits])
    return Load(
        seconds=took,
        drawn=frames.drawn(commits),
        shown=frames.shown(commits),
        refresh=refresh,
        lost_at_best=frames.ideal_lost([when for when in flips.times.values() if when >= began], refresh),
        repeated=frames.repeated(commits, rate),
        flips=[round(delay * 1e3, 3) for delay in frames.flip_delays(commits, flips.times)],
        cpu=cpu,
    )
