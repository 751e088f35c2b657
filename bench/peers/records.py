"""What is found, as it is written to JSON: raw samples of each round, from which bench.peers.summary makes medians."""

from __future__ import annotations

import msgspec


class Load(msgspec.Struct, frozen=True):
    """A guest that draws for a while. Processor time in milliseconds, by role."""

    seconds: float
    #: Frames that the guest drew, and those of them that the output showed, by the counter in the picture.
    drawn: int
    shown: int
    #: What the output could do (`frames.refreshes`), and how many frames had to be lost with that (`frames.ideal_lost`).
    refresh: float
    lost_at_best: float
    #: Refreshes of the output in which a frame stood longer than the guest's rate asks for.
    repeated: int
    #: From the guest's word that a frame is on its screen to the output's commit of it, in milliseconds.
    flips: list[float]
    cpu: dict[str, float]


class Idle(msgspec.Struct, frozen=True):
    """A guest that stands still for a while. Processor time in milliseconds and voluntary context switches, by role."""

    seconds: float
    cpu: dict[str, float]
    switches: dict[str, int]


class Crowd(msgspec.Struct, frozen=True):
    """Guests beside each other that draw at a rate for a while. Processor time in milliseconds and memory (PSS) in KiB, by role."""

    guests: int
    rate: int
    seconds: float
    #: Frames that the guests drew, all together, and those of them that the output showed, by the counters in the pictures.
    drawn: int
    shown: int
    cpu: dict[str, float]
    memory: dict[str, int]


class Trial(msgspec.Struct, frozen=True):
    """One path in one round. Loads are named by `loads.load_name`; keys in milliseconds, by the guest's state; memory (PSS) in KiB, by role."""

    #: Pixels of the output that were another than the guest's, before anything was measured.
    differing: int
    keys: dict[str, list[float]]
    loads: dict[str, Load]
    memory: dict[str, int]
    idle: Idle


class Report(msgspec.Struct, frozen=True):
    """A whole run. `baselines` are the guest's alone, by the QEMU's version; `floors` are milliseconds a frame, a list over rounds."""

    machine: dict[str, object]
    date: str
    paths: dict[str, str]
    qemus: dict[str, str]
    settings: dict[str, dict[str, str]]
    missing: dict[str, str]
    #: Trials that were tried again, and why: a path's name, and what was said.
    failures: list[tuple[str, str]]
    rounds: list[dict[str, Trial]]
    baselines: list[dict[str, Trial]]
    floors: dict[str, list[float]]
    #: Compositors with nothing in them that stand still, by role.
    empty: dict[str, Idle]
    #: Guests beside each other: why a path cannot have them.
    never_beside: dict[str, str] = {}
    #: Many of them that stand still: by path, and those that nobody looks at, by the QEMU's version.
    still: dict[str, Idle] = {}
    still_alone: dict[str, Idle] = {}
    #: Ever more that draw, likewise.
    crowds: dict[str, list[Crowd]] = {}
    crowds_alone: dict[str, list[Crowd]] = {}
