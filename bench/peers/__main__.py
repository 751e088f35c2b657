"""`python -m bench.peers [PATH...]`: measure wlvm and its peers in turns, and write peers.json, of which bench.peers.report makes docs/comparison.md."""

from __future__ import annotations

import argparse
import datetime
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

import msgspec

from bench.machine import facts, version_text
from bench.peers import crowd_tables, summary
from bench.peers.path import Path
from bench.peers.paths import NEVER_BESIDE, UNMEASURED, all_paths
from bench.peers.records import Report
from bench.peers.run import Run
from bench.peers.trial import FULL, QUICK
from bench.results import table

_ROUNDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a path that is here could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="wlvm and its peers")
    parser.add_argument("--quick", action="store_true", help="a little of each: to see that it works")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="how often one guest (%(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on with what --json has")
    parser.add_argument(
        "--part",
        action="append",
        choices=("trials", "still", "crowds"),
        help="only this: one guest, many that stand still, or ever more that draw; may be given again",
    )
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
    report = _begun(paths, missing)
    if chosen.resume:
        begun = msgspec.json.decode(chosen.json.read_bytes(), type=Report)
        if begun.paths != report.paths:
            parser.error(f"{chosen.json} is of other paths")
        report = begun
    # Whatever was started ends with it, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    run = Run(report, paths, QUICK if chosen.quick else FULL, chosen.json)
    parts = {"trials": lambda: run.trials(chosen.rounds), "still": run.still, "crowds": run.crowds}
    for name in chosen.part or parts:
        parts[name]()
    for title, rows in (summary.tables(report) | crowd_tables.tables(report)).items():
        print(f"\n## {title}\n\n{table(rows)}")
    return 0 if all(path.name in trials for trials in report.rounds for path in paths) else 1


def _begun(paths: Sequence[Path], missing: Mapping[str, str]) -> Report:
    """A report in which nothing is found yet."""
    return Report(
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
        empty={},
        never_beside={path.name: NEVER_BESIDE[path.name] for path in paths if path.name in NEVER_BESIDE},
    )


if __name__ == "__main__":
    sys.exit(main())
