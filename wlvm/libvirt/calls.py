"""Calls of libvirt, each on a thread of its own for as long as it takes.

A call waits for the daemon, which waits for the domain's QEMU: for milliseconds mostly, for seconds where a domain starts, for ever where
one of them hangs. No other guest may wait for that, nor the main thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from wlvm.libvirt.mailbox import Mailbox

_log = logging.getLogger(__name__)
Value = TypeVar("Value")


class LibvirtError(Exception):
    """Something could not be done, or found out. The text says why."""


class UnreachableError(LibvirtError):
    """There is no connection to libvirt (any more)."""


def call(
    mailbox: Mailbox,
    work: Callable[[], Value],
    returned: Callable[[Value], None],
    failed: Callable[[LibvirtError], None],
) -> threading.Thread:
    """Have `work` done on a thread of its own; then `returned` or `failed` is called on the main thread."""

    def run() -> None:
        try:
            value = work()
        except LibvirtError as error:
            mailbox.post(partial(failed, error))
        except Exception as error:  # noqa: BLE001
            _log.exception("a call of libvirt failed")
            mailbox.post(partial(failed, LibvirtError(repr(error))))
        else:
            mailbox.post(partial(returned, value))

    # A daemon: one that hangs does not keep wlvm from ending.
    thread = threading.Thread(target=run, name="wlvm-libvirt", daemon=True)
    thread.start()
    return thread
