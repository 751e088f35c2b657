"""The list of windows that taskbars show: guests and host programs alike."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.protocols import ForeignToplevelManager
from tests.clients.window import Client
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import Wlvm

#: pywayland's client cannot take an event about an object that it has destroyed meanwhile.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored from cffi callback <function dispatcher_func"
)

ACTIVATED = 2  # zwlr_foreign_toplevel_handle_v1.state


class Listing:
    """One entry, as the list's client has it."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.title = self.app_id = ""
        self.active = self.closed = False
        handle.dispatcher["title"] = self._title
        handle.dispatcher["app_id"] = self._app_id
        handle.dispatcher["state"] = self._state
        handle.dispatcher["closed"] = self._closed

    def _title(self, _handle: Any, title: str) -> None:
        self.title = title

    def _app_id(self, _handle: Any, app_id: str) -> None:
        self.app_id = app_id

    def _state(self, _handle: Any, state: Any) -> None:
        self.active = ACTIVATED in bytes(state)[::4]

    def _closed(self, _handle: Any) -> None:
        self.closed = True


def test_guests_and_windows_are_listed_and_chosen_alike(qemu: str, runtime_dir: Path) -> None:
    with (
        PlainQemu(qemu, runtime_dir) as vm,
        Wlvm(runtime_dir, "--attach", str(vm.qmp)) as wlvm,
        Client(runtime_dir / wlvm.display) as client,
    ):
        entries: list[Listing] = []
        manager = client.bind(ForeignToplevelManager)
        manager.dispatcher["toplevel"] = lambda manager, handle: entries.append(Listing(handle))
        client.wait_for("the guest is listed", lambda: entries and entries[0].app_id)
        guest = entries[0]
        assert guest.app_id == "wlvm.guest"
        client.wait_for("the guest has the keyboard", lambda: guest.active)

        window = client.window(0xFF0000, title="one", app_id="program")
        client.wait_for("the window is listed and active", lambda: len(entries) == 2 and entries[1].active)
        listed = entries[1]
        assert (listed.title, listed.app_id, guest.active) == ("one", "program", False)
        window.toplevel.set_title("two")
        client.wait_for("its title changes", lambda: listed.title == "two")

        guest.handle.activate(client.seat)
        client.wait_for("the guest has the keyboard again", lambda: guest.active and not listed.active)
        listed.handle.close()
        client.wait_for("the window is asked to close", lambda: window.closed)
        window.destroy()
        client.wait_for("it is not listed any more", lambda: listed.closed)
        assert not guest.closed


def test_a_program_that_hangs_is_said_to_and_disturbs_nobody(runtime_dir: Path) -> None:
    with Wlvm(runtime_dir) as wlvm, Client(runtime_dir / wlvm.display) as watcher:
        entries: list[Listing] = []
        manager = watcher.bind(ForeignToplevelManager)
        manager.dispatcher["toplevel"] = lambda manager, handle: entries.append(Listing(handle))
        foot = subprocess.Popen(
            ["foot", "--title", "shell"], env={**os.environ, "WAYLAND_DISPLAY": wlvm.display},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            watcher.wait_for("it has the keyboard", lambda: entries and entries[0].active)
            window = watcher.window(0xFF0000)
            foot.send_signal(signal.SIGSTOP)
            entries[0].handle.activate(watcher.seat)
            watcher.wait_for("it is said to hang", lambda: "not responding" in entries[0].title)
            assert "does not answer" in wlvm.log
            views = wlvm.control.call("views")["views"]
            assert {view["title"]: view["unresponsive"] for view in views} == {"shell": True, "window": False}
            entries[1].handle.activate(watcher.seat)
            watcher.wait_for("another window has the keyboard", lambda: entries[1].active)
            foot.send_signal(signal.SIGCONT)
            watcher.wait_for("it answers", lambda: "not responding" not in entries[0].title)
            foot.send_signal(signal.SIGSTOP)
            entries[0].handle.activate(watcher.seat)
            watcher.wait_for("it is said to hang", lambda: "not responding" in entries[0].title)
        finally:
            foot.kill()
            foot.wait()
        watcher.wait_for("it is not listed any more", lambda: entries[0].closed)
        window.destroy()
