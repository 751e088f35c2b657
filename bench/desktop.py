"""Many views: what the main thread does for a command, and for a screen that stands still beside a bar."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.effort import Effort
from bench.process import private_kib
from bench.results import Row, Value, rounded, spread
from bench.running import Steps, configuration, frames, play, until
from wlvm.config import ConfigSource, load
from wlvm.desktop.command import Command, Reload
from wlvm.desktop.command_text import parse
from wlvm.server import Server

_VIEWS = 50
_STILL = 20

#: Nothing is left to do when a command was given so long ago, in seconds: clients have drawn what they were told to.
_SETTLED = 0.25

_BAR = Path(__file__).parents[1] / "config" / "waybar"
_OUTPUT = '[[output]]\nmode = "1280x800@60"\n'


def measure(effort: Effort) -> list[Row]:
    """Fifty views, in turns with one; then twenty and a waybar."""
    return [*(_commands(views, effort.commands) for views in (1, _VIEWS)), _still(effort.idle_seconds)]


def _commands(views: int, times: int) -> Row:
    """The main thread's processor time for each command alone, and with all that follows from it: clients' answers, frames."""
    values: dict[str, Value] = {}
    with tempfile.TemporaryDirectory(prefix="wlvm-bench-") as directory:
        file = Path(directory) / "config.toml"
        file.write_text(_OUTPUT)

        def reload() -> Reload:
            gap = 5 if "gap" not in file.read_text() else 0
            file.write_text(_OUTPUT + (f"[desktop]\ngap = {gap}\n" if gap else ""))
            return Reload()

        def scenario(server: Server) -> Steps:
            before = private_kib()
            with _windows(server, views):
                yield from until("the windows are there", lambda: len(server.desktop.views) == views, 60)
                yield 1.0
                values["KiB/view"] = rounded((private_kib() - before) / views)
                toggle = iter(range(1 << 30))
                commands: list[tuple[str, Callable[[], Command]]] = [
                    (
                        "switch",
                        lambda: parse("workspace other" if next(toggle) % 2 == 0 else "workspace back"),
                    ),
                    (
                        "resize",
                        lambda: parse(f"resize {'grow' if next(toggle) % 2 == 0 else 'shrink'} width"),
                    ),
                    ("reload", reload),
                ]
                for name, command in commands:
                    alone: list[float] = []
                    whole: list[float] = []
                    for _ in range(times):
                        given = command()
                        begun = time.thread_time()
                        try:
                            server.runner.do(given)
                        except ValueError:
                            assert views == 1, "one view alone has no side to be pulled at"
                        alone.append(time.thread_time() - begun)
                        yield _SETTLED
                        whole.append(time.thread_time() - begun)
                    values.update(spread(alone, name, "ms", 1e3))
                    values.update(spread(whole, f"{name}, all of it", "ms", 1e3))

        play(load(file), scenario, ConfigSource(file, lambda: load(file)))
    return Row("a view" if views == 1 else f"{views} views", values)


def _still(seconds: float) -> Row:
    """Frames and the whole process's time while nothing happens but the bar's clock."""
    values: dict[str, Value] = {}

    def scenario(server: Server) -> Steps:
        with _windows(server, _STILL), _waybar(server):
            yield from until(
                "all is there", lambda: len(server.desktop.views) == _STILL and _has_bar(server), 60
            )
            yield 3.0
            drawn, cpu = frames(server), time.process_time()
            yield seconds
            values["frames"] = frames(server) - drawn
            values["seconds"] = seconds
            values["wlvm ms/s"] = rounded((time.process_time() - cpu) / seconds * 1e3)
            values["private MiB"] = rounded(private_kib() / 1024)

    play(configuration([]), scenario)
    aim = "a frame a minute"
    return Row(f"{_STILL} still views, and waybar", values, aim, int(values["frames"]) <= 1 + seconds // 60)


def _has_bar(server: Server) -> bool:
    """Whether a bar takes some of the output."""
    return any(area.usable != area.box for area in server.desktop.workspaces.outputs)


def _environment(server: Server) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,  # the bar's module asks for wlvm
        "WAYLAND_DISPLAY": server.wayland_socket,
        "WLVM_SOCKET": str(server.control.path),
    }


@contextmanager
def _running(command: list[str], server: Server) -> Iterator[None]:
    with subprocess.Popen(
        command, env=_environment(server), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


def _windows(server: Server, count: int) -> AbstractContextManager[None]:
    socket = Path(os.environ["XDG_RUNTIME_DIR"]) / server.wayland_socket
    return _running([sys.executable, "-m", "bench.windows", str(socket), str(count)], server)


def _waybar(server: Server) -> AbstractContextManager[None]:
    return _running(["waybar", "-c", str(_BAR / "config.jsonc"), "-s", str(_BAR / "style.css")], server)
