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

from bench.check import record
from bench.check.callgrind import Run, Unavailable, compile_requests
from bench.check.figures import Figure, figures
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
    chosen = parser.parse_args(arguments)
    try:
        found, files = _counted()
    except (Unavailable, RuntimeError) as error:
        print(f"bench-check: {error}", file=sys.stderr)
        return 1
    if chosen.record:
        record.save(record.Record(record.versions(), found))
    recorded = record.load()
    print(table(record.rows(recorded.figures, found)))
    for what, version in record.versions().items():
        if (then := recorded.versions.get(what)) != version:
            print(f"{what} {version}; recorded with {then}")
    missing = [name for name in recorded.figures if name not in found]
    for name in missing:
        print(f"bench-check: {name} is recorded, and counted no more", file=sys.stderr)
    worse = record.worse(recorded.figures, found)
    for name in worse:
        before, now = recorded.figures[name], found[name]
        text = f"{name}: {record.change(before, now):+.1%} of {before.ratio:.3g} times its floor"
        annotated = f" (callgrind_annotate {files[name]})" if name in files else ""
        print(f"bench-check: worse: {text}{annotated}", file=sys.stderr)
    return 1 if worse or missing else 0


def _counted() -> tuple[dict[str, Figure], Mapping[str, Path]]:
    """The figures, and callgrind's files of them."""
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(parents=True)
    library = compile_requests(_DIRECTORY)
    facts, config = _DIRECTORY / "facts.json", _DIRECTORY / "config.toml"
    config.write_text(_OUTPUT)
    # What a first start leaves behind is there: compiled modules, the fonts' cache.
    command = [sys.executable, "-m", "bench.check.startup", str(library), str(config)]
    warm = subprocess.run(command, check=False, capture_output=True, text=True)
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
