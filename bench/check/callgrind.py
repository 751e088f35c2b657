"""Runs a Python module in callgrind, and reads what it has counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SOURCE = Path(__file__).with_name("requests.c")

#: What makes two runs of a Python program the same.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

_NAME = re.compile(r"^desc: Trigger: Client Request: (.*)$", re.MULTILINE)
_TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


class Unavailable(RuntimeError):
    """Callgrind is not here; the text says what to install."""


def compile_requests(directory: Path) -> Path:
    """The shared library that `counter.Counter` wants, made in a directory. Unavailable without a compiler or Valgrind's headers."""
    library = directory / "requests.so"
    if shutil.which("valgrind") is None:
        raise Unavailable("valgrind is not here (make bench-check installs it)")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE)]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Unavailable(f"{_SOURCE.name} cannot be compiled:\n{done.stderr}")
    return library


def environment() -> dict[str, str]:
    """Of programs that are counted, and of what runs before them so that they find everything as they will later."""
    return {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    } | _ENVIRONMENT


class Run:
    """A module that callgrind runs; `counts` waits for its end. `files` are callgrind's then, by the names of the dumps."""

    def __init__(self, module: str, arguments: Sequence[str], directory: Path, *options: str) -> None:
        """`directory` is for what callgrind writes; `options` are callgrind's."""
        self._directory = directory
        self._module = module
        self.files: dict[str, Path] = {}
        directory.mkdir()
        command = ["valgrind", "--tool=callgrind", "--quiet", *options]
        command += [
            f"--callgrind-out-file={directory}/callgrind.out",
            sys.executable,
            "-m",
            module,
            *arguments,
        ]
        self._process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def counts(self) -> dict[str, int]:
        """The instructions of each dump, by its name. RuntimeError when the module failed."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"{self._module} failed in callgrind:\n{said}")
        found = {}
        for file in self._directory.glob("callgrind.out.*"):
            text = file.read_text()
            name, total = _NAME.search(text), _TOTAL.search(text)
            if name is not None and total is not None:
                found[name[1]] = int(total[1])
                self.files[name[1]] = file
        return found

    def end(self) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.wait()
