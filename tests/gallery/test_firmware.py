"""What runs before any system does: SeaBIOS, OVMF, GRUB."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gallery.real_guest import GuestFactory, cached

_OVMF = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")


def test_seabios_shows_its_boot_menu(guest: GuestFactory) -> None:
    with guest("SeaBIOS, boot menu", "VGA", "-boot", "menu=on,splash-time=60000") as vm:
        vm.read("Press ESC for boot menu.")
        vm.shown_exactly()
        vm.type("-k", "Escape")
        vm.read("Select boot device:")
        vm.type("1")
        vm.read("Booting from")
        vm.found(keys="Escape opens the menu, a digit takes its entry")
        vm.resized("refused", "refused")


def firmware(*arguments: str) -> tuple[str, ...]:
    if not _OVMF.exists():
        pytest.skip("OVMF is not here: apt-get install ovmf")
    flash = "if=pflash,format=raw,readonly=on,file="
    variables = _OVMF.with_name(_OVMF.name.replace("CODE", "VARS"))
    return ("-drive", f"{flash}{_OVMF}", "-drive", f"{flash}{variables}", "-m", "256", *arguments)


@pytest.mark.parametrize("display", ["virtio-vga", "virtio-gpu-pci"])
def test_ovmf_shows_its_setup_screens(guest: GuestFactory, display: str) -> None:
    with guest("OVMF, setup", display, *firmware()) as vm:
        vm.hear("in 5 seconds")
        vm.type("-k", "Escape")
        vm.hear("Shell>")
        vm.type("exit\n")
        vm.hear("Device Manager")
        vm.shown_exactly()
        vm.type("-k", "Down", "-k", "Return")
        vm.hear("Devices List")
        vm.shown_exactly()
        vm.found(keys="a command of its shell; arrows and Return go through the setup")
        vm.resized("ignored", "ignored")


@pytest.mark.parametrize(("started_by", "display"), [("SeaBIOS", "VGA"), ("OVMF", "virtio-gpu-pci")])
def test_grub_shows_its_menu_in_graphics(guest: GuestFactory, started_by: str, display: str) -> None:
    image = ("-cdrom", str(cached("grub.iso")))
    arguments = image if started_by == "SeaBIOS" else firmware(*image)
    with guest(f"GRUB, started by {started_by}", display, *arguments) as vm:
        vm.hear("begun")
        vm.has_size(800, 600)
        vm.shown_exactly()
        vm.type("-k", "Down", "-k", "Return")
        vm.hear("chosen second")
        vm.shown_exactly()
        vm.found(keys="Down and Return take the second entry")
        vm.resized(*["refused" if display == "VGA" else "ignored"] * 2)
