"""What cursor themes call the images that CSS, and so cursor-shape, has other names for."""

from __future__ import annotations

from collections.abc import Mapping

#: The older names of X11's cursors, the likest first. Themes have those of CSS, these, or both.
OLDER_NAMES: Mapping[str, tuple[str, ...]] = {
    "default": ("left_ptr",),
    "context-menu": ("left_ptr",),
    "help": ("question_arrow", "left_ptr_help"),
    "pointer": ("hand2", "hand1"),
    "progress": ("left_ptr_watch", "watch"),
    "wait": ("watch",),
    "cell": ("plus", "cross"),
    "crosshair": ("cross",),
    "text": ("xterm",),
    "vertical-text": ("xterm",),
    "alias": ("link", "dnd-link"),
    "copy": ("dnd-copy",),
    "move": ("fleur", "dnd-move"),
    "no-drop": ("dnd-none", "crossed_circle"),
    "not-allowed": ("crossed_circle",),
    "grab": ("hand1", "openhand"),
    "grabbing": ("closedhand", "fleur"),
    "e-resize": ("right_side",),
    "n-resize": ("top_side",),
    "ne-resize": ("top_right_corner",),
    "nw-resize": ("top_left_corner",),
    "s-resize": ("bottom_side",),
    "se-resize": ("bottom_right_corner",),
    "sw-resize": ("bottom_left_corner",),
    "w-resize": ("left_side",),
    "ew-resize": ("sb_h_double_arrow",),
    "ns-resize": ("sb_v_double_arrow",),
    "nesw-resize": ("fd_double_arrow",),
    "nwse-resize": ("bd_double_arrow",),
    "col-resize": ("sb_h_double_arrow",),
    "row-resize": ("sb_v_double_arrow",),
    "all-scroll": ("fleur",),
    "zoom-in": ("left_ptr",),
    "zoom-out": ("left_ptr",),
}

#: What every theme has.
ARROW = "left_ptr"
