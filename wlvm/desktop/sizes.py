"""How a length is divided: by weights, in pixels and in per cent, exactly, in whole pixels."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

#: Weights are kept to this precision, so that their fractions do not grow with each view that comes and goes.
_PRECISION = 1000


class Unit(enum.Enum):
    """What a size is counted in."""

    WEIGHT = "a share of what sizes in pixels and per cent leave"
    PIXELS = "logical pixels"
    PERCENT = "hundredths of the whole"


class Size(Struct, frozen=True):
    """How much of a container one of its parts wants."""

    amount: Fraction
    unit: Unit = Unit.WEIGHT

    def resized(self, pixels: int, whole: int) -> Size:
        """The size, in the same unit, of a part that has so many of the `whole`'s pixels now.

        The weights of all parts beside each other must be changed together: in pixels they keep their proportions.
        """
        amount = Fraction(pixels * 100, whole) if self.unit is Unit.PERCENT else Fraction(pixels)
        return Size(amount, self.unit)


EVEN = Size(Fraction(1))


def average(sizes: Sequence[Size]) -> Size:
    """The weight of a part that comes to others of these sizes: what they have on average."""
    weights = [size.amount for size in sizes if size.unit is Unit.WEIGHT]
    if not weights:
        return EVEN
    mean = Fraction(sum(weights), len(weights))
    return Size(max(Fraction(1, _PRECISION), mean.limit_denominator(_PRECISION)))


def divide(length: int, sizes: Sequence[Size], minimums: Sequence[int]) -> list[int]:
    """`length` pixels, at least one for each part, divided among parts of these sizes. The parts' sum is `length`.

    Each part has its share within a pixel, and its minimum (at least 1) first; minimums that do not fit together are reduced in
    proportion. Where sizes in pixels and per cent do not add up to the whole, and no weight takes the rest, they are stretched or shrunk.
    """
    if sum(minimums) >= length:
        # Everybody has a pixel, and of the others what its minimum is worth.
        spare, wanted = length - len(sizes), sum(minimums) - len(sizes)
        return _rounded([Fraction(1) + Fraction((each - 1) * spare, wanted or 1) for each in minimums])
    at_minimum: set[int] = set()
    while True:
        others = [index for index in range(len(sizes)) if index not in at_minimum]
        rest = length - sum(minimums[index] for index in at_minimum)
        shares = dict(zip(others, _shares(rest, length, [sizes[index] for index in others]), strict=True))
        too_small = {index for index, share in shares.items() if share < minimums[index]}
        if not too_small:
            return _rounded([shares.get(index, Fraction(minimums[index])) for index in range(len(sizes))])
        at_minimum |= too_small


def _shares(length: int, whole: int, sizes: Sequence[Size]) -> list[Fraction]:
    """The exact share of each size in `length`; per cent are of the `whole`."""
    fixed = [_fixed(size, whole) for size in sizes]
    taken = _sum(fixed)
    weight = _sum([size.amount for size in sizes if size.unit is Unit.WEIGHT])
    if weight and taken < length:
        each = (length - taken) / weight
        return [size.amount * each if size.unit is Unit.WEIGHT else _fixed(size, whole) for size in sizes]
    if not taken:
        return [Fraction(length, len(sizes))] * len(sizes)
    return [share * length / taken for share in fixed]


def _fixed(size: Size, whole: int) -> Fraction:
    if size.unit is Unit.WEIGHT:
        return Fraction(0)
    return size.amount if size.unit is Unit.PIXELS else size.amount * whole / 100


def _rounded(shares: Sequence[Fraction]) -> list[int]:
    """Whole pixels: where each part ends is rounded down, so that no error adds up."""
    whole = math.lcm(*(share.denominator for share in shares))
    lengths, end, edge = [], 0, 0
    for share in shares:
        end += share.numerator * (whole // share.denominator)
        lengths.append(end // whole - edge)
        edge = end // whole
    return lengths


def _sum(amounts: Sequence[Fraction]) -> Fraction:
    """Over one denominator: adding fractions one by one takes a multiple of the time."""
    whole = math.lcm(*(amount.denominator for amount in amounts))
    return Fraction(sum(amount.numerator * (whole // amount.denominator) for amount in amounts), whole)
