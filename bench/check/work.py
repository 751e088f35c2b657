"""`python -m bench.check.work LIBRARY FACTS`, in callgrind: the events that the gate counts, again and again, and its floors.

What wlvm itself tells of its work is written to the file FACTS as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bench.check import floors
from bench.check.counter import Counter
from bench.check.figures import COMPOSITION, COPY, EVENTS, FLOOR_TIMES, NOTHING, PATCH, PYTHON, Facts
from bench.check.stepped import SteppedDisplays, SteppedGuest, SteppedQmp, next_frame
from bench.running import SIZE, Steps, configuration, play, shown, surface, until
from tests.fake_qemu import LISTENER, LISTENER_MAP, X8R8G8B8, method_call
from wlvm.framebuffer import Rect
from wlvm.guest_config import GuestConfig, InputConfig
from wlvm.server import Server

#: Events that are not counted before those that are.
_WARM_UP = 12

_WHOLE = Rect(0, 0, *SIZE)
_KEY_A = 30
_CURSOR = 24


class Counts(Protocol):
    """A Counter, as far as it is needed here."""

    def count(self, work: Callable[[], object]) -> None: ...

    def dump(self, name: str) -> None: ...


class Work:
    """The scenario. Each event goes through all its stages; one of them is counted at a time."""

    def __init__(self, counter: Counts, events: int = EVENTS, warm_up: int = _WARM_UP) -> None:
        """`warm_up` events go before those that are counted: what is made once is made then."""
        self._counter = counter
        self._events = events
        self._warm_up = warm_up
        self.facts: Facts = {}

    def scenario(self, server: Server) -> Steps:
        displays = server.displays
        assert isinstance(displays, SteppedDisplays)
        turns = server.loop.watch(displays.sockets(), displays.turn)
        path = Path(os.environ["XDG_RUNTIME_DIR"]) / "qmp"
        qmp = SteppedQmp(server.loop, path)
        try:
            server.guest_set.add(GuestConfig(name="guest-0", qmp=path, input=InputConfig(repeat="never")))
            yield from until("its display is asked for", lambda: qmp.display)
            assert qmp.display is not None
            yield from until("its listener is registered", qmp.display.is_registered)
            listener = qmp.display.listener()
            with _framebuffer() as memory:
                body = (memory, 0, *SIZE, SIZE[0] * 4, X8R8G8B8)
                listener.peer.begin(method_call(LISTENER_MAP, "ScanoutMap", "huuuuu", body))
                yield from shown(server)
                yield from until("its pointer is known", lambda: surface(server).absolute)
                guest = SteppedGuest(displays, listener)
                yield 0.1
                yield from self._steps(server, guest)
        finally:
            turns.remove()
            qmp.close()

    def _steps(self, server: Server, guest: SteppedGuest) -> Steps:
        """wlvm's loop does not run within a step: nothing happens but what is done here."""
        self._floors()
        self._shared(server, guest)
        yield 0.1
        self._bytes(server, guest)
        yield 0.1
        self._input(server)
        yield 0.1
        self._cursor(server, guest)

    def _floors(self) -> None:
        self._each(NOTHING, lambda count, _: count(lambda: None))
        self._repeat(PYTHON, lambda count, _: count(floors.python), FLOOR_TIMES)
        with floors.pixels(SIZE) as pixels:
            self._repeat(COPY, lambda count, _: count(pixels.copy), FLOOR_TIMES)
            self._repeat(COMPOSITION, lambda count, _: count(pixels.compose), FLOOR_TIMES)

    def _shared(self, server: Server, guest: SteppedGuest) -> None:
        self._updates(server, "shared memory, small", lambda number, do: _damage(guest, _patch(number), do))
        self._updates(server, "shared memory, whole", lambda number, do: _damage(guest, _WHOLE, do))

    def _bytes(self, server: Server, guest: SteppedGuest) -> None:
        whole, small = os.urandom(SIZE[0] * SIZE[1] * 4), os.urandom(PATCH * PATCH * 4)

        def update(rect: Rect, data: bytes, do: Do) -> None:
            body = (rect.x, rect.y, rect.width, rect.height, rect.width * 4, X8R8G8B8, data)
            guest.say(LISTENER, "Update", "iiiiuuay", body, do)

        guest.say(LISTENER, "Scanout", "uuuuay", (*SIZE, SIZE[0] * 4, X8R8G8B8, whole))
        server.displays.dispatch()
        self._updates(server, "bytes, small", lambda number, do: update(_patch(number), small, do))
        self._updates(server, "bytes, whole", lambda number, do: update(_WHOLE, whole, do))

    def _input(self, server: Server) -> None:
        def key(count: Do, number: int) -> None:
            symbols = server.devices.keymap.symbols(_KEY_A)
            count(lambda: server.idle.key(_KEY_A, number % 2 == 0, symbols))

        def motion(count: Do, number: int) -> None:
            place = _patch(number)

            def moved() -> None:
                server.idle.motion_absolute(place.x, place.y)
                server.idle.frame()

            count(moved)

        self._each("key: sent", key)
        self._each("motion: taken", motion)

    def _cursor(self, server: Server, guest: SteppedGuest) -> None:
        surface(server).pointer_mode(absolute=False)
        image = bytes([255]) * _CURSOR * _CURSOR * 4
        guest.say(LISTENER, "CursorDefine", "iiiiay", (_CURSOR, _CURSOR, 0, 0, image))

        def move(number: int, do: Do) -> None:
            place = _patch(number)
            guest.say(LISTENER, "MouseSet", "iii", (place.x, place.y, 1), do)

        self._stages(server, "guest's cursor", move)

    def _updates(self, server: Server, what: str, say: Say) -> None:
        """The same, and how many bytes wlvm has copied for one."""
        before, updates = surface(server).copied, surface(server).updates
        self._stages(server, what, say)
        updates = surface(server).updates - updates
        self.facts[f"{what}: copied"] = (surface(server).copied - before) / updates

    def _stages(self, server: Server, what: str, say: Say) -> None:
        """Something that a guest says: how it arrives in the display thread, is taken into the scene, and drawn."""
        (output,) = server.outputs.values()
        frame = next_frame(output)

        def uncounted(work: Callable[[], object]) -> None:
            work()

        def arriving(count: Do, number: int) -> None:
            say(number, count)
            server.displays.dispatch()
            frame()

        def taken(count: Do, number: int) -> None:
            say(number, uncounted)
            count(server.displays.dispatch)
            frame()

        def drawn(count: Do, number: int) -> None:
            say(number, uncounted)
            server.displays.dispatch()
            frames = output.frames
            count(frame)
            assert output.frames == frames + 1, f"{what}: no frame shows it"

        self._each(f"{what}: arrives", arriving)
        self._each(f"{what}: taken", taken)
        self._each(f"{what}: drawn", drawn)

    def _each(self, name: str, event: Event) -> None:
        self._repeat(name, event, self._events)

    def _repeat(self, name: str, event: Event, times: int) -> None:
        for number in range(self._warm_up):
            event(lambda work: work(), number)
        for number in range(self._warm_up, self._warm_up + times):
            event(self._counter.count, number)
        self._counter.dump(name)


#: Does a part of an event, counted or not.
Do = Callable[[Callable[[], object]], object]
#: An event by its number; what is to be counted of it is done by the first argument.
Event = Callable[[Do, int], object]
#: Has the guest say the event of a number; each turn of the display thread is done so.
Say = Callable[[int, Do], None]


def _damage(guest: SteppedGuest, rect: Rect, do: Do) -> None:
    guest.say(LISTENER_MAP, "UpdateMap", "iiii", (rect.x, rect.y, rect.width, rect.height), do)


def _patch(number: int) -> Rect:
    """Another place each time."""
    return Rect(number * 37 % (SIZE[0] - PATCH), number * 17 % (SIZE[1] - PATCH), PATCH, PATCH)


@contextmanager
def _framebuffer() -> Iterator[int]:
    """Shared memory that cannot be sealed, as QEMU's."""
    memory = os.memfd_create("framebuffer", os.MFD_CLOEXEC)
    try:
        os.ftruncate(memory, SIZE[0] * SIZE[1] * 4)
        yield memory
    finally:
        os.close(memory)


def main() -> None:
    """Do all of it, once."""
    library, facts = map(Path, sys.argv[1:])
    work = Work(Counter(library))
    with SteppedDisplays.used():
        play(configuration([]), work.scenario)
    facts.write_text(json.dumps(work.facts))


if __name__ == "__main__":
    main()
