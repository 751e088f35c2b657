"""What must be true of every scene, whatever happened before."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType

from wlvm.desktop.ground import Scene
from wlvm.desktop.place import Stratum
from wlvm.desktop.tree import Leaf
from wlvm.desktop.workspaces import Workspaces
from wlvm.framebuffer import Rect


def apart(boxes: Iterable[Rect]) -> bool:
    """Whether no two boxes overlap."""
    seen: list[Rect] = []
    for box in boxes:
        if any(box.overlaps(other) for other in seen):
            return False
        seen.append(box)
    return True


def covered(area: Rect, gap: int, tiles: Iterable[Rect], strips: Iterable[Rect]) -> bool:
    """Whether tiles and strips of tabs, which do not overlap, leave nothing of an area but gaps between them."""
    # A tile with the gap at its right and below it: these fill the area with such gaps. A strip has its tile right below.
    filled = sum((tile.width + gap) * (tile.height + gap) for tile in tiles)
    filled += sum((strip.width + gap) * strip.height for strip in strips)
    return filled == (area.width + gap) * (area.height + gap)


def visible(scene: Scene[str], output: str, stratum: Stratum) -> dict[str, Rect]:
    return {
        view: place.outer
        for view, place in scene.places.items()
        if place.visible and place.output == output and place.stratum is stratum
    }


def reachable_leaves(workspaces: Workspaces[str]) -> Iterator[Leaf[str]]:
    """Every leaf that something in the workspaces still knows."""
    seen: set[int] = set()
    waiting: list[object] = [workspaces]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | FunctionType | ModuleType):
            continue
        seen.add(id(each))
        if isinstance(each, Leaf):
            yield each
        waiting += gc.get_referents(each)


def check(workspaces: Workspaces[str], views: set[str]) -> None:
    """Every view is in one place, and the places are as they must be."""
    held = [view for workspace in workspaces.in_order for view in workspace.views]
    assert sorted(held) == sorted(views)
    assert {leaf.view for leaf in reachable_leaves(workspaces)} <= views, "a view that went is forgotten"
    for view in views:
        assert view in workspaces.workspace_of(view)
    scene = workspaces.scene()
    if not workspaces.outputs.names:
        assert scene.places == {}
        assert workspaces.focused is None
        return
    assert set(scene.places) == views
    for workspace in workspaces.in_order:
        assert workspace.output is not None
        assert workspace.output in workspaces.outputs
    for output in workspaces.outputs:
        shown = workspaces.shown_on(output.name)
        assert shown.output == output.name
        tiled = visible(scene, output.name, Stratum.TILED)
        assert apart(tiled.values())
        assert all(output.usable.contains(box) for box in tiled.values())
        for box in visible(scene, output.name, Stratum.FLOATING).values():
            assert output.usable.contains(box)
        on_top = visible(scene, output.name, Stratum.FULLSCREEN)
        if shown.fullscreen is not None:
            assert on_top[shown.fullscreen] == output.box
            assert not tiled
        else:
            assert not on_top
    for place in scene.places.values():
        assert place.outer.contains(place.content)
        assert place.title is None or not place.title.overlaps(place.content)
        assert place.title is None or place.outer.contains(place.title)
    focused = workspaces.focused
    if focused is not None:
        assert scene.places[focused].visible
    else:
        here = workspaces.focused_workspace
        assert here is not None
        assert here.empty
