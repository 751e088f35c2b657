"""When what a console shows was presented: noted from outside, as nothing in the program asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wlvm.presentation import Presentation


@contextmanager
def presented(found: list[float], wanted: Callable[[Presentation], object]) -> Iterator[None]:
    """Note when a frame was presented that was `wanted` as it was committed, in seconds of time.monotonic."""
    committed, presented = Presentation.committed, Presentation.presented
    commits: dict[Presentation, int] = {}

    def note_commit(presentation: Presentation, commit: int) -> None:
        committed(presentation, commit)
        if wanted(presentation):
            commits.setdefault(presentation, commit)

    def note_presented(presentation: Presentation, commit: int, when: float) -> None:
        before = presentation.frames
        presented(presentation, commit, when)
        if presentation.frames > before and commits.get(presentation, commit + 1) <= commit:
            found.append(when)

    setattr(Presentation, "committed", note_commit)  # noqa: B010 - a method, to mypy, cannot be assigned
    setattr(Presentation, "presented", note_presented)  # noqa: B010
    try:
        yield
    finally:
        setattr(Presentation, "committed", committed)  # noqa: B010
        setattr(Presentation, "presented", presented)  # noqa: B010
