"""Domains of libvirt as guests' machines. Everything here but this module needs libvirt-python, and nothing else imports that."""

from __future__ import annotations


def missing() -> str:
    """Why domains cannot be used here, and what to do about it; "" where they can."""
    try:
        import libvirt  # noqa: F401
    except ImportError as error:
        return f"wlvm is installed without libvirt ({error}): pip install 'wlvm[libvirt]' (docs/libvirt.md)"
    return ""
