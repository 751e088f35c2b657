"""Whatever a person does, and whatever comes and goes: nothing is lost, nothing overlaps, and the focus is seen."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.unit.desktop.scenes import check
from wlvm.desktop.command import CommandError, ViewCommand
from wlvm.desktop.command_text import parse
from wlvm.desktop.identity import GuestHead, Match, Program
from wlvm.desktop.layouts import Described, Part
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.place import Traits
from wlvm.desktop.settings import Rule, Settings, Wishes, WorkspaceRule
from wlvm.desktop.tiling import Spacing
from wlvm.desktop.tree import Arrangement
from wlvm.desktop.view_commands import ViewCommands
from wlvm.desktop.workspaces import Workspaces
from wlvm.framebuffer import Rect

OFFICE = Described(
    "office",
    Part(
        Arrangement.COLUMNS,
        parts=(
            Part(matches=(Match(guest="vm0"), Match(guest="vm1:1"))),
            Part(Arrangement.ROWS, parts=(Part(matches=(Match(app_id="a*"),)), Part(rest=True))),
        ),
    ),
)
SETTINGS = (
    Settings(
        workspaces=(
            WorkspaceRule("one", ("left",), "columns"),
            WorkspaceRule("two", ("right", "mid"), "office"),
        ),
        spacing=Spacing(gap=6, margin=4, tab_height=20),
        described={"office": OFFICE},
        rules=(
            Rule(Match(guest="vm2"), Wishes(output="right")),
            Rule(Match(app_id="b"), Wishes(workspace="web", position=(900, -50), size=(3000, 20))),
            Rule(Match(app_id="c"), Wishes(fullscreen=True)),
        ),
    ),
    Settings(layout="tabbed", own_workspaces=True, described={"office": OFFICE}),
    Settings(layout="office", described={"office": Described("office", OFFICE.part.parts[1])}),
    Settings(layout="free", workspaces=(WorkspaceRule("one", ("mid",), "kiosk"),)),
)
AREAS = {
    "left": Rect(0, 0, 1280, 800),
    "mid": Rect(1280, 40, 800, 1280),
    "right": Rect(2080, 0, 1920, 1080),
}
COMMANDS = [
    *(f"{verb} {to}" for verb in ("focus", "swap") for to in ("left", "right", "up", "down", "next", "prev")),
    *(f"move {to}" for to in ("left", "right", "up 50", "down 5%")),
    *(
        f"resize {how} 7%"
        for how in ("grow width", "shrink height", "grow left", "shrink down", "grow right")
    ),
    *("resize set 300 40%", "move position 10% 999", "focus floating"),
    *("float toggle", "float on", "fullscreen toggle", "fullscreen off"),
    *(f"layout {name}" for name in ("columns", "rows", "tabbed", "grid", "main", "kiosk", "free", "next")),
    *("split rows", "split columns", "split tabbed", "layout office"),
    *(f"workspace {name}" for name in ("one", "two", "3", "next", "prev", "back")),
    *(f"move to workspace {name}" for name in ("one", "web", "next", "back")),
    *("move to output left", "move to output next", "focus output right", "focus output prev"),
    *("move workspace to output mid", "move workspace to output right"),
    *("focus guest vm*", "focus app a"),
]


class Desktop(RuleBasedStateMachine):
    views = Bundle("views")

    def __init__(self) -> None:
        super().__init__()
        self.workspaces: Workspaces[str] = Workspaces(SETTINGS[0], self._traits)
        self.commands = ViewCommands(self.workspaces)
        self.there: set[str] = set()
        self.count = 0

    @staticmethod
    def _traits(view: str) -> Traits:
        number = int(view)
        return Traits((200 + 90 * number, 150), (50 if number % 3 else 700, 30), number % 3, number % 2 * 18)

    @rule(name=st.sampled_from(sorted(AREAS)), bar=st.sampled_from([0, 30]))
    def output_comes_or_changes(self, name: str, bar: int) -> None:
        box = AREAS[name]
        usable = Rect(box.x, box.y + bar, box.width, box.height - bar)
        area = OutputArea(name, box, usable, f"Maker {name}")
        if name in self.workspaces.outputs:
            self.workspaces.change_output(area)
        else:
            self.workspaces.add_output(area)

    @rule(name=st.sampled_from(sorted(AREAS)))
    def output_goes(self, name: str) -> None:
        if name in self.workspaces.outputs:
            self.workspaces.remove_output(name)

    @rule(target=views, guest=st.booleans(), kind=st.integers(0, 3), parent=st.none() | views)
    def view_comes(self, guest: bool, kind: int, parent: str | None) -> str:
        view = str(self.count)
        self.count += 1
        identity = GuestHead(f"vm{kind}", kind % 2) if guest else Program("abcd"[kind], "title")
        parent = parent if parent in self.there and not guest else None
        self.workspaces.add(view, identity, parent=parent)
        self.there.add(view)
        return view

    @rule(view=consumes(views))
    def view_goes(self, view: str) -> None:
        self.workspaces.remove(view)
        self.there.remove(view)

    @rule(view=views)
    def view_is_activated(self, view: str) -> None:
        self.workspaces.focus(view)
        if self.workspaces.outputs.names:
            assert self.workspaces.focused == view

    @rule(view=views, x=st.integers(-100, 4000), y=st.integers(-100, 1500), side=st.integers(1, 2000))
    def view_is_dragged(self, view: str, x: int, y: int, side: int) -> None:
        if self.workspaces.outputs.names:
            self.workspaces.drag(view, Rect(x, y, side, side))

    @rule(text=st.sampled_from(COMMANDS))
    def command(self, text: str) -> None:
        command = parse(text)
        assert isinstance(command, ViewCommand)
        before = self.workspaces.scene()
        try:
            self.commands.run(command)
        except CommandError:
            assert self.workspaces.scene() == before

    @rule(which=st.sampled_from(SETTINGS))
    def configured(self, which: Settings) -> None:
        self.workspaces.configure(which)

    @rule()
    def configured_with_the_same(self) -> None:
        before, focused = self.workspaces.scene(), self.workspaces.focused
        self.workspaces.configure(self.workspaces.settings)
        assert self.workspaces.scene() == before
        assert self.workspaces.focused == focused

    @rule(view=views)
    def view_is_placed_again(self, view: str) -> None:
        self.workspaces.place_again(view)

    @invariant()
    def all_is_well(self) -> None:
        check(self.workspaces, self.there)


TestDesktop = Desktop.TestCase
TestDesktop.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
