"""Which of several heads input is for, as QEMU is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from wlvm.qemu.console import Console, ConsoleLink
from wlvm.qemu.head_input import for_head
from wlvm.qemu.qmp import Failure, Reply, Success

EVENTS = {"events": [{"type": "btn"}]}


class Qmp:
    """A QEMU that has display devices with these ids."""

    def __init__(self, *ids: str) -> None:
        self._paths = [f"/machine/peripheral/{id}" for id in ids]
        self.sent: list[Mapping[str, Any]] = []

    def __call__(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: Callable[[Reply], None] | None = None,
    ) -> None:
        assert arguments is not None
        if command == "qom-list":
            assert on_reply is not None
            known = arguments["path"] in self._paths
            on_reply(Success([]) if known else Failure("DeviceNotFound", "no such device"))
        else:
            self.sent.append(arguments)


def told(qmp: Qmp, label: str, head: int) -> Mapping[str, Any]:
    execute = for_head(qmp, Console(head, label, head, "", cast(ConsoleLink, None)))
    execute("input-send-event", EVENTS)
    return qmp.sent[-1]


def test_a_head_of_several_is_named() -> None:
    qmp = Qmp("video", "a.1")
    assert told(qmp, "video.1", 1) == {"device": "video", "head": 1, **EVENTS}
    assert told(qmp, "a.1.0", 0) == {"device": "a.1", "head": 0, **EVENTS}


@pytest.mark.parametrize(
    ("label", "head"),
    [("video", 0), ("virtio-vga.1", 1), ("video.1", 0), ("", 0), ("../x.1", 1)],
    ids=["one head", "a device without an id", "an id that ends so", "no label", "no id can be this"],
)
def test_no_device_is_named_that_qemu_does_not_know(label: str, head: int) -> None:
    """It would refuse all input."""
    assert told(Qmp("video"), label, head) == EVENTS
