"""What all commands that a person types have in common: their exit statuses, and how they are added to the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, TypeVar

from wlvm.ipc import ControlError, NotRunningError

Value = TypeVar("Value")

OK, FAILED, USAGE, NOT_RUNNING, NOT_FOUND, DENIED = range(6)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line, with the exit status for that."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def seconds(text: str) -> float:
    """An argument that is a number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f'"{text}": expected a number of seconds above 0')
    return number


def complain(text: str, status: int) -> int:
    """Say what is wrong, and return the exit status."""
    print(f"wlvm: {text}", file=sys.stderr)
    return status


def status_of(error: ControlError) -> int:
    """The exit status for what a running wlvm refused."""
    if isinstance(error, NotRunningError):
        return NOT_RUNNING
    return {"failed": FAILED, "invalid": USAGE, "not-found": NOT_FOUND, "denied": DENIED}[error.code]


def print_json(value: Any) -> None:
    """Print a value for programs, and for whoever looks at what they get."""
    print(json.dumps(value, indent=2))


def until_interrupted(these: Iterable[Value]) -> Iterator[Value]:
    """These, up to a Ctrl-C: what came before it counts."""
    try:
        yield from these
    except KeyboardInterrupt:
        return


def add_command(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """Add a command: `command` does it, and returns the exit status."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    parser.set_defaults(command=command)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option for JSON in place of a table."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
