"""What a workspace lies on, and where its views are on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from msgspec import Struct, field

from wlvm.desktop.place import Place, Traits
from wlvm.desktop.tiling import Spacing, Tab
from wlvm.desktop.tree import V
from wlvm.framebuffer import Rect


class Ground(Struct, Generic[V], frozen=True):
    """What a workspace lies on: an output, and what the views are by themselves."""

    output: str
    box: Rect
    """The whole output, in layout coordinates."""
    usable: Rect
    """What bars leave of it."""
    spacing: Spacing
    traits: Callable[[V], Traits]


class Scene(Struct, Generic[V]):
    """The places of a workspace's views, in the order in which they are drawn, and the tabs."""

    places: dict[V, Place] = field(default_factory=dict)
    tabs: list[Tab[V]] = field(default_factory=list)
