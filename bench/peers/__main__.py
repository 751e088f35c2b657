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
    report, failed = _measured(paths, missing, QUICK if chosen.quick else FULL, chosen.rounds)
    chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    print(summary.text(report))
    return 1 if failed else 0


def _measured(
    paths: Sequence[Path], missing: Mapping[str, str], effort: Effort, rounds: int
) -> tuple[Report, bool]:
    """Every path in every round, one after the other; and whether one failed, which is said on standard error."""
    qemus = {version_text(path.qemu): path.qemu for path in paths}
    report = Report(
        machine=facts(),
        date=datetime.date.today().isoformat(),
        paths={path.name: path.title for path in paths},
        qemus={path.name: version_text(path.qemu) for path in paths},
        settings={path.name: path.settings() for path in paths},
        missing=dict(missing),
        rounds=[],
        baselines=[],
        floors={},
        empty=empty_compositors(effort.idle_seconds),
        many=many_guests(effort.idle_seconds) if any(path.name == "wlvm" for path in paths) else {},
    )
    failed = False
    for number in range(rounds):
        report.baselines.append({version: alone.measure(qemu, effort) for version, qemu in qemus.items()})
        for name, milliseconds in floors.measure().items():
            report.floors.setdefault(name, []).append(milliseconds)
        trials: dict[str, Trial] = {}
        for path in paths:
            print(f"round {number + 1} of {rounds}: {path.title}", file=sys.stderr, flush=True)
            try:
                trials[path.name] = measure(path, effort, number)
            except Exception as error:  # noqa: BLE001 - the others are worth measuring all the same
                print(f"{path.title} failed: {error!r}", file=sys.stderr)
                failed = True
        report.rounds.append(trials)
    return report, failed


if __name__ == "__main__":
    sys.exit(main())
