"""Where bars, wallpapers and notifications sit on an output (wlr-layer-shell), and what they leave of it for views."""

from __future__ import annotations

import enum
from collections.abc import Hashable, Sequence
from typing import TypeVar

from msgspec import Struct

from wlvm.framebuffer import Rect

Name = TypeVar("Name", bound=Hashable)

#: The part of an output's width and height that views keep, whatever zones are asked for.
_KEPT = 4


class Anchor(enum.IntFlag):
    """zwlr_layer_surface_v1.anchor"""

    TOP = 1
    BOTTOM = 2
    LEFT = 4
    RIGHT = 8


#: The edge that a zone is kept free at, for the anchors that name one.
_ZONES = {
    anchors: edge
    for edge, along in (
        (Anchor.TOP, Anchor.LEFT | Anchor.RIGHT),
        (Anchor.BOTTOM, Anchor.LEFT | Anchor.RIGHT),
        (Anchor.LEFT, Anchor.TOP | Anchor.BOTTOM),
        (Anchor.RIGHT, Anchor.TOP | Anchor.BOTTOM),
    )
    for anchors in (edge, edge | along)
}


class LayerState(Struct, frozen=True):
    """What a client asks for its layer surface, in logical pixels. A size of 0 is what lies between the anchored edges.

    `zone` is how much is to be kept free for it at its edge; 0 keeps clear of others' zones, -1 does not care for them. Layers count from
    0, the lowest (zwlr_layer_shell_v1.layer).
    """

    layer: int
    anchor: Anchor
    size: tuple[int, int]
    zone: int
    #: top, right, bottom, left
    margin: tuple[int, int, int, int]
    #: zwlr_layer_surface_v1.keyboard_interactivity
    keyboard: int


def arrange_layers(
    output: Rect, surfaces: Sequence[tuple[Name, LayerState, bool]]
) -> tuple[dict[Name, Rect], Rect]:
    """The place of each surface on the output, and what they leave for views.

    Each comes with its state and whether it is mapped: only then its zone counts. Zones are given from the highest layer down, and before
    those that have none are placed.
    """
    usable = output
    places: dict[Name, Rect] = {}
    by_layer = sorted(surfaces, key=lambda surface: -surface[1].layer)
    for exclusive in (True, False):
        for name, state, mapped in by_layer:
            if (state.zone > 0) == exclusive:
                places[name] = _place(state, output if state.zone == -1 else usable)
                if mapped and exclusive:
                    usable = _without_zone(state, usable, output)
    return places, usable


def _place(state: LayerState, bounds: Rect) -> Rect:
    top, right, bottom, left = state.margin
    x, width = _span(
        bounds.x, bounds.width, state.size[0], left, right,
        Anchor.LEFT in state.anchor, Anchor.RIGHT in state.anchor,
    )  # fmt: skip
    y, height = _span(
        bounds.y, bounds.height, state.size[1], top, bottom,
        Anchor.TOP in state.anchor, Anchor.BOTTOM in state.anchor,
    )  # fmt: skip
    return Rect(x, y, width, height)


def _span(
    start: int, length: int, size: int, before: int, after: int, at_start: bool, at_end: bool
) -> tuple[int, int]:
    """Where a surface begins along one axis, and how long it is."""
    if size == 0:
        return start + before, max(1, length - before - after)
    if at_start == at_end:
        return start + (length - size) // 2, size
    return (start + before if at_start else start + length - size - after), size


def _without_zone(state: LayerState, usable: Rect, output: Rect) -> Rect:
    """What is left of `usable` without the surface's zone; all of it where too little would be left."""
    edge = _ZONES.get(state.anchor)
    top, right, bottom, left = state.margin
    x, y, width, height = usable
    if edge is Anchor.TOP:
        y, height = y + state.zone + top, height - state.zone - top
    elif edge is Anchor.BOTTOM:
        height -= state.zone + bottom
    elif edge is Anchor.LEFT:
        x, width = x + state.zone + left, width - state.zone - left
    elif edge is Anchor.RIGHT:
        width -= state.zone + right
    if width * _KEPT < output.width or height * _KEPT < output.height:
        return usable
    return Rect(x, y, width, height)
