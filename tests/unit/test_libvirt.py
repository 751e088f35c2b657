"""What carries libvirt on wlvm's event loop, against libvirt's own driver for tests, which needs no daemon."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loops import SelectorLoop

libvirt: Any = pytest.importorskip("libvirt", reason="libvirt-python is not installed: scripts/setup test")

from wlvm.libvirt.calls import LibvirtError, UnreachableError, call
from wlvm.libvirt.connection import Absent, Active, Connection, Off
from wlvm.libvirt.definition import Definition, new_snapshot, snapshot_time, with_cd
from wlvm.libvirt.event_loop import LibvirtLoop, shared
from wlvm.libvirt.mailbox import Mailbox

URI = "test:///default"  # It has a domain that runs, called test.


@pytest.fixture
def loop() -> Iterator[SelectorLoop]:
    loop = SelectorLoop()
    yield loop
    assert not loop.watches
    assert not loop.timers


@pytest.fixture
def events(loop: SelectorLoop) -> Iterator[LibvirtLoop]:
    events = shared(loop)
    yield events
    events.release()


def test_what_threads_post_is_done_on_the_main_thread_in_order(loop: SelectorLoop) -> None:
    mailbox, done = Mailbox(loop), []

    def post() -> None:
        for number in range(100):
            mailbox.post(lambda number=number: done.append((number, threading.get_ident())))  # type: ignore[misc]

    threading.Thread(target=post).start()
    loop.run_until(lambda: len(done) == 100)
    assert done == [(number, threading.get_ident()) for number in range(100)]
    mailbox.close()
    mailbox.post(lambda: pytest.fail("it is closed"))


def test_a_letter_that_fails_does_not_take_the_next_one_along(
    loop: SelectorLoop, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, done = Mailbox(loop), []
    mailbox.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    mailbox.post(lambda: done.append(True))
    loop.run_until(lambda: bool(done))
    mailbox.close()
    assert "ZeroDivisionError" in caplog.text


def test_a_call_returns_or_fails_on_the_main_thread(loop: SelectorLoop) -> None:
    mailbox = Mailbox(loop)
    told: list[tuple[object, int]] = []

    def tell(what: object) -> None:
        told.append((what, threading.get_ident()))

    def refuse() -> None:
        raise LibvirtError("no")

    call(mailbox, threading.get_ident, tell, tell).join()
    call(mailbox, refuse, tell, tell).join()
    loop.run_until(lambda: len(told) == 2)
    mailbox.close()
    (thread, first), (error, second) = told
    assert thread != first == second == threading.get_ident()
    assert str(error) == "no"


def test_timers_and_descriptors_of_libvirt_are_served_until_it_removes_them(
    loop: SelectorLoop, events: LibvirtLoop
) -> None:
    reading, writing = os.pipe()
    seen: list[str] = []
    timer = libvirt.virEventAddTimeout(1, lambda timer, opaque: seen.append("timer"), None)
    handle = libvirt.virEventAddHandle(
        reading, libvirt.VIR_EVENT_HANDLE_READABLE, lambda *ready: seen.append(f"events {ready[2]}"), None
    )
    loop.run_until(lambda: seen.count("timer") == 3)
    libvirt.virEventUpdateTimeout(timer, -1)
    os.write(writing, b"x")
    loop.run_until(lambda: f"events {libvirt.VIR_EVENT_HANDLE_READABLE}" in seen)
    libvirt.virEventUpdateHandle(handle, 0)
    libvirt.virEventUpdateTimeout(timer, 1)
    loop.turn(0)
    seen.clear()
    loop.run_until(lambda: "timer" in seen)
    assert seen == ["timer"], "the descriptor waits for nothing"
    libvirt.virEventRemoveHandle(handle)
    libvirt.virEventRemoveTimeout(timer)
    loop.run_until(lambda: len(loop.watches) == 1 and not loop.timers)
    os.close(reading)
    os.close(writing)


def test_a_domain_is_seen_and_its_events_are_told(loop: SelectorLoop, events: LibvirtLoop) -> None:
    changes: list[int] = []
    connection = Connection(
        URI, "test", changed=lambda: changes.append(threading.get_ident()), rebooted=lambda: None
    )
    sight = connection.look()
    assert isinstance(sight, Active)
    assert not sight.paused
    connection.pause()
    loop.run_until(lambda: bool(changes))
    assert changes == [threading.get_ident()], "on the main loop"
    sight = connection.look()
    assert isinstance(sight, Active)
    assert sight.paused
    connection.resume()
    connection.power_off()
    assert connection.look() == Off("It was switched off.")
    with pytest.raises(LibvirtError, match="not supported"):
        connection.open_display(0)
    connection.start()
    connection.close()


def test_a_domain_that_is_not_there_is_no_error(loop: SelectorLoop, events: LibvirtLoop) -> None:
    connection = Connection(URI, "nobody", changed=lambda: None, rebooted=lambda: None)
    assert connection.look() == Absent()
    connection.close()


def test_no_daemon_is_told_as_libvirt_tells_it(loop: SelectorLoop, events: LibvirtLoop) -> None:
    uri = "qemu+unix:///session?socket=/nonexistent/libvirt-sock"
    with pytest.raises(UnreachableError, match="/nonexistent/libvirt-sock"):
        Connection(uri, "vm", changed=lambda: None, rebooted=lambda: None)


def definition(devices: str, title: str = "") -> Definition:
    return Definition.parse(f"<domain><name>vm</name>{title}<devices>{devices}</devices></domain>")


def test_what_matters_of_a_definition() -> None:
    devices = """
        <graphics type='vnc' port='-1'/><graphics type='dbus'/><graphics type='dbus' p2p='yes'/>
        <input type='keyboard' bus='ps2'/><input type='keyboard' bus='usb'/>
    """
    assert definition(devices, "<title>A router</title>") == Definition("A router", 2, True)


@pytest.mark.parametrize("bus", ["usb", "virtio"])
def test_a_pointer_is_no_keyboard_and_a_bus_without_p2p_no_display(bus: str) -> None:
    devices = f"<graphics type='dbus'/><input type='tablet' bus='{bus}'/><input type='keyboard' bus='ps2'/>"
    assert definition(devices) == Definition("", None, False)


def test_a_file_takes_the_place_of_what_lies_in_the_first_cd_drive() -> None:
    drive = "<disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='sda' bus='sata'/></disk>"
    domain = f"<domain><devices><disk device='disk'/>{drive}</devices></domain>"
    assert with_cd(domain, Path("/a & b.iso")) == (
        '<disk type="file" device="cdrom"><target dev="sda" bus="sata" /><source file="/a &amp; b.iso" /></disk>'
    )
    assert with_cd(domain, None) == '<disk type="file" device="cdrom"><target dev="sda" bus="sata" /></disk>'
    assert with_cd("<domain><devices/></domain>", None) is None


def test_a_snapshot_may_be_called_anything() -> None:
    assert new_snapshot("a<b & c") == "<domainsnapshot><name>a&lt;b &amp; c</name></domainsnapshot>"
    assert (
        snapshot_time("<domainsnapshot><creationTime>1763740000</creationTime></domainsnapshot>")
        == 1763740000
    )
