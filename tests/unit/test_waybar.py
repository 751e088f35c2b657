"""What a waybar shows of wlvm."""

from __future__ import annotations

import json
from typing import Any

from wlvm import waybar
from wlvm.ipc.messages import (
    Event,
    Focus,
    GuestListing,
    KeyboardState,
    SessionState,
    State,
    ViewListing,
    WorkspaceListing,
)


def workspace(name: str, index: int, *, output: str = "DP-1", visible: bool = False) -> WorkspaceListing:
    return WorkspaceListing(name, index, output, visible, visible, "grid", ())


def guest(state: str = "running", label: str = "Debian") -> GuestListing:
    return GuestListing("debian", label, "#3465a4", state, "" if state == "running" else "no socket", ())


def view(number: int, name: str | None = None, title: str | None = None) -> ViewListing:
    console, app_id = (0, None) if name is not None else (None, "app")
    place = ("DP-1", 0, 0, 640, 480)
    return ViewListing(
        number, name, console, app_id, title, "1", *place, True, True, False, False, None, False
    )


STATE = State(
    guests=(guest(),),
    workspaces=(workspace("1", 0, visible=True), workspace("web", 1)),
    views=(view(3, "debian"), view(4, title="a shell")),
    focus=Focus("DP-1", "1", 3),
    keyboard=KeyboardState("default", None),
    session=SessionState(False, False),
)


def shown(*events: Event, output: str | None = None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in waybar.lines([Event("state", state=STATE), *events], output)]


def test_a_guest_is_shown_in_its_colour_with_its_label() -> None:
    assert shown() == [
        {
            "text": '<b>1</b> web  <span color="#3465a4">■</span> Debian',
            "tooltip": "Debian: running",
            "alt": "running",
            "class": ["guest", "running"],
        }
    ]


def test_what_is_not_well_is_told() -> None:
    last = shown(Event("guest", "changed", guest=guest("lost")))[-1]
    assert last["text"].endswith("Debian (lost)")
    assert last["tooltip"] == "Debian: lost: no socket"
    assert last["class"] == ["guest", "lost"]


def test_a_program_is_shown_by_its_title() -> None:
    last = shown(Event("focus", focus=Focus("DP-1", "1", 4)))[-1]
    assert (last["text"], last["class"]) == ("<b>1</b> web  a shell", ["program"])


def test_a_title_is_no_markup_and_no_label() -> None:
    title = '<span color="#3465a4">■</span> Debian\n\x1b[31m' + "x" * 10_000
    last = shown(
        Event("view", "changed", view=view(4, title=title)), Event("focus", focus=Focus("DP-1", "1", 4))
    )[-1]
    assert "&lt;span color=&quot;#3465a4&quot;&gt;■&lt;/span&gt; Debian ?[31m" in last["text"]
    assert len(last["text"]) < 500


def test_workspaces_come_and_go_in_their_order() -> None:
    last = shown(
        Event("workspace", "changed", workspace=workspace("web", 2)),
        Event("workspace", "new", workspace=workspace("mail", 1, visible=True)),
        Event("workspace", "changed", workspace=workspace("1", 0)),
        Event("focus", focus=Focus("DP-1", "mail", None)),
    )[-1]
    assert (last["text"], last["class"]) == ("1 <b>mail</b> web", [])
    last = shown(Event("workspace", "gone", workspace=workspace("web", 1)))[-1]
    assert last["text"].startswith("<b>1</b>  ")


def test_a_bar_may_show_the_workspaces_of_its_output_alone() -> None:
    other = Event("workspace", "new", workspace=workspace("mail", 2, output="DP-2", visible=True))
    assert shown(other, output="DP-2")[-1]["text"].startswith("<b>mail</b>  ")
    assert shown(other, output="DP-1")[-1]["text"].startswith("<b>1</b> web  ")


def test_a_mode_a_grab_and_the_lock_are_told() -> None:
    last = shown(
        Event("keyboard", keyboard=KeyboardState("size", 3)),
        Event("session", session=SessionState(True, False)),
    )[-1]
    assert "<i>size</i>" in last["text"]
    assert last["class"] == ["guest", "running", "grabbed", "locked"]


def test_what_makes_no_difference_to_the_bar_is_no_line() -> None:
    assert len(shown(Event("session", session=SessionState(False, True)))) == 1
