"""The bindings of a configuration that has no others: all with the reserved key, so that guests and programs keep every key of theirs."""

from __future__ import annotations

from collections.abc import Mapping

_ARROWS = {"Left": "left", "Right": "right", "Up": "up", "Down": "down"}
_NUMBERS = range(1, 10)

DEFAULT_BINDINGS: Mapping[str, str] = {
    **{f"Reserved+{key}": f"focus {to}" for key, to in _ARROWS.items()},
    **{f"Reserved+Shift+{key}": f"move {to}" for key, to in _ARROWS.items()},
    "Reserved+Alt+Left": "resize shrink width 5%",
    "Reserved+Alt+Right": "resize grow width 5%",
    "Reserved+Alt+Up": "resize shrink height 5%",
    "Reserved+Alt+Down": "resize grow height 5%",
    "Reserved+Tab": "focus next",
    "Reserved+Shift+Tab": "focus prev",
    "Reserved+f": "fullscreen toggle",
    "Reserved+space": "float toggle",
    "Reserved+Shift+space": "focus floating",
    "Reserved+l": "layout next",
    "Reserved+c": "split columns",
    "Reserved+r": "split rows",
    "Reserved+t": "split tabbed",
    **{f"Reserved+{number}": f"workspace {number}" for number in _NUMBERS},
    **{f"Reserved+Shift+{number}": f"move to workspace {number}" for number in _NUMBERS},
    "Reserved+Page_Down": "workspace next",
    "Reserved+Page_Up": "workspace prev",
    "Reserved+0": "workspace back",
    "Reserved+o": "focus output next",
    "Reserved+Shift+o": "move to output next",
    "Reserved+Alt+o": "move workspace to output next",
    "Reserved+Return": 'exec "${TERMINAL:-foot}"',
    "Reserved+d": "exec fuzzel",
    "Reserved+v": "paste",
    "Reserved+Shift+v": "paste primary",
    "Reserved+s": "start",
    "Reserved+Shift+s": "shutdown",
    "Reserved+p": "pause",
    "Reserved+Shift+p": "resume",
    "Reserved+q": "close",
    "Reserved+Shift+r": "reload",
    "Reserved+Shift+e": "quit",
}
