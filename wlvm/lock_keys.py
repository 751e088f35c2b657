"""Caps Lock and Num Lock: the guest that gets the keyboard has them as the person has, and the keyboard's lights are the guest's meanwhile.

A guest says what its lights are (QEMU's `Keyboard.Modifiers`), and all that can be done to it is to press the key. So the key of a lock that
differs is tapped, once. A guest whose light does not follow, because it has none or uses the key for something else, is left alone from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from wlvm.locks import Locks
from wlvm.loop import EventLoop

#: KEY_CAPSLOCK and KEY_NUMLOCK (linux/input-event-codes.h). Scroll Lock is no state of an xkb keyboard, and stays the guest's own.
_KEYS: Final = {Locks.CAPS: 58, Locks.NUM: 69}
_KEPT_ALIKE: Final = Locks.CAPS | Locks.NUM
_ALL: Final = (Locks.SCROLL | _KEPT_ALIKE).value

#: How long a guest has to switch its light once its key was pressed, in milliseconds. A busy one takes its time.
FOLLOWS_WITHIN_MS: Final = 1000


class SeatLocks(Protocol):
    """The keyboards of the person."""

    @property
    def locks(self) -> Locks:
        """What is locked on them."""

    def set_locks(self, locks: Locks) -> None:
        """Lock this and nothing else, and have the lights say so."""


class GuestLocks:
    """The locks of one guest, as its lights tell them. Who has the connection tells what becomes of it."""

    def __init__(self) -> None:
        self.lights = Locks.NONE
        self._modifiers = 0
        #: Whether it has ever switched a light. QEMU says "none" for a guest that has none, too.
        self.tells = False
        #: The locks whose key it was sent, and whose light did not follow.
        self.ignored = Locks.NONE
        #: Presses and releases a key of the guest's; None while it takes no input.
        self.tap: Callable[[int], None] | None = None
        #: Called whenever something of this is another.
        self.changed: Callable[[], None] = lambda: None

    def told(self, modifiers: int) -> None:
        """QEMU says what its lights are now; told with each update of the guest's picture."""
        if modifiers == self._modifiers:
            return
        self._modifiers = modifiers
        lights = Locks(modifiers & _ALL)
        if lights is not self.lights:
            self.ignored &= ~(lights ^ self.lights)
            self.lights, self.tells = lights, True
            self.changed()

    def takes_input(self, tap: Callable[[int], None] | None) -> None:
        """The guest can be typed into from now on; None: it is stopped."""
        self.tap = tap
        self.changed()

    def restarted(self) -> None:
        """Another system may be in it than the one that has ignored a key."""
        self.ignored = Locks.NONE

    def disconnected(self) -> None:
        """Nothing is known of it any more."""
        self.lights, self.tells, self.ignored, self.tap = Locks.NONE, False, Locks.NONE, None
        self._modifiers = 0
        self.changed()


class LockKeys:
    """Keeps the locks of the person's keyboards and those of the guest that has the keyboard alike.

    While a guest that has lights has the keyboard, the person's keyboards are locked as it is. What host programs see is the person's own again
    as soon as the keyboard leaves the guest, but for a lock whose key was pressed meanwhile: it stays as the light was.
    """

    def __init__(self, loop: EventLoop, seat: SeatLocks) -> None:
        self._seat = seat
        self._guest: GuestLocks | None = None
        #: What was locked before the guest's locks were taken over; None while they are not.
        self._own: Locks | None = None
        #: The locks whose key the person has pressed, and whose light has not followed yet.
        self._pressed = Locks.NONE
        #: The locks whose key was tapped, and whose light has not followed yet; and whether that is done for this guest and this focus.
        self._awaited = Locks.NONE
        self._synchronized = False
        self._late = loop.timer(self._did_not_follow)

    def close(self) -> None:
        self._late.remove()

    def focus(self, guest: GuestLocks | None) -> None:
        """This guest has the keyboard now; None: no guest has it."""
        if guest is self._guest:
            return
        self._give_back()
        self._late.disarm()
        if self._guest is not None:
            # A light that follows yet, behind our back, has it taken back.
            self._guest.ignored |= self._awaited
        self._awaited, self._synchronized = Locks.NONE, False
        self._guest = guest
        if guest is not None:
            self._synchronize(guest)

    def guest_changed(self, guest: GuestLocks) -> None:
        """A guest's locks are others, or it takes input now, or no more."""
        if guest is not self._guest:
            return
        if not guest.tells:
            self._give_back()
        if not self._synchronized:
            self._synchronize(guest)
        elif self._awaited:
            self._awaited &= guest.lights ^ self._seat.locks
            if not self._awaited:
                self._late.disarm()
                self._follow(guest)
        else:
            self._follow(guest)

    def seat_changed(self, locks: Locks) -> None:
        """The person has pressed the keys of these locks, which the guest has got too."""
        if self._guest is not None and self._own is not None:
            self._own = _exchanged(self._own, locks, self._seat.locks)
            self._pressed |= locks
            self._late.arm(FOLLOWS_WITHIN_MS)

    def _synchronize(self, guest: GuestLocks) -> None:
        if guest.tap is None:
            return
        self._synchronized = True
        differs = (self._seat.locks ^ guest.lights) & _KEPT_ALIKE & ~guest.ignored
        if not differs:
            self._follow(guest)
            return
        self._awaited = differs
        self._late.arm(FOLLOWS_WITHIN_MS)
        for lock in differs:
            guest.tap(_KEYS[lock])

    def _did_not_follow(self) -> None:
        if self._guest is not None:
            self._guest.ignored |= self._awaited
            self._awaited = Locks.NONE
            if self._own is not None:
                self._own = _exchanged(self._own, self._pressed, self._guest.lights)
            self._pressed = Locks.NONE
            self._follow(self._guest)

    def _follow(self, guest: GuestLocks) -> None:
        """Have the person's keyboards locked as the guest is, where it says how."""
        if guest.tells:
            if self._own is None:
                self._own = self._seat.locks
            self._pressed &= guest.lights ^ self._own
            self._seat.set_locks(guest.lights & _KEPT_ALIKE)

    def _give_back(self) -> None:
        own, self._own, self._pressed = self._own, None, Locks.NONE
        if own is not None:
            self._seat.set_locks(own)


def _exchanged(locks: Locks, some: Locks, others: Locks) -> Locks:
    """The locks, but for `some`, which are as in `others`."""
    return (locks & ~some) | (others & some)
