"""Where outputs and views sit when nobody moves them: the configuration's rules first, the others side by side."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from wlvm.desktop.view import Cell, Fit
from wlvm.framebuffer import Rect

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rule:
    """A place somebody chose: an output's name (None: the first), a position on it, and a size (None: as large as the view is).

    In logical pixels.
    """

    output: str | None
    position: tuple[int, int]
    size: tuple[int, int] | None


def side_by_side(
    outputs: Mapping[str, tuple[tuple[int, int] | None, tuple[int, int]]],
) -> dict[str, tuple[int, int]]:
    """The top left corner of each output, from the position somebody chose for it (None: nobody) and its logical size.

    The others follow in their order, right of what was chosen, with their tops in line.
    """
    chosen = [(at, size) for at, size in outputs.values() if at is not None]
    right = max((x + width for (x, _), (width, _) in chosen), default=0)
    top = min((y for (_, y), _ in chosen), default=0)
    places = {}
    for name, (at, (width, _)) in outputs.items():
        places[name] = at or (right, top)
        if at is None:
            right += width
    return places


def arrange(outputs: Mapping[str, Rect], views: Sequence[tuple[Name, Rule | None]]) -> dict[Name, Cell]:
    """The cell of each view.

    `outputs` are the outputs' places, at least one. A rule that names an output which is not there counts as no rule: nothing is lost
    with a screen. Views without a rule share the first output as a grid.
    """
    first = next(iter(outputs))
    cells: dict[Name, Cell] = {}
    others: list[Name] = []
    for name, rule in views:
        where = first if rule is None or rule.output is None else rule.output
        if rule is None or where not in outputs:
            others.append(name)
        else:
            cells[name] = _ruled(where, outputs[where], rule)
    for name, area in zip(others, grid(outputs[first], len(others)), strict=True):
        cells[name] = Cell(first, area, Fit.CENTER)
    return cells


def _ruled(output: str, box: Rect, rule: Rule) -> Cell:
    x, y = rule.position
    if rule.size is None:
        area = Rect(box.x + x, box.y + y, max(1, box.width - x), max(1, box.height - y))
        return Cell(output, area, Fit.CORNER)
    return Cell(output, Rect(box.x + x, box.y + y, *rule.size), Fit.SCALE)


def grid(area: Rect, count: int) -> list[Rect]:
    """`count` cells that fill `area` without overlap, in rows that are as square as can be; the last row shares its width."""
    if count == 0:
        return []
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = []
    for row in range(rows):
        in_row = min(columns, count - row * columns)
        top, bottom = _cut(area.height, rows, row)
        for column in range(in_row):
            left, right = _cut(area.width, in_row, column)
            cells.append(Rect(area.x + left, area.y + top, max(1, right - left), max(1, bottom - top)))
    return cells


def _cut(length: int, parts: int, index: int) -> tuple[int, int]:
    """Where part `index` of `length` cut into `parts` begins and ends."""
    return length * index // parts, length * (index + 1) // parts
