"""`python -m bench.check`: count what wlvm does for fixed work, and fail when something takes more than a tenth more than was recorded."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.check import peer, record
from bench.check.callgrind import Run, Unavailable, compile_requests, environment
from bench.check.figures import Figure, figures
from bench.check.peer import Ratio
from bench.results import table

#: Where callgrind's files stay, for callgrind_annotate: git ignores it.
_DIRECTORY = Path(__file__).parents[2] / "build" / "bench-check"

_OUTPUT = '[[output]]\nmode = "1280x800@60"\n'


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing has become worse; 1 when something has, or could not be counted."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument(
        "--record", action="store_true", help="what is found is what later runs are compared with"
    )
    parser.add_argument("--no-peer", action="store_true", help="count, and measure nothing")
    chosen = parser.parse_args(arguments)
    try:
        found, files = _counted()
        ratio = None if chosen.no_peer else _measured()
    except (Unavailable, RuntimeError) as error:
        print(f"bench-check: {error}", file=sys.stderr)
        return 1
    now = record.Record(record.versions(), found, ratio)
    if chosen.record:
        record.save(now)
    recorded = record.load()
    print(table(record.rows(recorded.figures, found)))
    if ratio is not None:
        print(f"\n{record.peer_text(recorded.peer, ratio)}")
    for what, version in now.versions.items():
        if (then := recorded.versions.get(what)) != version:
            print(f"{what} {version}; recorded with {then}")
    failures = record.failures(recorded, now)
    for failure in failures:
        file = files.get(failure.rpartition(":")[0])
        hint = f" (callgrind_annotate {file})" if file is not None else ""
        print(f"bench-check: worse: {failure}{hint}", file=sys.stderr)
    return 1 if failures else 0


def _measured() -> Ratio | None:
    """wlvm's ratio to its peer; None, and a line that says why, where that is not here."""
    if reason := peer.missing():
        print(f"not measured: {record.PEER}: {reason}")
        return None
    return peer.measure()


def _counted() -> tuple[dict[str, Figure], Mapping[str, Path]]:
    """The figures, and callgrind's files of them."""
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(parents=True)
    library = compile_requests(_DIRECTORY)
    facts, config = _DIRECTORY / "facts.json", _DIRECTORY / "config.toml"
    config.write_text(_OUTPUT)
    # What a first start leaves behind is there: compiled modules, the fonts' cache.
    command = [sys.executable, "-m", "bench.check.startup", str(library), str(config)]
    warm = subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
    if warm.returncode:
        raise RuntimeError(f"wlvm does not start:\n{warm.stderr}")
    with ExitStack() as stack:
        start = Run("bench.check.startup", [str(library), str(config)], _DIRECTORY / "start")
        stack.callback(start.end)
        apart = ["--instr-atstart=no", "--collect-atstart=no"]
        work = Run("bench.check.work", [str(library), str(facts)], _DIRECTORY / "work", *apart)
        stack.callback(work.end)
        counts = work.counts() | start.counts()
    return figures(counts, json.loads(facts.read_text())), work.files | start.files


if __name__ == "__main__":
    sys.exit(main())
