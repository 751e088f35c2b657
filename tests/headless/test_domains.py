"""Domains of a real libvirtd, shown by a real wlvm."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from guests.testcard import model
from tests.clients.virtual_input import InputClient
from tests.libvirt_daemon import LibvirtDaemon
from tests.loops import SelectorLoop
from tests.wlvm_process import Wlvm, eventually
from wlvm.ipc import ControlError

KEY_SPACE, KEY_LEFTMETA, BTN_LEFT = 57, 125, 0x110

pytestmark = pytest.mark.one_qemu


@pytest.fixture(scope="module")
def shared_daemon(qemu: str) -> Iterator[LibvirtDaemon]:
    """Which QEMU does not matter here: see test_dbus_input."""
    with LibvirtDaemon(qemu) as daemon:
        yield daemon


@pytest.fixture
def daemon(shared_daemon: LibvirtDaemon, runtime_dir: Path) -> Iterator[LibvirtDaemon]:
    """The daemon, without a domain yet."""
    yield shared_daemon
    shared_daemon.signal(signal.SIGCONT)
    shared_daemon.remove_domains()


def config(daemon: LibvirtDaemon, keys: str = "") -> str:
    """A guest for the domain `card`, that fills an output of its size."""
    return f"""
        [[output]]
        mode = "640x480"
        [guest.vm]
        libvirt = "card"
        uri = "{daemon.uri}"
        {keys}
    """


def wait_for_reason(wlvm: Wlvm, text: str) -> None:
    eventually(f"the reason has {text!r}", lambda: text in wlvm.guest("vm").reason)


def wait_for_picture(wlvm: Wlvm) -> None:
    eventually(
        "it is shown",
        lambda: (
            wlvm.guest("vm").state == "running"
            and wlvm.console("vm").frames
            and np.array_equal(wlvm.screen(), model.picture(640, 480))
        ),
    )


def wait_for_line(daemon: LibvirtDaemon, start: str) -> None:
    eventually(f"the guest says {start!r}", lambda: any(s.startswith(start) for s in daemon.heard("card")))


def boots(daemon: LibvirtDaemon) -> int:
    return sum(line.startswith("ready") for line in daemon.heard("card"))


def change_disks(wlvm: Wlvm, daemon: LibvirtDaemon) -> None:
    """A snapshot is made, found, restored and deleted, and a CD is put in and taken out."""
    domain = daemon.domain("card")

    def shows(patch: int) -> None:
        expected = model.picture(640, 480, patch=patch)
        eventually(f"it shows patch {patch}", lambda: np.array_equal(wlvm.pixels("vm"), expected))

    shows(0)
    wlvm.control.command("snapshot before vm")
    wlvm.wait_for_log("vm: The snapshot before is there.")
    (snapshot,) = wlvm.control.call("snapshots", {"guest": "vm"})["snapshots"]
    assert (snapshot["name"], abs(snapshot["made"] - time.time()) < 60) == ("before", True)
    # It stood still meanwhile, and libvirt tells that it goes on after the answer.
    wlvm.wait_for_state("vm", "running")
    wlvm.control.command("type ' '")
    shows(1)
    wlvm.control.command("restore before")
    wlvm.wait_for_log("vm: The snapshot before is restored.")
    eventually("it is there", lambda: wlvm.guest("vm").consoles[0].width == 640)
    shows(0)
    wlvm.control.command("discard before")
    wlvm.wait_for_log("vm: The snapshot before is deleted.")
    assert not domain.listAllSnapshots()
    cd = daemon.directory / "a CD.iso"
    cd.write_bytes(bytes(1 << 20))
    wlvm.control.command(f"cd '{cd}'")
    wlvm.wait_for_log("vm: a CD.iso is in the CD drive.")
    assert str(cd) in domain.XMLDesc()
    wlvm.control.command("eject")
    wlvm.wait_for_log("vm: The CD is out of its drive.")
    assert str(cd) not in domain.XMLDesc()


def test_a_connection_leaves_nothing_open(daemon: LibvirtDaemon) -> None:
    """libvirt gives its sockets back by way of the event loop."""
    from wlvm.libvirt.connection import Absent, Connection
    from wlvm.libvirt.event_loop import shared

    loop = SelectorLoop()
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        events = shared(loop)
        connection = Connection(daemon.uri, "card", changed=lambda: None, rebooted=lambda: None)
        assert connection.look() == Absent()
        connection.close()
        events.release()
    assert len(os.listdir("/proc/self/fd")) == open_before
    assert not loop.watches
    assert not loop.timers


def test_a_domain_is_started_typed_into_and_switched_off(daemon: LibvirtDaemon, runtime_dir: Path) -> None:
    daemon.define("card")
    with Wlvm(runtime_dir, config=config(daemon, "start = false")) as wlvm:
        assert wlvm.wait_for_state("vm", "off").reason == "It has not been started."
        away = daemon.image.rename(daemon.image.with_suffix(".away"))
        wlvm.control.command("start vm")
        wait_for_reason(wlvm, "It could not be started: ")
        assert str(daemon.image) in wlvm.guest("vm").reason
        away.rename(daemon.image)
        wlvm.control.command("start vm")
        wait_for_picture(wlvm)
        with InputClient(runtime_dir / wlvm.display) as client:
            client.keyboard().tap(KEY_LEFTMETA)
            wait_for_line(daemon, f"key {KEY_LEFTMETA} down via=virtio")
            wait_for_line(daemon, f"key {KEY_LEFTMETA} up via=virtio")
            pointer = client.pointer()
            pointer.move_to(123, 45, 640, 480)
            pointer.click(BTN_LEFT)
            wait_for_line(daemon, "button left up")
            positions = [line for line in daemon.heard("card") if line.startswith("abs")]
            assert positions[-1].endswith("px=123,45")
        wlvm.control.command("pause vm")
        wlvm.wait_for_state("vm", "paused")
        wlvm.control.command("resume vm")
        wlvm.wait_for_state("vm", "running")
        booted = boots(daemon)
        wlvm.control.command("reset vm")
        eventually("it boots again", lambda: boots(daemon) == booted + 1)
        assert "WARNING" not in wlvm.log, "all of it is what somebody wanted"
        change_disks(wlvm, daemon)
        wlvm.control.command("poweroff vm")
        assert wlvm.wait_for_state("vm", "off").reason == "It was switched off."
        assert not daemon.domain("card").isActive()


def test_what_others_do_to_a_domain_is_seen_at_once(daemon: LibvirtDaemon, runtime_dir: Path) -> None:
    with Wlvm(runtime_dir, config=config(daemon)) as wlvm:
        wait_for_reason(wlvm, "There is no domain card at")
        domain = daemon.define("card", graphics="")
        eventually("it is started, as wlvm is to", lambda: domain.isActive())
        wait_for_reason(wlvm, "Add <graphics type='dbus' p2p='yes'/> to its devices (virsh edit card)")
        daemon.kill_qemu("card")
        assert wlvm.wait_for_state("vm", "off").reason == "Its QEMU ended unexpectedly."
        daemon.define("card").create()
        wait_for_picture(wlvm)
        domain.suspend()
        wlvm.wait_for_state("vm", "paused")
        domain.resume()
        wlvm.wait_for_state("vm", "running")
        with daemon.take_display("card"):
            wait_for_reason(wlvm, "Another program shows it")
            wlvm.control.command("start vm")
            wait_for_picture(wlvm)
        wlvm.control.quit()
        assert wlvm.wait() == 0
        assert domain.isActive(), "it goes on without wlvm"


def test_a_daemon_that_hangs_or_ends_takes_nothing_along(daemon: LibvirtDaemon, runtime_dir: Path) -> None:
    daemon.define("card")
    daemon.signal(signal.SIGSTOP)
    with Wlvm(runtime_dir, config=config(daemon)) as wlvm, InputClient(runtime_dir / wlvm.display) as client:
        while wlvm.guest("vm").state == "connecting":
            asked = time.monotonic()
            wlvm.control.listing()
            assert time.monotonic() - asked < 1, "wlvm does not wait"
        assert "does not answer" in wlvm.guest("vm").reason
        daemon.signal(signal.SIGCONT)
        wait_for_picture(wlvm)

        daemon.kill()
        wait_for_reason(wlvm, "cannot be reached")
        assert wlvm.guest("vm").state == "running"
        client.keyboard().tap(KEY_SPACE)
        flipped = model.picture(640, 480, patch=1)
        eventually("it is typed into", lambda: np.array_equal(wlvm.screen(), flipped))
        with pytest.raises(ControlError, match="cannot be reached"):
            wlvm.control.command("pause vm")
        daemon.start()
        eventually("the daemon is back", lambda: not wlvm.guest("vm").reason)
        wlvm.control.command("pause vm")
        wlvm.wait_for_state("vm", "paused")

        daemon.signal(signal.SIGSTOP)
        wlvm.control.command("resume vm")
        began = time.monotonic()
    assert time.monotonic() - began < 5, "wlvm ends, whatever the daemon does"
