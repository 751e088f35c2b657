"""File descriptors are closed exactly once."""

from __future__ import annotations

import os

import pytest

from wlvm.fd import OwnedFd


def descriptor() -> OwnedFd:
    return OwnedFd(os.memfd_create("test"))


def test_close_may_be_called_again_and_closes_once() -> None:
    fd = descriptor()
    number = fd.fileno()
    fd.close()
    other = os.memfd_create("test")  # takes the lowest free number: the one just closed
    assert other == number
    fd.close()
    os.fstat(other)
    os.close(other)


def test_a_detached_fd_is_the_callers() -> None:
    fd = descriptor()
    number = fd.detach()
    fd.close()
    os.close(number)


def test_a_forgotten_fd_is_closed_and_reported() -> None:
    fd = descriptor()
    number = fd.fileno()
    with pytest.warns(ResourceWarning, match="unclosed"):
        del fd
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_closed_fd_has_no_number() -> None:
    fd = descriptor()
    fd.close()
    with pytest.raises(ValueError, match="closed"):
        fd.fileno()
