"""Input for one of several heads of a display device: `input-send-event` with the head's `device` and `head`.

QEMU then gives it to the devices that are bound to this head (`-device usb-tablet,display=ID,head=N`), and to those that are bound to none where
there is no such device (QEMU ui/input.c, qemu_input_find_handler).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from wlvm.qemu.console import Console
from wlvm.qemu.qmp import Execute, QmpError, Reply, Success

#: What QEMU calls a head of several: the device's id, or its type where it has none, and the head's number.
_HEAD: Final = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)\.(0|[1-9][0-9]?)")


def for_head(execute: Execute, console: Console) -> Execute:
    """What gives a console its input: `execute` itself where the device has only one head."""
    match = _HEAD.fullmatch(console.label)
    if match is None or int(match[2]) != console.head:
        return execute
    return _HeadInput(execute, match[1], console.head)


class _HeadInput:
    """An `Execute` that names the head, once QEMU has said that the device has that id: with one that it does not know it refuses all input."""

    def __init__(self, execute: Execute, device: str, head: int) -> None:
        self._execute = execute
        self._target: dict[str, Any] = {}
        path = f"/machine/peripheral/{device}"

        def on_reply(reply: Reply) -> None:
            if isinstance(reply, Success):
                self._target = {"device": device, "head": head}

        with contextlib.suppress(QmpError):  # the connection is gone, and its owner hears of that
            execute("qom-list", {"path": path}, on_reply=on_reply)

    def __call__(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        if command == "input-send-event":
            arguments = {**self._target, **(arguments or {})}
        self._execute(command, arguments, on_reply=on_reply)
