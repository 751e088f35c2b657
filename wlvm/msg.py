"""`wlvm msg`: the words of a command line as commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

#: An argument that stands between two commands.
SEPARATOR = ";"


def commands_of(words: Sequence[str]) -> list[str]:
    """The commands, as the configuration has them: one argument is a whole command, several are its words.

    What follows `exec` in one argument is a line for the shell; in several it is a program and its arguments. What follows `type` is text.
    """
    return [_command(command) for command in _separated(words) if command]


def _separated(words: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in words:
        if word == SEPARATOR:
            yield command
            command = []
        else:
            command.append(word)
    yield command


def _command(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    if words[0] == "type":
        return " ".join(words)
    if words[0] == "exec" and len(words) == 2:
        return f"exec {words[1]}"
    return shlex.join(words)
