"""Fingers on one console of a guest, over QMP's input-send-event, as the guest's multitouch device has them (QEMU 8.1 and later)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from wlvm.qemu.motion import absolute_axis, position
from wlvm.qemu.qmp import NOT_RUNNING, Execute, Failure, QmpError, Reply

#: How many fingers QEMU's device has room for, at slots from 0 on (ui/input.c).
SLOTS: Final = 10


class _Place(NamedTuple):
    """QEMU's values, 0 to 0x7fff, along both axes."""

    x: int
    y: int


class TouchForwarder:
    """Sends what fingers do to QEMU. Positions are guest pixels on a console of so many; a slot is a finger's as long as it is down.

    What comes down and what is lifted is sent at the end of its `frame`, motion not before QEMU has answered the last one. QEMU keeps no record of
    who holds what, so this does: what is lifted while the guest is stopped is lifted when it goes on, and what comes down then is not told.
    """

    def __init__(self, execute: Execute, target: Mapping[str, Any]) -> None:
        """`target` are the arguments of input-send-event that say which console it is."""
        self._execute = execute
        self._target = target
        #: Whether the machine has a multitouch device.
        self.available = False
        #: The slots that the guest was told are down.
        self._down: set[int] = set()
        #: What has changed since the last command: slots that came down and moved with their places, and those that were lifted.
        self._placed: dict[int, _Place] = {}
        self._begun: set[int] = set()
        self._lifted: set[int] = set()
        #: Whether what has changed is whole: its frame has ended.
        self._whole = True
        self._stopped = False
        self._unanswered = 0

    def down(self, slot: int, x: float, y: float, width: int, height: int) -> None:
        """A finger comes down. More than SLOTS of them are not told."""
        if slot in self._lifted:
            self.frame()
        if 0 <= slot < SLOTS and not self._stopped:
            self._begun.add(slot)
            self._place(slot, x, y, width, height)

    def motion(self, slot: int, x: float, y: float, width: int, height: int) -> None:
        """A finger that is down is here; at the console's edge when it is outside."""
        if slot in self._begun or (slot in self._down and slot not in self._lifted):
            self._place(slot, x, y, width, height)

    def up(self, slot: int) -> None:
        """A finger is lifted."""
        if slot in self._begun:
            self.frame()  # a tap as short as that comes down first
        if slot in self._down:
            self._placed.pop(slot, None)
            self._lifted.add(slot)
            self._whole = False

    def frame(self) -> None:
        """What was told since the last frame belongs together."""
        self._whole = True
        if self._begun or self._lifted or not self._unanswered:
            self._send()

    def release_all(self) -> None:
        """All fingers are lifted: what is touched is elsewhere."""
        for slot in self._begun | self._down:
            self.up(slot)
        self.frame()

    def stopped(self) -> None:
        """QEMU does not run the guest, and refuses input, from now on."""
        self._stopped = True
        self._begun.clear()
        self._placed.clear()

    def resumed(self) -> None:
        """QEMU runs the guest again."""
        self._stopped = False
        self.frame()

    def _place(self, slot: int, x: float, y: float, width: int, height: int) -> None:
        pixel = position(x, y, width, height)
        self._placed[slot] = _Place(absolute_axis(pixel.x, width), absolute_axis(pixel.y, height))
        self._whole = False

    def _send(self) -> None:
        if self._stopped or not (self._placed or self._lifted):
            return
        touching = bool(self._down)
        events: list[dict[str, Any]] = []
        for slot in sorted(self._lifted):
            events.append(_event("end", slot, tracking_id=-1))
        for slot, place in self._placed.items():
            events.append(_event("begin" if slot in self._begun else "update", slot))
            events += [_event("data", slot, axis, value) for axis, value in place._asdict().items()]
        lifted = frozenset(self._lifted)
        self._down = (self._down | self._begun) - lifted
        self._placed.clear()
        self._begun.clear()
        self._lifted.clear()
        if touching != bool(self._down):
            events.append({"type": "btn", "data": {"button": "touch", "down": bool(self._down)}})
        try:
            self._execute(
                "input-send-event",
                {**self._target, "events": events},
                on_reply=lambda reply: self._answered(reply, lifted),
            )
        except QmpError:
            return
        self._unanswered += 1

    def _answered(self, reply: Reply, lifted: frozenset[int]) -> None:
        self._unanswered -= 1
        if isinstance(reply, Failure) and reply.description == NOT_RUNNING:
            self._down |= lifted
            self._lifted |= lifted
            self.stopped()
        elif self._whole and not self._unanswered:
            self._send()


def _event(
    kind: str, slot: int, axis: str = "x", value: int = 0, tracking_id: int | None = None
) -> dict[str, Any]:
    """QMP's InputMultiTouchEvent. QEMU's own windows number what they track as the slots."""
    identity = slot if tracking_id is None else tracking_id
    return {
        "type": "mtt",
        "data": {"type": kind, "slot": slot, "tracking-id": identity, "axis": axis, "value": value},
    }
