"""Outputs: what the backend has to show pictures on, as the configuration and clients want it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from wlvm.desktop.output import Output, OutputEvents
from wlvm.desktop.placement import side_by_side
from wlvm.framebuffer import Transform
from wlvm.output_config import Mode, OutputConfig
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.output import ModeNumbers, OutputError, WlrOutput
from wlvm.wlr.output_management import Head, OutputManagement
from wlvm.wlr.output_power import OutputPower

log = logging.getLogger(__name__)


class OutputsEvents(OutputEvents):
    """Who hears of all outputs."""

    def came(self, output: Output) -> None:
        """An output shows the scene from now on."""

    def change_asked(self) -> None:
        """Outputs are about to change: screens that are dark must not be then."""

    def rearranged(self) -> None:
        """Outputs came or changed: they want their places (`Outputs.lay_out`), and so does what is on them."""


class _SetUp(Protocol):
    """A method of `WlrOutput`: `enable` (which takes another mode where one is refused), `configure` or `try_out`."""

    def __call__(
        self, output: WlrOutput, /, *, mode: ModeNumbers | None, scale: float, transform: Transform
    ) -> None: ...


class Outputs:
    """All outputs of the backend: those that show the scene, and those that are off. `forget()` before the backend goes."""

    def __init__(
        self, wayland: Compositor, configured: Sequence[OutputConfig], events: OutputsEvents
    ) -> None:
        #: Those that show the scene, in the order of their numbers: wlroots' backends announce the last one first.
        self.on: dict[str, Output] = {}
        self._off: dict[str, WlrOutput] = {}
        self._wayland = wayland
        self._configured = configured
        #: What clients have made of outputs, in place of what is configured.
        self._chosen: dict[str, OutputConfig] = {}
        self._events = events
        self._dark = False
        #: Those that clients have switched off; they show the scene, which nobody sees.
        self._powered_off: set[str] = set()
        self._power = OutputPower(wayland.display, self._power_asked)
        self._management = OutputManagement(wayland.display, test=self._may_be, apply=self._asked)
        wayland.on_new_output(self._announced)

    def forget(self) -> None:
        self._management.forget()
        self._power.forget()
        for wlr in self._off.values():
            wlr.unlisten()

    def rule(self, name: str) -> OutputConfig:
        """How an output is to be: as a client wanted it last, or else as the configuration says."""
        return self._chosen.get(name) or _configured(name, self._configured)

    def configure(self, configured: Sequence[OutputConfig]) -> None:
        """Another configuration is in force. Where it says something new of an output, that replaces what clients have made of it."""
        before, self._configured = self._configured, configured
        for name in [*self.on, *self._off]:
            rule = _configured(name, configured)
            if rule != _configured(name, before):
                self._chosen.pop(name, None)
                try:
                    self._change({name: rule}, WlrOutput.enable)
                except OutputError as error:
                    log.error("%s", error)
        self._events.rearranged()

    def lay_out(self) -> None:
        """Put the outputs in their places, and tell clients that list them."""
        wanted = {name: (self.rule(name).position, output.box[2:]) for name, output in self.on.items()}
        for name, place in side_by_side(wanted).items():
            self.on[name].move_to(*place)
        self._management.tell(self._heads())

    def switch(self, on: bool) -> None:
        """Nobody has touched the seat for a while, or somebody does again. What a client switched off stays so."""
        self._dark = not on
        if not self._in_windows:
            for output in self.on.values():
                self._update_power(output)

    @property
    def _in_windows(self) -> bool:
        """Whether the outputs are windows of another session, and not ours to switch."""
        return self._wayland.backend.kind in ("wayland", "x11")

    def _update_power(self, output: Output) -> None:
        on = not self._dark and output.name not in self._powered_off
        try:
            output.switch(on)
        except OutputError as error:
            log.error("%s", error)
            self._power.refuse(output.wlr)
        else:
            self._power.tell(output.wlr, on)

    def gone(self, output: Output) -> None:
        """An output does not show the scene any more: it is off, or was unplugged."""
        del self.on[output.name]
        self._powered_off.discard(output.name)

    # What the backend tells.

    def _announced(self, wlr: WlrOutput) -> None:
        """Raised by the backend for each output it has: when it starts, and when a screen is plugged in."""
        rule = self.rule(wlr.name)
        try:
            if rule.enabled:
                _set_up(wlr, rule, WlrOutput.enable)
                self._show(wlr)
            else:
                wlr.switch(False)
                self._keep_off(wlr)
                log.info("%s stays off, as the configuration says", wlr.name)
        except OutputError as error:
            log.error("%s", error)
            self._keep_off(wlr)
        self._events.rearranged()

    def _show(self, wlr: WlrOutput) -> None:
        wayland = self._wayland
        output = Output(wayland.loop, wlr, wayland.scene, wayland.layout, self._events)
        self.on[output.name] = output
        self.on = dict(sorted(self.on.items(), key=lambda item: _number(item[0])))
        self._events.came(output)

    def _keep_off(self, wlr: WlrOutput) -> None:
        self._off[wlr.name] = wlr
        wlr.on_destroy(lambda: self._unplugged(wlr))

    def _take_from_off(self, name: str) -> WlrOutput:
        wlr = self._off.pop(name)
        wlr.unlisten()
        return wlr

    def _unplugged(self, wlr: WlrOutput) -> None:
        """Raised when an output goes that was off."""
        self._take_from_off(wlr.name)
        self._management.tell(self._heads())

    # What clients ask.

    def _power_asked(self, name: str, on: bool) -> None:
        if name not in self.on or self._in_windows:
            self._power.refuse(self._wlr(name))
            return
        (self._powered_off.discard if on else self._powered_off.add)(name)
        self._update_power(self.on[name])

    def _heads(self) -> Iterator[tuple[WlrOutput, Head]]:
        for output in self.on.values():
            wlr = output.wlr
            yield wlr, Head(True, wlr.mode, wlr.scale, wlr.transform, (output.box.x, output.box.y))
        for name, wlr in self._off.items():
            rule = self.rule(name)
            yield wlr, Head(False, None, rule.scale, rule.transform, rule.position or (0, 0))

    def _may_be(self, heads: Mapping[str, Head]) -> bool:
        try:
            self._check(self._rules(heads))
        except OutputError as error:
            log.info("%s", error)
            return False
        return True

    def _asked(self, heads: Mapping[str, Head]) -> bool:
        """Do all of what a client wants, or nothing of it; whether it was done."""
        try:
            rules = self._rules(heads)
            self._check(rules)
            self._change(rules, WlrOutput.configure)
        except OutputError as error:
            log.warning("a program wanted to change the outputs: %s", error)
            return False
        self._chosen.update(rules)
        self._events.rearranged()
        return True

    def _rules(self, heads: Mapping[str, Head]) -> dict[str, OutputConfig]:
        """What clients want, in the words of the configuration. OutputError where these have no words for it."""
        return {name: self._rule_of(name, head) for name, head in heads.items()}

    def _rule_of(self, name: str, head: Head) -> OutputConfig:
        if not head.enabled:
            return msgspec.structs.replace(self.rule(name), enabled=False)  # clients say nothing else of it
        position: tuple[int, int] | None = head.position
        if name in self.on and head.position == self.on[name].box[:2]:
            position = self.rule(
                name
            ).position  # it stays where it is: beside the others, if nobody chose its place
        try:
            rule = OutputConfig(
                mode=None if head.mode is None else Mode.parse(str(Mode(*head.mode))),
                scale=head.scale, transform=head.transform, position=position,
            )  # fmt: skip
            return msgspec.convert(msgspec.to_builtins(rule), OutputConfig)
        except ValueError as error:
            raise OutputError(f"{name}: {error}") from None

    def _check(self, rules: Mapping[str, OutputConfig]) -> None:
        """OutputError if an output would refuse, as far as the backend knows."""
        for name, rule in rules.items():
            if rule.enabled:
                _set_up(self._wlr(name), rule, WlrOutput.try_out)
            elif self._in_windows:
                raise OutputError(f"{name} is a window, which is closed and not switched off")

    def _wlr(self, name: str) -> WlrOutput:
        return self.on[name].wlr if name in self.on else self._off[name]

    def _change(self, rules: Mapping[str, OutputConfig], set_up: _SetUp) -> None:
        """Make outputs so, all of them, or OutputError and none. Those that are to be off are dark first: a card drives only so many."""
        self._events.change_asked()
        powered_off = self._powered_off & rules.keys()
        self._powered_off -= powered_off
        self.switch(True)
        leaving = [self.on[name] for name, rule in rules.items() if name in self.on and not rule.enabled]
        coming = [name for name, rule in rules.items() if name in self._off and rule.enabled]
        undo: list[Callable[[], None]] = []
        try:
            for output in leaving:
                output.switch(False)
                undo.append(partial(output.switch, True))
            for name, rule in rules.items():
                if rule.enabled:
                    wlr = self._wlr(name)
                    undo.append(_way_back(wlr, on=name in self.on))
                    _set_up(wlr, rule, set_up)
        except OutputError:
            for step in reversed(undo):
                _try(step)
            self._powered_off |= powered_off
            self.switch(True)
            raise
        for output in leaving:
            output.leave()
            self._keep_off(output.wlr)
        for name in coming:
            self._show(self._take_from_off(name))


def _configured(name: str, configured: Sequence[OutputConfig]) -> OutputConfig:
    """The table of an output: the one of its name; else, for an output that wlroots numbers (HEADLESS-2), the one of that number."""
    for rule in configured:
        if rule.name == name:
            return rule
    index = _number(name) - 1
    if 0 <= index < len(configured) and configured[index].name is None:
        return configured[index]
    return OutputConfig(mode=Mode(1280, 800) if name.startswith("HEADLESS") else None)


def _number(name: str) -> int:
    """The number at the end of an output's name, 0 without one."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _set_up(wlr: WlrOutput, rule: OutputConfig, how: _SetUp) -> None:
    mode = None if rule.mode is None else (rule.mode.width, rule.mode.height, rule.mode.refresh)
    how(wlr, mode=mode, scale=rule.scale, transform=rule.transform)


def _way_back(wlr: WlrOutput, *, on: bool) -> Callable[[], None]:
    """What makes an output again what it is now."""
    if not on:
        return partial(wlr.switch, False)
    return partial(wlr.configure, mode=wlr.mode, scale=wlr.scale, transform=wlr.transform)


def _try(step: Callable[[], None]) -> None:
    try:
        step()
    except OutputError as error:
        log.error("%s", error)
