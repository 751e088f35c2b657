"""Workspace: views that are shown together on an output: tiled, floating, at most one in full screen; and which had the focus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from msgspec.structs import replace

from wlvm.desktop.command import Amount, CommandError, Dimension, SplitInto
from wlvm.desktop.direction import Direction, Order
from wlvm.desktop.floating import FloatingPlace, inside
from wlvm.desktop.ground import Ground, Scene
from wlvm.desktop.identity import Identity
from wlvm.desktop.layouts import Layout
from wlvm.desktop.place import Place, Stratum, framed, with_frame
from wlvm.desktop.tiling import Spacing, Tiling, tile
from wlvm.desktop.tree import Arrangement, Container, Leaf, V, activate, trade
from wlvm.desktop.tree_commands import LEAST, can_resize, leaf_beside, move_leaf, resize_node, split_leaf
from wlvm.framebuffer import Rect


class Workspace(Generic[V]):
    """A workspace. Every view in it is either tiled or floating, and may be in full screen beside."""

    def __init__(self, name: str, layout: Layout, outputs: tuple[str, ...] = ()) -> None:
        """`outputs` are names or descriptions of the outputs that it belongs on, the best first."""
        self.name = name
        self.outputs = outputs
        #: The name of the output that it is on, seen or not; None while there is no output.
        self.output: str | None = None
        #: The layout that the configuration gives it; the person may have chosen another.
        self.given = layout
        self._layout = layout
        self._root: Container[V] = layout.arrange([])
        self._leaves: dict[V, Leaf[V]] = {}
        #: The floating views, the topmost last.
        self._floating: dict[V, FloatingPlace] = {}
        self._identities: dict[V, Identity] = {}
        #: The views that dialogs belong to.
        self._parents: dict[V, V] = {}
        self._fullscreen: V | None = None
        #: All views, the one that had the focus last at the end.
        self._history: list[V] = []

    # What is in it.

    def __contains__(self, view: V) -> bool:
        return view in self._identities

    @property
    def views(self) -> list[V]:
        """Tiled ones in their order, then floating ones."""
        return [*(leaf.view for leaf in self._root.leaves()), *self._floating]

    @property
    def empty(self) -> bool:
        return not self._identities

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def fullscreen(self) -> V | None:
        return self._fullscreen

    def floats(self, view: V) -> bool:
        return view in self._floating

    @property
    def focused(self) -> V | None:
        """The view that has the focus when the workspace does."""
        return self._history[-1] if self._history else None

    def add(
        self,
        view: V,
        identity: Identity,
        *,
        floating: FloatingPlace | None = None,
        parent: V | None = None,
        focus: bool = True,
    ) -> None:
        """Take a view in, which gets the focus unless one in full screen has it that it is no dialog of.

        `floating` is its place above the others, None for one among the tiled.
        """
        self._identities[view] = identity
        if parent is not None and parent in self:
            self._parents[view] = parent
        if floating is None and self._layout.floats:
            floating = FloatingPlace(by_layout=True)
        self._history.insert(0, view)
        if floating is None:
            self._tile(view)
        else:
            self._floating[view] = floating
        if focus and self._may_be_seen(view):
            self.focus(view)
        self._refocus()

    def remove(self, view: V) -> None:
        """Let a view go. The one that had the focus before it has it then."""
        self._leave_place(view)
        del self._identities[view]
        self._parents = {child: of for child, of in self._parents.items() if view not in (child, of)}
        self._history.remove(view)
        if self._fullscreen == view:
            self._fullscreen = None
        self._refocus()

    def rename(self, view: V, identity: Identity) -> None:
        """The view's program calls it otherwise now."""
        self._identities[view] = identity
        if view in self._leaves:
            self._leaves[view].identity = identity

    def identity(self, view: V) -> Identity:
        return self._identities[view]

    def floating_place(self, view: V) -> FloatingPlace | None:
        """What was chosen of a floating view's place, to go with it to another workspace; None for one that is tiled there."""
        place = self._floating.get(view)
        return None if place is None or place.by_layout else place

    def family(self, view: V) -> list[V]:
        """A view and its dialogs, each after the one that it belongs to."""
        return [
            view,
            *(each for child, of in self._parents.items() if of == view for each in self.family(child)),
        ]

    def parent(self, view: V) -> V | None:
        """The view that a dialog belongs to."""
        return self._parents.get(view)

    def latest(self, fits: Callable[[Identity], bool]) -> V | None:
        """The view, of those that fit, that had the focus last."""
        return next((view for view in reversed(self._history) if fits(self._identities[view])), None)

    # Focus.

    def focus(self, view: V) -> None:
        """Give a view the focus and bring it to the front. A view in full screen that would hide it is in full screen no longer."""
        if not self._may_be_seen(view):
            self._fullscreen = None
        self._history.remove(view)
        self._history.append(view)
        if view in self._leaves:
            activate(self._leaves[view])
        self._raise(view)

    def _refocus(self) -> None:
        """Have the focus where it can be seen."""
        seen = [view for view in self._history if self._may_be_seen(view)]
        if seen:
            self.focus(seen[-1])

    def _raise(self, view: V) -> None:
        """Lay a floating view above the others, and its dialogs above it."""
        if view in self._floating:
            self._floating[view] = self._floating.pop(view)
        for child, parent in self._parents.items():
            if parent == view:
                self._raise(child)

    def _may_be_seen(self, view: V) -> bool:
        """Whether nothing in full screen hides the view: its dialogs lie above it."""
        if self._fullscreen is None:
            return True
        above: V | None = view
        while above is not None and above != self._fullscreen:
            above = self._parents.get(above) if above in self._floating else None
        return above is not None

    def neighbour(self, view: V, to: Direction | Order, ground: Ground[V]) -> V | None:
        """The view next to another on a side, or in the order; None where there is none."""
        if isinstance(to, Order):
            views = self._seen_in_order()
            return views[(views.index(view) + to.step) % len(views)] if len(views) > 1 else None
        if self._fullscreen is not None:
            return None
        if view in self._floating:
            return self._floating_neighbour(view, to, ground)
        tiling = self._tiling(ground)
        leaf = leaf_beside(self._leaves[view], to, tiling.boxes)
        return None if leaf is None else leaf.view

    def _seen_in_order(self) -> list[V]:
        return [view for view in self.views if self._may_be_seen(view)]

    def _floating_neighbour(self, view: V, to: Direction, ground: Ground[V]) -> V | None:
        boxes = self._floating_boxes(ground)
        here = _middle(boxes[view])
        axis = 0 if to.horizontal else 1
        ahead = {
            other: (there[axis] - here[axis]) * to.step
            for other, there in ((other, _middle(box)) for other, box in boxes.items())
        }
        there_are = [other for other, distance in ahead.items() if other != view and distance > 0]
        return min(there_are, key=lambda other: ahead[other], default=None)

    def other_stratum(self, view: V) -> V | None:
        """The tiled view that had the focus last, for a floating one, and the other way round; None where there is none."""
        floats = view in self._floating
        others = (each for each in reversed(self._history) if (each in self._floating) != floats)
        return next((each for each in others if self._may_be_seen(each)), None)

    # Places.

    def scene(self, ground: Ground[V], shown: bool = True) -> Scene[V]:
        """Where the views are, on this ground. Nothing of a workspace that is not `shown` is visible, but it keeps its places."""
        scene: Scene[V] = Scene()
        tiling = self._tiling(ground)
        covered = self._fullscreen is not None
        for leaf in self._root.leaves():
            traits = ground.traits(leaf.view)
            if self._layout.bare:
                traits = replace(traits, border=0, title=0)
            elif leaf in tiling.in_tabs and ground.spacing.tab_height:
                traits = replace(traits, title=0)
            visible = shown and not covered and leaf in tiling.seen
            scene.places[leaf.view] = framed(
                ground.output, tiling.boxes[leaf], traits, visible=visible, stratum=Stratum.TILED
            )
        for view, box in self._floating_boxes(ground).items():
            scene.places[view] = framed(
                ground.output,
                box,
                ground.traits(view),
                visible=shown and self._may_be_seen(view),
                stratum=Stratum.FULLSCREEN if covered and self._may_be_seen(view) else Stratum.FLOATING,
                own_size=self._floating[view].size is None,
            )
        if self._fullscreen is not None:
            self._cover(scene, self._fullscreen, ground, shown)
        elif shown:
            scene.tabs = tiling.tabs
        return scene

    def _cover(self, scene: Scene[V], view: V, ground: Ground[V], shown: bool) -> None:
        """Have a view in full screen above all but its dialogs."""
        above = {child: place for child, place in scene.places.items() if place.stratum is Stratum.FULLSCREEN}
        for each in (view, *above):
            scene.places.pop(each, None)
        place = Place(ground.output, ground.box, None, ground.box, shown, Stratum.FULLSCREEN)
        scene.places[view] = place
        scene.places.update({child: place for child, place in above.items() if child != view})

    def _tiling(self, ground: Ground[V]) -> Tiling[V]:
        spacing = Spacing() if self._layout.bare else ground.spacing

        def minimum(leaf: Leaf[V]) -> tuple[int, int]:
            traits = ground.traits(leaf.view)
            return with_frame(traits.minimum, traits)

        return tile(self._root, ground.usable, spacing, minimum)

    def _floating_boxes(self, ground: Ground[V]) -> dict[V, Rect]:
        """In drawing order. Views that nobody placed are settled where they are first shown."""
        boxes: dict[V, Rect] = {}
        for view, place in self._floating.items():
            boxes[view] = self._floating_box(view, place, ground, boxes)
            if place.position is None:
                place.position = _from(ground.usable, boxes[view])
        return boxes

    def _floating_box(self, view: V, place: FloatingPlace, ground: Ground[V], others: dict[V, Rect]) -> Rect:
        traits = ground.traits(view)
        parent = self._parents.get(view)
        around = None if parent is None else self._outer_of(parent, ground, others)
        return place.box(ground.usable, with_frame(traits.natural, traits), around, others.values())

    def _outer_of(self, view: V, ground: Ground[V], boxes: dict[V, Rect]) -> Rect | None:
        if view == self._fullscreen:
            return ground.box
        return self._tiling(ground).boxes[self._leaves[view]] if view in self._leaves else boxes.get(view)

    # What is done to views.

    def set_fullscreen(self, view: V, on: bool) -> None:
        if on:
            self._fullscreen = view
            self.focus(view)
        elif self._fullscreen == view:
            self._fullscreen = None

    def set_floating(self, view: V, on: bool) -> None:
        """Lay a view above the others, in the middle; or tile it, beside the one that had the focus before, as soon as the layout tiles."""
        if on == (view in self._floating):
            return
        if self._layout.floats:
            self._floating[view].by_layout = True
            return
        self._leave_place(view)
        if on:
            self._floating[view] = FloatingPlace()
        else:
            self._tile(view)
        self._refocus()

    def place_floating(self, view: V, box: Rect, ground: Ground[V]) -> None:
        """Have a view float in this box of the layout, for somebody who pulls at it."""
        if view not in self._floating:
            self.set_floating(view, True)
        place = self._floating[view]
        place.by_layout = place.by_layout and self._layout.floats
        if place.size is not None or box[2:] != self._floating_boxes(ground)[view][2:]:
            place.size = (box.width, box.height)  # one that is only moved may still change its size itself
        place.position = _from(ground.usable, box)

    def move(self, view: V, direction: Direction, amount: Amount, ground: Ground[V]) -> bool:
        """Move a view on its workspace: a floating one by `amount`, a tiled one to the next place. False where it is at the edge."""
        if view in self._floating:
            box = self._floating_boxes(ground)[view]
            step = direction.step * amount.pixels(_length(ground.usable, direction.horizontal))
            x, y = (step, 0) if direction.horizontal else (0, step)
            moved = inside(Rect(box.x + x, box.y + y, box.width, box.height), ground.usable)
            self._floating[view].position = _from(ground.usable, moved)
            return True
        if self._layout.by_hand:
            leaf = self._leaves[view]
            self._root, moved_on = move_leaf(self._root, leaf, direction)
            activate(leaf)
            return moved_on
        other = self.neighbour(view, direction, ground)
        if other is not None:
            self._trade(view, other)
        return other is not None

    def move_to(self, view: V, x: Amount, y: Amount, ground: Ground[V]) -> None:
        """Move a floating view's corner. CommandError for a tiled one."""
        if view not in self._floating:
            raise CommandError("the view is tiled: only a floating one has a position")
        area = ground.usable
        self._floating[view].position = (x.pixels(area.width), y.pixels(area.height))

    def swap(self, view: V, to: Direction | Order, ground: Ground[V]) -> bool:
        """Have a view and its neighbour, which is tiled or floats as it does, change places. False where there is none."""
        if isinstance(to, Order):
            alike = [each for each in self.views if self.floats(each) == self.floats(view)]
            other: V | None = alike[(alike.index(view) + to.step) % len(alike)]
        else:
            other = self.neighbour(view, to, ground)
        if other is None or other == view:
            return False
        if view in self._floating:
            places = self._floating
            places[view], places[other] = places[other], places[view]
        else:
            self._trade(view, other)
        return True

    def _trade(self, view: V, other: V) -> None:
        leaves = self._leaves
        trade(leaves[view], leaves[other])
        leaves[view], leaves[other] = leaves[other], leaves[view]
        self._refocus()

    def resize(self, view: V, side: Dimension | Direction, amount: Amount, ground: Ground[V]) -> None:
        """Make a view larger, or smaller by a negative amount, at one side or in one dimension.

        CommandError where a tiled one has nothing beside it.
        """
        horizontal = side == "width" if isinstance(side, str) else side.horizontal
        if view not in self._floating:
            tiling = self._tiling(ground)
            resize_node(self._leaves[view], side, amount, tiling.boxes)
            return
        box = self._floating_boxes(ground)[view]
        whole = _length(ground.usable, horizontal)
        old = _length(box, horizontal)
        new = max(min(LEAST, old), min(whole, old + amount.pixels(whole)))
        before = 0
        if isinstance(side, str):
            before = (new - old) // 2
        elif side.step < 0:
            before = new - old
        x, y, width, height = box
        resized = Rect(x - before, y, new, height) if horizontal else Rect(x, y - before, width, new)
        self.place_floating(view, inside(resized, ground.usable), ground)

    def can_resize(self, view: V, side: Direction) -> bool:
        """Whether a view's size can be changed at one side."""
        return view in self._floating or can_resize(self._leaves[view], side)

    def resize_to(self, view: V, width: Amount, height: Amount, ground: Ground[V]) -> None:
        """Give a view this size, border and title included; 0 leaves a side as it is.

        CommandError where a tiled one has nothing beside it, on no side that is meant.
        """
        box = self.scene(ground).places[view].outer
        sides: tuple[tuple[Dimension, Amount, int, int], ...] = (
            ("width", width, box.width, ground.usable.width),
            ("height", height, box.height, ground.usable.height),
        )
        meant = [(side, amount.pixels(whole) - now) for side, amount, now, whole in sides if amount.value]
        refusals = []
        for side, more in meant:
            try:
                self.resize(view, side, Amount(more), ground)
            except CommandError as error:
                refusals.append(error)
        if refusals and len(refusals) == len(meant):
            raise refusals[0]

    def split(self, view: V, into: SplitInto) -> None:
        """Have the next view share this one's place. CommandError where that is not the person's to say."""
        if view in self._floating:
            raise CommandError("the view floats: only a tiled one can be split")
        if not self._layout.by_hand:
            raise CommandError(f"the layout {self._layout.name} arranges the views by itself")
        split_leaf(self._leaves[view], Arrangement(into))

    def set_layout(self, layout: Layout, ground: Ground[V] | None) -> None:
        """Place the tiled views anew. Those of a free layout are tiled, or stay where they are when they are free from now on."""
        boxes = {} if ground is None else {v: place.outer for v, place in self.scene(ground).places.items()}
        tiled = self.views[: len(self._leaves)]
        if not layout.floats:
            tiled += [v for v in self._identities if v in self._floating and self._floating[v].by_layout]
        for view in tiled:
            self._floating.pop(view, None)
        self._layout = layout
        self._leaves = {}
        if layout.floats:
            self._root = layout.arrange([])
            for view in tiled:
                place = self._floating[view] = FloatingPlace(by_layout=True)
                if ground is not None:
                    place.position = _from(ground.usable, boxes[view])
                    place.size = (boxes[view].width, boxes[view].height)
        else:
            self._leaves = {view: Leaf(view, self._identities[view]) for view in tiled}
            self._root = layout.arrange(list(self._leaves.values()))
        self._refocus()

    # How views come into the tree, and leave it.

    def _tile(self, view: V) -> None:
        leaf = self._leaves[view] = Leaf(view, self._identities[view])
        beside = next(
            (self._leaves[v] for v in reversed(self._history) if v in self._leaves and v != view), None
        )
        self._root = self._layout.add(self._root, leaf, beside)

    def _leave_place(self, view: V) -> None:
        if view in self._leaves:
            self._root = self._layout.remove(self._root, self._leaves.pop(view))
        else:
            del self._floating[view]


def _length(box: Rect, horizontal: bool) -> int:
    return box.width if horizontal else box.height


def _middle(box: Rect) -> tuple[int, int]:
    return box.x + box.width // 2, box.y + box.height // 2


def _from(area: Rect, box: Rect) -> tuple[int, int]:
    """A box's corner, from that of an area."""
    return box.x - area.x, box.y - area.y
