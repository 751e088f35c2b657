"""What was recorded, and what has become worse since."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.check.figures import Figure
from bench.check.peer import Ratio
from bench.results import Row, rounded

RECORDED = Path(__file__).parents[1] / "recorded" / "check.json"

#: The figure that is measured.
PEER = "processor time for a shown frame, to that of QEMU's GTK window in sway"

#: A ratio may worsen by so much.
TOLERANCE = 0.1

_PACKAGES = ("numpy", "msgspec", "cffi", "pywlroots", "pywayland")


class Record(Struct, frozen=True):
    """A run that others are compared with, and the versions that it was made with."""

    versions: dict[str, str]
    figures: dict[str, Figure]
    #: None where the peer was not there.
    peer: Ratio | None = None


def load() -> Record:
    """The committed one."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Record)


def save(record: Record) -> None:
    RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def versions() -> dict[str, str]:
    """Of what a count depends on besides wlvm."""
    valgrind = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True)
    return {
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()),
        "valgrind": valgrind.stdout.strip().removeprefix("valgrind-"),
        **{package: version(package) for package in _PACKAGES},
    }


def rows(recorded: Mapping[str, Figure], now: Mapping[str, Figure]) -> list[Row]:
    """A row for each figure: what it takes, as a multiple of its floor too, and the change of that since it was recorded."""
    found = []
    for name, figure in now.items():
        before = recorded.get(name)
        found.append(
            Row(
                name,
                {
                    "an event takes": rounded(figure.count),
                    "its floor": rounded(figure.floor),
                    "ratio": rounded(figure.ratio),
                    "recorded": "" if before is None else rounded(before.ratio),
                    "change": "new" if before is None else f"{change(before, figure):+.1%}",
                },
            )
        )
    return found


def change(before: Figure, now: Figure) -> float:
    """Of the ratio, as a part of what it was; above nothing is worse."""
    return now.ratio / before.ratio - 1


def failures(recorded: Record, now: Record) -> list[str]:
    """What has worsened by more than may be, and what is counted no more, each with its figure's name; none when all is well."""
    found = []
    for name, before in recorded.figures.items():
        figure = now.figures.get(name)
        if figure is None:
            found.append(f"{name}: recorded, and counted no more")
        elif change(before, figure) > TOLERANCE:
            found.append(f"{name}: {change(before, figure):+.1%} of {before.ratio:.3g} times its floor")
    if recorded.peer is not None and now.peer is not None:
        least = now.peer.least / recorded.peer.ratio - 1
        if least > TOLERANCE:
            found.append(f"{PEER}: at least {least:+.1%} of {recorded.peer.ratio:.3g} times its own")
    return found


def peer_text(recorded: Ratio | None, now: Ratio) -> str:
    """A line about the figure that is measured."""
    text = f"{PEER}: {now.ratio:.3g} times its own, within {now.error:.0%} after {now.rounds} rounds"
    if recorded is None:
        return f"{text}; nothing is recorded"
    return f"{text}; recorded {recorded.ratio:.3g}, change {now.ratio / recorded.ratio - 1:+.1%}"
