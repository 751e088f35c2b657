"""What a person does to the views of a tree: go from one to the next, move, resize, split."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from wlvm.desktop.command import Amount, CommandError, Dimension
from wlvm.desktop.direction import Direction
from wlvm.desktop.sizes import Size, Unit, divide
from wlvm.desktop.tree import Arrangement, Container, Leaf, Node, V
from wlvm.framebuffer import Rect

#: What a view keeps when it or others beside it are resized, in logical pixels, where it has so much.
LEAST = 32


def leaf_beside(leaf: Leaf[V], direction: Direction, boxes: Mapping[Node[V], Rect]) -> Leaf[V] | None:
    """The view on a side of another: of several there, the one that lies level with its middle. None at the edge."""
    node: Node[V] = leaf
    while (parent := node.parent) is not None:
        if parent.arrangement.lies_along(direction):
            sibling = _sibling(parent, node, direction)
            if sibling is not None:
                return _nearest_leaf(sibling, direction, boxes[leaf], boxes)
        node = parent
    return None


def _sibling(parent: Container[V], node: Node[V], direction: Direction) -> Node[V] | None:
    filled = parent.filled
    index = filled.index(node) + direction.step
    return filled[index] if 0 <= index < len(filled) else None


def _nearest_leaf(
    node: Node[V], direction: Direction, origin: Rect, boxes: Mapping[Node[V], Rect]
) -> Leaf[V]:
    """The view that one comes to first when one enters a node in a direction, from `origin`."""
    while isinstance(node, Container):
        if node.arrangement.one_at_a_time:
            assert node.active is not None
            node = node.active
        elif node.arrangement.lies_along(direction):
            node = node.filled[0 if direction.step > 0 else -1]
        else:
            node = min(node.filled, key=lambda child: _off_level(boxes[child], origin, direction))
    assert isinstance(node, Leaf)
    return node


def _off_level(box: Rect, origin: Rect, direction: Direction) -> int:
    """How far a box is from being level with the middle of another."""
    start, length = (box.y, box.height) if direction.horizontal else (box.x, box.width)
    middle = origin.y + origin.height // 2 if direction.horizontal else origin.x + origin.width // 2
    return max(start - middle, middle - (start + length - 1), 0)


def move_leaf(root: Container[V], leaf: Leaf[V], direction: Direction) -> tuple[Container[V], bool]:
    """Move a view one place on: past its neighbour, into the container beside, or out of its own.

    At the tree's edge it comes beside all others, where these do not lie along the direction. Returns the tree's root, and whether the view
    moved.
    """
    _unwrap(leaf)
    node: Node[V] = leaf
    while (parent := node.parent) is not None:
        if parent.arrangement.lies_along(direction):
            sibling = _sibling(parent, node, direction)
            if sibling is not None:
                _move_towards(leaf, node, parent, sibling, direction)
                return root, True
            if node is not leaf and parent.place_of is None:
                _move_beside(leaf, node, parent, direction)
                return root, True
        node = parent
    if root.arrangement.lies_along(direction) or len(list(root.leaves())) < 2:
        return root, False
    return _move_around(root, leaf, direction), True


def _unwrap(leaf: Leaf[V]) -> None:
    """Take a view out of containers that hold nothing else."""
    while (
        (parent := leaf.parent) is not None
        and parent.parent is not None
        and parent.place_of is None
        and len(parent.children) == 1
    ):
        parent.parent.replace(parent, leaf)


def _move_towards(
    leaf: Leaf[V], node: Node[V], parent: Container[V], sibling: Node[V], direction: Direction
) -> None:
    """From a node of `parent`, in which the view is, towards the next one."""
    if node is leaf and isinstance(sibling, Leaf):
        parent.exchange(leaf, sibling)
    elif isinstance(sibling, Container) and (node is leaf or parent.place_of is not None):
        _move_into(leaf, sibling, direction)
    else:
        _move_beside(leaf, node, parent, direction)


def _move_beside(leaf: Leaf[V], node: Node[V], parent: Container[V], direction: Direction) -> None:
    """Out of a node of `parent`, which holds other views too, to its side."""
    index = parent.children.index(node) + (1 if direction.step > 0 else 0)
    _take_out(leaf)
    parent.insert(index, leaf)


def _move_into(leaf: Leaf[V], container: Container[V], direction: Direction) -> None:
    """To the near edge of a container, or beside the view of it that had the focus last."""
    _take_out(leaf)
    while True:
        along = container.arrangement.lies_along(direction)
        filled = container.filled
        child = filled[0 if direction.step > 0 else -1] if along else container.active
        if isinstance(child, Container) and (not along or child.place_of is not None):
            container = child
            continue
        break
    if along:
        container.insert(0 if direction.step > 0 else len(container.children), leaf)
    else:
        assert child is not None
        container.insert(container.beside(child), leaf)


def _move_around(root: Container[V], leaf: Leaf[V], direction: Direction) -> Container[V]:
    """To the side of all other views. Returns the new root."""
    arrangement = Arrangement.COLUMNS if direction.horizontal else Arrangement.ROWS
    outer: Container[V] = Container(arrangement, [root])
    _take_out(leaf)
    outer.insert(0 if direction.step < 0 else 1, leaf)
    return outer


def _take_out(leaf: Leaf[V]) -> None:
    assert leaf.parent is not None
    leaf.parent.remove(leaf)


def split_leaf(leaf: Leaf[V], arrangement: Arrangement) -> None:
    """Put a view into a container of its own; one that is alone in its container changes that one's arrangement."""
    parent = leaf.parent
    assert parent is not None
    if len(parent.children) == 1:
        parent.arrangement = arrangement
        return
    container: Container[V] = Container(arrangement)
    parent.replace(leaf, container)
    container.insert(0, leaf)


def resize_node(
    leaf: Leaf[V], side: Dimension | Direction, amount: Amount, boxes: Mapping[Node[V], Rect]
) -> None:
    """Make a view larger: at one side, against what is there, or in one dimension, against all that is beside it.

    CommandError where there is nothing.
    """
    beside = _beside(leaf, side)
    if beside is None:
        raise CommandError("nothing is beside the view that its size could be changed against")
    _grow(*beside, amount, _is_horizontal(side), boxes)


def can_resize(leaf: Leaf[V], side: Direction) -> bool:
    """Whether anything is at a side of the view that its size could be changed against."""
    return _beside(leaf, side) is not None


def _is_horizontal(side: Dimension | Direction) -> bool:
    return side == "width" if isinstance(side, str) else side.horizontal


def _beside(leaf: Leaf[V], side: Dimension | Direction) -> tuple[Container[V], Node[V], list[Node[V]]] | None:
    """The container and the node of it, with the view in it, that has other nodes at its side; and these."""
    arrangement = Arrangement.COLUMNS if _is_horizontal(side) else Arrangement.ROWS
    node: Node[V] = leaf
    while (parent := node.parent) is not None:
        if parent.arrangement is arrangement:
            against = _against(parent, node, side)
            if against:
                return parent, node, against
        node = parent
    return None


def _against(parent: Container[V], node: Node[V], side: Dimension | Direction) -> list[Node[V]]:
    if isinstance(side, Direction):
        sibling = _sibling(parent, node, side)
        return [] if sibling is None else [sibling]
    return [child for child in parent.filled if child is not node]


def _grow(
    parent: Container[V],
    node: Node[V],
    against: list[Node[V]],
    amount: Amount,
    horizontal: bool,
    boxes: Mapping[Node[V], Rect],
) -> None:
    """Give a node pixels of others, in proportion to what these have."""
    lengths = {child: boxes[child].width if horizontal else boxes[child].height for child in parent.filled}
    whole = sum(lengths.values())
    least = {child: min(LEAST, length) for child, length in lengths.items()}
    together = lengths[node] + sum(lengths[child] for child in against)
    wanted = lengths[node] + amount.pixels(whole)
    lengths[node] = max(least[node], min(wanted, together - sum(least[child] for child in against)))
    shares = divide(
        together - lengths[node],
        [Size(Fraction(lengths[child])) for child in against],
        [least[child] for child in against],
    )
    lengths.update(zip(against, shares, strict=True))
    _choose_sizes(parent, lengths, whole)


def _choose_sizes(parent: Container[V], lengths: Mapping[Node[V], int], whole: int) -> None:
    """Have the sizes say what the parts have. Weights of parts that are empty now stay what they are against the others."""
    old = sum(child.size.amount for child in lengths if child.size.unit is Unit.WEIGHT)
    new = sum(length for child, length in lengths.items() if child.size.unit is Unit.WEIGHT)
    for child in parent.children:
        if child in lengths:
            child.size = child.size.resized(lengths[child], whole)
        elif child.size.unit is Unit.WEIGHT and old:
            child.size = Size(child.size.amount * new / old)
