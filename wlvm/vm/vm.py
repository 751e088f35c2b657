"""Vm: the machine behind a guest, whichever way it is reached. VmEvents: what it tells its guest."""

from __future__ import annotations

import enum
from typing import Literal, Protocol

from wlvm.guest_config import GuestConfig
from wlvm.qemu.connection import MachineEvents
from wlvm.qemu.disks import Disks


class State(enum.StrEnum):
    """What a guest is doing, as `wlvm list` says it."""

    CONNECTING = "connecting"
    RUNNING = "running"
    PAUSED = "paused"
    UNRESPONSIVE = "unresponsive"
    LOST = "lost"
    OFF = "off"


#: There is no machine to show: nobody has started it, or it cannot be reached, which is tried again.
Gone = Literal[State.OFF, State.LOST]


class PowerError(Exception):
    """What somebody wants of a machine cannot be done now. The text says why."""


class VmEvents(MachineEvents, Protocol):
    """Who hears of a Vm: the guest. Everything is called on the main thread, and nothing after `Vm.close()`."""

    def starting(self, doing: str) -> None:
        """It is on its way, and this is what is done or waited for, as a sentence. `connected` or `gone` follows."""

    def gone(self, state: Gone, reason: str) -> None:
        """There is no machine to show (any more), for a reason that a person can read. Told again when a better reason is known."""

    def troubled(self, trouble: str) -> None:
        """What a person should know of a machine that is shown nevertheless; "" when that is over."""


class Vm(Protocol):
    """One machine. `close()` it when done.

    What a person does (`power_on` and the like) is done to a machine that is there, `power_on` to one that is gone; it raises PowerError where it
    cannot be, and returns before it is: events tell.
    """

    #: Whether wlvm is who starts it: such a one is OFF when it is gone, and is shut down where it is closed. Others are LOST.
    ours: bool

    def begin(self) -> None:
        """Start it, or reach it, now and whenever it is lost, as its configuration says. First, and once."""

    def reconfigure(self, config: GuestConfig) -> None:
        """Have another configuration, from its next start on."""

    def power_on(self) -> None:
        """Start it, or look for it at once."""

    def shut_down(self) -> None:
        """Ask the guest to shut down, as ACPI's power button does."""

    def power_off(self) -> None:
        """Switch it off at once."""

    def pause(self) -> None:
        """Stop it where it is."""

    def resume(self) -> None:
        """Have it go on."""

    def reset(self) -> None:
        """As its reset button."""

    @property
    def pid(self) -> int | None:
        """The process of its QEMU, or whoever passes on what that says; None while there is none, or where nobody says which."""

    @property
    def disks(self) -> Disks | None:
        """Its disks, to be changed; None while nobody can."""

    def close(self) -> None:
        """Leave it: what was started to end with wlvm is asked to end, all else goes on."""

    def finish(self) -> None:
        """After `close()`: wait until what was asked to end has ended. Outside of the loop, for the end of wlvm itself."""

    @property
    def ended(self) -> bool:
        """Whether `finish()` would have nothing to wait for."""
