"""The tree of a workspace's tiled views: containers inside each other, which place what is in them beside each other or in tabs."""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, TypeVar

from wlvm.desktop.direction import Direction
from wlvm.desktop.identity import Identity
from wlvm.desktop.sizes import EVEN, Size, average

V = TypeVar("V", bound=Hashable)


class Arrangement(enum.Enum):
    """How a container places what is in it."""

    COLUMNS = "columns"
    ROWS = "rows"
    TABBED = "tabbed"
    #: One at a time, without a strip of tabs.
    MONOCLE = "monocle"

    def lies_along(self, direction: Direction) -> bool:
        """Whether one goes from one part to the next in this direction."""
        return direction.horizontal != (self is Arrangement.ROWS)

    @property
    def one_at_a_time(self) -> bool:
        return self in (Arrangement.TABBED, Arrangement.MONOCLE)


class Node(Generic[V]):
    """A part of a container: a view or another container."""

    def __init__(self, size: Size = EVEN) -> None:
        self.parent: Container[V] | None = None
        self.size = size

    def leaves(self) -> Iterator[Leaf[V]]:
        """The views below, in order."""
        raise NotImplementedError

    @property
    def empty(self) -> bool:
        return next(self.leaves(), None) is None


class Leaf(Node[V]):
    """A tiled view."""

    def __init__(self, view: V, identity: Identity) -> None:
        super().__init__()
        self.view = view
        self.identity = identity

    def leaves(self) -> Iterator[Leaf[V]]:
        yield self


class Container(Node[V]):
    """Nodes in an order. One that is empty takes no space."""

    def __init__(
        self,
        arrangement: Arrangement,
        children: Sequence[Node[V]] = (),
        *,
        size: Size = EVEN,
        place_of: Hashable = None,
    ) -> None:
        """`place_of` marks a container that the configuration describes: it stays where it is, with one part or none."""
        super().__init__(size)
        self.arrangement = arrangement
        self.place_of = place_of
        self.children: list[Node[V]] = list(children)
        #: The child that was brought to the front last.
        self.front: Node[V] | None = None
        for child in children:
            child.parent = self

    def leaves(self) -> Iterator[Leaf[V]]:
        for child in self.children:
            yield from child.leaves()

    def containers(self) -> Iterator[Container[V]]:
        """This one and all below it."""
        yield self
        for child in self.children:
            if isinstance(child, Container):
                yield from child.containers()

    @property
    def filled(self) -> list[Node[V]]:
        """The children that are not empty."""
        return [child for child in self.children if not child.empty]

    @property
    def active(self) -> Node[V] | None:
        """The child that had the focus last, or the first; None without one that is not empty."""
        filled = self.filled
        return self.front if self.front in filled else next(iter(filled), None)

    def insert(self, index: int, node: Node[V]) -> None:
        """Take in a node, with the size that the others have on average."""
        node.size = average([child.size for child in self.children])
        node.parent = self
        self.children.insert(index, node)

    def replace(self, old: Node[V], new: Node[V]) -> None:
        """Have `new` in the place of `old`, with its size."""
        self.children[self.children.index(old)] = new
        if self.front is old:
            self.front = new
        new.size, new.parent, old.parent = old.size, self, None

    def remove(self, node: Node[V]) -> None:
        """Let a child go, and the containers that are of no use without it."""
        index = self.children.index(node)
        self.children.remove(node)
        node.parent = None
        if self.front is node:
            self.front = self.children[min(index, len(self.children) - 1)] if self.children else None
        if self.parent is None or self.place_of is not None:
            return
        if not self.children:
            self.parent.remove(self)
        elif len(self.children) == 1:
            (child,) = self.children
            self.children = []
            self.parent.replace(self, child)

    def exchange(self, one: Node[V], other: Node[V]) -> None:
        """Have two children in each other's places."""
        i, j = self.children.index(one), self.children.index(other)
        self.children[i], self.children[j] = other, one

    def beside(self, node: Node[V]) -> int:
        """The index right behind a child."""
        return self.children.index(node) + 1


def activate(node: Node[V]) -> None:
    """Bring a node to the front of the tabs that it is in."""
    while node.parent is not None:
        node.parent.front = node
        node = node.parent


def trade(one: Leaf[V], other: Leaf[V]) -> None:
    """Have two views in each other's places, each with the other's size."""
    one.view, other.view = other.view, one.view
    one.identity, other.identity = other.identity, one.identity


def active_leaf(node: Node[V]) -> Leaf[V]:
    """The view that had the focus last, of those in a node that is not empty."""
    while isinstance(node, Container):
        assert node.active is not None
        node = node.active
    assert isinstance(node, Leaf)
    return node
