"""The virtual workstation's hardware, from inside: what its screens show, its keyboard and pointer, what is plugged in.

The hardware is a QEMU, whose QMP monitor answers behind a virtio port (scripts/workstation).
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.ppm import read_ppm

_PORT = Path("/dev/virtio-ports/wlvm.hardware")

#: How long QEMU may take for an answer or an event, in seconds.
_DEADLINE = 20.0

#: An absolute pointer's positions are fractions of this.
_FULL = 0x8000


class Hardware:
    """The QEMU that is this machine. Screens are named by their device ("gpu", "cirrus") and head."""

    def __init__(self) -> None:
        #: The folder that this machine and the one outside share.
        self.shared = Path(os.environ["WLVM_WORKSTATION"])
        self._port = os.open(_PORT, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._serial = 0
        self._begin()

    def close(self) -> None:
        os.close(self._port)

    def _begin(self) -> None:
        """Leave QMP's negotiation mode, unless somebody before us has."""
        os.write(self._port, b'{"execute": "qmp_capabilities", "id": "begin"}\n')
        end = time.monotonic() + _DEADLINE
        while self._message(end).get("id") != "begin":
            pass

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run a QMP command; AssertionError when it fails. Underscores in argument names stand for hyphens."""
        self._serial += 1
        message = {
            "execute": command,
            "arguments": {name.replace("_", "-"): value for name, value in arguments.items()},
            "id": self._serial,
        }
        os.write(self._port, json.dumps(message).encode() + b"\n")
        end = time.monotonic() + _DEADLINE
        while True:
            answer = self._message(end)
            if answer.get("id") == self._serial:
                assert "return" in answer, f"{command}: {answer}"
                return answer["return"]
            if "event" in answer:
                self._events.append(answer)

    def wait_for_event(self, name: str, **data: Any) -> None:
        """Until QEMU has told an event of that name with that data; an event counts once."""
        end = time.monotonic() + _DEADLINE
        while True:
            for event in self._events:
                told = event.get("data", {})
                if event["event"] == name and all(told.get(key) == value for key, value in data.items()):
                    self._events.remove(event)
                    return
            message = self._message(end)
            if "event" in message:
                self._events.append(message)

    def _message(self, end: float) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            ready = left > 0 and select.select([self._port], [], [], left)[0]
            assert ready, "the hardware does not answer"
            self._buffer += os.read(self._port, 65536)
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    # Screens.

    def screen(self, device: str = "gpu", head: int = 0) -> np.ndarray:
        """What a screen shows: rows of 0x00RRGGBB."""
        file = self.shared / "screen.ppm"
        self.execute("screendump", filename=str(file), device=device, head=head)
        picture = read_ppm(file)
        file.unlink()
        return picture

    # Keyboard and pointer.

    def key(self, qcode: str, *, down: bool) -> None:
        """Press or release a key, by QEMU's name for it."""
        key = {"type": "qcode", "data": qcode}
        self._send({"type": "key", "data": {"down": down, "key": key}})

    def tap(self, *qcodes: str) -> None:
        """Press keys in this order, and release them in the opposite one."""
        for qcode in qcodes:
            self.key(qcode, down=True)
        for qcode in reversed(qcodes):
            self.key(qcode, down=False)

    def button(self, name: str, *, down: bool) -> None:
        """Press or release a button: left, middle, right, wheel-up, wheel-down, side, extra."""
        self._send({"type": "btn", "data": {"down": down, "button": name}})

    def point(self, x: float, y: float) -> None:
        """Move the tablet's pen to these fractions (0 to 1) of the screens' width and height."""
        positions = {"x": round(x * _FULL), "y": round(y * _FULL)}
        self._send(
            *({"type": "abs", "data": {"axis": a, "value": min(v, _FULL - 1)}} for a, v in positions.items())
        )

    def move(self, dx: int, dy: int) -> None:
        """Move the mouse by so many counts."""
        self._send(*({"type": "rel", "data": {"axis": a, "value": v}} for a, v in (("x", dx), ("y", dy))))

    def _send(self, *events: dict[str, Any]) -> None:
        self.execute("input-send-event", events=list(events))

    # Plugging.

    def plug(self, driver: str, name: str, **properties: Any) -> None:
        """Plug a PCI device into a free slot ("slot1" or "slot2" as `bus`)."""
        self.execute("device_add", driver=driver, id=name, **properties)

    def unplug(self, name: str) -> None:
        """Unplug what `plug` plugged, and wait until it is gone."""
        self.execute("device_del", id=name)
        self.wait_for_event("DEVICE_DELETED", device=name)


def card(driver: str) -> Path:
    """The DRM device of a kernel driver ("virtio-pci", "cirrus", "vgem", "vkms"), such as /dev/dri/card0. LookupError when there is none."""
    for device in sorted(Path("/sys/class/drm").glob("card[0-9]*")):
        if "-" not in device.name and _driver_of(device) == driver:
            return Path("/dev/dri", device.name)
    raise LookupError(f"no DRM device of {driver}")


def render_node(driver: str) -> Path:
    """The render node of a kernel driver."""
    for device in sorted(Path("/sys/class/drm").glob("renderD*")):
        if _driver_of(device) == driver:
            return Path("/dev/dri", device.name)
    raise LookupError(f"no render node of {driver}")


def connectors(driver: str) -> list[Path]:
    """The connectors of a kernel driver's card, as folders of sysfs, in the order of their numbers."""
    name = card(driver).name
    return sorted(Path("/sys/class/drm").glob(f"{name}-*"), key=lambda path: path.name)


@contextmanager
def plugged(connector: Path, status: str) -> Iterator[None]:
    """Have a connector (of `connectors`) "on" or "off" for a while, as a cable does; afterwards what is really there."""
    _set_status(connector, status)
    try:
        yield
    finally:
        _set_status(connector, "detect")


def _set_status(connector: Path, status: str) -> None:
    (connector / "status").write_text(status)
    # The kernel raises no event for this; udev makes of it what it makes of the driver's own (scripts/workstation-session).
    (connector.parent / connector.name.partition("-")[0] / "uevent").write_text(
        "change 00000000-0000-0000-0000-000000000000 HOTPLUG=1"
    )


def _driver_of(device: Path) -> str:
    driver = (device / "device" / "driver").resolve()
    if driver.exists() and driver.name != "driver":
        return driver.name
    # Devices without a bus, such as vgem and vkms, are named after their driver.
    return device.resolve().parent.parent.name
