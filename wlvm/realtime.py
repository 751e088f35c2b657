"""Realtime priority, where the system grants it: wlvm's two threads then run when they are woken, and not after guests that keep all processors busy.

Both do little at a time and wait for the rest. It is the lowest such priority, with time slices (SCHED_RR); programs that wlvm starts, QEMUs among
them, do not have it.
"""

from __future__ import annotations

import os
import threading
from typing import Final

_ROUND_ROBIN: Final = os.SCHED_RR | os.SCHED_RESET_ON_FORK


def ask() -> bool:
    """Have it for the calling thread, but not for those that it starts. False where the system does not grant it.

    It takes CAP_SYS_NICE, or a RLIMIT_RTPRIO of 1 at least (sched(7)).
    """
    try:
        os.sched_setscheduler(0, _ROUND_ROBIN, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))
    except OSError:
        return False
    return True


def is_granted() -> bool:
    """Whether `ask` would be granted it, found out without having it."""
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()
    thread.join()
    return answers == [True]
