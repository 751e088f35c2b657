"""`python -m bench.peers [PATH...]`: measure wlvm and its peers in turns, and write peers.json, of which bench.peers.report makes docs/comparison.md."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

import msgspec

from bench.machine import facts, version_text
from bench.peers import alone, floors, summary
from bench.peers.path import Path
from bench.peers.paths import UNMEASURED, all_paths, empty_compositors, many_guests
from bench.peers.records import Report, Trial
from bench.peers.trial import FULL, QUICK, Effort, measure

_ROUNDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a path that is here could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="wlvm and its peers")
    parser.add_argument("--quick", action="store_true", help="a little of each: to see that it works")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="how often (%(default)s)")
    parser.add_argument(
        "--json", type=FilePath, default=FilePath("peers.json"), help="where the numbers go (%(default)s)"
    )
    known = {path.name: path for path in all_paths()}
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these of: " + ", ".join(known))
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.paths) - known.keys()
    if unknown:
        parser.error(f"no path {', '.join(sorted(unknown))}")
    wanted = [path for name, path in known.items() if not chosen.paths or name in chosen.paths]
    missing = {path.title: reason for path in wanted if (reason := path.missing())} | UNMEASURED
    for title, reason in missing.items():
        print(f"not measured: {title}: {reason}")
    paths = [path for path in wanted if path.title not in missing]
    report = _measured(paths, missing, QUICK if chosen.quick else FULL, chosen.rounds)
    chosen.json.write_bytes(msgspec.json.encode(report) + b"\n")
    print(summary.text(report))
    return 0 if all(path.name in trials for trials in report.rounds for path in paths) else 1


def _measured(paths: Sequence[Path], missing: Mapping[str, str], effort: Effort, rounds: int) -> Report:
    """Every path in every round, one after the other."""
    qemus = {version_text(path.qemu): path.qemu for path in paths}
    report = Report(
        machine=facts(),
        date=datetime.date.today().isoformat(),
        paths={path.name: path.title for path in paths},
        qemus={path.name: version_text(path.qemu) for path in paths},
        settings={path.name: path.settings() for path in paths},
        missing=dict(missing),
        failures=[],
        rounds=[],
        baselines=[],
        floors={},
        empty=empty_compositors(effort.idle_seconds),
        many=many_guests(effort.idle_seconds) if any(path.name == "wlvm" for path in paths) else {},
    )
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}: the guest alone", file=sys.stderr, flush=True)
        report.baselines.append(
            {version: alone.measure(qemu, effort, number) for version, qemu in qemus.items()}
        )
        for name, milliseconds in floors.measure().items():
            report.floors.setdefault(name, []).append(milliseconds)
        report.rounds.append({})
        for path in paths:
            print(f"round {number + 1} of {rounds}: {path.title}", file=sys.stderr, flush=True)
            trial = _tried(path, effort, number, report.failures)
            if trial is not None:
                report.rounds[-1][path.name] = trial
    return report


def _tried(path: Path, effort: Effort, seed: int, failures: list[tuple[str, str]]) -> Trial | None:
    """A path's trial, twice tried; None when both failed, which does not keep the others from being measured."""
    for _ in range(2):
        try:
            return measure(path, effort, seed)
        except Exception as error:  # noqa: BLE001 - whatever a program of somebody else's does
            print(f"{path.title} failed: {error!r}", file=sys.stderr)
            failures.append((path.name, str(error).partition("\n")[0]))
    return None


if __name__ == "__main__":
    sys.exit(main())
