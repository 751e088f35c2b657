"""FlipCache: what was made of the framebuffers that a guest flips between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from wlvm.loop import EventLoop

#: A guest flips between two or three framebuffers. One that it does not come back to within this time is given up, in milliseconds.
_KNOWN: Final = 3
_FORGOTTEN_AFTER_MS: Final = 1000

_Made = TypeVar("_Made")


class FlipCache(Generic[_Made]):
    """What was made of a guest's latest framebuffers (a map, an import), so that a flip back makes nothing anew. `close()` it."""

    def __init__(self, loop: EventLoop, give_up: Callable[[_Made], None]) -> None:
        """`give_up` is called once with each thing that was made, when it is not needed any more."""
        self._give_up = give_up
        #: By the framebuffer's identity, the one in use last.
        self._known: dict[object, _Made] = {}
        self._forgetting = loop.timer(self._forget)

    def take(self, identity: object, make: Callable[[], _Made]) -> _Made:
        """What belongs to the framebuffer that is in use from now on; what `make` raises leaves everything as it was.

        `identity` must not be another framebuffer's as long as this lives, as an inode is not while its file is open or mapped.
        """
        made = self._known.get(identity)
        if made is None:
            made = make()
            if len(self._known) == _KNOWN:
                self._give_up(self._known.pop(next(iter(self._known))))
        else:
            del self._known[identity]
        self._known[identity] = made
        if len(self._known) > 1:
            self._forgetting.arm(_FORGOTTEN_AFTER_MS)
        return made

    def discard(self, made: _Made) -> None:
        """Give this one up: it is of no use any more."""
        self._known = {identity: each for identity, each in self._known.items() if each is not made}
        self._give_up(made)

    def close(self) -> None:
        """Give everything up. Harmless when repeated."""
        self._forgetting.remove()
        self._keep(0)

    def _forget(self) -> None:
        self._keep(1)

    def _keep(self, count: int) -> None:
        while len(self._known) > count:
            self._give_up(self._known.pop(next(iter(self._known))))
