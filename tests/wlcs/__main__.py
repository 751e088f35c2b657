"""`python -m tests.wlcs RUNNER MODULE [ARGUMENT...]`: run the suite, and compare what came of it with tests/wlcs/failures.txt.

The exit status is 1 where something fails that is not listed there, or passes although it is.
"""

from __future__ import annotations

import logging
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.wlcs.compositor import serve
from wlvm.config import load
from wlvm.wlr import loader

#: Windows lie where the tests put them, and nothing else is seen.
CONFIG = '[desktop]\nlayout = "free"\n[look]\nborder = 0\ntitles = false\n[[output]]\nmode = "1280x1024"\n'
FAILURES = Path(__file__).with_name("failures.txt")
_RESULT = re.compile(r"\[\s*(OK|FAILED|SKIP)\s*\] ([^\s,]+).*\(\d+ ?ms\)$")


def known_failures() -> set[str]:
    lines = FAILURES.read_text().splitlines() if FAILURES.exists() else []
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def run(runner: str, arguments: list[str]) -> Iterator[str]:
    """The suite's lines, with a compositor for each connection."""
    with tempfile.TemporaryDirectory(prefix="wlcs-") as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory
        file = Path(directory) / "config.toml"
        file.write_text(CONFIG)
        config = load(file)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(f"{directory}/wlcs")
        listener.listen()
        suite = subprocess.Popen(
            [runner, *arguments], stdout=subprocess.PIPE, env={**os.environ, "WLVM_WLCS": f"{directory}/wlcs"}
        )
        assert suite.stdout is not None
        compositors: set[int] = set()
        waiting = selectors.DefaultSelector()
        waiting.register(listener, selectors.EVENT_READ)
        waiting.register(suite.stdout, selectors.EVENT_READ)
        text = b""
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    if (child := os.fork()) == 0:
                        listener.close()
                        serve(config, connection)
                    connection.close()
                    compositors.add(child)
                    continue
                data = os.read(suite.stdout.fileno(), 65536)
                *lines, text = (text + data).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
                if not data:
                    status = suite.wait()
                    if status not in (0, 1):
                        print(f"the suite ended with status {status}", file=sys.stderr)
                    return
            for child in list(compositors):
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    compositors.discard(child)
                    if status:
                        how = (
                            signal.strsignal(os.WTERMSIG(status))
                            if os.WIFSIGNALED(status)
                            else f"status {status}"
                        )
                        yield f"wlvm died: {how}"


def main() -> int:
    loader.load()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    results: dict[str, str] = {}
    for line in run(sys.argv[1], sys.argv[2:]):
        print(line, flush=True)
        if match := _RESULT.match(line):
            results.setdefault(match[2], match[1])
    failed = {name for name, result in results.items() if result == "FAILED"}
    passed = {name for name, result in results.items() if result == "OK"}
    known = known_failures()
    print(f"{len(passed)} passed, {len(failed)} failed, {len(results) - len(passed) - len(failed)} skipped")
    for name in sorted(failed - known):
        print(f"fails, and is not in {FAILURES.name}: {name}")
    for name in sorted(passed & known):
        print(f"passes, and is in {FAILURES.name}: {name}")
    return bool(failed - known or passed & known)


if __name__ == "__main__":
    sys.exit(main())
