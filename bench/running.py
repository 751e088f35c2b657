"""A wlvm that runs in this process, headless, and a scenario that its own loop plays."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from wlvm.config import Config, ConfigSource
from wlvm.desktop_config import DesktopConfig
from wlvm.guest_config import GuestConfig, InputConfig
from wlvm.guest_surface import GuestSurface
from wlvm.look_config import LookConfig
from wlvm.output_config import Mode, OutputConfig
from wlvm.server import Server

#: A scenario: it yields the seconds after which it goes on, and lives on the main thread.
Steps = Generator[float, None, None]

_DEADLINE = 20.0
_LOOK = 0.005

SIZE = (1280, 800)


def configuration(sockets: Sequence[Path], *, outputs: int = 1, motion: InputConfig | None = None) -> Config:
    """A guest behind each QMP socket, and so many outputs of the guests' size, with nothing around what they show."""
    guests = tuple(
        GuestConfig(name=f"guest-{number}", qmp=path, input=motion or InputConfig())
        for number, path in enumerate(sockets)
    )
    return Config(
        outputs=(OutputConfig(mode=Mode(*SIZE, 60_000)),) * outputs,
        guests=guests,
        desktop=DesktopConfig(gap=0, margin=0),
        look=LookConfig(border=0, titles=False),
    )


def play(config: Config, scenario: Callable[[Server], Steps], source: ConfigSource | None = None) -> None:
    """Run wlvm until the scenario has come to its end, and raise what it raised. `source` as in Server."""
    failure: list[BaseException] = []
    with tempfile.TemporaryDirectory(prefix="wlvm-bench-") as directory:
        for variable in ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"):
            os.environ.pop(variable, None)
        os.environ["XDG_RUNTIME_DIR"] = directory
        server = Server(config, "headless", source)
        steps = scenario(server)

        def go_on() -> None:
            try:
                timer.arm(max(1, round(next(steps) * 1000)))
            except StopIteration:
                server.stop()
            except BaseException as error:  # noqa: BLE001 - raised again once wlvm has ended
                failure.append(error)
                server.stop()

        timer = server.loop.timer(go_on)
        server.run(lambda: timer.arm(1), timer.remove)
    if failure:
        raise failure[0]


def until(what: str, true: Callable[[], object], seconds: float = _DEADLINE) -> Steps:
    """Go on when it is true; TimeoutError when that does not come in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"it never came true that {what}")
        yield _LOOK


def surface(server: Server, guest: str = "guest-0") -> GuestSurface:
    """The guest's first console."""
    return server.guests[guest].surfaces[0]


def shown(server: Server, guest: str = "guest-0") -> Steps:
    """Until the guest's picture has been presented."""
    yield from until(f"{guest} is shown", lambda: surface(server, guest).presentation.frames)


def frames(server: Server) -> int:
    """The frames drawn so far, on all outputs."""
    return sum(output.frames for output in server.outputs.values())
