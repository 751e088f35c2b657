"""What size a guest is asked to give a console: that of its place on the screen, in physical pixels.

A guest is asked once for each new size of the place, after the place has been quiet for a moment, and never because of what the guest
itself does: so nothing goes round in circles, whatever size the guest takes. Until it has followed it is shown pixel for pixel, of what is too
large for the place a part; a guest that does not follow is shown as its `scale` says.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from wlvm.desktop.place import Place
from wlvm.framebuffer import MAX_SIDE
from wlvm.loop import EventLoop
from wlvm.pixel_grid import PixelGrid

#: How long a place keeps its size before the guest is asked for it, in milliseconds: QEMU passes each on, and a guest takes its time for it.
QUIET_MS: Final = 150

#: How long a guest may take to follow before it counts as one that does not, in milliseconds.
PATIENCE_MS: Final = 3000

#: After a new connection, the least time between two questions for one size, in seconds. Two programs that take a guest's display from each
#: other connect again and again, and each wants its own size.
ASK_AGAIN: Final = 10.0

#: Guests make sizes multiples of 8, in one direction or the other.
_ROUNDING: Final = 7

#: No guest is asked for less: desktops and drivers have no smaller mode.
_LEAST: Final = (320, 200)

#: The most millimetres that SetUIInfo can say.
_MOST_MM: Final = 0xFFFF


class Following(enum.StrEnum):
    """Whether a guest has the size of its place, as `wlvm stats` says it."""

    OFF = "off"
    """It is not asked: the configuration does not want it, or the place is as large as the guest makes it, or too small."""
    WAITING = "waiting"
    """It is about to be asked, or has been a moment ago."""
    FOLLOWS = "follows"
    IGNORED = "ignored"
    """It has not followed."""
    REFUSED = "refused"
    """QEMU says that the device has no size to choose."""


class Screen(Struct, frozen=True):
    """An output: its size in physical pixels and in millimetres (0, 0 where unknown), both as the layout has it turned."""

    size: tuple[int, int]
    millimetres: tuple[int, int] = (0, 0)


class Wanted(Struct, frozen=True):
    """What a guest is asked for: a size in physical pixels, and what it measures on the screen (0, 0: unknown)."""

    size: tuple[int, int]
    millimetres: tuple[int, int]


class Ask(Protocol):
    """How a console is asked for a size: SetUIInfo, whose parameters these are."""

    def __call__(
        self, *, width_mm: int, height_mm: int, xoff: int, yoff: int, width: int, height: int
    ) -> None: ...


class GuestSize:
    """The size of one console. `close()` it.

    `placed`, `shown`, `connect` and `refused` tell it what happens; `crops` is how the picture is to be shown meanwhile, and `changed` is
    called when that, or `following`, is another.
    """

    def __init__(
        self,
        loop: EventLoop,
        screen: Callable[[str], Screen | None],
        changed: Callable[[], None],
        *,
        is_first: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`screen` knows the outputs by name, `now` the time in seconds. A console that is not its guest's first is a head that the guest can use only once it has been
        asked for a size: it is asked once, even where it is not to follow, while it shows nothing.
        """
        self._screen = screen
        self._changed = changed
        self._is_first = is_first
        self._now = now
        self._follows = True
        self._ask: Ask | None = None
        self._place: Place | None = None
        self._grid = PixelGrid()
        self._shown: tuple[int, int] | None = None
        self._refusal = ""
        #: What the guest is to be asked for; what it was asked for last, when, and on which connection.
        self._wanted: Wanted | None = None
        self._asked: Wanted | None = None
        self._asked_at = 0.0
        self._asked_here = False
        #: Whether it has not followed in time, and whether it did not the last time that it had the time.
        self._is_late = False
        self._ignores = False
        self._quiet = loop.timer(self._ask_now)
        self._patience = loop.timer(self._give_up)
        self._told = Following.OFF, False

    def close(self) -> None:
        self._quiet.remove()
        self._patience.remove()

    @property
    def asked(self) -> tuple[int, int] | None:
        """The size that the guest was asked for last, in its pixels; None before, or while it is not to be asked."""
        return None if self._asked is None or self._wanted is None else self._asked.size

    @property
    def following(self) -> Following:
        if self._wanted is None or self._ask is None:
            return Following.OFF
        if self._refusal:
            return Following.REFUSED
        if self._shown is not None and _is_close(self._shown, self._wanted.size):
            return Following.FOLLOWS
        return Following.IGNORED if self._is_late else Following.WAITING

    @property
    def crops(self) -> bool:
        """Whether a picture that is too large for the place is shown in part, and not scaled down: the right one is on its way."""
        following = self.following
        return following is Following.FOLLOWS or (following is Following.WAITING and not self._ignores)

    # What happens.

    def configure(self, follows: bool) -> None:
        """Whether the guest is to have the size of its place, from now on."""
        self._follows = follows
        self._want()

    def connect(self, ask: Ask) -> None:
        """The guest can be asked."""
        self._ask = ask
        self._asked_here = False
        self._forget_answers()
        self._want()

    def disconnect(self) -> None:
        """The guest cannot be asked any more, and shows nothing."""
        self._ask = None
        self._shown = None
        self._forget_answers()
        self._want()

    def unplug(self) -> None:
        """Tell the guest that the console has no screen any more; when it is asked for a size again, it has one."""
        self._quiet.disarm()
        self._asked = None
        if self._ask is not None and not self._refusal:
            self._ask(width_mm=0, height_mm=0, xoff=0, yoff=0, width=0, height=0)

    def forget(self) -> None:
        """The guest's machine has ended: the next one knows nothing of what this one was asked."""
        self._asked = None

    def placed(self, place: Place | None, grid: PixelGrid) -> None:
        """The console has this place now; None: none at all. `grid` is the output's."""
        self._place, self._grid = place, grid
        self._want()

    def shown(self, size: tuple[int, int] | None) -> None:
        """The guest shows a picture of this size, in its pixels; None: nothing."""
        if size != self._shown:
            self._shown = size
            self._want()

    def refused(self, reason: str) -> None:
        """QEMU refused the last question for this reason; "": it did not."""
        if reason != self._refusal:
            self._refusal = reason
            self._note()

    # What follows from it.

    def _want(self) -> None:
        """Ask for what is wanted now, if that is new."""
        wanted = None if self._ask is None else self._size_of_place()
        if wanted != self._wanted:
            self._wanted = wanted
            self._is_late = False
            self._patience.arm(QUIET_MS + PATIENCE_MS)
            self._quiet.disarm()
        if wanted is not None and (wanted != self._asked or not self._asked_here) and not self._refusal:
            self._quiet.arm(max(QUIET_MS, self._too_soon_ms(wanted)))
        self._note()

    def _size_of_place(self) -> Wanted | None:
        place = self._place
        if place is None or not (self._follows or self._is_to_be_plugged_in):
            return None
        screen = self._screen(place.output)
        if screen is None:
            return self._wanted  # the output is on its way out: so is this place
        size = self._grid.size(place.content)
        if place.own_size:
            if not self._is_to_be_plugged_in:
                return None
            size = screen.size
        if size[0] < _LEAST[0] or size[1] < _LEAST[1]:
            return None
        width, height = (min(side, MAX_SIDE) for side in size)
        across, down = (
            min(round(length * side / whole), _MOST_MM)
            for length, side, whole in zip(screen.millimetres, (width, height), screen.size, strict=True)
        )
        return Wanted((width, height), (across, down))

    @property
    def _is_to_be_plugged_in(self) -> bool:
        return not self._is_first and self._shown is None

    def _too_soon_ms(self, wanted: Wanted) -> int:
        if wanted != self._asked:
            return 0
        return max(0, round((self._asked_at + ASK_AGAIN - self._now()) * 1000))

    def _ask_now(self) -> None:
        wanted = self._wanted
        if wanted is None or self._ask is None:
            return
        self._asked, self._asked_at, self._asked_here = wanted, self._now(), True
        width, height = wanted.size
        width_mm, height_mm = wanted.millimetres
        self._ask(width_mm=width_mm, height_mm=height_mm, xoff=0, yoff=0, width=width, height=height)
        self._patience.arm(PATIENCE_MS)
        self._note()

    def _give_up(self) -> None:
        if self.following is Following.WAITING:
            self._is_late = self._ignores = True
            self._note()

    def _forget_answers(self) -> None:
        self._refusal = ""
        self._is_late = self._ignores = False

    def _note(self) -> None:
        """Tell what is new."""
        following = self.following
        if following is Following.FOLLOWS:
            self._is_late = self._ignores = False
        tells = following, self.crops
        if tells != self._told:
            self._told = tells
            self._changed()


def _is_close(shown: tuple[int, int], asked: tuple[int, int]) -> bool:
    return all(abs(have - wanted) <= _ROUNDING for have, wanted in zip(shown, asked, strict=True))
