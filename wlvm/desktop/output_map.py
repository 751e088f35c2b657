"""Outputs as the desktop sees them: where they are, and which one somebody means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from wlvm.desktop.direction import Direction, Order
from wlvm.framebuffer import Rect
from wlvm.patterns import matches
from wlvm.pixel_grid import PixelGrid


class OutputArea(Struct, frozen=True):
    """An output, in layout coordinates."""

    name: str
    box: Rect
    usable: Rect
    """What bars leave of it."""
    description: str = ""
    """What a person reads on it: maker, model and serial number."""
    scale: float = 1.0
    """Physical pixels per logical pixel."""

    @property
    def grid(self) -> PixelGrid:
        return PixelGrid((self.box.x, self.box.y), self.scale)

    def physical(self, box: Rect) -> tuple[int, int]:
        """How many pixels of the screen, one at least, a box of the layout covers."""
        return self.grid.size(box)

    def is_meant_by(self, pattern: str) -> bool:
        """Whether somebody means it by this name, or description, in which `*` stands for any characters."""
        return pattern == self.name or matches(pattern, self.description)

    def preference(self, patterns: Sequence[str]) -> int:
        """How far down it is on a list of names and descriptions; the list's length where it is not on it."""
        places = (index for index, pattern in enumerate(patterns) if self.is_meant_by(pattern))
        return next(places, len(patterns))


class OutputMap:
    """The outputs that there are, by name, in the order in which they came."""

    def __init__(self) -> None:
        self._areas: dict[str, OutputArea] = {}

    def __iter__(self) -> Iterator[OutputArea]:
        return iter(self._areas.values())

    def __contains__(self, name: str) -> bool:
        return name in self._areas

    def __getitem__(self, name: str) -> OutputArea:
        return self._areas[name]

    def put(self, area: OutputArea) -> None:
        self._areas[area.name] = area

    def remove(self, name: str) -> None:
        del self._areas[name]

    @property
    def names(self) -> list[str]:
        return list(self._areas)

    @property
    def first(self) -> str | None:
        return next(iter(self._areas), None)

    def meant_by(self, pattern: str) -> str | None:
        """The output of a name or description."""
        return next((area.name for area in self if area.is_meant_by(pattern)), None)

    def best(self, patterns: Sequence[str]) -> str | None:
        """The output that is first on a list of names and descriptions; None where none is on it."""
        area = min(self, key=lambda area: area.preference(patterns), default=None)
        return None if area is None or area.preference(patterns) == len(patterns) else area.name

    def at(self, x: int, y: int) -> str | None:
        """The output that a point is on."""
        return next((area.name for area in self if area.box.overlaps(Rect(x, y, 1, 1))), None)

    def beside(self, name: str, to: Direction | Order) -> str | None:
        """The nearest output on a side of another, None at the edge; or the next in the order from left to right, which goes round."""
        if isinstance(to, Order):
            names = sorted(self._areas, key=lambda each: self[each].box[:2])
            return names[(names.index(name) + to.step) % len(names)]
        here = self[name].box

        def distance(area: OutputArea) -> tuple[int, int]:
            right, down = area.box.x - here.x, area.box.y - here.y
            along, across = (right, down) if to.horizontal else (down, right)
            return along * to.step, abs(across)

        there_are = [area for area in self if distance(area)[0] > 0]
        return min(there_are, key=distance).name if there_are else None
