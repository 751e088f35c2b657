"""Layouts: how a workspace's views become a tree, and where one that comes goes.

In `columns`, `rows`, `tabbed` and those that the configuration describes the tree is the person's: a view comes beside the focused one, and
stays where it is moved. In `grid`, `main` and `kiosk` the shape follows from the views' order. In `free` nothing is tiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Generic

from msgspec import Struct

from wlvm.desktop.identity import Match
from wlvm.desktop.sizes import EVEN, Size, average
from wlvm.desktop.tree import Arrangement, Container, Leaf, Node, V

#: Where a container is in a tree: the index of each ancestor among its siblings.
Path = tuple[int, ...]

#: What the main view of `main` has of the width, against what the stack has.
_MAIN = Size(Fraction(3, 2))


class Layout:
    """A layout, by its name. Equal ones place views in the same way."""

    #: Whether views lie where somebody puts them, one above the other.
    floats = False
    #: Whether the person may change the tree's shape.
    by_hand = False
    #: Whether views fill the whole area, with nothing around them.
    bare = False

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def arrange(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        """A tree of these views, which are in none, in their order."""
        raise NotImplementedError

    def add(self, root: Container[V], leaf: Leaf[V], beside: Leaf[V] | None) -> Container[V]:
        """Take a view into a tree, behind another of its views, or else at the end.

        Returns the tree's root; which of its views is at the front is to be told again.
        """
        raise NotImplementedError

    def remove(self, root: Container[V], leaf: Leaf[V]) -> Container[V]:
        """Take a view out. Returns the tree's root, as `add` does."""
        assert leaf.parent is not None
        leaf.parent.remove(leaf)
        return root


class ByHand(Layout):
    """All views in one container, until the person says otherwise."""

    by_hand = True

    def __init__(self, name: str, arrangement: Arrangement) -> None:
        super().__init__(name)
        self.arrangement = arrangement

    def arrange(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        return Container(self.arrangement, leaves)

    def add(self, root: Container[V], leaf: Leaf[V], beside: Leaf[V] | None) -> Container[V]:
        insert(root, leaf, beside)
        return root


class Floating(Layout):
    """Nothing is tiled."""

    floats = True

    def arrange(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        return Container(Arrangement.COLUMNS, leaves)


class Ordered(Layout):
    """The tree's shape follows from the order of the views; sizes that were chosen stay where the shape does."""

    def arrange(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        return self._shape(leaves)

    def add(self, root: Container[V], leaf: Leaf[V], beside: Leaf[V] | None) -> Container[V]:
        leaves = list(root.leaves())
        leaves.insert(leaves.index(beside) + 1 if beside is not None else len(leaves), leaf)
        return self._reshaped(root, leaves)

    def remove(self, root: Container[V], leaf: Leaf[V]) -> Container[V]:
        return self._reshaped(root, [each for each in root.leaves() if each is not leaf])

    def _reshaped(self, root: Container[V], leaves: Sequence[Leaf[V]]) -> Container[V]:
        sizes = _sizes(root)
        new = self._shape(leaves)
        _keep_sizes(sizes, new)
        return new

    def _shape(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        raise NotImplementedError


class Grid(Ordered):
    """Rows that are as square as can be; the last one shares its width."""

    def _shape(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        columns = math.ceil(math.sqrt(len(leaves))) or 1
        rows = [
            _contained(Arrangement.COLUMNS, leaves[start : start + columns])
            for start in range(0, len(leaves), columns)
        ]
        return Container(Arrangement.ROWS, rows)


class MainAndStack(Ordered):
    """The first view beside a stack of the others."""

    def _shape(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        if len(leaves) < 2:
            return Container(Arrangement.COLUMNS, leaves)
        main, stack = leaves[0], _contained(Arrangement.ROWS, leaves[1:])
        root: Container[V] = Container(Arrangement.COLUMNS, [main, stack])
        main.size, stack.size = _MAIN, EVEN
        return root


class Kiosk(Ordered):
    """One view at a time, on the whole area."""

    bare = True

    def _shape(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        return Container(Arrangement.MONOCLE, leaves)


class Part(Struct, frozen=True):
    """A part of a layout that the configuration describes: parts beside each other, or a place for views."""

    arrangement: Arrangement = Arrangement.TABBED
    """Of its parts, or of the views that share the place."""
    size: Size = EVEN
    parts: tuple[Part, ...] = ()
    matches: tuple[Match, ...] = ()
    """The views that the place is for."""
    rest: bool = False
    """Whether the place is for the views that no other is for."""


class Described(Layout):
    """Nested places for views that the configuration names. Places without views take no space."""

    by_hand = True

    def __init__(self, name: str, part: Part) -> None:
        super().__init__(name)
        self.part = part

    def arrange(self, leaves: Sequence[Leaf[V]]) -> Container[V]:
        root: Container[V] = _container(self.part, ())
        for leaf in leaves:
            self.add(root, leaf, None)
        return root

    def add(self, root: Container[V], leaf: Leaf[V], beside: Leaf[V] | None) -> Container[V]:
        path = _path_to(self.part, leaf)
        place = next((each for each in root.containers() if each.place_of == path), root)
        if path is None or beside is None or beside not in place.leaves():
            beside = None
        insert(place, leaf, beside)
        return root


def insert(root: Container[V], leaf: Leaf[V], beside: Leaf[V] | None) -> None:
    """Put a view behind another into the same container, or else at the end of the root."""
    container = beside.parent if beside is not None else root
    assert container is not None
    index = container.beside(beside) if beside is not None else len(container.children)
    container.insert(index, leaf)


def _container(part: Part, path: Path) -> Container[V]:
    children: list[Container[V]] = [_container(each, (*path, index)) for index, each in enumerate(part.parts)]
    return Container(part.arrangement, children, size=part.size, place_of=path)


def _path_to(part: Part, leaf: Leaf[V]) -> Path | None:
    """The path of the part that a view belongs to; None where none is for it."""
    places = list(_places(part, ()))
    for path, place in places:
        if any(match.fits(leaf.identity) for match in place.matches):
            return path
    return next((path for path, place in places if place.rest), None)


def _places(part: Part, path: Path) -> Iterator[tuple[Path, Part]]:
    yield path, part
    for index, each in enumerate(part.parts):
        yield from _places(each, (*path, index))


def _contained(arrangement: Arrangement, leaves: Sequence[Leaf[V]]) -> Node[V]:
    """The views in a container; one alone needs none."""
    for leaf in leaves:
        leaf.size = EVEN
    return leaves[0] if len(leaves) == 1 else Container(arrangement, leaves)


class _Sizes(Struct, Generic[V], frozen=True):
    """What the parts of a container had: a view's size goes with the view where the number of the parts changes."""

    arrangement: Arrangement
    parts: Sequence[tuple[Node[V], Size]]


def _sizes(container: Container[V], path: Path = ()) -> dict[Path, _Sizes[V]]:
    """The sizes in a container and those below it, by path."""
    sizes = {path: _Sizes(container.arrangement, [(child, child.size) for child in container.children])}
    for index, child in enumerate(container.children):
        if isinstance(child, Container):
            sizes.update(_sizes(child, (*path, index)))
    return sizes


def _keep_sizes(sizes: Mapping[Path, _Sizes[V]], container: Container[V], path: Path = ()) -> None:
    """Give a container's parts the sizes that they had at the same place in a tree of the same shape."""
    old = sizes.get(path)
    if old is not None and old.arrangement is container.arrangement and len(old.parts) > 1:
        if len(old.parts) == len(container.children):
            for child, (_, size) in zip(container.children, old.parts, strict=True):
                child.size = size
        elif container.children[1:]:
            had = dict(old.parts)
            usual = average([size for _, size in old.parts])
            for child in container.children:
                child.size = had.get(child, usual)
    for index, child in enumerate(container.children):
        if isinstance(child, Container):
            _keep_sizes(sizes, child, (*path, index))


#: The layouts that need no description, by name.
BUILT_IN: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        ByHand("columns", Arrangement.COLUMNS),
        ByHand("rows", Arrangement.ROWS),
        ByHand("tabbed", Arrangement.TABBED),
        Grid("grid"),
        MainAndStack("main"),
        Kiosk("kiosk"),
        Floating("free"),
    )
}
