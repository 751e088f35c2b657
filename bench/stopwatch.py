"""Times what a running program does, by wrapping its methods; none of it is in the program.

Processor time of the calling thread: what other processes, and other threads that hold the interpreter, take is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, NamedTuple

#: A method: its class (or the object) and its name.
Method = tuple[Any, str]


class Turn(NamedTuple):
    """One outer call, in nanoseconds: all of it, and what of that the inner calls took."""

    total: int
    inside: int


class Stopwatch:
    """`turns` of an outer method, each with the time of the inner methods that it called."""

    def __init__(self, outer: Method, *inner: Method) -> None:
        self.turns: list[Turn] = []
        self._outer = outer
        self._inner = inner
        self._inside = 0

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Time the calls from now on; attach before anybody has bound the methods."""
        with ExitStack() as stack:
            stack.enter_context(_replaced(self._outer, self._timed_turn))
            for method in self._inner:
                stack.enter_context(_replaced(method, self._timed_inside))
            yield

    def _timed_turn(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def timed(*arguments: Any, **named: Any) -> Any:
            self._inside = 0
            start = time.thread_time_ns()
            try:
                return call(*arguments, **named)
            finally:
                self.turns.append(Turn(time.thread_time_ns() - start, self._inside))

        return timed

    def _timed_inside(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.thread_time_ns()
            try:
                return call(*arguments, **named)
            finally:
                self._inside += time.thread_time_ns() - start

        return timed


@contextmanager
def _replaced(method: Method, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    owner, name = method
    original = getattr(owner, name)
    setattr(owner, name, wrap(original))
    try:
        yield
    finally:
        setattr(owner, name, original)
