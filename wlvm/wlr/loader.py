"""The system's libraries first, and the proof of it.

The wheels of pywayland and pywlroots each carry their own libwayland-server, of different versions, and pywlroots carries its own
libxkbcommon and GPU libraries. Two copies that work on one `wl_display` crash at the first timer, two that work on one keymap crash
at the first key, and the wheel's libgbm looks for drivers where the wheel was built. The dynamic linker searches the global scope
before an object's own dependencies, so `load()` puts the system's copies there before anything else is imported; `prove()` then reads
where every symbol of the bindings really leads, and refuses a process in which two copies are at work.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from wlvm.wlr import link_map


class LoaderError(Exception):
    """This process cannot have one copy of each library. The message says which, and what to install or to import first."""


class SystemLibrary(Struct, frozen=True):
    """A library that wlvm wants from the system instead of from a wheel.

    `package` is Debian's (and Ubuntu's) name for what provides `soname`. Where it is not `required`, `lost` says what does not
    work without it.
    """

    soname: str
    package: str
    required: bool
    lost: str


class BoundLibrary(Struct, frozen=True):
    """A library as this process has it.

    `path` is the system's copy, or None where the system has none. `wheel_copies` are the bindings' copies that are mapped beside
    it; `prove()` holds that nothing is bound to them unless `path` is None.
    """

    library: SystemLibrary
    path: Path | None
    wheel_copies: tuple[Path, ...]


class LoadedLibraries(Struct, frozen=True):
    """What `load()` put into the global scope: the path of each library by soname, and those the system does not have."""

    paths: Mapping[str, Path]
    missing: tuple[SystemLibrary, ...]


#: In the order of loading: what the later ones depend on comes first.
SYSTEM_LIBRARIES: Sequence[SystemLibrary] = (
    SystemLibrary("libwayland-server.so.0", "libwayland-server0", True, "everything"),
    SystemLibrary("libwayland-client.so.0", "libwayland-client0", True, "everything"),
    SystemLibrary("libxkbcommon.so.0", "libxkbcommon0", True, "keyboards"),
    SystemLibrary("libdrm.so.2", "libdrm2", False, "GPU rendering and dma-bufs"),
    SystemLibrary("libgbm.so.1", "libgbm1", False, "GPU rendering and dma-bufs"),
    SystemLibrary("libEGL.so.1", "libegl1", False, "GPU rendering"),
    SystemLibrary("libGLESv2.so.2", "libgles2", False, "GPU rendering"),
    SystemLibrary("libpixman-1.so.0", "libpixman-1-0", True, "software rendering"),
    SystemLibrary("libudev.so.1", "libudev1", False, "finding screens and input devices in a host session"),
    SystemLibrary(
        "libinput.so.10", "libinput10", False, "the system's quirks for input devices in a host session"
    ),
    SystemLibrary("libseat.so.1", "libseat1", False, "the system's way to open devices in a host session"),
)

_BINDINGS = ("pywayland", "xkbcommon", "wlroots")
_FILE_NAME = re.compile(r"(?P<stem>lib.+?)(?:-[0-9a-f]{8})?\.so(?:\.[\d.]+)?")

_loaded: LoadedLibraries | None = None


def load() -> LoadedLibraries:
    """Put the system's libraries where the bindings will find them. Call it before the first import of a binding.

    A second call returns what the first did. Raises LoaderError when a binding was imported already, or when a required library is
    not installed; a missing optional one is in the result's `missing`.
    """
    global _loaded
    if _loaded is None:
        _refuse_early_imports()
        _loaded = _load(SYSTEM_LIBRARIES)
    return _loaded


def prove() -> None:
    """Check that the bindings, and wlroots behind them, use one copy of each library: the system's where `load()` found one.

    Call it after the imports; it takes some 30 ms. Raises LoaderError otherwise.
    """
    if _loaded is None:
        raise LoaderError("nothing to prove: load() was not called")
    absent = [name for name in _BINDINGS if f"{name}._ffi" not in sys.modules]
    if absent:
        raise LoaderError(f"nothing to prove before {' and '.join(absent)} {_are(absent)} imported")
    providers = _providers_by_stem()
    for library in SYSTEM_LIBRARIES:
        found = providers[_stem(library.soname)]
        expected = _loaded.paths.get(library.soname)
        strays = {path: user for path, user in found.items() if path != expected}
        if expected is not None and strays:
            raise LoaderError(
                f"{library.soname} is loaded from {expected}, yet {_uses(strays)}. The installed {library.package} is too old for "
                "the bindings, or another program's library was loaded into this process: update the package, unset LD_PRELOAD"
            )
        if len(found) > 1:
            raise LoaderError(
                f"two copies of {library.soname} are at work: {_uses(found)}. Install the system's: {_apt(library)}"
            )
        if library.required and not found:
            raise LoaderError(
                f"no binding uses {library.soname}: these are not the wheels that wlvm was made for"
            )


def libraries() -> tuple[BoundLibrary, ...]:
    """Each library of SYSTEM_LIBRARIES as this process has it, in that order. Calls `load()`."""
    paths = load().paths
    mapped = [Path(entry.path).resolve() for entry in link_map.loaded_objects() if entry.path]
    return tuple(_bound(library, paths.get(library.soname), mapped) for library in SYSTEM_LIBRARIES)


def _refuse_early_imports() -> None:
    early = [name for name in _BINDINGS if name in sys.modules]
    if early:
        raise LoaderError(
            f"{' and '.join(early)} {_are(early)} imported already and bound to a library of {'their' if early[1:] else 'its'} own: "
            "import wlvm.wlr.loader and call load() before"
        )


def _load(wanted: Sequence[SystemLibrary]) -> LoadedLibraries:
    paths: dict[str, Path] = {}
    missing: list[SystemLibrary] = []
    for library in wanted:
        try:
            opened = ctypes.CDLL(library.soname, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            missing.append(library)
        else:
            paths[library.soname] = Path(link_map.object_of(opened).path).resolve()
    needed = [library for library in missing if library.required]
    if needed:
        names = " and ".join(library.soname for library in needed)
        raise LoaderError(f"{names} {_are(needed)} not installed: {_apt(*needed)}")
    return LoadedLibraries(paths, tuple(missing))


def _providers_by_stem() -> defaultdict[str, dict[Path, str]]:
    """For each library the bindings use, by stem: the copies that provide symbols, each with one use as an example."""
    providers: defaultdict[str, dict[Path, str]] = defaultdict(dict)
    for user in _users():
        name = "/".join(Path(user.path).parts[-2:])
        examples = {binding.provider: binding.symbol for binding in link_map.bindings(user)}
        for provider, symbol in examples.items():
            path = Path(provider).resolve()
            providers[_stem(path.name)].setdefault(path, f"{name} takes {symbol} from {path}")
    return providers


def _users() -> Iterator[link_map.LoadedObject]:
    """The bindings' extension modules, and wlroots: those whose calls must all go to the same copies."""
    modules = {str(sys.modules[f"{name}._ffi"].__file__) for name in _BINDINGS}
    for entry in link_map.loaded_objects():
        if entry.path in modules or _stem(Path(entry.path).name) == "libwlroots":
            yield entry


def _bound(library: SystemLibrary, path: Path | None, mapped: Sequence[Path]) -> BoundLibrary:
    copies = tuple(other for other in mapped if other != path and _stem(other.name) == _stem(library.soname))
    return BoundLibrary(library, path, copies)


def _stem(file_name: str) -> str:
    """`libgbm` for `libgbm.so.1` as for a wheel's `libgbm-d69d73a7.so.1.0.0`; other names as they are."""
    match = _FILE_NAME.fullmatch(file_name)
    return match["stem"] if match else file_name


def _uses(found: Mapping[Path, str]) -> str:
    return ", and ".join(found.values())


def _apt(*wanted: SystemLibrary) -> str:
    return "apt-get install " + " ".join(library.package for library in wanted)


def _are(things: Sequence[object]) -> str:
    return "are" if len(things) > 1 else "is"
