"""Directions on the screens."""

from __future__ import annotations

import enum


class Direction(enum.Enum):
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"

    @property
    def horizontal(self) -> bool:
        return self in (Direction.LEFT, Direction.RIGHT)

    @property
    def step(self) -> int:
        """-1 towards the top left, 1 away from it."""
        return -1 if self in (Direction.LEFT, Direction.UP) else 1


class Order(enum.Enum):
    """Places in an order, which goes round."""

    NEXT = "next"
    PREVIOUS = "prev"

    @property
    def step(self) -> int:
        return 1 if self is Order.NEXT else -1
