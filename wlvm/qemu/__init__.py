"""Speaks to QEMU: its monitor and its D-Bus display. Knows nothing of Wayland."""
