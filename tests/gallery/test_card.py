"""The test card, which knows what its every pixel is to be, among the real guests."""

from __future__ import annotations

import pytest

from guests.testcard.launch import IMAGE
from tests.gallery.real_guest import GuestFactory


@pytest.mark.parametrize(("display", "resize"), [("VGA", "refused"), ("virtio-gpu-pci", "follows")])
def test_the_test_card(guest: GuestFactory, display: str, resize: str) -> None:
    devices = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")
    with guest("Test card", display, *devices, "-kernel", str(IMAGE)) as vm:
        vm.hear("ready")
        vm.has_size(1280, 800)
        vm.shown_exactly()
        vm.type(" ")
        vm.hear("key 57 down via=virtio")
        vm.hear("key 57 up via=virtio")
        vm.found(keys="told on the serial port")
        vm.points(lambda x, y: rf"px={x},{y}\b", "button left down", "button left up")
        vm.shown_exactly()
        vm.resized(resize, resize)
