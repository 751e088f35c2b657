"""Realtime priority: of the threads that ask, and of nobody else."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from wlvm import realtime

_POLICY = "import os; print(os.sched_getscheduler(0))"


def in_a_thread(call: object) -> list[int]:
    """What a call that changes its thread's scheduling leaves: the policies of the thread, of a thread of its and of a program that it starts."""
    policies: list[int] = []

    def run() -> None:
        assert callable(call)
        call()
        policies.append(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)
        inner = threading.Thread(target=lambda: policies.append(os.sched_getscheduler(0)))
        inner.start()
        inner.join()
        program = subprocess.run(["python3", "-c", _POLICY], capture_output=True, check=True, text=True)
        policies.append(int(program.stdout))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return policies


@pytest.mark.skipif(
    not realtime.is_granted(), reason="the system does not grant it: wlvm check says how to get it"
)
def test_the_thread_has_it_and_what_it_starts_does_not() -> None:
    assert in_a_thread(realtime.ask) == [os.SCHED_RR, os.SCHED_OTHER, os.SCHED_OTHER]


def test_asking_whether_it_is_granted_changes_nothing() -> None:
    realtime.is_granted()
    assert in_a_thread(realtime.is_granted) == [os.SCHED_OTHER] * 3


def test_where_it_is_not_granted_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    assert not realtime.ask()
    assert not realtime.is_granted()
