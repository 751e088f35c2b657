"""What is made of a guest's framebuffers, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from tests.loops import ManualLoop
from wlvm.flip_cache import FlipCache


class Made:
    """Makes letters, and notes which of them were given up."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.given_up: list[str] = []
        self.loop = ManualLoop()
        self.cache: FlipCache[str] = FlipCache(self.loop, self.given_up.append)

    def take(self, letters: str) -> None:
        for letter in letters:
            assert self.cache.take(letter, self._maker(letter)) == letter

    def _maker(self, letter: str) -> Callable[[], str]:
        def make() -> str:
            self.made.append(letter)
            return letter

        return make


def test_a_guest_that_flips_has_everything_made_once() -> None:
    made = Made()
    made.take("abcabcab")
    assert (made.made, made.given_up) == (["a", "b", "c"], [])


def test_of_too_many_the_one_that_was_not_seen_for_longest_is_given_up() -> None:
    made = Made()
    made.take("abcad")
    assert made.given_up == ["b"]
    made.take("b")
    assert (made.made, made.given_up) == (["a", "b", "c", "d", "b"], ["b", "c"])


def test_a_guest_that_stops_flipping_keeps_the_one_it_shows() -> None:
    made = Made()
    made.take("ab")
    made.loop.advance(999)
    assert made.given_up == []
    made.take("a")
    made.loop.advance(999)
    assert made.given_up == [], "it has flipped meanwhile"
    made.loop.advance(2)
    assert made.given_up == ["b"]


def test_what_cannot_be_made_leaves_the_others() -> None:
    made = Made()
    made.take("abc")

    def fail() -> NoReturn:
        raise LookupError

    with pytest.raises(LookupError):
        made.cache.take("d", fail)
    assert made.given_up == []
    made.take("abc")
    assert made.made == ["a", "b", "c"]


def test_what_is_of_no_use_any_more_is_made_anew() -> None:
    made = Made()
    made.take("ab")
    made.cache.discard(made.made[-1])
    made.take("b")
    assert (made.made, made.given_up) == (["a", "b", "b"], ["b"])


def test_in_the_end_everything_is_given_up_once() -> None:
    made = Made()
    made.take("ab")
    made.cache.close()
    made.cache.close()
    assert made.given_up == ["a", "b"]
    assert not made.loop.timers
