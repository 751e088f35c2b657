"""Guest: one VM: what state it is in, and its consoles on the screen."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence

from wlvm.guest_config import GuestConfig
from wlvm.guest_disks import GuestDisks
from wlvm.guest_surface import GuestSurface, Identity
from wlvm.lock_keys import GuestLocks
from wlvm.loop import EventLoop
from wlvm.placeholder import BAD, CALM, TROUBLE, Card
from wlvm.progress import Progress
from wlvm.qemu.connection import MachineState
from wlvm.qemu.display import Console, DisplayThread
from wlvm.qemu.input import InputForwarder
from wlvm.qemu.key_repeat import KeyRepeatTiming
from wlvm.qemu.machine import InputDevices, MachineInput
from wlvm.qemu.text import readable
from wlvm.restarts import MANY, WITHIN, Restarts
from wlvm.vm.vm import Gone, PowerError, State, Vm
from wlvm.vm.ways import vm_of

log = logging.getLogger(__name__)

_WAITING = Card("starting", ["Waiting for the guest's first picture."])

#: What is said of a machine that restarts over and over.
_RESTARTS = f"It restarts over and over: {MANY} times within a minute."

#: What is said while QEMU loses scanouts: nothing here can mend it.
_LOST_SCANOUTS = (
    "this QEMU drops buffers that the guest flips to before wlvm hears of them: the picture is out of date. QEMU 10.1 and newer do not, nor "
    "does any with gl=off"
)


class Guest:
    """One VM. `add_surface` gives the surface of the console with a number, `remove_surface` takes it back; `changed` is called when its state
    or its label may be another, `tell` with a sentence for the person at the screen.
    """

    def __init__(
        self,
        config: GuestConfig,
        loop: EventLoop,
        displays: DisplayThread,
        add_surface: Callable[[Guest, int], GuestSurface],
        remove_surface: Callable[[GuestSurface], None],
        changed: Callable[[], None],
        tell: Callable[[Guest, str], None],
    ) -> None:
        self.config = config
        self.name = config.name
        self.label = config.label
        self.state = State.CONNECTING
        self.reason = ""
        self._loop = loop
        self._add_surface = add_surface
        self._remove_surface = remove_surface
        self._changed = changed
        self._tell = tell
        self._progress = Progress(loop, self._show_card)
        self._restarts = Restarts()
        self._calmed = loop.timer(self._tell_trouble)
        self._vm = vm_of(config, loop, displays, self)
        self.disks = GuestDisks(config.name, self._there, lambda text: tell(self, text))
        self._machine: InputDevices | None = None
        #: What runs the machine, as in "QEMU 10.0.2"; "" while it is not connected.
        self.runner = ""
        self._powerdown = loop.timer(self._power_off_now)
        #: Why the machine is gone, when it is: what a person, or the guest itself, wanted.
        self._ending = ""
        #: How a person starts the guest when it is off, for its card; "" where there is no way.
        self.start_hint = ""
        self._absolute: dict[int, bool] = {}
        #: Whether the machine runs, and why it does not, "" where somebody has stopped it.
        self._runs, self._why = True, ""
        #: What a person should know of a machine that is there, as its Vm tells it; "" when nothing.
        self._trouble = ""
        #: Why the last thing that QEMU sent for a console is not shown, by console; and of which consoles the log has said so.
        self._refusals: dict[int, str] = {}
        self._complained: set[int] = set()
        self.surfaces: dict[int, GuestSurface] = {}
        self.locks = GuestLocks()
        #: Called when the machine was reset.
        self.was_reset: Callable[[], None] = lambda: None

    def identity(self, console: int) -> Identity:
        """What a person sees of the console."""
        label = f"{self.label} (paused)" if self.state is State.PAUSED else self.label
        return Identity(self.name, console, label, self.config.color)

    def reconfigure(self, config: GuestConfig) -> None:
        """Have another configuration: what it says of the launch counts when the guest is launched next."""
        for index, surface in self.surfaces.items():
            surface.set_scaling(config.scaling(index))
            surface.size.configure(config.follows(index))
        relabelled = (config.label, config.color) != (self.config.label, self.config.color)
        self.config = config
        self._vm.reconfigure(config)
        if relabelled:
            self.label = config.label
            for index, surface in self.surfaces.items():
                surface.set_identity(self.identity(index))
            self._changed()
        self._machine_changed()

    def start(self) -> None:
        """Start the guest's machine, or reach it, now and whenever it is lost."""
        self.surfaces[0] = self._add_surface(self, 0)
        self._vm.begin()

    def close(self) -> None:
        """Leave the guest: one that was launched is asked to end, and does; others go on without us."""
        self._powerdown.remove()
        self._progress.remove()
        self._calmed.remove()
        self._disconnect()
        self._drop_surfaces_but(set())
        self._vm.close()

    def finish(self) -> None:
        """After `close()`: wait until what was asked to end has ended; for the end of wlvm itself."""
        self._vm.finish()

    @property
    def pid(self) -> int | None:
        """As `Vm.pid`."""
        return self._vm.pid

    @property
    def ended(self) -> bool:
        """Whether there is nothing (any more) that ends with wlvm."""
        return self._vm.ended

    @property
    def runs_here(self) -> bool:
        """Whether wlvm has started its machine, and it runs."""
        return self._vm.ours and self.state is not State.OFF

    # What a person does to the machine.

    def power_on(self) -> None:
        """Start it, or look for it at once. PowerError when it is there already."""
        if not self._gone:
            raise PowerError(f"{self.label} is {self.state.value} already")
        self._vm.power_on()

    def shut_down_machine(self) -> None:
        """Ask the guest to shut down (ACPI's power button), and switch it off where it has not after its limit. PowerError when it is off."""
        self._there().shut_down()
        limit = self.config.shutdown_limit
        if not self._ending:
            log.info("%s: asked to shut down; it is switched off in %d seconds", self.name, limit)
        self._ending = "It was asked to shut down."
        self._powerdown.arm(limit * 1000)

    def power_off(self) -> None:
        """Switch it off. PowerError when it is off."""
        self._there().power_off()
        self._ending = "It was switched off."

    def pause(self) -> None:
        """Stop the machine where it is. PowerError when it is off."""
        self._there().pause()

    def resume(self) -> None:
        """Have it go on. PowerError when it is off."""
        self._there().resume()

    def reset_machine(self) -> None:
        """As its reset button. PowerError when it is off."""
        self._there().reset()

    def _there(self) -> Vm:
        if self._gone:
            raise PowerError(f"{self.label} is {self.state.value}")
        return self._vm

    @property
    def _gone(self) -> bool:
        return self.state in (State.OFF, State.LOST)

    def _power_off_now(self) -> None:
        log.warning("%s: it has not shut down in %d seconds", self.name, self.config.shutdown_limit)
        with contextlib.suppress(PowerError):
            self.power_off()

    def _enter(self, state: State, reason: str = "") -> None:
        self.state, self.reason = state, reason
        for index, surface in self.surfaces.items():
            surface.set_identity(self.identity(index))
        self._changed()

    def _disconnect(self) -> None:
        self._machine = None
        self.runner = ""
        self.locks.disconnected()
        self._absolute.clear()
        self._trouble = ""
        self._refusals.clear()
        self._complained.clear()
        for surface in self.surfaces.values():
            surface.disconnect()

    def _show_card(self, card: Card) -> None:
        for surface in self.surfaces.values():
            surface.show_card(card)

    # The machine's events (wlvm.vm.vm.VmEvents).

    def starting(self, doing: str) -> None:
        self._ending = ""
        if self.state is not State.CONNECTING:
            self._enter(State.CONNECTING)
        self._progress.waiting(doing)

    def gone(self, state: Gone, reason: str) -> None:
        self._progress.over()
        self._disconnect()
        self._powerdown.disarm()
        if state is State.OFF:
            for surface in self.surfaces.values():
                surface.size.forget()
        reason = self._ending or reason
        if (state, reason) == (self.state, self.reason):
            return  # the card says it already
        # That it is lost is worth a warning; for which reason it still is, each time it is tried, is not.
        expected = state is self.state or self._ending or not self.config.start
        log.log(logging.INFO if expected else logging.WARNING, "%s: %s", self.name, reason)
        self._enter(state, reason)
        lost = state is State.LOST
        hint = "It is shown as soon as it can be reached." if lost else self.start_hint
        self._show_card(Card(state, [reason, hint] if hint else [reason], TROUBLE if lost else CALM))

    def troubled(self, trouble: str) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble:
            log.warning("%s: %s", self.name, trouble)
        self._tell_trouble()

    def connected(self, state: MachineState, consoles: Sequence[Console], input: MachineInput) -> None:
        self._ending = ""
        self._progress.over()
        log.info("%s: connected to %s", self.name, state.runner)
        self.runner = state.runner
        if state.name and self.config.label == self.config.name:
            # Nobody chose a label: what QEMU's own -name says is better than a socket's name.
            self.label = state.name
        self._drop_surfaces_but({console.index for console in consoles})
        for console in consoles:
            if console.index not in self.surfaces:
                self.surfaces[console.index] = self._add_surface(self, console.index)
            surface = self.surfaces[console.index]
            surface.connect(self._forwarder(input, console), console.acknowledge, console.set_ui_info)
            surface.show_card(_WAITING)
        self._tell_running(state.running, state.why)
        self._machine = input.devices(self._machine_changed)
        self._machine.ask()

    def _forwarder(self, input: MachineInput, console: Console) -> InputForwarder:
        sink = console if self.config.input.motion == "dbus" else None
        return InputForwarder(self._loop, input.execute(console), sink=sink, name=self.name)

    def _machine_changed(self) -> None:
        """QEMU has told what input devices the machine has; perhaps on the way out, when nobody asks any more."""
        if self._machine is None:
            return
        choice = self.config.input
        wanted = (
            not self._machine.keyboard_repeats_itself
            if choice.repeat == "auto"
            else choice.repeat == "always"
        )
        timing = KeyRepeatTiming(choice.repeat_delay, 1000 // choice.repeat_rate) if wanted else None
        for surface in self.surfaces.values():
            surface.pointer_mode(absolute=self._machine.absolute_pointer)
            if surface.input is not None:
                surface.input.repeat = timing
                surface.input.touch.available = self._machine.multitouch

    def _tell_running(self, running: bool, why: str) -> None:
        self._runs, self._why = running, why
        self._enter(State.RUNNING if running else State.PAUSED, self._known_trouble)
        for surface in self.surfaces.values():
            surface.set_running(running)
        self.locks.takes_input(None if self.keyboard is None else self.keyboard.tap)

    @property
    def keyboard(self) -> InputForwarder | None:
        """What types into the machine, whichever of its consoles has the focus; None while it takes no input."""
        surface = next(iter(self.surfaces.values()), None)
        return surface.input if surface is not None and self.state is State.RUNNING else None

    def release_keys(self) -> None:
        """Everything that is held down comes up for the machine."""
        for surface in self.surfaces.values():
            if surface.input is not None:
                surface.input.release_all()

    def _drop_surfaces_but(self, kept: set[int]) -> None:
        for index in set(self.surfaces) - kept:
            self._remove_surface(self.surfaces.pop(index))

    def changed(self, console: Console) -> None:
        changes = console.take()
        surface = self.surfaces[console.index]
        surface.apply(changes)
        surface.size.refused(console.size_refusal)
        self.locks.told(console.modifiers)
        self._note_refusal(console)
        if console.is_absolute != self._absolute.get(console.index):
            # QEMU's property tells that a driver has taken a device over, but not, in every release, which pointer is in charge.
            self._absolute[console.index] = console.is_absolute
            self._ask_machine()

    @property
    def _known_trouble(self) -> str:
        """What a person should know of the machine that is there."""
        refusal = next((refusal for refusal in self._refusals.values() if refusal), "")
        return (
            self._why
            or self._trouble
            or refusal
            or (_RESTARTS if self._restarts.looping(time.monotonic()) else "")
        )

    def _tell_trouble(self) -> None:
        if self.state in (State.RUNNING, State.PAUSED):
            self._enter(self.state, self._known_trouble)

    def _note_refusal(self, console: Console) -> None:
        """Say once a connection that something was refused, and why for as long as no scanout has followed."""
        surface = self.surfaces[console.index]
        refusal = readable(console.last_refusal) if console.last_refusal else surface.trouble
        if refusal:
            refusal = f"wlvm refused what QEMU sent: {refusal}"
        elif console.lost_scanouts:
            refusal = _LOST_SCANOUTS
        if refusal == self._refusals.get(console.index, ""):
            return
        self._refusals[console.index] = refusal
        self._tell_trouble()
        if refusal and console.index not in self._complained:
            self._complained.add(console.index)
            log.warning("%s: %s", self.name, refusal)
        if surface.picture is None:
            surface.show_card(Card("refused", [refusal], BAD) if refusal else _WAITING)

    def running(self, running: bool, why: str = "") -> None:
        if why and why != self._why:
            log.info("%s: %s", self.name, why)
            self._tell(self, why)
        self._tell_running(running, why)

    def shut_down(self) -> None:
        self._ending = "The guest has shut down."

    def panicked(self) -> None:
        self._ending = "The guest says that it has crashed."
        log.warning("%s: %s", self.name, self._ending)
        self._tell(self, self._ending)
        self._enter(self.state, self._ending)

    def reset(self) -> None:
        self.locks.restarted()
        self.was_reset()
        for surface in self.surfaces.values():
            surface.machine_reset()
        self._ask_machine()
        now = time.monotonic()
        looped = self._restarts.looping(now)
        if self._restarts.add(now) and not looped:
            log.warning("%s: %s", self.name, _RESTARTS)
            self._tell(self, _RESTARTS)
        self._ending = ""  # what it was about to do, it has done
        self._tell_trouble()
        self._calmed.arm(round(1000 * WITHIN))

    def _ask_machine(self) -> None:
        if self._machine is not None:
            self._machine.ask()

    def responsive(self, responsive: bool) -> None:
        if responsive:
            if self._machine is None:
                self._enter(State.CONNECTING)  # QMP answers, but the display is not there yet
            else:
                self._tell_running(self._runs, self._why)
            for surface in self.surfaces.values():
                if surface.picture is None:
                    surface.show_card(_WAITING)
                else:
                    surface.uncover()
        else:
            reason = "QEMU does not answer: it is stopped or hangs."
            log.warning("%s: %s", self.name, reason)
            self._enter(State.UNRESPONSIVE, reason)
            self._show_card(Card(State.UNRESPONSIVE, [reason], TROUBLE))
