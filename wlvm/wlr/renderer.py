"""Which renderer draws: GLES2 on a GPU, pixman on the CPU; and why.

Mesa draws with the CPU where a card has no GPU: slower than pixman does, and on a card's own screens it crashes at the first frame
(kms_swrast of Mesa 22.3). So the card is asked first who would draw, in a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from wlvm.wlr import probe
from wlvm.wlr.drm_cards import cards, render_nodes

RendererName = Literal["gles2", "pixman"]

#: What Mesa's renderers on the CPU call themselves (glGetString(GL_RENDERER)).
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software rasterizer")


class RendererChoice(Struct, frozen=True):
    """What is to draw, and why it and nothing better."""

    name: str
    reason: str
    #: Whether a person chose it, so that nothing else is to be tried.
    insisted: bool = False


def choose(on_screens: bool, environ: Mapping[str, str], root: Path = Path("/")) -> RendererChoice:
    """The renderer for this machine: what WLR_RENDERER says; else GLES2 where a GPU does the drawing; else pixman.

    `on_screens`: for a card's own screens, not for windows or without a screen.
    """
    if name := environ.get("WLR_RENDERER"):
        return RendererChoice(name, "WLR_RENDERER says so", insisted=True)
    node = _drawing_node(on_screens, environ, root)
    if isinstance(node, str):
        return RendererChoice("pixman", node)
    if not os.access(node, os.R_OK | os.W_OK):
        return RendererChoice(
            "pixman", f"{node} is not yours to open: usermod --append --groups render $USER"
        )
    answer = probe.ask("gles2", str(node))
    if "error" in answer:
        return RendererChoice("pixman", f"GLES2 does not work on {node}: {answer['error']}")
    drawn_by: str = answer["renderer"]
    if any(name in drawn_by.lower() for name in _SOFTWARE):
        return RendererChoice(
            "pixman", f"no GPU draws on {node}, but the CPU, which pixman makes faster ({drawn_by})"
        )
    return RendererChoice("gles2", f"{drawn_by} on {node}")


def _drawing_node(on_screens: bool, environ: Mapping[str, str], root: Path) -> Path | str:
    """The node whose GPU would draw, or why there is none."""
    if not on_screens:
        if chosen := environ.get("WLR_RENDER_DRM_DEVICE"):
            return Path(chosen)
        nodes = render_nodes(root)
        return nodes[0] if nodes else "there is no GPU: no /dev/dri/renderD*"
    found = cards(root)
    if chosen := environ.get("WLR_DRM_DEVICES"):
        first = Path(chosen.split(":")[0])
        found = [card for card in found if card.node == first.resolve()]
    if not found:
        return "there is no graphics card"
    return found[0].render_node or f"{found[0].node} ({found[0].driver}) has no GPU to draw with"
