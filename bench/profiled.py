"""`python -m bench.profiled [main|display] [virtio-gpu|std-vga] [OPTIONS]`: where a thread's time goes while a guest draws, by cProfile.

cProfile counts each call's own cost several times over: read the proportions, and time what was changed with `python -m bench updates`.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Callable
from typing import Any

from bench.machine import qemus, sharing_qemu
from bench.running import Steps, configuration, play, shown
from guests.testcard.launch import TestCard
from wlvm.desktop.output import Output
from wlvm.qemu.display import DisplayThread
from wlvm.qemu.peer import Peer
from wlvm.server import Server

_SECONDS = 8.0

#: The methods in which each thread deals with a guest's updates.
_THREADS: dict[str, list[tuple[Any, str]]] = {
    "main": [(DisplayThread, "dispatch"), (Output, "_frame")],
    "display": [(Peer, "ready")],
}


def main() -> None:
    """Profile, and print the functions by their own time."""
    given = sys.argv[1:]
    thread, device, options = (*given, *("main", "virtio-gpu", "damage=full rate=30")[len(given) :])
    profile = cProfile.Profile()
    for owner, name in _THREADS[thread]:
        setattr(owner, name, _profiled(getattr(owner, name), profile))

    def scenario(server: Server) -> Steps:
        yield from shown(server)
        yield _SECONDS

    qemu = sharing_qemu() or qemus()[0]
    with TestCard(qemu=qemu, device=device, options=f"mode=1280x800 {options}") as card:
        play(configuration([card.qmp_path]), scenario)
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def _profiled(call: Callable[..., Any], profile: cProfile.Profile) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        profile.enable()
        try:
            return call(*arguments)
        finally:
            profile.disable()

    return run


if __name__ == "__main__":
    main()
