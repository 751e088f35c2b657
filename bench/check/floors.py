"""What the counts are compared with: work that is the same in every version of wlvm, and that a faster Python or pixman makes cheaper just as it does wlvm's."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.pixels import Compositor, Rectangle, pictures

_HEADER = struct.Struct("<BBBBIII")


class _Node:
    """Something with a place, and a method or two."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = (0, 0)
        self._heard: list[tuple[str, int]] = []

    def move(self, x: int, y: int) -> bool:
        if (x, y) == self.place:
            return False
        self.place = x, y
        return True

    def hear(self, what: str, number: int) -> None:
        self._heard.append((what, number))
        if len(self._heard) > 8:
            self._heard.clear()


def python() -> int:
    """Messages that are decoded, looked up and passed on: what wlvm has Python for."""
    nodes = {f"node-{number}": _Node(f"node-{number}") for number in range(8)}
    handlers: dict[str, Callable[[_Node, int], object]] = {
        "move": lambda node, value: node.move(value % 100, value // 100),
        "hear": lambda node, value: node.hear("hear", value),
    }
    done = 0
    for number in range(40):
        data = _HEADER.pack(108, 1, 0, 1, number, number * 37, number % 8)
        *_, value, index = _HEADER.unpack_from(data)
        node = nodes[f"node-{index}"]
        for name, handler in handlers.items():
            if handler(node, value) is not False:
                done += len(name)
        try:
            done += {"left": 1, "right": 2}[node.name[:4]]
        except KeyError:
            done += sum(each for each in node.place if each > 10)
    return done


@contextmanager
def pixels(size: tuple[int, int]) -> Iterator[Pixels]:
    """The whole of two pictures of one size."""
    compositor = Compositor(*pictures(size))
    try:
        yield Pixels(compositor, (0, 0, *size))
    finally:
        compositor.close()


class Pixels:
    """One copy, and one composition, of a rectangle."""

    def __init__(self, compositor: Compositor, rectangle: Rectangle) -> None:
        self._compositor = compositor
        self._rectangle = rectangle

    def copy(self) -> None:
        self._compositor.copy(self._rectangle)

    def compose(self) -> None:
        self._compositor.compose(self._rectangle)
