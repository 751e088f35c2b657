"""wlroots' messages, in Python's logging under "wlroots"."""

from __future__ import annotations

import logging

from wlvm.wlr import abi  # noqa: F401 - the libraries before pywlroots

from wlroots.util.log import log_init  # isort: skip

#: What wlroots reports as errors and is none: a machine without a GPU has no DRM device to list; an X server without a window manager
#: does not know the window properties (ChangeProperty, BadAtom) that are for one; of X11's display numbers the next free one is taken, also where
#: somebody else has just taken it.
_HARMLESS = ("drmGetDevices2 failed", "X11 error: op 18:0, code 5", "Failed to bind socket @/tmp/.X11-unix/X")


def _of_use(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in _HARMLESS)


def route_messages() -> None:
    """From now on wlroots' errors go through logging; with the "wlroots" logger at DEBUG, everything it says."""
    logger = logging.getLogger("wlroots")
    logger.addFilter(_of_use)
    log_init(logging.DEBUG if logger.isEnabledFor(logging.DEBUG) else logging.ERROR)
