"""What the C side of this machine can do, told as JSON by a process of its own: `python -m wlvm.wlr.probe stack|renderer|gles2 NODE`.

The questions to EGL, GBM and wlroots can crash the process that asks. `stack` tells which libraries are bound and what wlroots was built
with; `renderer` tries the renderer of WLR_RENDERER on a headless backend; `gles2` tells who draws on a DRM device. `ask` asks.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wlvm.wlr import link_map, loader

#: The function that libwlroots exports where a part of it was compiled in.
_BUILT_PARTS = {
    "headless": "wlr_headless_backend_create",
    "wayland": "wlr_wl_backend_create",
    "x11": "wlr_x11_backend_create",
    "drm": "wlr_drm_backend_create",
    "libinput": "wlr_libinput_backend_create",
    "session": "wlr_session_create",
    "gles2": "wlr_gles2_renderer_create",
    "pixman": "wlr_pixman_renderer_create",
    "vulkan": "wlr_vk_renderer_create_with_drm_fd",
    "xwayland": "wlr_xwayland_create",
}

#: Seconds until an answer must have come.
_PATIENCE = 60

#: glGetString's name for who draws (GLES2/gl2.h).
_GL_RENDERER = 0x1F01

#: What the bindings would destroy in an order that crashes (the display before the backend); `main` leaves before.
_alive: list[object] = []


def stack() -> dict[str, Any]:
    """The libraries by soname, wlroots' version and the parts it was built with; `error` where wlvm would refuse to start."""
    try:
        rows = loader.libraries()
    except loader.LoaderError as error:
        return {"error": str(error)}
    try:
        import wlroots
        from pywayland import server as _server  # noqa: F401 - so that there is something to prove
        from xkbcommon import xkb as _xkb  # noqa: F401

        loader.prove()
    except (ImportError, loader.LoaderError) as error:
        return {"error": str(error), "libraries": _library_rows(rows)}
    [library] = [entry.path for entry in link_map.loaded_objects() if "libwlroots" in Path(entry.path).name]
    exported = ctypes.CDLL(library)
    return {
        "libraries": _library_rows(rows),
        "wlroots": {
            "version": str(wlroots.__wlroots_version__),
            "path": str(Path(library).resolve()),
            "parts": {part: hasattr(exported, symbol) for part, symbol in _BUILT_PARTS.items()},
        },
    }


def renderer() -> dict[str, Any]:
    """Make the renderer and the allocator that the environment asks for; `error` where that fails without crashing."""
    loader.load()
    from pywayland.server import Display
    from wlroots.allocator import Allocator
    from wlroots.backend import Backend
    from wlroots.renderer import Renderer

    try:
        _alive.append(display := Display())
        _alive.append(backend := Backend(display))
        _alive.append(made := Renderer.autocreate(backend))
        _alive.append(Allocator.autocreate(backend, made))
    except RuntimeError as error:
        return {"error": str(error)}
    return {}


def gles2(node: str) -> dict[str, Any]:
    """Make wlroots' GLES2 renderer on a DRM device: `renderer` is what GL calls itself, `error` why there is none."""
    from wlvm.wlr.abi import NULL, c, ffi

    try:
        fd = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return {"error": f"{node}: {error.strerror}"}
    made = c.wlr_gles2_renderer_create_with_drm_fd(fd)
    if made == NULL:
        return {"error": "no GLES2 renderer could be made"}
    if not c.wlr_egl_make_current(c.wlr_gles2_renderer_get_egl(made)):
        return {"error": "EGL's context cannot be used"}
    return {"renderer": ffi.string(ffi.cast("char *", c.glGetString(_GL_RENDERER))).decode(errors="replace")}


def ask(question: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """The answer of another process; `error` also where that crashed or hung, with what wlroots said before."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "wlvm.wlr.probe", question, *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {_PATIENCE} seconds"}
    said = "; ".join(dict.fromkeys(re.findall(r"\[ERROR\] (?:\[\S+\] )?(.*)", done.stderr)))
    if done.returncode != 0:
        return {"error": said or f"the probe ended with status {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer and said:
        answer["error"] = said
    return answer


def _library_rows(rows: tuple[loader.BoundLibrary, ...]) -> list[dict[str, Any]]:
    return [
        {
            "soname": row.library.soname,
            "package": row.library.package,
            "required": row.library.required,
            "lost": row.library.lost,
            "path": str(row.path) if row.path else None,
        }
        for row in rows
    ]


def main(question: str, *arguments: str) -> None:
    """Print the answer to a question, and leave without the bindings' destructors."""
    questions: Mapping[str, Any] = {"stack": stack, "renderer": renderer, "gles2": gles2}
    print(json.dumps(questions[question](*arguments)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
