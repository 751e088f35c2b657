"""A Linux guest, launched by wlvm, whose console's pages are on the screen: what it writes, and what becomes of its memory."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path

from tests.wlvm_process import Wlvm, eventually
from tests.workstation.hardware import render_node
from tests.workstation.linux_guest import Lines, command
from tests.workstation.test_dmabuf import READ_BY_CPU, inodes_of

WIDTH, HEIGHT = 640, 480

#: How long it may boot, in seconds: a machine in a machine, both without hardware virtualization.
BOOT = 400.0


def test_a_linux_console_is_shown_where_it_lies_and_survives_a_balloon(qemu: str, runtime_dir: Path) -> None:
    config = f"[guest.linux]\nlaunch = {json.dumps(command(qemu, runtime_dir, WIDTH, HEIGHT))}\n"
    config += f'render_node = "{render_node("virtio-pci")}"\nresize = false\n'
    with Wlvm(runtime_dir, config=config, WLR_RENDERER="pixman") as wlvm:
        eventually("QEMU runs", lambda: all((runtime_dir / name).exists() for name in ("serial", "own")))
        with closing(Lines(runtime_dir / "serial")) as guest, closing(Lines(runtime_dir / "own")) as monitor:
            guest.hear("ready", BOOT)
            eventually("its pages are shown", lambda: wlvm.console("linux").path == READ_BY_CPU)
            copied = wlvm.console("linux").copied_bytes

            def shows_what_the_guest_has() -> bool:
                guest.say(f"checksum {WIDTH * HEIGHT * 4}")
                told = guest.hear("  -").split()[0]
                return hashlib.md5(wlvm.pixels("linux").tobytes()).hexdigest() == told

            def says(text: str) -> None:
                before = wlvm.pixels("linux").tobytes()
                guest.say(f"say {text}")
                guest.hear("said")
                eventually("it is on the screen", lambda: wlvm.pixels("linux").tobytes() != before)
                eventually("nothing else is", shows_what_the_guest_has)

            assert wlvm.guest("linux").consoles[0].width == WIDTH
            says("a line")
            assert wlvm.console("linux").copied_bytes == copied

            monitor.say('{"execute": "qmp_capabilities"}')
            monitor.hear("return")
            monitor.say(json.dumps({"execute": "balloon", "arguments": {"value": 160 << 20}}))

            def inflated() -> bool:
                monitor.say('{"execute": "query-balloon"}')
                actual: int = json.loads(monitor.hear('"actual"')).get("return", {}).get("actual", 256 << 20)
                return actual <= 161 << 20

            eventually("the balloon is full", inflated)
            says("another line")
            assert (wlvm.console("linux").path, wlvm.console("linux").copied_bytes) == (READ_BY_CPU, copied)

            # What it frees may be anything now, but is there: QEMU does not tell, without a GPU, that nothing is scanned out.
            guest.say("unbind")
            guest.hear("unbound")
            assert wlvm.pixels("linux").shape == (HEIGHT, WIDTH)
            assert wlvm.guest("linux").state == "running"
            wlvm.control.detach("linux")
            eventually("nothing is left of it", lambda: not inodes_of(wlvm))
