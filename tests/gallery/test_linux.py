"""Linux: its text console, a Wayland desktop, an X11 desktop."""

from __future__ import annotations

from tests.gallery.real_guest import LEFT, SIZE, GuestFactory, RealGuest, cached, needs
from tests.gallery.results import ROOT
from tests.wlvm_process import eventually


def linux(session: str) -> tuple[str, ...]:
    """QEMU's arguments: this kernel, and this machine's files, which it may not write to."""
    return (
        "-cpu", "max", "-smp", "2", "-m", "1G",
        "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
        "-kernel", str(needs(ROOT / ".cache" / "kernel" / "image")), "-initrd", str(cached("initramfs")),
        "-append", f"quiet loglevel=3 mitigations=off console=ttyS0 console=tty0 SESSION={session}",
        "-virtfs", "local,path=/,mount_tag=whole,security_model=none,readonly=on,multidevs=remap",
    )  # fmt: skip


def types_a_command(vm: RealGuest) -> None:
    """A command in the guest's shell, which says so on the serial port."""
    vm.type("echo It has landed, $((6*7)) times. >/dev/ttyS0\n")
    vm.hear(r"It has landed, 42 times\.")
    vm.found(keys="a command typed into its shell")


def raw(pixel: int, size: int) -> str:
    """The positions of QEMU's tablet that Linux takes for this pixel."""
    return "|".join(str(value) for value in range(32768) if value * size // 32768 == pixel)


def has_the_keyboard(vm: RealGuest) -> bool:
    """Whether a line lands that is typed after a click: the window manager may still be starting."""
    vm.pointer.click(LEFT)
    vm.type("echo Active. >/dev/ttyS0\n")
    return "Active." in vm.serial


def test_a_text_console(guest: GuestFactory) -> None:
    with guest("Linux, text console", "virtio-gpu-pci", *linux("console")) as vm:
        vm.hear("Testing")
        vm.shown_exactly()
        types_a_command(vm)

        def position(x: int, y: int) -> str:
            return rf"ABS_X\), value ({raw(x, SIZE[0])})\n.*ABS_Y\), value ({raw(y, SIZE[1])})\n"

        vm.points(position, r"BTN_LEFT\), value 1", r"BTN_LEFT\), value 0")
        vm.resized("ignored", "follows")


def test_a_wayland_desktop(guest: GuestFactory) -> None:
    with guest("Linux, Wayland desktop", "virtio-gpu-pci", *linux("weston")) as vm:
        vm.hear("wl_keyboard.*enter")
        vm.shown_exactly()
        types_a_command(vm)
        panel = 32  # is above the terminal's window

        def position(x: int, y: int) -> str:
            return rf"(motion|enter)\(.*, {x}\.\d+, {y - panel}\.\d+\)"

        vm.points(position, r"button\(.*, 272, 1\)", r"button\(.*, 272, 0\)")
        vm.resized("ignored", "ignored")


def test_an_x11_desktop(guest: GuestFactory) -> None:
    with guest("Linux, X11 desktop", "virtio-gpu-pci", *linux("x11")) as vm:
        vm.hear("ready")
        vm.shown_exactly()
        vm.points(lambda x, y: rf"root: {x}\.\d+/{y}\.\d+", "RawButtonPress", "RawButtonRelease")
        eventually("the terminal is active", lambda: has_the_keyboard(vm))
        types_a_command(vm)
        vm.shown_exactly()
        vm.resized("follows", "follows")
