"""Where the views of a tree are: boxes in whole logical pixels that never overlap and leave nothing but gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

from msgspec import Struct, field

from wlvm.desktop.sizes import EVEN, divide
from wlvm.desktop.tree import Arrangement, Container, Leaf, Node, V, active_leaf
from wlvm.framebuffer import Rect


class Spacing(Struct, frozen=True):
    """Logical pixels between tiled views, around all of them, and the height of a strip of tabs."""

    gap: int = 0
    margin: int = 0
    tab_height: int = 0


class Tab(Struct, Generic[V], frozen=True):
    """A tab in a strip: its box, the view that it names, whether that is the one to be seen."""

    box: Rect
    view: V
    active: bool


class Tiling(Struct, Generic[V]):
    """The boxes of a tree's nodes in layout coordinates."""

    boxes: dict[Node[V], Rect] = field(default_factory=dict)
    """Also of what is not seen: the box that it would have."""
    seen: set[Leaf[V]] = field(default_factory=set)
    in_tabs: set[Leaf[V]] = field(default_factory=set)
    """The views that a tab names, and that need no title of their own."""
    tabs: list[Tab[V]] = field(default_factory=list)


#: The smallest width and height that a view should be given, in logical pixels, with whatever is around it.
Minimum = Callable[[Leaf[V]], tuple[int, int]]


def tile(root: Container[V], area: Rect, spacing: Spacing, minimum: Minimum[V]) -> Tiling[V]:
    """Place the tree's views in `area`, less its margin. Where there is no room for all, those nearest to the active ones are seen."""
    tiling: Tiling[V] = Tiling()
    _Tiler(tiling, spacing, minimum).place(root, shrunk(area, spacing.margin), True)
    return tiling


def shrunk(area: Rect, margin: int) -> Rect:
    """What is left of an area within a margin, which gives way where the area is small."""
    x, y = min(margin, (area.width - 1) // 2), min(margin, (area.height - 1) // 2)
    return Rect(area.x + x, area.y + y, area.width - 2 * x, area.height - 2 * y)


class _Tiler(Generic[V]):
    def __init__(self, tiling: Tiling[V], spacing: Spacing, minimum: Minimum[V]) -> None:
        self._tiling, self._spacing, self._minimum = tiling, spacing, minimum

    def place(self, node: Node[V], box: Rect, seen: bool) -> None:
        self._tiling.boxes[node] = box
        if isinstance(node, Leaf):
            if seen:
                self._tiling.seen.add(node)
        elif isinstance(node, Container) and not node.empty:
            if node.arrangement.one_at_a_time:
                self._place_in_front(node, box, seen)
            else:
                self._place_beside(node, box, seen)

    def _place_in_front(self, container: Container[V], box: Rect, seen: bool) -> None:
        active = container.active
        strip = 0
        if container.arrangement is Arrangement.TABBED:
            strip = min(self._spacing.tab_height, box.height - 1)
            self._tiling.in_tabs.update(child for child in container.children if isinstance(child, Leaf))
            if seen and strip:
                self._add_tabs(container, Rect(box.x, box.y, box.width, strip))
        below = Rect(box.x, box.y + strip, box.width, box.height - strip)
        for child in container.filled:
            self.place(child, below, seen and child is active)

    def _add_tabs(self, container: Container[V], strip: Rect) -> None:
        tabs, active = nearest(container, strip.width), container.active
        left = strip.x
        widths = divide(strip.width, [EVEN] * len(tabs), [1] * len(tabs))
        for child, width in zip(tabs, widths, strict=True):
            box = Rect(left, strip.y, width, strip.height)
            self._tiling.tabs.append(Tab(box, active_leaf(child).view, child is active))
            left += width

    def _place_beside(self, container: Container[V], box: Rect, seen: bool) -> None:
        horizontal = container.arrangement is Arrangement.COLUMNS
        length = box.width if horizontal else box.height
        filled = container.filled
        fitting = nearest(container, length)
        gap = self._gap(len(fitting), length)
        lengths = divide(
            length - gap * (len(fitting) - 1),
            [child.size for child in fitting],
            [self._minimum_of(child)[0 if horizontal else 1] for child in fitting],
        )
        start = box.x if horizontal else box.y
        for child, each in zip(fitting, lengths, strict=True):
            part = Rect(start, box.y, each, box.height) if horizontal else Rect(box.x, start, box.width, each)
            self.place(child, part, seen)
            start += each + gap
        for child in filled:
            if child not in fitting:
                self.place(child, box, False)

    def _gap(self, count: int, length: int) -> int:
        """The gap between so many parts: they have a pixel each, and no less than half of the length."""
        if count < 2:
            return 0
        return min(self._spacing.gap, min(length - count, length // 2) // (count - 1))

    def _minimum_of(self, node: Node[V]) -> tuple[int, int]:
        if isinstance(node, Leaf):
            width, height = self._minimum(node)
            return max(1, width), max(1, height)
        assert isinstance(node, Container)
        parts = [self._minimum_of(child) for child in node.filled]
        widths, heights = [width for width, _ in parts], [height for _, height in parts]
        gaps = self._spacing.gap * (len(parts) - 1)
        if node.arrangement is Arrangement.COLUMNS:
            return sum(widths) + gaps, max(heights)
        if node.arrangement is Arrangement.ROWS:
            return max(widths), sum(heights) + gaps
        strip = self._spacing.tab_height if node.arrangement is Arrangement.TABBED else 0
        return max(widths), max(heights) + strip


def nearest(container: Container[V], count: int) -> Sequence[Node[V]]:
    """As many of a container's children as `count`, around the active one."""
    filled = container.filled
    if len(filled) <= count or container.active is None:
        return filled
    first = filled.index(container.active) - count // 2
    first = max(0, min(first, len(filled) - count))
    return filled[first : first + count]
