"""Memory whose owner truncates it while it is mapped."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from wlvm.fd import OwnedFd
from wlvm.wlr.guarded_memory import GuardedMemory, LostError, UnmappableError

pytestmark = pytest.mark.usefixtures("guarding", "no_fd_is_lost")

PAGE = 4096


def memory(content: bytes) -> OwnedFd:
    fd = OwnedFd(os.memfd_create("test", os.MFD_CLOEXEC))
    os.pwrite(fd.fileno(), content, 0)
    return fd


def test_it_reads_what_is_there_now() -> None:
    with memory(b"a" * PAGE) as fd:
        guarded = GuardedMemory(fd, PAGE)
        os.pwrite(fd.fileno(), b"b", 100)
        assert bytes(guarded.begin()[99:102]) == b"aba"
        guarded.end()
        guarded.close()


def test_it_reads_on_when_the_fd_is_closed() -> None:
    fd = memory(b"a" * PAGE)
    guarded = GuardedMemory(fd, PAGE)
    fd.close()
    assert bytes(guarded.begin()) == b"a" * PAGE
    guarded.end()
    guarded.close()


def test_lost_pages_are_zeros_and_an_error() -> None:
    with memory(b"a" * 3 * PAGE) as fd:
        guarded = GuardedMemory(fd, 3 * PAGE)
        os.ftruncate(fd.fileno(), PAGE)
        assert not guarded.begin()[PAGE:].any()
        with pytest.raises(LostError):
            guarded.end()
        guarded.close()


def test_pages_that_were_never_there_are_lost_too() -> None:
    with memory(b"a") as fd:
        guarded = GuardedMemory(fd, 2 * PAGE)
        assert not guarded.begin()[PAGE:].any()
        with pytest.raises(LostError):
            guarded.end()
        guarded.close()


def test_one_that_is_lost_does_not_disturb_the_others() -> None:
    with memory(b"a" * PAGE) as lost, memory(b"b" * PAGE) as kept:
        first, second = GuardedMemory(lost, PAGE), GuardedMemory(kept, PAGE)
        os.ftruncate(lost.fileno(), 0)
        first.begin().sum()
        with pytest.raises(LostError):
            first.end()
        first.close()
        third = GuardedMemory(kept, PAGE)
        for each in (second, third):
            assert bytes(each.begin()) == b"b" * PAGE
            each.end()
            each.close()


@pytest.mark.parametrize("size", [0, 3, 1 << 31])
def test_sizes_that_no_pool_has(size: int) -> None:
    with memory(b"a" * PAGE) as fd, pytest.raises(UnmappableError, match="bytes are not mapped"):
        GuardedMemory(fd, size)


def test_memory_for_reading_only_is_not_mapped() -> None:
    with memory(b"a" * PAGE) as fd:
        path = f"/proc/self/fd/{fd.fileno()}"
        with (
            OwnedFd(os.open(path, os.O_RDONLY)) as reading,
            pytest.raises(UnmappableError, match="for reading only"),
        ):
            GuardedMemory(reading, PAGE)


def test_what_is_closed_is_unmapped() -> None:
    fd = OwnedFd(os.memfd_create("wlvm-to-be-unmapped"))
    os.ftruncate(fd.fileno(), PAGE)
    guarded = GuardedMemory(fd, PAGE)
    fd.close()
    assert _mapped("wlvm-to-be-unmapped")
    guarded.close()
    guarded.close()
    assert not _mapped("wlvm-to-be-unmapped")


def _mapped(name: str) -> bool:
    with open("/proc/self/maps") as maps:
        return name in maps.read()


def test_a_forked_process_guards_with_a_display_of_its_own() -> None:
    """In a process of its own, since no other may have used the display."""
    program = """
import os, sys
from wlvm.fd import OwnedFd
from wlvm.wlr.guarded_memory import GuardedMemory, LostError

def use():
    with OwnedFd(os.memfd_create("test")) as fd:
        os.ftruncate(fd.fileno(), 8192)
        guarded = GuardedMemory(fd, 8192)
        os.ftruncate(fd.fileno(), 0)
        guarded.begin().sum()
        try:
            guarded.end()
        except LostError:
            guarded.close()
            return
        sys.exit("not noticed")

child = os.fork()
use()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
