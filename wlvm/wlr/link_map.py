"""What the dynamic linker did in this process: which objects are loaded, and where each of their symbols leads.

The answers come from the linker's own records (`struct link_map`, glibc's <link.h>) and from the relocated slots in memory, not
from a search that might end elsewhere: `dlsym` on a module looks into that module's dependencies, while its calls were bound
through the global scope first. Structures are the ELF-64 ones, relocations x86-64's, which is what the bindings' wheels are.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from msgspec import Struct

_RTLD_DI_LINKMAP = 2
_DT_NULL, _DT_PLTRELSZ, _DT_STRTAB, _DT_SYMTAB, _DT_RELA, _DT_RELASZ, _DT_JMPREL = 0, 2, 5, 6, 7, 8, 23
_R_X86_64_64, _R_X86_64_GLOB_DAT, _R_X86_64_JUMP_SLOT = 1, 6, 7
_SYMBOL_RELOCATIONS = frozenset({_R_X86_64_64, _R_X86_64_GLOB_DAT, _R_X86_64_JUMP_SLOT})
_RELA_BYTES = _SYMBOL_BYTES = 24


class _LinkMap(ctypes.Structure):
    """The public head of glibc's struct link_map."""


_LinkMap._fields_ = [
    ("l_addr", ctypes.c_size_t),
    ("l_name", ctypes.c_char_p),
    ("l_ld", ctypes.c_void_p),
    ("l_next", ctypes.POINTER(_LinkMap)),
    ("l_prev", ctypes.POINTER(_LinkMap)),
]


class _DlInfo(ctypes.Structure):
    _fields_ = [
        ("dli_fname", ctypes.c_char_p),
        ("dli_fbase", ctypes.c_void_p),
        ("dli_sname", ctypes.c_char_p),
        ("dli_saddr", ctypes.c_void_p),
    ]


_process = ctypes.CDLL(None)
_process.dlinfo.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
_process.dladdr.argtypes = [ctypes.c_void_p, ctypes.POINTER(_DlInfo)]


class LoadedObject(Struct, frozen=True):
    """One object the linker has mapped: the path it was found under, where it lies, and where its dynamic section is."""

    path: str
    base: int
    dynamic: int


class Binding(Struct, frozen=True):
    """One symbol that an object uses, and the path of the object that provides it in this process."""

    symbol: str
    provider: str


def object_of(library: ctypes.CDLL) -> LoadedObject:
    """The loaded object behind an open library."""
    return _loaded_object(_link_map(library).contents)


def loaded_objects() -> Iterator[LoadedObject]:
    """Every object of the process, in load order. The program itself has an empty path."""
    entry = _link_map(_process)
    while entry:
        yield _loaded_object(entry.contents)
        entry = entry.contents.l_next


def bindings(loaded: LoadedObject) -> Iterator[Binding]:
    """Every bound symbol that `loaded` takes from an object, itself included.

    Slots the linker has not resolved yet (lazy binding) lead into `loaded` itself; CPython loads extension modules with
    RTLD_NOW, and what they bring along is bound at once as well.
    """
    sections = dict(_dynamic_section(loaded))
    symbols = _relocated(loaded, sections[_DT_SYMTAB])
    names = _relocated(loaded, sections[_DT_STRTAB])
    for table, size in ((_DT_RELA, _DT_RELASZ), (_DT_JMPREL, _DT_PLTRELSZ)):
        if table not in sections:
            continue
        start = _relocated(loaded, sections[table])
        for entry in range(start, start + sections[size], _RELA_BYTES):
            offset, info = (ctypes.c_uint64 * 2).from_address(entry)
            index, kind = info >> 32, info & 0xFFFF_FFFF
            if index == 0 or kind not in _SYMBOL_RELOCATIONS:
                continue
            provider = provider_of(ctypes.c_uint64.from_address(loaded.base + offset).value)
            if provider is not None:
                name = ctypes.c_uint32.from_address(symbols + index * _SYMBOL_BYTES).value
                yield Binding(ctypes.string_at(names + name).decode(), provider)


def provider_of(address: int) -> str | None:
    """The path of the object that `address` lies in; None for an unbound weak symbol."""
    found = _DlInfo()
    if address == 0 or _process.dladdr(address, found) == 0:
        return None
    return str(found.dli_fname.decode())


def _link_map(library: ctypes.CDLL) -> ctypes._Pointer[_LinkMap]:
    entry = ctypes.POINTER(_LinkMap)()
    if _process.dlinfo(library._handle, _RTLD_DI_LINKMAP, ctypes.byref(entry)) != 0:
        raise OSError(f"the dynamic linker knows nothing of {library._name}")
    return entry


def _loaded_object(entry: _LinkMap) -> LoadedObject:
    return LoadedObject((entry.l_name or b"").decode(), entry.l_addr, entry.l_ld)


def _dynamic_section(loaded: LoadedObject) -> Iterator[tuple[int, int]]:
    address = loaded.dynamic
    while True:
        tag, value = (ctypes.c_uint64 * 2).from_address(address)
        if tag == _DT_NULL:
            return
        yield tag, value
        address += 16


def _relocated(loaded: LoadedObject, address: int) -> int:
    """glibc turns the dynamic section's offsets into addresses, except in objects that keep the section read-only."""
    return address if address >= loaded.base else loaded.base + address
