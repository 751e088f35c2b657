"""How a length is divided."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from wlvm.desktop.sizes import EVEN, Size, Unit, average, divide


def weight(amount: int) -> Size:
    return Size(Fraction(amount))


def pixels(amount: int) -> Size:
    return Size(Fraction(amount), Unit.PIXELS)


def percent(amount: int) -> Size:
    return Size(Fraction(amount), Unit.PERCENT)


any_size = st.builds(Size, st.integers(1, 3000).map(Fraction), st.sampled_from(Unit))
parts = st.lists(st.tuples(any_size, st.integers(1, 400)), min_size=1, max_size=20)


@given(parts=parts, length=st.integers(20, 8000))
def test_every_pixel_is_given_to_somebody_and_everybody_has_one(
    parts: list[tuple[Size, int]], length: int
) -> None:
    lengths = divide(length, [size for size, _ in parts], [minimum for _, minimum in parts])
    assert sum(lengths) == length
    assert min(lengths) >= 1


@given(parts=parts, length=st.integers(20, 8000))
def test_minimums_hold_where_they_fit_together(parts: list[tuple[Size, int]], length: int) -> None:
    minimums = [minimum for _, minimum in parts]
    lengths = divide(length, [size for size, _ in parts], minimums)
    if sum(minimums) <= length:
        assert all(given >= minimum for given, minimum in zip(lengths, minimums, strict=True))


@given(weights=st.lists(st.integers(1, 50), min_size=1, max_size=12), length=st.integers(1000, 8000))
def test_weights_are_kept_within_a_pixel(weights: list[int], length: int) -> None:
    lengths = divide(length, [weight(each) for each in weights], [1] * len(weights))
    for given_length, each in zip(lengths, weights, strict=True):
        assert abs(given_length - Fraction(length * each, sum(weights))) < 1


@given(length=st.integers(600, 8000), percents=st.integers(0, 50))
def test_pixels_and_per_cent_are_what_they_say_and_weights_share_the_rest(length: int, percents: int) -> None:
    sizes = [pixels(200), percent(percents), weight(1), weight(3)]
    bar, part, one, three = divide(length, sizes, [1] * 4)
    assert bar == 200
    if percents:
        assert abs(part - Fraction(length * percents, 100)) < 1
    assert abs(three - 3 * one) <= 4


def test_sizes_that_do_not_add_up_are_stretched_and_shrunk() -> None:
    assert divide(1000, [pixels(100), pixels(300)], [1, 1]) == [250, 750]
    assert divide(1000, [percent(75), percent(75)], [1, 1]) == [500, 500]
    assert divide(100, [pixels(200), weight(1)], [1, 10]) == [90, 10]


def test_a_minimum_is_taken_from_weights_before_it_is_taken_from_pixels() -> None:
    assert divide(1400, [pixels(400), weight(1), weight(1)], [1, 1, 700]) == [400, 300, 700]


def test_minimums_that_do_not_fit_are_reduced_in_proportion() -> None:
    assert divide(12, [EVEN, EVEN], [11, 91]) == [2, 10]


def test_a_new_part_has_the_weight_of_the_others_on_average() -> None:
    assert average([]) == average([pixels(3)]) == EVEN
    assert average([weight(300), weight(500), pixels(9)]) == weight(400)


@given(lengths=st.lists(st.integers(1, 3000), min_size=1, max_size=9), unit=st.sampled_from(Unit))
def test_what_was_resized_is_exactly_as_large_as_it_was_made(lengths: list[int], unit: Unit) -> None:
    whole = sum(lengths)
    sizes = [Size(Fraction(1), unit).resized(length, whole) for length in lengths]
    assert divide(whole, sizes, [1] * len(lengths)) == lengths
