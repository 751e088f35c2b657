"""Input for one console of a guest: keys, buttons, wheel and motion, over QMP's input-send-event (QEMU qapi/ui.json)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from wlvm.latency import Latencies
from wlvm.loop import EventLoop
from wlvm.qemu.key_repeat import KeyRepeat, KeyRepeatTiming
from wlvm.qemu.keycodes import QKEYCODES
from wlvm.qemu.motion import (
    Displacement,
    MotionSink,
    PendingMotion,
    Position,
    position,
    send_to_sink,
    to_events,
)
from wlvm.qemu.qmp import NOT_RUNNING, Execute, Failure, QmpError, Reply
from wlvm.qemu.touch import TouchForwarder
from wlvm.trace import TRACER

#: The buttons that QEMU has: evdev code (linux/input-event-codes.h) -> InputButton.
BUTTONS: Final = MappingProxyType(
    {0x110: "left", 0x111: "right", 0x112: "middle", 0x113: "side", 0x114: "extra"}  # BTN_LEFT ... BTN_EXTRA
)
#: Mice that have BTN_FORWARD and BTN_BACK have no BTN_EXTRA and BTN_SIDE, which systems take for the same.
_SAME_BUTTON: Final = MappingProxyType({0x115: 0x114, 0x116: 0x113})
#: How often motion is sent at most, in milliseconds, where the caller knows no better.
DEFAULT_INTERVAL_MS: Final = 8

_NOTCH: Final = 120  # of a high-resolution wheel's units
#: A virtio input device drops a whole report that does not fit into its queue of 64 events.
_MAX_NOTCHES_A_REPORT: Final = 16

_log = logging.getLogger(__name__)


class InputStats(Struct):
    """What went through an InputForwarder."""

    #: Calls of its methods, and those of them whose motion was joined with later motion.
    events: int = 0
    coalesced: int = 0
    #: Commands sent to QEMU, and refused by it; motion that took the other way.
    commands: int = 0
    refused: int = 0
    sink_motions: int = 0
    #: How long QEMU took to answer.
    replies: Latencies = field(default_factory=Latencies)


class _Change(NamedTuple):
    """A key or button that goes down or comes up."""

    code: int
    down: bool


class InputForwarder:
    """Sends one console's input to QEMU. `close()` it to let go of all that is down.

    Keys and buttons go at once, and what moved before them goes ahead of them. Motion waits for the interval to pass and for QEMU to have
    answered the last one, and is joined meanwhile: QEMU's monitor is slow, and what queued up there would delay the keys.

    QEMU keeps no record of what is down (ui/input.c), so this does. `_held` is what the user holds; `_down` is what the
    guest was told is down. They differ while the guest is stopped: QEMU refuses all input then, and what came up
    meanwhile comes up for the guest when `resumed()` is told.

    Nothing here raises when the connection is gone; its owner hears of that elsewhere.
    """

    def __init__(
        self,
        loop: EventLoop,
        execute: Execute,
        *,
        device: str | None = None,
        head: int = 0,
        interval_ms: int = DEFAULT_INTERVAL_MS,
        sink: MotionSink | None = None,
        name: str = "guest",
    ) -> None:
        """`device` is the qdev id of the display device and `head` which of its consoles; without it QEMU asks its first devices.

        `sink` takes motion in place of QMP. `name` is the guest's, for the log.
        """
        self._execute = execute
        self._target: dict[str, Any] = {} if device is None else {"device": device, "head": head}
        self.touch = TouchForwarder(execute, self._target)
        self._sink = sink
        self._name = name
        self.interval_ms = interval_ms
        self.stats = InputStats()
        self._held: set[int] = set()
        self._down: dict[int, None] = {}  # in the order they went down
        self._stopped = False
        self._pending = PendingMotion()
        self._position: Position | None = None
        self._position_accepted = False
        self._motion_unanswered = False
        self._unanswered = 0
        self._pacing = False
        self._pace = loop.timer(self._on_interval)
        self._repeat = KeyRepeat(loop, self._repeat_key)
        self._wheel = {"up-down": 0, "left-right": 0}
        self._reported: set[object] = set()

    @property
    def repeat(self) -> KeyRepeatTiming | None:
        """How keys repeat that are held down; None (the default) for a guest whose keyboard does that (see `machine`)."""
        return self._repeat.timing

    @repeat.setter
    def repeat(self, timing: KeyRepeatTiming | None) -> None:
        self._repeat.timing = timing

    @property
    def pending(self) -> bool:
        """Whether there is motion that waits to be sent."""
        return self._pending.is_position or self._pending.is_displacement

    def key(self, code: int, down: bool) -> None:
        """A key (evdev code) went down or came up. Keys without a QKeyCode are dropped; the log says so once."""
        self.stats.events += 1
        if code not in QKEYCODES:
            self._report(code, f"key {code} is unknown to QEMU")
        elif self._change(code, down):
            if down:
                self._repeat.pressed(code)
            else:
                self._repeat.released(code)

    def tap(self, code: int) -> None:
        """Press and release a key that nobody holds."""
        if code not in self._held:
            self.key(code, True)
            self.key(code, False)

    def send_key(self, code: int, down: bool, on_reply: Callable[[Reply], None]) -> None:
        """Tell the guest of a key that nobody presses; whoever does so lets it come up. `on_reply` is called with QEMU's answer.

        QmpError when the connection is gone.
        """
        if down:
            self._trace_press()
        events = [_change(_Change(code, down))]
        self._execute("input-send-event", {**self._target, "events": events}, on_reply=on_reply)

    def button(self, code: int, down: bool) -> None:
        """A button (evdev code, BTN_LEFT to BTN_BACK) went down or came up. Others are dropped; the log says so once."""
        self.stats.events += 1
        code = _SAME_BUTTON.get(code, code)
        if code in BUTTONS:
            self._change(code, down)
        else:
            self._report(code, f"button {code:#x} is unknown to QEMU")

    def wheel(self, *, vertical: int = 0, horizontal: int = 0) -> None:
        """The wheel turned; 120 is one notch, positive is down or right. Less than a notch adds up; turning back forgets it.

        Most guests' devices have no horizontal wheel: only PS/2 tells it on (QEMU hw/input).
        """
        self.stats.events += 1
        self._turn("up-down", vertical, "wheel-up", "wheel-down")
        self._turn("left-right", horizontal, "wheel-left", "wheel-right")

    def motion_absolute(self, x: float, y: float, width: int, height: int) -> None:
        """The pointer is at this point of the console, which is so many guest pixels wide and high."""
        self.stats.events += 1
        target = position(x, y, width, height)
        if self._pending.is_displacement:
            self._send_motion()
        if self._pending.is_position:
            self.stats.coalesced += 1
        elif target == self._position:
            return
        self._position = target
        self._pending.move_to(target)
        self._send_motion_when_due()

    def motion_relative(self, dx: float, dy: float) -> None:
        """The mouse moved by so many of its counts; fractions add up."""
        self.stats.events += 1
        if self._pending.is_position:
            self._send_motion()
        if self._pending.is_displacement:
            self.stats.coalesced += 1
        self._position = None
        self._pending.move_by(dx, dy)
        self._send_motion_when_due()

    def release_all(self) -> None:
        """Every key and button comes up, and nothing repeats: the focus is elsewhere."""
        self._repeat.stop()
        self._release(tuple(self._held))

    def release_buttons(self) -> None:
        """Every button comes up: the pointer is elsewhere."""
        self._release(tuple(self._held & BUTTONS.keys()))

    def stopped(self) -> None:
        """QEMU does not run the guest, and refuses input, from now on."""
        self._stopped = True
        self._repeat.stop()
        self._forget_motion()
        self.touch.stopped()

    def resumed(self) -> None:
        """QEMU runs the guest again."""
        self._stopped = False
        self._send_owed()
        self.touch.resumed()

    def close(self) -> None:
        """Let go of everything, for good. Close this before the QmpClient, which sees to it that QEMU gets it."""
        self._forget_motion()
        self.release_all()
        self.touch.release_all()
        self._repeat.close()
        self._pace.remove()

    # Keys and buttons.

    def _change(self, code: int, down: bool) -> bool:
        """Send what is new to the guest; False when the user's key or button was that way already."""
        if down == (code in self._held):
            return False
        if down:
            self._held.add(code)
            self._down[code] = None
            self._trace_press()
        else:
            self._held.discard(code)
            self._down.pop(code, None)
        self._send_changes([_Change(code, down)])
        return True

    def _trace_press(self) -> None:
        if TRACER.recording is not None:
            TRACER.recording.pressed(self._name)

    def _release(self, codes: Iterable[int]) -> None:
        self._held.difference_update(codes)
        self._send_owed()

    def _send_owed(self) -> None:
        """Let everything come up that the user does not hold any more, the last first, so that no shortcut falls apart into others."""
        owed = [code for code in reversed(self._down) if code not in self._held]
        for code in owed:
            del self._down[code]
        # One report each for keyboard and pointer: QEMU refuses a list as a whole when it has no device for a part of it.
        for wanted in (True, False):
            changes = [_Change(code, False) for code in owed if (code in BUTTONS) is wanted]
            if changes:
                self._send_changes(changes)

    def _repeat_key(self, code: int) -> None:
        # A QEMU that lags would get them in a burst, after the key came up.
        if not self._unanswered:
            self._send([_Change(code, True)], None)

    def _send_changes(self, changes: Sequence[_Change]) -> None:
        """Send changes, the motion before them first, and a click's position with it, which the guest may have missed."""
        motion = self._pending.take()
        if motion is None and any(change.down and change.code in BUTTONS for change in changes):
            motion = self._position
        if motion is None:
            self._send(changes, None)
        elif isinstance(motion, Position) and self._position_accepted:
            self._send(changes, motion)
        else:
            # Separately until QEMU has shown that it has a device for it, or the list would be refused as a whole.
            self._send([], motion)
            self._send(changes, None)

    def _turn(self, axis: str, amount: int, back: str, forth: str) -> None:
        if amount == 0:
            return
        if amount * self._wheel[axis] < 0:
            self._wheel[axis] = 0
        total = self._wheel[axis] + amount
        notches = abs(total) // _NOTCH
        self._wheel[axis] = total - notches * (_NOTCH if total > 0 else -_NOTCH)
        if notches:
            self._send_motion()
        while notches:
            count = min(notches, _MAX_NOTCHES_A_REPORT)
            notches -= count
            name = forth if total > 0 else back
            self._send_events([_button(name, True), _button(name, False)] * count, [])

    # Motion.

    def _send_motion_when_due(self) -> None:
        if self._pacing or self._motion_unanswered:
            return
        if self._stopped:
            self._forget_motion()
        else:
            self._send_motion()

    def _forget_motion(self) -> None:
        self._pending.clear()
        self._position = None

    def _send_motion(self) -> None:
        motion = self._pending.take()
        if motion is None:
            return
        self._pacing = True
        self._pace.arm(self.interval_ms)
        if self._sink is not None and send_to_sink(motion, self._sink):
            self.stats.sink_motions += 1
        else:
            self._motion_unanswered = True
            self._send([], motion)

    def _on_interval(self) -> None:
        self._pacing = False
        self._send_motion_when_due()

    # Commands and their replies.

    def _send(self, changes: Sequence[_Change], motion: Position | Displacement | None) -> None:
        events = to_events(motion) if motion is not None else []
        events += [_change(change) for change in changes]
        self._send_events(events, changes, motion)

    def _send_events(
        self,
        events: Sequence[Mapping[str, Any]],
        changes: Sequence[_Change],
        motion: Position | Displacement | None = None,
    ) -> None:
        sent_at = time.monotonic()

        def on_reply(reply: Reply) -> None:
            self.stats.replies.add(time.monotonic() - sent_at)
            self._answered(changes, motion, reply)

        try:
            self._execute("input-send-event", {**self._target, "events": events}, on_reply=on_reply)
        except QmpError:
            return
        self.stats.commands += 1
        self._unanswered += 1

    def _answered(
        self, changes: Sequence[_Change], motion: Position | Displacement | None, reply: Reply
    ) -> None:
        self._unanswered -= 1
        if isinstance(reply, Failure):
            self._refused(changes, motion, reply)
        else:
            self._stopped = False
            self._position_accepted |= isinstance(motion, Position)
        if motion is not None:
            self._motion_unanswered = False
            self._send_motion_when_due()

    def _refused(
        self, changes: Sequence[_Change], motion: Position | Displacement | None, failure: Failure
    ) -> None:
        self.stats.refused += 1
        if failure.error_class == "Disconnected":
            return
        if motion is not None:
            self._position = None
        if failure.description == NOT_RUNNING:
            # A key that went down is kept in `_down` too: it may be down for the guest, from before. To come up once too often
            # does no harm.
            self._down.update((change.code, None) for change in changes if not change.down)
            self.stopped()
            return
        self._report(failure.description, f"QEMU refused input: {failure.description}")
        if motion is not None or len(changes) > 1:
            self._position_accepted = False
            for change in changes:
                # Sent alone, if that is how it still is: what went the other way since is on its way already.
                if change.down == (change.code in self._down):
                    self._send([change], None)

    def _report(self, what: object, text: str) -> None:
        if what not in self._reported:
            self._reported.add(what)
            _log.warning("%s: %s", self._name, text)


def _change(change: _Change) -> dict[str, Any]:
    if change.code in BUTTONS:
        return _button(BUTTONS[change.code], change.down)
    key = {"type": "qcode", "data": QKEYCODES[change.code]}
    return {"type": "key", "data": {"down": change.down, "key": key}}


def _button(name: str, down: bool) -> dict[str, Any]:
    return {"type": "btn", "data": {"down": down, "button": name}}
