"""The list of windows that taskbars show: guests and host programs alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.clients.protocols import ForeignToplevelManager
from tests.clients.window import Client
from tests.plain_qemu import PlainQemu
from tests.wlvm_process import Wlvm

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
