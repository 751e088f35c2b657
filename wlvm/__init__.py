"""wlvm: a Wayland compositor whose windows are virtual machines."""

__version__ = "0.1.0"
