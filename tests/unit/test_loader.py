"""One copy of each library, proven; each case in a process of its own, because what is loaded stays loaded."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wlvm.wlr import abi, link_map, loader

IMPORT_ALL = "import pywayland.server, xkbcommon.xkb, wlroots\n"


def run(script: str) -> str:
    """The standard output of a new Python that runs `script`."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return done.stdout


def refusal(script: str) -> str:
    """The message of the LoaderError that ends `script`."""
    return run(
        "from wlvm.wlr import loader\n"
        "from wlvm.wlr.loader import SystemLibrary\n"
        "try:\n" + textwrap.indent(textwrap.dedent(script), "    ") + "\n"
        "except loader.LoaderError as error:\n"
        "    print(error)\n"
        "else:\n"
        "    raise SystemExit('not refused')\n"
    )


def test_after_load_the_proof_holds() -> None:
    run("from wlvm.wlr import loader; loader.load()\n" + IMPORT_ALL + "loader.prove()")


def test_load_may_be_repeated_after_the_imports() -> None:
    assert "True" in run(
        "from wlvm.wlr import loader; first = loader.load()\n"
        + IMPORT_ALL
        + "print(loader.load() is first); loader.prove(); loader.prove()"
    )


def test_a_timer_on_the_backends_loop_and_a_keymap_survive() -> None:
    """The two calls that crash when two copies of libwayland-server or of libxkbcommon are at work."""
    script = """
        import os, tempfile
        os.environ.update(WLR_BACKENDS="headless", WLR_RENDERER="pixman", XDG_RUNTIME_DIR=tempfile.mkdtemp())
        from wlvm.wlr import loader
        loader.load()
        from pywayland.server import Display
        from wlroots.backend import Backend
        from wlroots.wlr_types import Seat
        from xkbcommon import xkb
        loader.prove()
        display = Display()
        backend = Backend(display)
        loop = display.get_event_loop()
        loop.add_timer(lambda data: display.terminate(), None).timer_update(1)
        display.run()
        assert xkb.Context().keymap_new_from_names().get_as_string()
        print("alive", flush=True)
        os._exit(0)
    """
    assert run(script) == "alive\n"


def test_the_systems_copies_are_the_ones_in_the_memory_map() -> None:
    """The kernel's record agrees with the linker's, which `libraries()` tells."""
    script = """
        from wlvm.wlr import loader
        mapped = lambda: {line.split(maxsplit=5)[-1].strip() for line in open("/proc/self/maps") if "/" in line}
        before = mapped()
        for bound in loader.libraries():
            if bound.path is not None:
                assert str(bound.path) in mapped(), bound
                assert bound.wheel_copies == (), bound
        print("site-packages" in "".join(mapped() - before))
    """
    assert run(script) == "False\n"


def test_the_wheels_idle_copies_are_listed() -> None:
    out = run(
        "from wlvm.wlr import loader; loader.load()\n"
        + IMPORT_ALL
        + "print(*loader.libraries()[0].wheel_copies, sep='\\n')"
    )
    assert ".libs/libwayland-server-" in out


def test_a_binding_imported_earlier_is_refused() -> None:
    message = refusal("import pywayland\nloader.load()")
    assert message.startswith("pywayland is imported already")
    assert "import wlvm.wlr.loader and call load() before" in message


def test_a_missing_required_library_is_named_with_its_package() -> None:
    message = refusal(
        "loader.SYSTEM_LIBRARIES = (SystemLibrary('libnonesuch.so.9', 'libnonesuch9', True, 'all'),)\n"
        "loader.load()"
    )
    assert message == "libnonesuch.so.9 is not installed: apt-get install libnonesuch9\n"


def test_a_missing_optional_library_is_reported_and_the_rest_goes_on() -> None:
    out = run(
        "from wlvm.wlr import loader\n"
        "extra = loader.SystemLibrary('libnonesuch.so.9', 'libnonesuch9', False, 'nothing')\n"
        "loader.SYSTEM_LIBRARIES = (*loader.SYSTEM_LIBRARIES, extra)\n"
        "loaded = loader.load()\n" + IMPORT_ALL + "loader.prove()\n"
        "print([library.soname for library in loaded.missing], loader.libraries()[-1].path)"
    )
    assert out == "['libnonesuch.so.9'] None\n"


def test_two_copies_at_work_are_refused() -> None:
    """What happens without the system's libraries: each wheel brings its own, and the proof sees it."""
    message = refusal(
        "everything, loader.SYSTEM_LIBRARIES = loader.SYSTEM_LIBRARIES, ()\n"
        "loader.load()\n" + IMPORT_ALL + "loader.SYSTEM_LIBRARIES = everything\n"
        "loader.prove()"
    )
    assert message.startswith(
        "two copies of libwayland-server.so.0 are at work: pywayland/_ffi.abi3.so takes wl_"
    )
    assert "apt-get install libwayland-server0" in message


def test_a_symbol_taken_from_a_wheels_copy_is_refused_although_the_systems_is_loaded() -> None:
    """An LD_PRELOAD, or a system library too old to have a symbol, lets the wheel's copy in beside the system's."""
    message = refusal(
        "import ctypes, glob, importlib.util, pathlib\n"
        "site = pathlib.Path(importlib.util.find_spec('wlroots').origin).parent.parent\n"
        "[stray] = site.glob('pywlroots.libs/libxkbcommon-*')\n"
        "ctypes.CDLL(str(stray), ctypes.RTLD_GLOBAL)\n"
        "loader.load()\n" + IMPORT_ALL + "loader.prove()"
    )
    assert message.startswith("libxkbcommon.so.0 is loaded from /")
    assert "takes xkb_" in message


def test_nothing_is_proven_before_load_or_before_the_imports() -> None:
    assert refusal("loader.prove()") == "nothing to prove: load() was not called\n"
    assert refusal("loader.load()\nloader.prove()").startswith(
        "nothing to prove before pywayland and xkbcommon"
    )


@pytest.mark.parametrize(
    ("call", "soname"),
    [
        ("wl_event_loop_add_timer", "libwayland-server.so.0"),
        ("xkb_state_key_get_one_sym", "libxkbcommon.so.0"),
        ("pixman_region32_fini", "libpixman-1.so.0"),
    ],
)
def test_calls_of_our_own_lead_to_the_systems_copies_too(call: str, soname: str) -> None:
    pointer = int(abi.ffi.cast("uintptr_t", getattr(abi.c, call)))
    provider = link_map.provider_of(pointer)
    assert provider is not None
    assert Path(provider).samefile(loader.load().paths[soname])
