"""Pointer motion that waits to be sent: the newest position, or the sum of what moved."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

from wlvm.framebuffer import check_size


class MotionSink(Protocol):
    """Another way than QMP for motion; the display's `Console` is one. D-Bus costs QEMU a twentieth of what QMP does."""

    def rel_motion(self, dx: int, dy: int) -> None: ...

    def set_abs_position(self, x: int, y: int) -> None:
        """QEMU's D-Bus display turns pixel x of width w into the position floor(x * 32767 / w)."""


class Position(NamedTuple):
    """A pixel of a `width` x `height` console."""

    x: int
    y: int
    width: int
    height: int


class Displacement(NamedTuple):
    """How far a relative pointer moved, in pixels, down and right positive."""

    dx: int
    dy: int


def position(x: float, y: float, width: int, height: int) -> Position:
    """The pixel that holds a point, the nearest one for a point outside; FramebufferError for an impossible size."""
    check_size(width, height)
    return Position(_clamp(x, width), _clamp(y, height), width, height)


def absolute_axis(pixel: int, pixels: int) -> int:
    """QEMU's value, 0 to 0x7fff, for a pixel of `pixels` along an axis.

    It is the middle of the pixel. Guests take the pixel to be floor(value * pixels / 32768) (libinput; the axis ends at
    0x7fff), which is then exact at every size up to 32768.
    """
    return (2 * pixel + 1) * 32768 // (2 * pixels)


def to_events(motion: Position | Displacement) -> list[dict[str, Any]]:
    """The motion as QMP's InputEvents (QEMU qapi/ui.json)."""
    if isinstance(motion, Position):
        x = absolute_axis(motion.x, motion.width)
        y = absolute_axis(motion.y, motion.height)
        return [_axis("abs", "x", x), _axis("abs", "y", y)]
    # The guest sees no difference between an axis that did not move and one that is not there.
    return [_axis("rel", axis, value) for axis, value in (("x", motion.dx), ("y", motion.dy)) if value]


def send_to_sink(motion: Position | Displacement, sink: MotionSink) -> bool:
    """Hand the motion to the sink; False when only QMP can tell it exactly.

    QEMU's rounding down puts nearly every pixel one too far left, so the next pixel is named. Its value lies in the pixel
    that is meant, for x + width <= 32767. Past the last pixel there is none to name.
    """
    if isinstance(motion, Displacement):
        sink.rel_motion(motion.dx, motion.dy)
        return True
    if motion.x + 1 == motion.width or motion.y + 1 == motion.height:
        return False
    sink.set_abs_position(motion.x + 1, motion.y + 1)
    return True


class PendingMotion:
    """The motion that has not been sent: either kind, never both."""

    def __init__(self) -> None:
        self._position: Position | None = None
        self._dx = 0.0
        self._dy = 0.0

    def move_to(self, target: Position) -> None:
        """The pointer is here now; where it was does not matter any more."""
        self._position = target

    def move_by(self, dx: float, dy: float) -> None:
        """The pointer moved; fractions of pixels add up over all motion."""
        self._dx += dx
        self._dy += dy

    @property
    def is_position(self) -> bool:
        return self._position is not None

    @property
    def is_displacement(self) -> bool:
        """Whether there is at least one whole pixel of it."""
        return abs(self._dx) >= 1 or abs(self._dy) >= 1

    def take(self) -> Position | Displacement | None:
        """What is to be sent, which then counts as sent; None when there is nothing."""
        if self._position is not None:
            target, self._position = self._position, None
            return target
        if not self.is_displacement:
            return None
        moved = Displacement(math.trunc(self._dx), math.trunc(self._dy))
        self._dx -= moved.dx
        self._dy -= moved.dy
        return moved

    def clear(self) -> None:
        self._position = None
        self._dx = self._dy = 0.0


def _clamp(value: float, pixels: int) -> int:
    return min(max(math.floor(value), 0), pixels - 1)


def _axis(kind: str, axis: str, value: int) -> dict[str, Any]:
    return {"type": kind, "data": {"axis": axis, "value": value}}
