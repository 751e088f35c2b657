"""What of wlroots' messages is told."""

from __future__ import annotations

import logging

import pytest

from wlvm.wlr.log import _of_use


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[backend/backend.c:1] drmGetDevices2 failed: No such file", False),
        ("[xwayland/sockets.c:63] Failed to bind socket @/tmp/.X11-unix/X0: Address already in use", False),
        ("[xwayland/sockets.c:70] No display available in the first 33", True),
        ("[backend/drm/drm.c:1] Failed to bind socket", True),
    ],
)
def test_what_is_no_error_is_not_told_as_one(text: str, told: bool) -> None:
    record = logging.LogRecord("wlroots", logging.ERROR, "", 0, text, (), None)
    assert _of_use(record) is told
