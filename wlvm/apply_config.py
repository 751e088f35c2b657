"""Has a running wlvm follow an edited configuration: what changed is applied, and nothing else is touched."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wlvm.capture import guest_refusal
from wlvm.config import Config
from wlvm.desktop.bindings import ChordError
from wlvm.desktop.command import CommandError
from wlvm.desktop_settings import desktop_settings, key_table, named_outputs
from wlvm.input_rules import InputRules
from wlvm.reload import GuestChange, Part, difference
from wlvm.wlr.keymap import KeymapError, keysym

if TYPE_CHECKING:
    from wlvm.server import Server

log = logging.getLogger(__name__)


def apply(server: Server, config: Config) -> None:
    """Have `config` from now on. CommandError, and all stays as it is, where it cannot be had."""
    change = difference(server.config, config)
    try:
        keys = key_table(config, keysym) if Part.KEYS in change.parts else None
        devices = InputRules(config) if Part.DEVICES in change.parts else None
    except (ChordError, KeymapError) as error:
        raise CommandError(str(error)) from None
    hidden = [guest.name for guest in config.guests if guest_refusal(guest)]
    if hidden and server.captures.lends_outputs:
        raise CommandError(
            f"guest.{hidden[0]}.capture: false counts when wlvm is started with it: programs may have dma-bufs in which they see the screen"
        )
    server.config = config
    if keys is not None:
        server.router.use(keys)
    if devices is not None:
        server.devices.use_rules(devices)
    server.use_keys(config)
    if Part.IDLE in change.parts:
        server.idle.set_screen_off(config.idle.screen_off)
    if Part.CAPTURE in change.parts:
        server.capture_policy.config = config.capture
    if Part.OUTPUTS in change.parts:
        server.output_set.configure(config.outputs)
    # Before the guests: those that come find their rules.
    server.desktop.configure(desktop_settings(config))
    for name in change.removed:
        server.guest_set.remove(name)
    for changed in change.changed:
        _change_guest(server, changed)
    for guest in change.added:
        if guest.name in server.guests:
            log.warning(
                "%s: the configuration's guest takes the place of the one that was attached", guest.name
            )
            server.guest_set.remove(guest.name)
        server.guest_set.add(guest)
    tell_missing_outputs(server)


def tell_missing_outputs(server: Server) -> None:
    """Say in the log which outputs the configuration names for views, and are not there."""
    workspaces = server.desktop.workspaces
    for what, output in named_outputs(workspaces.settings):
        if workspaces.outputs.meant_by(output) is None:
            there = ", ".join(workspaces.outputs.names) or "none"
            log.info("%s: no output %s is there now, but %s: it is waited for", what, output, there)


def _change_guest(server: Server, change: GuestChange) -> None:
    name = change.guest.name
    if Part.CONNECTION in change.parts or name not in server.guests:
        if name in server.guests:
            server.guest_set.remove(name)
        server.guest_set.add(change.guest)
        return
    server.guests[name].reconfigure(change.guest)
    if Part.PLACE in change.parts:
        server.heads.configured(server.guests[name])
        server.desktop.place_again(name)
