"""Places: where a view is, and what is drawn around it."""

from __future__ import annotations

import enum

from msgspec import Struct

from wlvm.framebuffer import Rect


class Traits(Struct, frozen=True):
    """What a view is by itself, in logical pixels: content alone for the sizes."""

    natural: tuple[int, int] = (640, 480)
    """How large it is where nobody says."""
    minimum: tuple[int, int] = (1, 1)
    border: int = 0
    """The width of the border around content and title."""
    title: int = 0
    """The height of the title above the content."""


class Stratum(enum.Enum):
    """What lies above what."""

    TILED = 0
    FLOATING = 1
    FULLSCREEN = 2


class Place(Struct, frozen=True):
    """Where a view is, in layout coordinates."""

    output: str
    outer: Rect
    """With border and title."""
    title: Rect | None
    """Inside the border, above the content; None without one."""
    content: Rect
    visible: bool
    stratum: Stratum
    own_size: bool = False
    """Whether it is as large as the view is by itself: it follows the view, and not the other way round."""


def framed(
    output: str, outer: Rect, traits: Traits, *, visible: bool, stratum: Stratum, own_size: bool = False
) -> Place:
    """The place of a view in its box: border and title give way where there is no room for them and a pixel of content."""
    border = max(0, min(traits.border, (outer.width - 1) // 2, (outer.height - 1) // 2))
    x, y = outer.x + border, outer.y + border
    width, height = outer.width - 2 * border, outer.height - 2 * border
    title = max(0, min(traits.title, height - 1))
    return Place(
        output,
        outer,
        Rect(x, y, width, title) if title else None,
        Rect(x, y + title, width, height - title),
        visible,
        stratum,
        own_size,
    )


def with_frame(size: tuple[int, int], traits: Traits) -> tuple[int, int]:
    """The size that a view's content of this size takes with border and title."""
    return size[0] + 2 * traits.border, size[1] + 2 * traits.border + traits.title
