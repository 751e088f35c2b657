"""A Linux guest with its console on a virtio-gpu whose scanouts are blobs: this machine's kernel, and busybox."""

from __future__ import annotations

import io
import os
import select
import socket
import stat
import time
from pathlib import Path

_MODULES = ("virtio-gpu", "virtio_balloon")

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
for module in $(cat /modules.order); do insmod /$module; done
exec </dev/ttyS0 >/dev/ttyS0
stty -echo
echo ready
while read command argument; do
    case $command in
    say) echo "$argument" >/dev/tty0; echo said ;;
    checksum) head -c $argument /dev/fb0 | md5sum ;;
    unbind) for device in /sys/bus/pci/drivers/virtio-pci/0*; do
            grep -q 0x1050 $device/device && echo ${device##*/} >/sys/bus/pci/drivers/virtio-pci/unbind
        done; echo unbound ;;
    esac
done
"""


def initramfs() -> bytes:
    """What the guest boots into: it obeys the lines on its serial port."""
    modules = Path("/usr/lib/modules", os.uname().release)
    needed: list[str] = []
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, dependencies = line.partition(":")
        if Path(name).stem in _MODULES:
            needed += [*reversed(dependencies.split()), name]
    archive = io.BytesIO()
    for folder in ("bin", "dev", "proc", "sys"):
        _add(archive, folder, stat.S_IFDIR | 0o755)
    _add(archive, "bin/busybox", stat.S_IFREG | 0o755, Path("/bin/busybox").read_bytes())
    _add(archive, "init", stat.S_IFREG | 0o755, _INIT.encode())
    names = list(dict.fromkeys(needed))
    for name in names:
        _add(archive, Path(name).name, stat.S_IFREG | 0o644, (modules / name).read_bytes())
    order = "\n".join(Path(name).name for name in names).encode()
    _add(archive, "modules.order", stat.S_IFREG | 0o644, order)
    _add(archive, "TRAILER!!!", 0)
    return archive.getvalue()


def _add(archive: io.BytesIO, name: str, mode: int, data: bytes = b"") -> None:
    """A file as cpio's "newc" has it (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    path = name.encode() + b"\0"
    fields = (archive.tell(), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    archive.write(b"070701" + b"".join(b"%08X" % field for field in fields) + path)
    archive.write(bytes(-archive.tell() % 4) + data)
    archive.write(bytes(-archive.tell() % 4))


def command(qemu: str, directory: Path, width: int, height: int) -> list[str]:
    """The command line of the guest, without a display; its serial port is the socket `serial` in `directory`, its monitor `own`."""
    image = directory / "initramfs"
    image.write_bytes(initramfs())
    return [
        qemu, "-accel", "tcg", "-nodefaults", "-m", "256", "-vga", "none",
        "-object", "memory-backend-memfd,id=memory,size=256M,share=on", "-machine", "pc,memory-backend=memory",
        "-device", f"virtio-gpu-pci,blob=true,xres={width},yres={height}", "-device", "virtio-balloon-pci",
        "-kernel", str(Path(".cache/kernel/image").resolve()), "-initrd", str(image),
        "-append", "console=ttyS0 console=tty0 quiet mitigations=off vt.global_cursor_default=0 panic=-1",
        "-serial", f"unix:{directory}/serial,server=on,wait=off",
        "-qmp", f"unix:{directory}/own,server=on,wait=off",
    ]  # fmt: skip


class Lines:
    """A Unix socket that speaks in lines; every wait has a deadline."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._buffer = b""

    def say(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\n")

    def hear(self, part: str, seconds: float = 60) -> str:
        """The next line that has this in it."""
        end = time.monotonic() + seconds
        while True:
            while b"\n" not in self._buffer:
                left = end - time.monotonic()
                assert left > 0, f"no {part!r}, but {self._buffer!r}"
                if select.select([self._socket], [], [], left)[0]:
                    data = self._socket.recv(65536)
                    assert data, f"no {part!r}, but the end"
                    self._buffer += data
            line, _, self._buffer = self._buffer.partition(b"\n")
            if part in (text := line.decode(errors="replace").strip()):
                return text

    def close(self) -> None:
        self._socket.close()
