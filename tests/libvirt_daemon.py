"""A libvirtd of the tests' own: a session's, in a directory of its own, with test cards as domains."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from guests.testcard.launch import IMAGE
from tests.qcow2 import make_qcow2
from tests.wlvm_process import eventually
from wlvm.qemu.dbus import authentication

INSTALL = (
    "apt-get install libvirt-daemon libvirt-daemon-driver-qemu libvirt-dev pkg-config, and scripts/setup test"
)

#: libvirt has no session for root, so root's tests run the daemon as somebody who may do nothing.
_NOBODY = 65534
_IS_ROOT = os.geteuid() == 0
_AS_NOBODY = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"] if _IS_ROOT else []

DBUS = "<graphics type='dbus' p2p='yes'/>"


def needs_libvirt() -> Any:
    """libvirt-python, where it and the daemon are here; else the test is skipped."""
    libvirt = pytest.importorskip("libvirt", reason=f"libvirt-python is not installed: {INSTALL}")
    if shutil.which("libvirtd", path=_path()) is None:
        pytest.skip(f"libvirtd is not installed: {INSTALL}")
    libvirt.registerErrorHandler(lambda context, error: None, None)
    return libvirt


class LibvirtDaemon:
    """A running libvirtd at `uri`, and `directory`, which its QEMUs may read and write."""

    def __init__(self, qemu: str) -> None:
        """`qemu` is the emulator of its domains."""
        self._libvirt = needs_libvirt()
        self._qemu = _usable(qemu)
        self.directory = Path(tempfile.mkdtemp(prefix="libvirt-"))
        if _IS_ROOT:
            os.chown(self.directory, _NOBODY, _NOBODY)
        #: What its domains boot.
        self.image = self.directory / "card.elf"
        shutil.copy(IMAGE, self.image)
        make_qcow2(self.directory / "disk.qcow2")
        (self.directory / "disk.qcow2").chmod(0o666)
        self._socket = self.directory / "libvirt" / "libvirt-sock"
        self.uri = f"qemu+unix:///session?socket={self._socket}"
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start it, also again after a `kill`."""
        environment = {
            "PATH": _path(),
            "HOME": str(self.directory),
            "XDG_RUNTIME_DIR": str(self.directory),
        }
        self.process = subprocess.Popen(
            [*_AS_NOBODY, "libvirtd"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually("libvirtd answers", self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(self._libvirt.libvirtError):
            self._libvirt.open(self.uri).close()
            return True
        return False

    def kill(self) -> None:
        """End it at once; its domains go on."""
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def define(self, name: str, graphics: str = DBUS) -> Any:
        """Define a domain, or define it anew, that has a disk and a CD drive, runs the test card in 640x480, and says on its serial port what it got: see `heard`."""
        return self._connect().defineXML(
            f"""
            <domain type='qemu'>
              <name>{name}</name>
              <uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, name)}</uuid>
              <memory unit='MiB'>64</memory>
              <os>
                <type arch='x86_64' machine='pc'>hvm</type>
                <kernel>{self.image}</kernel>
                <cmdline>mode=640x480</cmdline>
              </os>
              <features><acpi/></features>
              <devices>
                <emulator>{self._qemu}</emulator>
                <video><model type='virtio' heads='1' primary='yes'/></video>
                <input type='keyboard' bus='virtio'/>
                <input type='tablet' bus='virtio'/>
                <serial type='file'><source path='{self.directory}/{name}.serial'/></serial>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2'/><source file='{self.directory}/disk.qcow2'/><target dev='vda' bus='virtio'/>
                </disk>
                <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
                <memballoon model='none'/>
                {graphics}
              </devices>
            </domain>
            """
        )

    def domain(self, name: str) -> Any:
        return self._connect().lookupByName(name)

    def take_display(self, name: str) -> socket.socket:
        """What another program does that shows the domain: hang up to give it back."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.domain(name).openGraphics(0, theirs.fileno())
        ours.sendall(authentication())
        return ours

    def heard(self, name: str) -> list[str]:
        """What the domain's guest has said so far."""
        return (self.directory / f"{name}.serial").read_text(errors="replace").splitlines()

    def kill_qemu(self, name: str) -> None:
        """Kill the domain's QEMU."""
        pid = int((self.directory / "libvirt/qemu/run" / f"{name}.pid").read_text())
        os.kill(pid, signal.SIGKILL)

    def remove_domains(self) -> None:
        """End and undefine all domains."""
        for domain in self._connect().listAllDomains():
            with contextlib.suppress(OSError, self._libvirt.libvirtError):
                self.kill_qemu(domain.name())  # A QEMU that is asked to end takes seconds.
                domain.destroy()
            if domain.isPersistent():
                domain.undefineFlags(self._libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)

    def close(self) -> None:
        """End the domains and the daemon, and remove the directory."""
        if self.process.poll() is not None:
            self.start()
        self.remove_domains()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _connect(self) -> Any:
        return self._libvirt.open(self.uri)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin"


def _usable(qemu: str) -> str:
    """The whole path of a QEMU that the daemon may run: this one, or the installed one where it is in a folder that is root's."""
    for program in (shutil.which(qemu), shutil.which("qemu-system-x86_64")):
        if (
            program is not None
            and not subprocess.run([*_AS_NOBODY, "test", "-x", program], check=False).returncode
        ):
            return str(Path(program).absolute())
    pytest.skip("the user nobody can run no QEMU here: apt-get install qemu-system-x86")
