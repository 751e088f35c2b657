"""Input devices as the kernel's uinput makes them (linux/uinput.h): for libinput they are plugged in like any other.

What a device is, udev and libinput find out from what it can do. Codes are those of linux/input-event-codes.h.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_SW, EV_LED = 0x00, 0x01, 0x02, 0x03, 0x05, 0x11
REL_X, REL_Y, REL_WHEEL = 0x00, 0x01, 0x08
ABS_X, ABS_Y, ABS_PRESSURE = 0x00, 0x01, 0x18
ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_TRACKING_ID = 0x2F, 0x35, 0x36, 0x39
BTN_0, BTN_1 = 0x100, 0x101
BTN_LEFT, BTN_RIGHT, BTN_MIDDLE = 0x110, 0x111, 0x112
BTN_TOOL_PEN, BTN_TOOL_FINGER, BTN_TOUCH, BTN_STYLUS = 0x140, 0x145, 0x14A, 0x14B
BTN_TOOL_DOUBLETAP = 0x14D
KEY_Y, KEY_A, KEY_X, KEY_CAPSLOCK, KEY_NUMLOCK = 21, 30, 45, 58, 69
LED_NUML, LED_CAPSL = 0x00, 0x01
SW_LID = 0x00
INPUT_PROP_POINTER, INPUT_PROP_DIRECT, INPUT_PROP_BUTTONPAD = 0x00, 0x01, 0x02

#: Inside the machine, as the touchpad of a laptop is, or plugged in: libinput makes a difference.
BUS_USB, BUS_I8042 = 0x03, 0x11
VENDOR = 0x1209

_UI_DEV_CREATE, _UI_DEV_DESTROY = 0x5501, 0x5502
_UI_DEV_SETUP, _UI_ABS_SETUP = 0x405C5503, 0x401C5504
_UI_SET_PROPBIT = 0x4004556E
_UI_SET_BIT = {EV_KEY: 0x40045565, EV_REL: 0x40045566, EV_LED: 0x40045569, EV_SW: 0x4004556D}
_UI_SET_EVBIT = 0x40045564
_EVENT = struct.Struct("llHHi")

#: Of what has coordinates, in the device's units; 30 of them are a millimetre.
WIDTH, HEIGHT, _RESOLUTION = 3000, 2000, 30
_COORDINATES = {ABS_X: (WIDTH, _RESOLUTION), ABS_Y: (HEIGHT, _RESOLUTION)}
_FINGERS = {
    **_COORDINATES,
    ABS_MT_SLOT: (4, 0),
    ABS_MT_TRACKING_ID: (0xFFFF, 0),
    ABS_MT_POSITION_X: (WIDTH, _RESOLUTION),
    ABS_MT_POSITION_Y: (HEIGHT, _RESOLUTION),
}


class Device:
    """A device that is there from now on until `close()`. Its `id` is as `wlvm inputs` has it."""

    def __init__(
        self,
        name: str,
        product: int,
        can: Mapping[int, Sequence[int]],
        *,
        axes: Mapping[int, tuple[int, int]] | None = None,
        properties: Sequence[int] = (),
        bus: int = BUS_USB,
    ) -> None:
        """`can` has the codes of each type of event that it sends or takes, `axes` the maximum and the resolution of each axis."""
        self.name = name
        self.id = f"{VENDOR:04x}:{product:04x}"
        self._fd = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._lights: dict[int, bool] = {}
        for kind, codes in can.items():
            fcntl.ioctl(self._fd, _UI_SET_EVBIT, kind)
            for code in codes:
                fcntl.ioctl(self._fd, _UI_SET_BIT[kind], code)
        for code, (maximum, resolution) in (axes or {}).items():
            setup = struct.pack("Hxxiiiiii", code, 0, 0, maximum, 0, 0, resolution)
            fcntl.ioctl(self._fd, _UI_ABS_SETUP, setup)
        for code in properties:
            fcntl.ioctl(self._fd, _UI_SET_PROPBIT, code)
        fcntl.ioctl(
            self._fd, _UI_DEV_SETUP, struct.pack("HHHH80sI", bus, VENDOR, product, 1, name.encode(), 0)
        )
        fcntl.ioctl(self._fd, _UI_DEV_CREATE)

    def send(self, *events: tuple[int, int, int]) -> None:
        """Events (type, code, value) that belong together."""
        for kind, code, value in (*events, (EV_SYN, 0, 0)):
            os.write(self._fd, _EVENT.pack(0, 0, kind, code, value))

    def key(self, code: int, down: bool) -> None:
        """A key or a button goes down or up."""
        self.send((EV_KEY, code, int(down)))

    def tap(self, code: int) -> None:
        """A key or a button goes down and up."""
        self.key(code, True)
        self.key(code, False)

    def light(self, code: int) -> bool:
        """Whether a light (LED_CAPSL) was switched on last."""
        while select.select([self._fd], [], [], 0)[0]:
            _, _, kind, number, value = _EVENT.unpack(os.read(self._fd, _EVENT.size))
            if kind == EV_LED:
                self._lights[number] = bool(value)
        return self._lights.get(code, False)

    def close(self) -> None:
        """Unplug it."""
        fcntl.ioctl(self._fd, _UI_DEV_DESTROY)
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Keyboard(Device):
    def __init__(self, name: str, product: int) -> None:
        super().__init__(name, product, {EV_KEY: range(1, 248), EV_LED: (LED_NUML, LED_CAPSL)})


class Mouse(Device):
    """A mouse with three buttons and a wheel."""

    def __init__(self, name: str, product: int) -> None:
        can = {EV_KEY: (BTN_LEFT, BTN_RIGHT, BTN_MIDDLE), EV_REL: (REL_X, REL_Y, REL_WHEEL)}
        super().__init__(name, product, can)

    def move(self, dx: int, dy: int) -> None:
        """By so many counts."""
        self.send((EV_REL, REL_X, dx), (EV_REL, REL_Y, dy))

    def wheel(self, notches: int) -> None:
        """Positive is away from the hand."""
        self.send((EV_REL, REL_WHEEL, notches))


class Touchpad(Device):
    """The touchpad of a laptop, that is pressed as a whole."""

    def __init__(self, name: str, product: int) -> None:
        can = {EV_KEY: (BTN_LEFT, BTN_TOOL_FINGER, BTN_TOUCH, BTN_TOOL_DOUBLETAP)}
        properties = (INPUT_PROP_POINTER, INPUT_PROP_BUTTONPAD)
        super().__init__(
            name, product, {**can, EV_ABS: ()}, axes=_FINGERS, properties=properties, bus=BUS_I8042
        )

    def tap_with(self, fingers: int) -> None:
        """One or two fingers come down and are lifted."""
        tool = (BTN_TOOL_FINGER, BTN_TOOL_DOUBLETAP)[fingers - 1]
        down: list[tuple[int, int, int]] = []
        for finger in range(fingers):
            down += [
                (EV_ABS, ABS_MT_SLOT, finger),
                (EV_ABS, ABS_MT_TRACKING_ID, finger + 1),
                (EV_ABS, ABS_MT_POSITION_X, WIDTH // 2 + 500 * finger),
                (EV_ABS, ABS_MT_POSITION_Y, HEIGHT // 2),
            ]
        self.send(
            *down, (EV_ABS, ABS_X, WIDTH // 2), (EV_ABS, ABS_Y, HEIGHT // 2), (EV_KEY, BTN_TOUCH, 1), (EV_KEY, tool, 1)
        )  # fmt: skip
        up: list[tuple[int, int, int]] = []
        for finger in range(fingers):
            up += [(EV_ABS, ABS_MT_SLOT, finger), (EV_ABS, ABS_MT_TRACKING_ID, -1)]
        self.send(*up, (EV_KEY, BTN_TOUCH, 0), (EV_KEY, tool, 0))


def touchscreen(name: str, product: int) -> Device:
    can = {EV_KEY: (BTN_TOUCH,), EV_ABS: ()}
    return Device(name, product, can, axes=_FINGERS, properties=(INPUT_PROP_DIRECT,))


def tablet(name: str, product: int) -> Device:
    """A tablet with a pen."""
    can = {EV_KEY: (BTN_TOOL_PEN, BTN_TOUCH, BTN_STYLUS), EV_ABS: ()}
    return Device(name, product, can, axes={**_COORDINATES, ABS_PRESSURE: (1000, 0)})


def tablet_pad(name: str, product: int) -> Device:
    """The buttons beside a tablet, with coordinates that never change, as Wacom's kernel driver has them."""
    can = {EV_KEY: (BTN_0, BTN_1, BTN_STYLUS), EV_ABS: ()}
    return Device(name, product, can, axes={ABS_X: (1, 0), ABS_Y: (1, 0)})


def lid(name: str, product: int) -> Device:
    """A laptop's lid, which is open."""
    return Device(name, product, {EV_SW: (SW_LID,)})
