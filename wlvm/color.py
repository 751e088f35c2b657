"""Colours of what wlvm draws itself: red, green and blue, each 0 to 255."""

from __future__ import annotations

from typing import NamedTuple


class Rgb(NamedTuple):
    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> Rgb:
        """A colour as the configuration has it: "#rrggbb"."""
        return cls(*bytes.fromhex(text[1:]))

    @property
    def grey(self) -> bool:
        """Whether a person would call it black, grey or white. Host programs are marked by greys, and guests by colours."""
        return max(self) - min(self) < 32

    @property
    def dark(self) -> bool:
        """Whether white text is easier to read on it than black."""
        return (299 * self.red + 587 * self.green + 114 * self.blue) / 1000 < 140

    def mixed(self, other: Rgb, share: float) -> Rgb:
        """So far on the way to another colour: 0 is this one, 1 the other."""
        return Rgb(*(round(a + (b - a) * share) for a, b in zip(self, other, strict=True)))

    @property
    def readable(self) -> Rgb:
        """The colour for text on this one."""
        return WHITE if self.dark else BLACK

    @property
    def scene(self) -> tuple[float, float, float, float]:
        """As the scene's rectangles have it."""
        return self.red / 255, self.green / 255, self.blue / 255, 1.0


BLACK = Rgb(0, 0, 0)
WHITE = Rgb(255, 255, 255)
