"""Who may take pictures, and who may not: Wayland clients, and programs at the control socket."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.clients.capture import CaptureClient, RefusedError
from tests.fake_vm import FakeVm
from tests.headless.test_clients import need
from tests.headless.test_hostile import paint
from tests.wlvm_process import WLVM, Wlvm, eventually
from wlvm.ipc import ControlClient, ControlError

COLOR = 0x35679A


@contextmanager
def showing(runtime_dir: Path, config: str) -> Iterator[tuple[Wlvm, FakeVm]]:
    """A wlvm with this configuration and the guest "vm", which shows COLOR."""
    with FakeVm(runtime_dir / "vm.qmp") as vm, Wlvm(runtime_dir, config=config.format(qmp=vm.path)) as wlvm:
        paint(vm.listener(), COLOR)
        wlvm.wait_for_picture("vm")
        yield wlvm, vm


def fds_of(wlvm: Wlvm) -> int:
    """How many fds wlvm has, once it has closed those that it sent."""
    wlvm.control.listing()
    return len(os.listdir(f"/proc/{wlvm.pid}/fd"))


def test_whoever_is_not_named_may_capture(runtime_dir: Path) -> None:
    with (
        showing(runtime_dir, '[guest.vm]\nqmp = "{qmp}"') as (wlvm, _),
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        np.testing.assert_array_equal(client.screencopy(), wlvm.screen())
        assert "zwlr_export_dmabuf_manager_v1" not in client.names, "nothing is drawn into dma-bufs here"
        assert client.begin().offer.dmabuf_format is None
        assert "linux_dmabuf" not in " ".join(client.names)


def test_only_programs_of_the_list_find_a_capture_protocol(runtime_dir: Path) -> None:
    grim = shutil.which(need("grim", "grim")) or ""
    copy = runtime_dir / "grim"
    shutil.copy(grim, copy)
    link = runtime_dir / "link"
    link.symlink_to(grim)
    config = f'[capture]\nclients = ["/nowhere", "{link}"]\n[guest.vm]\nqmp = "{{qmp}}"'
    with showing(runtime_dir, config) as (wlvm, _):
        assert wlvm.run(grim, "-").stdout.startswith(b"\x89PNG")
        with pytest.raises(subprocess.CalledProcessError) as refused:
            wlvm.run(str(copy), "-")
        assert b"compositor doesn't support wlr-screencopy" in refused.value.stderr
        assert f"{copy} (process" in wlvm.wait_for_log("finds no capture protocol")


def test_a_guest_that_is_not_to_be_captured_is_in_no_picture(runtime_dir: Path) -> None:
    config = """
        [[output]]
        [[output]]
        [guest.vm]
        qmp = "{qmp}"
        capture = false
    """
    with (
        FakeVm(runtime_dir / "vm.qmp") as vm,
        Wlvm(runtime_dir, config=config.format(qmp=vm.path)) as wlvm,
        CaptureClient(runtime_dir / wlvm.display) as client,
    ):
        eventually("the card is captured", lambda: client.screencopy(0).any() or client.screencopy(1).any())
        begun_before = client.begin(0), client.begin(1)
        paint(vm.listener(), COLOR)
        wlvm.wait_for_picture("vm")
        outcomes = []
        for output in (0, 1):
            try:
                picture = client.screencopy(output)
            except RefusedError:
                outcomes.append("refused")
            else:
                assert not (picture == COLOR).any()
                outcomes.append("captured")
        assert sorted(outcomes) == ["captured", "refused"], "the guest is on one of two outputs"
        for ask in (lambda: wlvm.control.frame("vm"), lambda: wlvm.control.screenshot("HEADLESS-1")):
            with pytest.raises(ControlError, match="capture = false") as denied:
                ask()
            assert denied.value.code == "denied"
        assert not (wlvm.screen("HEADLESS-2") == COLOR).any()
        del begun_before
        wlvm.control.detach("vm")
        for output in (0, 1):
            assert not (client.screencopy(output) == COLOR).any()


def test_the_control_socket_has_pictures_for_programs_of_its_list(runtime_dir: Path) -> None:
    config = '[capture]\ncontrol = ["/bin/true"]\n[guest.vm]\nqmp = "{qmp}"'
    with showing(runtime_dir, config) as (wlvm, _):
        assert wlvm.guest("vm").state == "running", "everything else is answered"
        for command in (["frame", "vm"], ["frame", "vm", "--dmabuf"], ["screenshot"]):
            told = subprocess.run(
                [WLVM, *command, "-o", "-", "--socket", wlvm.socket], check=False, capture_output=True
            )
            assert told.returncode == 5
            assert b"[capture] in the configuration does not name it" in told.stderr


def test_a_program_of_the_list_gets_pictures_over_the_control_socket(runtime_dir: Path) -> None:
    config = f'[capture]\ncontrol = ["{sys.executable}"]\n[guest.vm]\nqmp = "{{qmp}}"'
    with showing(runtime_dir, config) as (wlvm, _):
        assert (wlvm.pixels("vm") == COLOR).all()


def test_where_there_is_no_dmabuf_the_answer_says_why(runtime_dir: Path) -> None:
    with showing(runtime_dir, '[guest.vm]\nqmp = "{qmp}"') as (wlvm, _):
        with pytest.raises(ControlError) as refused:
            wlvm.control.dmabuf("vm")
        assert "vm's picture is bytes, not a dma-buf: QEMU sends" in str(refused.value)
        with pytest.raises(ControlError, match="no guest nobody") as refused:
            wlvm.control.dmabuf("nobody")
        assert refused.value.code == "not-found"


def test_without_descriptors_a_picture_is_refused_and_nothing_leaks(runtime_dir: Path) -> None:
    with showing(runtime_dir, '[guest.vm]\nqmp = "{qmp}"') as (wlvm, _):
        assert wlvm.pixels("vm").size
        before = fds_of(wlvm)
        limits = resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        for _ in range(10):
            with pytest.raises(ControlError, match="Too many open files"):
                wlvm.pixels("vm")
        assert wlvm.guest("vm").state == "running"
        resource.prlimit(wlvm.pid, resource.RLIMIT_NOFILE, limits)
        assert (wlvm.pixels("vm") == COLOR).all()
        assert fds_of(wlvm) <= before


def test_clients_that_ask_for_pictures_and_go_leave_nothing_behind(runtime_dir: Path) -> None:
    with showing(runtime_dir, '[guest.vm]\nqmp = "{qmp}"') as (wlvm, _):
        before = fds_of(wlvm)
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(wlvm.socket))
                fds = [sock.fileno()] * 8
                socket.send_fds(sock, [b'{"command":"frame","arguments":{"guest":"vm"}}\n' * 100], fds)
        with CaptureClient(runtime_dir / wlvm.display) as client:
            client.begin()
            client.begin()
        with ControlClient(wlvm.socket) as control:
            assert (control.frame("vm").array == COLOR).all()
        eventually("all of their descriptors are closed", lambda: fds_of(wlvm) <= before)
