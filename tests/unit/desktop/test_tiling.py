"""Where tiled views are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.desktop.scenes import apart, covered
from wlvm.desktop.identity import Program
from wlvm.desktop.layouts import BUILT_IN
from wlvm.desktop.tiling import Spacing, Tiling, tile
from wlvm.desktop.tree import Arrangement, Container, Leaf, Node, activate
from wlvm.framebuffer import Rect

AREA = Rect(10, 20, 1200, 900)
SOMEBODY = Program("", "")


def leaf(view: str) -> Leaf[str]:
    return Leaf(view, SOMEBODY)


def tiled(
    root: Container[str], area: Rect = AREA, spacing: Spacing | None = None, minimum: tuple[int, int] = (1, 1)
) -> Tiling[str]:
    return tile(root, area, spacing or Spacing(), lambda leaf: minimum)


def boxes(tiling: Tiling[str]) -> dict[str, Rect]:
    """Of the views that are seen."""
    return {leaf.view: tiling.boxes[leaf] for leaf in tiling.seen}


def arranged(layout: str, views: str) -> Container[str]:
    return BUILT_IN[layout].arrange([leaf(view) for view in views])


leaves: st.SearchStrategy[Node[str]] = st.builds(lambda: leaf(""))


def containers(children: st.SearchStrategy[Node[str]], least: int = 1) -> st.SearchStrategy[Container[str]]:
    return st.builds(Container, st.sampled_from(Arrangement), st.lists(children, min_size=least, max_size=4))


trees = containers(leaves | containers(leaves | containers(leaves)), least=0)


# The areas are large enough for whole gaps between four parts of four parts of four parts: in smaller ones gaps give way.
@settings(max_examples=300, deadline=None)
@given(
    root=trees,
    width=st.integers(1100, 4000),
    height=st.integers(1100, 3000),
    gap=st.integers(0, 9),
    tab_height=st.integers(0, 15),
)
def test_views_and_tabs_leave_nothing_but_the_gaps(
    root: Container[str], width: int, height: int, gap: int, tab_height: int
) -> None:
    area = Rect(-5, 7, width, height)
    tiling = tiled(root, area, Spacing(gap, 0, tab_height))
    seen = [tiling.boxes[leaf] for leaf in tiling.seen]
    assert apart([*seen, *(tab.box for tab in tiling.tabs)])
    assert all(area.contains(box) for box in seen)
    if not root.empty:
        assert covered(area, gap, seen, strips([tab.box for tab in tiling.tabs]))


def strips(tabs: list[Rect]) -> list[Rect]:
    """The tabs that are beside each other, as one."""
    joined: list[Rect] = []
    for tab in tabs:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.y == tab.y
            and last.x + last.width == tab.x
            and last.height == tab.height
        ):
            joined[-1] = last.union(tab)
        else:
            joined.append(tab)
    return joined


@settings(max_examples=400, deadline=None)
@given(root=trees, width=st.integers(1, 60), height=st.integers(1, 60), gap=st.integers(0, 9))
def test_where_there_is_no_room_views_still_do_not_overlap(
    root: Container[str], width: int, height: int, gap: int
) -> None:
    area = Rect(0, 0, width, height)
    tiling = tiled(root, area, Spacing(gap, 3, 20), minimum=(100, 100))
    seen = [tiling.boxes[leaf] for leaf in tiling.seen]
    assert apart(seen)
    assert all(area.contains(box) for box in seen)
    assert bool(seen) != root.empty


def test_columns_and_rows_share_evenly_with_gaps_and_a_margin() -> None:
    spacing = Spacing(gap=10, margin=20)
    assert boxes(tiled(arranged("columns", "ab"), spacing=spacing)) == {
        "a": Rect(30, 40, 575, 860),
        "b": Rect(615, 40, 575, 860),
    }
    assert boxes(tiled(arranged("rows", "ab"), spacing=spacing)) == {
        "a": Rect(30, 40, 1160, 425),
        "b": Rect(30, 475, 1160, 425),
    }


def test_a_grid_is_as_square_as_can_be_and_its_last_row_shares_the_width() -> None:
    assert boxes(tiled(arranged("grid", "abcde"))) == {
        "a": Rect(10, 20, 400, 450),
        "b": Rect(410, 20, 400, 450),
        "c": Rect(810, 20, 400, 450),
        "d": Rect(10, 470, 600, 450),
        "e": Rect(610, 470, 600, 450),
    }


def test_the_main_view_has_three_fifths_beside_a_stack() -> None:
    assert boxes(tiled(arranged("main", "abc"))) == {
        "a": Rect(10, 20, 720, 900),
        "b": Rect(730, 20, 480, 450),
        "c": Rect(730, 470, 480, 450),
    }
    assert boxes(tiled(arranged("main", "a"))) == {"a": AREA}


def test_of_tabs_one_is_seen_below_a_strip_and_the_others_keep_their_size() -> None:
    root = arranged("tabbed", "abc")
    second = list(root.leaves())[1]
    activate(second)
    tiling = tiled(root, spacing=Spacing(gap=10, tab_height=30))
    below = Rect(10, 50, 1200, 870)
    assert boxes(tiling) == {"b": below}
    assert {leaf.view: tiling.boxes[leaf] for leaf in root.leaves()} == dict.fromkeys("abc", below)
    assert [(tab.view, tab.box, tab.active) for tab in tiling.tabs] == [
        ("a", Rect(10, 20, 400, 30), False),
        ("b", Rect(410, 20, 400, 30), True),
        ("c", Rect(810, 20, 400, 30), False),
    ]


def test_a_kiosk_shows_one_view_on_everything_without_tabs() -> None:
    tiling = tiled(arranged("kiosk", "abc"), spacing=Spacing(tab_height=30))
    assert boxes(tiling) == {"a": AREA}
    assert tiling.tabs == []


def test_a_view_gets_its_minimum_and_a_container_those_of_what_is_in_it() -> None:
    inner: Container[str] = Container(Arrangement.COLUMNS, [leaf("b"), leaf("c")])
    root: Container[str] = Container(Arrangement.COLUMNS, [leaf("a"), inner])
    tiling = tile(root, AREA, Spacing(), lambda leaf: (700 if leaf.view == "c" else 200, 1))
    assert {view: box.width for view, box in boxes(tiling).items()} == {"a": 300, "b": 200, "c": 700}


def test_of_more_views_than_pixels_those_around_the_active_one_are_seen() -> None:
    root = arranged("columns", "abcdefgh")
    leaves = list(root.leaves())
    activate(leaves[5])
    assert sorted(boxes(tiled(root, Rect(0, 0, 3, 5), Spacing(gap=9)))) == ["e", "f", "g"]


def test_an_empty_container_takes_no_space() -> None:
    empty: Container[str] = Container(Arrangement.ROWS)
    root: Container[str] = Container(Arrangement.COLUMNS, [empty, leaf("a")])
    assert boxes(tiled(root, spacing=Spacing(gap=10))) == {"a": AREA}
