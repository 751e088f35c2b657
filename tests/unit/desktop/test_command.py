"""The text forms of commands."""

from __future__ import annotations

import re

import pytest

from wlvm.desktop import command as commands
from wlvm.desktop.command import Amount, CommandError
from wlvm.desktop.command_text import FORMS, parse
from wlvm.desktop.direction import Direction, Order
from wlvm.desktop.identity import Match


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("focus left", commands.Focus(Direction.LEFT)),
        ("  focus   next ", commands.Focus(Order.NEXT)),
        ("focus guest debian:1", commands.FocusView(Match(guest="debian:1"))),
        ("focus app org.mozilla.*", commands.FocusView(Match(app_id="org.mozilla.*"))),
        ("focus output DP-1", commands.FocusOutput("DP-1")),
        ('focus output "Dell Inc. U2720Q*"', commands.FocusOutput("Dell Inc. U2720Q*")),
        ("focus output left", commands.FocusOutput(Direction.LEFT)),
        ("move up", commands.Move(Direction.UP, Amount(10))),
        ("move up 5%", commands.Move(Direction.UP, Amount(5, percent=True))),
        ("move position 10 50%", commands.MovePosition(Amount(10), Amount(50, percent=True))),
        ("move to workspace next", commands.MoveToWorkspace(Order.NEXT)),
        ("move to workspace mail", commands.MoveToWorkspace("mail")),
        ("move to output DP-1", commands.MoveToOutput("DP-1")),
        ("move workspace to output prev", commands.MoveWorkspaceToOutput(Order.PREVIOUS)),
        ("swap prev", commands.Swap(Order.PREVIOUS)),
        ("resize grow width 5%", commands.Resize("width", Amount(5, percent=True))),
        ("resize shrink left 20px", commands.Resize(Direction.LEFT, Amount(-20))),
        ("resize set 640 0", commands.ResizeTo(Amount(640), Amount(0))),
        ("float toggle", commands.Float("toggle")),
        ("fullscreen off", commands.Fullscreen("off")),
        ("layout main", commands.SetLayout("main")),
        ("layout next", commands.SetLayout(Order.NEXT)),
        ("split tabbed", commands.Split("tabbed")),
        ("workspace 2", commands.ShowWorkspace("2")),
        ("workspace back", commands.ShowWorkspace(commands.Back())),
        ("mode resize", commands.EnterMode("resize")),
        ("exec grim - | wl-copy  --type 'image/png'", commands.Exec("grim - | wl-copy  --type 'image/png'")),
        ("close", commands.Close()),
    ],
)
def test_a_command_is_what_it_says(text: str, command: commands.Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fokus left", 'fokus: expected a command: did you mean "focus"?'),
        ("", "nothing: expected a command: cd, close, discard, eject, "),
        (
            "focus sideways",
            "focus sideways: expected focus left|right|up|down|next|prev, or focus guest GUEST",
        ),
        ("focus left right", "focus left right: expected focus left"),
        (
            "move left far",
            'move left far: expected a number of pixels, such as "20" or "20px", or of per cent',
        ),
        ("move left -5", "move left -5: expected a number"),
        ("workspace", "workspace: expected workspace WORKSPACE"),
        ("workspace 'my mail", "workspace 'my mail: no closing quotation"),
        ('workspace "a\tb"', "expected a name for WORKSPACE"),
        ("exec ", "expected exec LINE..."),
        ("quit now", "quit now: expected quit"),
    ],
)
def test_what_is_no_command_is_refused_with_what_is_known(text: str, reason: str) -> None:
    with pytest.raises(CommandError, match=re.escape(reason)):
        parse(text)


def test_every_form_can_be_typed() -> None:
    """Its first words, and a value where one is wanted, make a command."""
    for form in FORMS:
        words = [word.strip("[]").split("|")[0] for word in form.usage.split()]
        values = {"HEAD": "debian:1"}
        text = " ".join(values.get(word, "5") if word.isupper() else word for word in words)
        assert isinstance(parse(text), commands.Command), form.usage
