"""What a person sees happen to views, workspaces and outputs."""

from __future__ import annotations

from fractions import Fraction

import pytest

from wlvm.desktop.command import CommandError
from wlvm.desktop.command_text import parse
from wlvm.desktop.identity import GuestHead, Identity, Match, Program
from wlvm.desktop.layouts import Described, Part
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.place import Stratum, Traits
from wlvm.desktop.settings import Rule, Settings, Wishes, WorkspaceRule
from wlvm.desktop.sizes import Size, Unit
from wlvm.desktop.tiling import Spacing
from wlvm.desktop.tree import Arrangement
from wlvm.desktop.view_commands import ViewCommands
from wlvm.desktop.workspaces import Workspaces
from wlvm.framebuffer import Rect

LEFT, RIGHT = Rect(0, 0, 1200, 900), Rect(1200, 0, 800, 600)


class Desktop:
    """Workspaces on the output `left`, and on `right` where it is plugged in."""

    def __init__(self, settings: Settings, *outputs: str) -> None:
        self.traits: dict[str, Traits] = {}
        self.workspaces: Workspaces[str] = Workspaces(settings, lambda view: self.traits.get(view, Traits()))
        self.commands = ViewCommands(self.workspaces)
        for output in outputs or ("left",):
            self.plug(output)

    def plug(self, output: str) -> None:
        box = LEFT if output == "left" else RIGHT
        self.workspaces.add_output(OutputArea(output, box, box, f"Dell {output} 123"))

    def unplug(self, output: str) -> None:
        self.workspaces.remove_output(output)

    def open(self, views: str, identity: Identity | None = None, parent: str | None = None) -> None:
        for view in views:
            self.workspaces.add(view, identity or Program(view, f"title of {view}"), parent=parent)

    def do(self, *commands: str) -> None:
        for text in commands:
            self.commands.run(parse(text))  # type: ignore[arg-type]

    @property
    def focused(self) -> str | None:
        return self.workspaces.focused

    @property
    def boxes(self) -> dict[str, Rect]:
        """Of the views that are seen."""
        places = self.workspaces.scene().places
        return {view: place.outer for view, place in sorted(places.items()) if place.visible}

    @property
    def seen(self) -> str:
        return "".join(self.boxes)

    @property
    def widths(self) -> dict[str, int]:
        return {view: box.width for view, box in self.boxes.items()}

    @property
    def order(self) -> str:
        """The views from left to right, and from top to bottom."""
        return "".join(sorted(self.boxes, key=lambda view: self.boxes[view][:2]))

    def shown(self, output: str) -> str:
        return self.workspaces.shown_on(output).name


@pytest.fixture
def columns() -> Desktop:
    return Desktop(Settings(layout="columns"))


@pytest.fixture
def two() -> Desktop:
    return Desktop(Settings(layout="columns"), "left", "right")


# Focus, and places among tiled views.


def test_a_new_window_comes_behind_the_focused_one_and_has_the_focus(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("focus left", "focus left")
    columns.open("d")
    assert columns.order == "adbc"
    assert columns.focused == "d"


def test_a_guest_that_comes_takes_the_focus_from_nobody() -> None:
    desktop = Desktop(Settings(layout="columns"))
    desktop.open("a", GuestHead("one", 0))
    assert desktop.focused == "a"
    desktop.open("b", GuestHead("two", 0))
    assert desktop.focused == "a"


def test_the_view_that_had_the_focus_before_has_it_when_one_goes(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("focus left", "focus left")
    columns.workspaces.remove("a")
    assert columns.focused == "b"


def test_the_focus_goes_to_the_view_that_lies_level() -> None:
    desktop = Desktop(Settings(layout="grid"))
    desktop.open("abcd")
    desktop.do("focus up")
    assert desktop.focused == "b"
    desktop.do("focus left")
    assert desktop.focused == "a"
    desktop.do("focus down")
    assert desktop.focused == "c"
    desktop.do("focus next", "focus next")
    assert desktop.focused == "a"


def test_the_focus_goes_over_the_edge_to_the_output_there(two: Desktop) -> None:
    two.open("ab")
    two.do("focus right")
    assert two.workspaces.focused_output == "right"
    assert two.focused is None
    two.do("focus left")
    assert two.focused == "b"


def test_in_tabs_left_and_right_go_from_one_to_the_next() -> None:
    desktop = Desktop(Settings(layout="tabbed"))
    desktop.open("abc")
    assert desktop.seen == "c"
    desktop.do("focus left")
    assert desktop.seen == desktop.focused == "b"
    assert [tab.view for tab in desktop.workspaces.scene().tabs] == []  # no strip without a height


def test_a_move_passes_the_neighbour_and_at_the_edge_goes_to_the_output_there(two: Desktop) -> None:
    two.open("abc")
    two.do("move left")
    assert two.order == "acb"
    two.do("move right", "move right")
    assert two.order == "abc"
    assert two.boxes["c"] == RIGHT
    assert two.focused == "c"


def test_a_move_goes_into_the_container_beside_and_out_of_it_again(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("split rows")
    columns.open("c")
    columns.do("focus left")
    assert columns.focused == "a"
    columns.do("move right")
    assert {view: box.x for view, box in columns.boxes.items()} == {"a": 0, "b": 0, "c": 0}
    columns.do("move right")
    assert columns.boxes == {
        "a": Rect(600, 0, 600, 900),
        "b": Rect(0, 0, 600, 450),
        "c": Rect(0, 450, 600, 450),
    }


def test_a_move_across_puts_the_view_beside_all_others(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("move up")
    assert columns.boxes == {
        "a": Rect(0, 450, 600, 450),
        "b": Rect(600, 450, 600, 450),
        "c": Rect(0, 0, 1200, 450),
    }


def test_a_split_shares_the_place_of_one_view(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("split rows")
    columns.open("c")
    assert columns.boxes == {
        "a": Rect(0, 0, 600, 900),
        "b": Rect(600, 0, 600, 450),
        "c": Rect(600, 450, 600, 450),
    }
    columns.workspaces.remove("b")
    assert columns.boxes["c"] == Rect(600, 0, 600, 900)


def test_a_view_that_shares_its_place_with_none_moves_as_if_it_were_not_split(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("split rows", "move left")
    assert columns.order == "acb"


def test_where_the_layout_follows_from_the_order_a_move_changes_places() -> None:
    desktop = Desktop(Settings(layout="main"))
    desktop.open("abc")
    desktop.do("move left")
    assert desktop.boxes == {
        "a": Rect(720, 450, 480, 450),
        "b": Rect(720, 0, 480, 450),
        "c": Rect(0, 0, 720, 900),
    }
    with pytest.raises(CommandError, match="the layout main arranges the views by itself"):
        desktop.do("split rows")


def test_the_next_of_the_stack_becomes_the_main_view_when_that_goes() -> None:
    desktop = Desktop(Settings(layout="main"))
    desktop.open("abc")
    desktop.workspaces.remove("a")
    assert desktop.boxes == {"b": Rect(0, 0, 720, 900), "c": Rect(720, 0, 480, 900)}


def test_a_swap_leaves_the_focus_with_the_view(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("resize grow width 100", "swap left")
    assert columns.order == "acb"
    assert columns.focused == "c"
    assert columns.widths == {"a": 350, "b": 500, "c": 350}  # the places keep their sizes


# Sizes.


def test_a_view_grows_against_all_that_is_beside_it_or_at_one_side(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("focus left", "resize grow width 100")
    assert columns.widths == {"a": 350, "b": 500, "c": 350}
    columns.do("resize shrink right 50")
    assert columns.widths == {"a": 350, "b": 450, "c": 400}
    columns.do("resize grow left 10%")
    assert columns.widths == {"a": 230, "b": 570, "c": 400}


def test_no_view_is_squeezed_to_nothing(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("resize grow width 90%", "resize grow width 90%")
    assert columns.widths == {"a": 32, "b": 1168}
    columns.do("resize shrink width 99%")
    assert columns.widths == {"a": 1168, "b": 32}


def test_a_size_may_be_set(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("resize set 25% 0")
    assert columns.widths == {"a": 900, "b": 300}
    with pytest.raises(CommandError, match="nothing is beside the view"):
        columns.do("resize grow height")


def test_sizes_keep_their_proportions_when_the_output_changes(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("resize set 25% 0")
    small = Rect(0, 0, 400, 300)
    columns.workspaces.change_output(OutputArea("left", small, small))
    assert columns.widths == {"a": 300, "b": 100}


def test_sizes_that_were_chosen_stay_where_the_shape_does() -> None:
    desktop = Desktop(Settings(layout="main"))
    desktop.open("ab")
    desktop.do("focus left", "resize set 900 0")
    desktop.open("c")
    assert desktop.widths == {"a": 900, "b": 300, "c": 300}


def test_a_view_that_comes_to_a_stack_has_what_the_others_have_on_average() -> None:
    desktop = Desktop(Settings(layout="main"))
    desktop.open("abc")
    desktop.do("resize set 0 600")
    desktop.open("d")
    assert {view: box.height for view, box in desktop.boxes.items()} == {
        "a": 900,
        "b": 200,
        "c": 400,
        "d": 300,
    }


def test_a_size_is_set_where_it_can_be(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("resize set 300 300")
    assert columns.boxes["b"] == Rect(900, 0, 300, 900)


def test_the_tab_behind_one_that_goes_is_seen_then(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("split tabbed")
    columns.open("cd")
    columns.do("focus left")
    columns.workspaces.focus("a")
    assert columns.seen == "ac"
    columns.workspaces.remove("c")
    assert columns.seen == "ad"


# Floating and fullscreen views.


def test_a_floating_view_lies_in_the_middle_in_its_own_size_with_its_frame(columns: Desktop) -> None:
    columns.traits["b"] = Traits(natural=(400, 300), border=2, title=20)
    columns.open("ab")
    columns.do("float toggle")
    place = columns.workspaces.scene().places["b"]
    assert place.outer == Rect(398, 288, 404, 324)
    assert place.title == Rect(400, 290, 400, 20)
    assert place.content == Rect(400, 310, 400, 300)
    assert place.stratum is Stratum.FLOATING
    assert columns.boxes["a"] == LEFT
    columns.do("float off")
    assert columns.order == "ab"


def test_a_floating_view_is_moved_and_resized_and_stays_on_its_output(columns: Desktop) -> None:
    columns.traits["a"] = Traits(natural=(400, 300))
    columns.open("a")
    columns.do("float on", "move left 100", "move up 10%")
    assert columns.boxes["a"] == Rect(300, 210, 400, 300)
    columns.do("move position 0 50%", "resize grow right 100", "resize shrink up 50")
    assert columns.boxes["a"] == Rect(0, 500, 500, 250)
    columns.do("move left 500")
    assert columns.boxes["a"] == Rect(0, 500, 500, 250)
    columns.do("resize set 5000 5000")
    assert columns.boxes["a"] == LEFT


def test_views_that_nobody_placed_do_not_hide_each_other() -> None:
    desktop = Desktop(Settings(layout="free"))
    desktop.traits = dict.fromkeys("abc", Traits(natural=(400, 300)))
    desktop.open("abc")
    assert [box[:2] for box in desktop.boxes.values()] == [(400, 300), (424, 324), (448, 348)]
    desktop.workspaces.focus("a")
    assert list(desktop.workspaces.scene().places)[-1] == "a"
    assert [box[:2] for box in desktop.boxes.values()] == [(400, 300), (424, 324), (448, 348)]


def test_a_dialog_floats_over_its_window_and_goes_with_it(two: Desktop) -> None:
    two.traits["d"] = Traits(natural=(200, 100))
    two.open("ab")
    two.open("d", parent="a")
    assert two.boxes["d"] == Rect(200, 400, 200, 100)
    two.workspaces.focus("a")
    two.do("move to output right")
    assert two.boxes["d"] == Rect(1400, 400, 200, 100)
    assert two.focused == "b"


def test_a_dialog_stays_above_its_window(columns: Desktop) -> None:
    columns.open("a")
    columns.do("float on")
    columns.open("d", parent="a")
    columns.open("b")
    columns.do("float on")
    columns.workspaces.focus("a")
    assert list(columns.workspaces.scene().places) == ["b", "a", "d"]


def test_a_view_in_full_screen_covers_its_output_and_is_left_by_the_focus_alone(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("fullscreen toggle")
    place = columns.workspaces.scene().places["b"]
    assert (place.outer, place.content, place.title) == (LEFT, LEFT, None)
    assert columns.seen == "b"
    columns.do("focus left")
    assert columns.focused == "b"
    columns.open("c")
    assert (columns.focused, columns.seen) == ("b", "b")
    columns.open("d", parent="b")
    assert (columns.focused, columns.seen) == ("d", "bd")
    columns.workspaces.focus("a")
    assert (columns.focused, columns.seen) == ("a", "abcd")


def test_a_view_stays_in_full_screen_where_it_is_sent(two: Desktop) -> None:
    two.open("ab")
    two.do("fullscreen on", "move to output right")
    assert two.boxes == {"a": LEFT, "b": RIGHT}
    assert two.workspaces.scene().places["b"].stratum is Stratum.FULLSCREEN


def test_what_is_dragged_floats_on_the_output_below(two: Desktop) -> None:
    two.open("ab")
    two.workspaces.drag("a", Rect(1300, 100, 300, 200))
    assert two.boxes == {"a": Rect(1300, 100, 300, 200), "b": LEFT}
    assert two.focused == "a"


# Layouts.


def test_a_layout_is_changed_and_the_views_keep_their_order(columns: Desktop) -> None:
    columns.open("abc")
    columns.do("layout rows")
    assert columns.order == "abc"
    assert columns.boxes["c"] == Rect(0, 600, 1200, 300)
    before = columns.boxes
    columns.do("layout free")
    assert columns.boxes == before
    columns.do("layout next")
    assert columns.order == "abc"
    assert columns.widths == {"a": 400, "b": 400, "c": 400}
    with pytest.raises(CommandError, match="stairs: expected a layout: columns, rows"):
        columns.do("layout stairs")


OFFICE = Described(
    "office",
    Part(
        Arrangement.COLUMNS,
        parts=(
            Part(size=Size(Fraction(25), Unit.PERCENT), matches=(Match(guest="vm:1"),)),
            Part(Arrangement.ROWS, parts=(Part(matches=(Match(app_id="foot"),)), Part(rest=True))),
        ),
    ),
)


def test_views_go_to_the_places_that_a_layout_has_for_them() -> None:
    desktop = Desktop(Settings(layout="office", described={"office": OFFICE}))
    desktop.open("a", Program("firefox", ""))
    assert desktop.boxes == {"a": LEFT}
    desktop.open("b", GuestHead("vm", 1))
    desktop.open("c", Program("foot", ""))
    desktop.open("d", Program("mpv", ""))
    assert desktop.boxes == {
        "b": Rect(0, 0, 300, 900),
        "c": Rect(300, 0, 900, 450),
        "d": Rect(300, 450, 900, 450),
    }
    desktop.do("focus guest vm")
    desktop.workspaces.remove("c")
    assert desktop.boxes["d"] == Rect(300, 0, 900, 900)


def test_a_view_is_moved_from_one_place_of_a_layout_to_another_and_not_between_them() -> None:
    desktop = Desktop(Settings(layout="office", described={"office": OFFICE}))
    desktop.open("a", GuestHead("vm", 1))
    desktop.open("b", Program("foot", ""))
    desktop.open("c", Program("mpv", ""))
    desktop.do("move left")
    assert desktop.boxes == {"b": Rect(300, 0, 900, 900), "c": Rect(0, 0, 300, 900)}
    desktop.do("move right")
    assert desktop.boxes == {"a": Rect(0, 0, 300, 900), "c": Rect(300, 0, 900, 900)}  # a tab beside b


def test_a_view_at_the_edge_of_a_layouts_places_goes_to_the_output_there() -> None:
    desktop = Desktop(Settings(layout="office", described={"office": OFFICE}), "left", "right")
    desktop.open("a", GuestHead("vm", 1))
    desktop.open("bc", Program("mpv", ""))
    desktop.do("move right")
    assert desktop.boxes == {"a": Rect(0, 0, 300, 900), "b": Rect(300, 0, 900, 900), "c": RIGHT}


def test_a_place_is_kept_while_it_is_empty() -> None:
    desktop = Desktop(Settings(layout="office", described={"office": OFFICE}))
    desktop.open("a", Program("foot", ""))
    desktop.open("b", Program("mpv", ""))
    desktop.workspaces.remove("a")
    desktop.open("c", Program("foot", ""))
    assert desktop.boxes == {"b": Rect(0, 450, 1200, 450), "c": Rect(0, 0, 1200, 450)}


def test_a_place_that_is_empty_keeps_its_weight_against_the_others() -> None:
    parts = tuple(Part(matches=(Match(app_id=app),)) for app in "abc")
    desktop = Desktop(
        Settings(
            layout="three", described={"three": Described("three", Part(Arrangement.COLUMNS, parts=parts))}
        )
    )
    desktop.open("ab")
    desktop.do("resize grow width 200")
    desktop.open("c")
    assert desktop.widths == {"a": 266, "b": 534, "c": 400}


def test_what_floats_in_a_free_layout_is_tiled_in_another(columns: Desktop) -> None:
    columns.traits = dict.fromkeys("abc", Traits(natural=(400, 300)))
    columns.open("ab")
    columns.do("float on", "layout free", "float toggle")
    columns.open("c")
    columns.do("layout columns")
    assert columns.widths == {"a": 400, "b": 400, "c": 400}


# Workspaces and outputs.


def test_a_workspace_is_made_when_somebody_goes_there_and_is_no_more_when_it_is_left_empty(
    columns: Desktop,
) -> None:
    columns.open("a")
    columns.do("workspace mail")
    assert columns.boxes == {}
    assert [workspace.name for workspace in columns.workspaces.in_order] == ["1", "mail"]
    columns.do("workspace back")
    assert columns.focused == "a"
    assert [workspace.name for workspace in columns.workspaces.in_order] == ["1"]


def test_a_view_is_sent_and_the_focus_stays(columns: Desktop) -> None:
    columns.open("ab")
    columns.do("move to workspace 2")
    assert (columns.seen, columns.focused) == ("a", "a")
    columns.do("workspace next")
    assert (columns.seen, columns.focused) == ("b", "b")
    columns.do("workspace next")
    assert columns.seen == "a"


def test_a_view_is_found_wherever_it_is(columns: Desktop) -> None:
    columns.open("a", GuestHead("debian", 0))
    columns.do("workspace 2", "focus guest debian")
    assert (columns.shown("left"), columns.focused) == ("1", "a")
    with pytest.raises(CommandError, match="there is no such view"):
        columns.do("focus guest debian:1")


def test_workspaces_come_back_with_their_output(two: Desktop) -> None:
    two.open("a")
    two.do("focus output right")
    two.open("b")
    two.do("workspace 3")
    two.open("c")
    two.unplug("right")
    assert (two.seen, two.focused) == ("a", "a")
    two.do("workspace 2")
    assert two.boxes == {"b": LEFT}
    two.plug("right")
    assert two.boxes["c"] == RIGHT
    assert two.shown("right") == "3"
    assert two.seen == "ac"


def test_without_any_output_nothing_is_lost(two: Desktop) -> None:
    two.open("a")
    two.do("focus output right")
    two.open("b")
    two.unplug("right")
    two.unplug("left")
    assert two.focused is None
    assert two.workspaces.scene().places == {}
    two.open("c")
    with pytest.raises(CommandError, match="there is no output"):
        two.do("focus left")
    two.plug("right")
    assert two.boxes["b"].y == RIGHT.y
    two.plug("left")
    assert two.boxes["a"].x == LEFT.x
    assert sorted(two.workspaces.scene().places) == ["a", "b", "c"]


def test_a_workspace_that_is_moved_belongs_there_from_then_on(two: Desktop) -> None:
    two.open("a")
    two.do("move workspace to output right")
    assert two.boxes == {"a": RIGHT}
    assert two.workspaces.focused_output == "right"
    two.unplug("right")
    two.plug("right")
    assert two.boxes == {"a": RIGHT}


def test_workspaces_belong_on_outputs_by_name_or_description() -> None:
    rules = (WorkspaceRule("work", ("DP-9", "Dell right *"), "rows"), WorkspaceRule("web", (), "tabbed"))
    desktop = Desktop(Settings(workspaces=rules), "left", "right")
    assert (desktop.shown("left"), desktop.shown("right")) == ("web", "work")
    assert desktop.workspaces.shown_on("right").layout.name == "rows"


def test_an_output_that_is_not_there_is_refused_with_those_that_are(two: Desktop) -> None:
    with pytest.raises(CommandError, match="DP-7: expected an output: left, right"):
        two.do("focus output DP-7")


def test_a_rule_sends_a_view_to_its_output_once_that_comes() -> None:
    rules = (Rule(Match(guest="vm:1"), Wishes(output="right")),)
    desktop = Desktop(Settings(rules=rules))
    desktop.open("a", GuestHead("vm", 0))
    desktop.open("b", GuestHead("vm", 1))
    assert desktop.seen == "ab"
    desktop.plug("right")
    assert desktop.boxes == {"a": LEFT, "b": RIGHT}


def test_rules_place_float_and_cover() -> None:
    rules = (
        Rule(Match(app_id="a"), Wishes(position=(30, 40), size=(500, 400))),
        Rule(Match(title="*of b"), Wishes(workspace="web")),
        Rule(Match(app_id="c"), Wishes(fullscreen=True)),
    )
    desktop = Desktop(Settings(rules=rules))
    desktop.open("abd")
    assert desktop.boxes == {"a": Rect(30, 40, 500, 400), "d": LEFT}
    desktop.open("c")
    assert desktop.seen == desktop.focused == "c"
    desktop.do("workspace web")
    assert desktop.seen == "b"


def test_each_console_has_an_output_for_itself_as_far_as_there_are() -> None:
    desktop = Desktop(Settings(layout="kiosk", own_workspaces=True), "left", "right")
    for view, head in (("a", GuestHead("vm", 0)), ("b", GuestHead("vm", 1)), ("c", GuestHead("other", 0))):
        desktop.open(view, head)
    assert desktop.boxes == {"a": LEFT, "b": RIGHT}
    assert (desktop.shown("left"), desktop.shown("right")) == ("vm", "vm:1")
    desktop.do("workspace other")
    assert desktop.focused == "c"


def test_a_consoles_workspace_that_is_shown_already_stays_there() -> None:
    desktop = Desktop(Settings(own_workspaces=True), "left", "right")
    desktop.open("a", GuestHead("vm", 0))
    desktop.do("focus output right", "workspace other")
    desktop.workspaces.remove("a")
    desktop.open("a", GuestHead("other", 0))
    assert desktop.boxes == {"a": RIGHT}


def test_an_output_that_comes_shows_a_console_that_had_none() -> None:
    desktop = Desktop(Settings(layout="kiosk", own_workspaces=True))
    desktop.open("a", GuestHead("vm", 0))
    desktop.open("b", GuestHead("vm", 1))
    assert desktop.seen == "a"
    desktop.plug("right")
    assert desktop.boxes == {"a": LEFT, "b": RIGHT}


# Other settings.


def test_an_edited_layout_is_applied_and_what_did_not_change_stays(two: Desktop) -> None:
    two.open("ab")
    two.do("resize set 25% 0", "focus output right")
    two.open("cd")
    two.do("move left", "layout rows")
    before = two.boxes
    two.workspaces.configure(Settings(layout="columns", spacing=Spacing()))
    assert two.boxes == before
    two.workspaces.configure(Settings(layout="columns", workspaces=(WorkspaceRule("1", (), "rows"),)))
    assert two.boxes["b"] == Rect(0, 450, 1200, 450)
    assert (two.boxes["c"], two.boxes["d"]) == (before["c"], before["d"])


def test_a_workspace_goes_where_the_edited_file_has_it(two: Desktop) -> None:
    two.open("a")
    two.workspaces.configure(Settings(layout="columns", workspaces=(WorkspaceRule("1", ("right",)),)))
    assert two.boxes == {"a": RIGHT}


def test_a_view_is_placed_again_where_the_rules_have_it_now(two: Desktop) -> None:
    two.open("ab")
    rules = (Rule(Match(app_id="a"), Wishes(output="right", position=(5, 6), size=(70, 80))),)
    two.workspaces.configure(Settings(layout="columns", rules=rules))
    assert two.seen == "ab"
    two.workspaces.place_again("a")
    assert two.boxes == {"a": Rect(1205, 6, 70, 80), "b": LEFT}
    assert two.focused == "b"
