"""The words of `wlvm msg` as commands."""

from __future__ import annotations

import pytest

from wlvm.commands import run_commands
from wlvm.desktop.command import Command, CommandError, Exec, Focus, FocusView
from wlvm.desktop.command_text import parse
from wlvm.desktop.direction import Direction
from wlvm.ipc import ControlError
from wlvm.msg import commands_of


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["focus", "left"], ["focus left"]),
        (["focus left"], ["focus left"]),
        (["focus", "left", ";", "close"], ["focus left", "close"]),
        (["focus left", ";", "close", ";"], ["focus left", "close"]),
        (["focus", "app", "My; App"], ["focus app 'My; App'"]),
        (["exec", "foot; foot"], ["exec foot; foot"]),
        (["exec foot | cat"], ["exec foot | cat"]),
        (["exec", "foot", "-e", "sh -c x"], ["exec foot -e 'sh -c x'"]),
        ([], []),
        ([";", ";"], []),
    ],
)
def test_words_are_commands(words: list[str], commands: list[str]) -> None:
    assert commands_of(words) == commands


def test_the_words_of_one_command_mean_what_they_say() -> None:
    (text,) = commands_of(["focus", "app", 'it\'s "mine"'])
    command = parse(text)
    assert isinstance(command, FocusView)
    assert command.match.app_id == 'it\'s "mine"'


class Desktop:
    """Does commands, as far as it can."""

    def __init__(self) -> None:
        self.done: list[Command] = []

    def do(self, command: Command) -> None:
        if command == Focus(Direction.UP):
            raise CommandError("nothing is above")
        self.done.append(command)


def test_commands_are_done_in_their_order() -> None:
    desktop = Desktop()
    assert run_commands(desktop.do, ["focus left", "exec foot; foot"]) == {}
    assert desktop.done == [Focus(Direction.LEFT), Exec("foot; foot")]


def test_the_first_that_fails_ends_it_and_says_why() -> None:
    desktop = Desktop()
    with pytest.raises(ControlError, match="^nothing is above$") as failed:
        run_commands(desktop.do, ["focus left", "focus up", "focus right"])
    assert failed.value.code == "failed"
    assert desktop.done == [Focus(Direction.LEFT)]


def test_nothing_is_done_where_one_is_no_command() -> None:
    desktop = Desktop()
    with pytest.raises(ControlError, match="did you mean") as failed:
        run_commands(desktop.do, ["focus left", "fokus up"])
    assert failed.value.code == "invalid"
    assert desktop.done == []
