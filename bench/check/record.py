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
from bench.results import Row, rounded

RECORDED = Path(__file__).parents[1] / "recorded" / "check.json"

#: A ratio may worsen by so much.
TOLERANCE = 0.1

_PACKAGES = ("numpy", "msgspec", "cffi", "pywlroots", "pywayland")


class Record(Struct, frozen=True):
    """A run that others are compared with, and the versions that it was made with."""

    versions: dict[str, str]
    figures: dict[str, Figure]


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


def worse(recorded: Mapping[str, Figure], now: Mapping[str, Figure]) -> list[str]:
    """The figures that have worsened by more than may be."""
    return [
        name for name, before in recorded.items() if name in now and change(before, now[name]) > TOLERANCE
    ]
