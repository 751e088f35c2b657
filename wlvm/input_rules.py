"""What the configuration says of each input device."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from wlvm.config import Config
from wlvm.input_config import KEYBOARD_SETTINGS, LIBINPUT_SETTINGS, KeyboardConfig, settings_of
from wlvm.wlr.input_device import InputDevice, KeyboardSettings
from wlvm.wlr.keymap import Keymap, KeymapError
from wlvm.wlr.libinput import Value

log = logging.getLogger(__name__)


class InputRules:
    """`wlvm.wlr.input_device.DeviceRules` of a configuration."""

    def __init__(self, config: Config) -> None:
        """KeymapError when there is no such layout as that of `[keyboard]`."""
        self._tables = config.input_devices
        self._config = config.keyboard
        self._keymaps: dict[tuple[str, ...], Keymap] = {}
        #: What keyboards have that no table is for.
        self.common = self._keyboard(config.keyboard)

    def settings(self, device: InputDevice) -> Mapping[str, Value]:
        """Those of libinput: of all tables that are for the device, a later one's before an earlier one's."""
        return {key: value for key, value in self._given(device).items() if key in LIBINPUT_SETTINGS}

    def output(self, device: InputDevice) -> str | None:
        """The name of the output that a touchscreen is."""
        name = self._given(device).get("output")
        return None if name is None else str(name)

    def keyboard(self, device: InputDevice) -> KeyboardSettings:
        """The layout and the repeat of a keyboard. One with a layout that there is not gets that of `[keyboard]`, and a line in the log."""
        given = {key: value for key, value in self._given(device).items() if key in KEYBOARD_SETTINGS}
        if "layout" in given:
            given = {"variant": "", **given}
        config = msgspec.structs.replace(self._config, **given)
        try:
            return self._keyboard(config)
        except KeymapError as error:
            log.warning("%s: %s", device, error)
            return self._keyboard(msgspec.structs.replace(config, **self._config.names()))

    def _given(self, device: InputDevice) -> dict[str, Value]:
        given: dict[str, Value] = {}
        for table in self._tables:
            if table.matches(device.kind, device.name, device.id):
                given |= table.given()
        return {key: value for key, value in given.items() if key in settings_of(device.kind)}

    def _keyboard(self, config: KeyboardConfig) -> KeyboardSettings:
        """Keyboards that have the same layout have the same keymap."""
        names = tuple(config.names().values())
        if names not in self._keymaps:
            self._keymaps[names] = Keymap(**config.names())
        return KeyboardSettings(self._keymaps[names], config.repeat_rate, config.repeat_delay)
