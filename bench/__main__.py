"""`python -m bench`: every measurement in a process of its own, one after the other; a table, and bench.json.

`python -m bench peers` is `python -m bench.peers`.
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.machine import facts
from bench.one import MEASUREMENTS
from bench.peers import __main__ as peers
from bench.record import Record
from bench.results import Row, table

#: The first argument that means the comparison with other programs.
_PEERS = "peers"

#: A measurement that takes longer, in seconds, has failed.
_LIMIT = 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a measurement failed, whatever the numbers are."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [_PEERS]:
        return peers.main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="wlvm's measurements; peers [PATH...] compares it with other programs",
    )
    parser.add_argument("--quick", action="store_true", help="a little of each: to see that it works")
    parser.add_argument(
        "--json", type=Path, default=Path("bench.json"), help="where the numbers go (%(default)s)"
    )
    parser.add_argument(
        "only", nargs="*", metavar="MEASUREMENT", help="only these of: " + ", ".join(MEASUREMENTS)
    )
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.only) - MEASUREMENTS.keys()
    if unknown:
        parser.error(f"no measurement {', '.join(sorted(unknown))}")
    machine = facts()
    print("\n".join(f"{name}: {value}" for name, value in machine.items()))
    results: dict[str, list[Row]] = {}
    failed = False
    for name in chosen.only or MEASUREMENTS:
        rows = _measured(name, ["--quick"] if chosen.quick else [])
        if rows is None:
            failed = True
            continue
        results[name] = rows
        print(f"\n## {MEASUREMENTS[name]}\n\n{table(rows)}", flush=True)
    record = Record(chosen.quick, datetime.date.today().isoformat(), machine, results)
    chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    return 1 if failed else 0


def _measured(name: str, options: Sequence[str]) -> list[Row] | None:
    """The rows of a measurement; None, and a word on standard error, when it failed."""
    command = [sys.executable, "-m", "bench.one", name, *options]
    try:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=_LIMIT)
    except subprocess.SubprocessError as error:
        print(f"\n{name} failed: {error}", file=sys.stderr)
        return None
    return msgspec.json.decode(done.stdout, type=list[Row])


if __name__ == "__main__":
    sys.exit(main())
