"""docs/protocols.md, as a running wlvm has it: used by scripts/protocols, which writes it, and by the test that it is current."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.clients.connection import connect, hang_up

#: What each global is for, in the order of the page. A global that is not here makes the test fail: say what it does, and who was seen using it.
PURPOSES = {
    "Surfaces": {
        "wl_compositor": "surfaces",
        "wl_subcompositor": "surfaces that are parts of others",
        "wl_shm": "pixels in shared memory",
        "wl_drm": "pixels in GPU memory, the older way of Mesa",
        "zwp_linux_dmabuf_v1": "pixels in dma-bufs",
        "wp_viewporter": "a part of a buffer, scaled (video players)",
        "wp_fractional_scale_manager_v1": "the scale of an output, whole number or not, to draw in (foot, GTK, Qt)",
        "wp_single_pixel_buffer_manager_v1": "surfaces of one colour",
        "wp_presentation": "when a frame was seen",
    },
    "Windows": {
        "xdg_wm_base": "windows, dialogs, menus",
        "zxdg_decoration_manager_v1": "who draws a window's frame: wlvm does",
        "org_kde_kwin_server_decoration_manager": "the same for older toolkits",
        "xdg_activation_v1": "a program hands the focus on to another",
        "zwlr_layer_shell_v1": "bars, wallpapers, launchers, notifications",
        "ext_session_lock_manager_v1": "lock screens (swaylock)",
        "zwlr_foreign_toplevel_manager_v1": "lists of windows, guests included (taskbars, switchers)",
    },
    "Input": {
        "wl_seat": "keyboard and pointer",
        "zwp_virtual_keyboard_manager_v1": "keyboards made by clients (wtype)",
        "zwlr_virtual_pointer_manager_v1": "pointers made by clients",
        "wp_cursor_shape_manager_v1": "cursors by name, as the theme has them",
        "zwp_relative_pointer_manager_v1": "motion without a position (games)",
        "zwp_pointer_constraints_v1": "a pointer held to a window (games)",
    },
    "Clipboard": {
        "wl_data_device_manager": "clipboard, drag and drop",
        "zwp_primary_selection_device_manager_v1": "what is selected, pasted with the middle button",
        "zwlr_data_control_manager_v1": "clipboard programs (wl-copy, wl-paste)",
    },
    "Outputs": {
        "wl_output": "one for each output",
        "zxdg_output_manager_v1": "where an output is in the layout",
        "zwlr_output_manager_v1": "modes, scales, places of outputs (wlr-randr, kanshi)",
        "zwlr_output_power_manager_v1": "screens switched off and on (wlopm)",
        "zwlr_gamma_control_manager_v1": "colour temperature (wlsunset), on screens that have colour tables",
        "zwlr_screencopy_manager_v1": "pictures of an output (grim), where the configuration allows it",
        "zwlr_export_dmabuf_manager_v1": "an output's frames as dma-bufs, where the configuration allows it",
    },
    "Idleness": {
        "ext_idle_notifier_v1": "programs that act when nobody is there (swayidle)",
        "zwp_idle_inhibit_manager_v1": "programs that keep the screens on (video players)",
    },
}


def globals_of(display: Path) -> dict[str, int]:
    """The globals that the compositor at this socket advertises, with their versions."""
    connection = connect(display)
    found: dict[str, int] = {}

    def announced(_registry: Any, _number: int, name: str, version: int) -> None:
        found[name] = version

    registry = connection.get_registry()
    registry.dispatcher["global"] = announced
    connection.roundtrip()
    hang_up(connection)
    return found


def as_markdown(found: dict[str, int]) -> str:
    """The page. KeyError for a global whose purpose nobody has written down."""
    known = {name for names in PURPOSES.values() for name in names}
    for name in found:
        if name not in known:
            raise KeyError(f"tests/protocols.py does not say what {name} is for")
    lines = [
        "# Wayland protocols",
        "",
        "What programs find in wlvm (headless, drawing with pixman; a GPU adds `zwp_linux_dmabuf_v1`, `wl_drm` and",
        "`wp_single_pixel_buffer_manager_v1`). Written by `scripts/protocols` from what is advertised.",
        "",
        "Drawing with pixman, wlroots 0.16 shows the part of a buffer that a viewport has as its source from the buffer's corner on, wherever",
        "that part begins.",
    ]
    for title, names in PURPOSES.items():
        rows = [
            f"| `{name}` | {found[name]} | {purpose} |" for name, purpose in names.items() if name in found
        ]
        if rows:
            lines += ["", f"## {title}", "", "| global | version | for |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"
