"""Imports run one way, as docs/architecture.md says."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "wlvm").rglob("*.py"))

C_SIDE = {"_cffi_backend", "cffi", "ctypes", "pywayland", "wlroots", "xkbcommon"}

#: What stands on everything else.
_HOUSE = {"wlvm.server", "wlvm.guest", "wlvm.guest_surface", "wlvm.cli"}

#: What a person has written.
_CONFIGURATION = {
    f"wlvm.{name}config" for name in ("", "desktop_", "guest_", "input_", "look_", "machine_", "output_")
}

#: What the modules below a folder (or one module) must not import, by dotted prefix.
FORBIDDEN = {
    "wlvm.qemu": {*_HOUSE, "wlvm.desktop", "wlvm.wlr", "wlvm.libvirt"},
    "wlvm.libvirt": {*_HOUSE, "wlvm.desktop", "wlvm.wlr"},
    "wlvm.vm": {*_HOUSE, "wlvm.desktop", "wlvm.wlr"},
    "wlvm.desktop": {*_HOUSE, "wlvm.qemu"},
    "wlvm.wlr": {*_HOUSE, "wlvm.qemu", "wlvm.desktop", *_CONFIGURATION},
    "wlvm.linux_dmabuf": {"wlvm.qemu", "wlvm.desktop", "wlvm.wlr", "wlvm.server", "wlvm.guest"},
    "wlvm.shared_memory": {"wlvm.qemu", "wlvm.desktop", "wlvm.wlr", "wlvm.server", "wlvm.guest"},
    "wlvm.framebuffer": {"wlvm.qemu", "wlvm.desktop", "wlvm.wlr", "wlvm.linux_dmabuf", "wlvm.shared_memory"},
    "wlvm.fd": {"wlvm."},
    "wlvm.guest": {"wlvm.desktop", "wlvm.wlr", "wlvm.server", "wlvm.cli"},
    "wlvm.server": {"wlvm.cli"},
}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_below(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix.rstrip(".") + ".")


def imports(path: Path, nodes: Callable[[ast.AST], Iterator[ast.AST]] = ast.walk) -> Iterator[str]:
    """Every module that `path` imports anywhere, in functions and for typing too, as dotted names; or in those `nodes` of it alone."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_only_the_wlr_package_touches_c(path: Path) -> None:
    if not is_below(dotted(path), "wlvm.wlr"):
        assert {name.split(".")[0] for name in imports(path)} & C_SIDE == set()


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_only_the_libvirt_package_needs_libvirt(path: Path) -> None:
    """It is an extra: what is installed without it must not import it, nor what imports it, but inside of the function that needs it."""
    module, top = dotted(path), set(imports(path, ast.iter_child_nodes))
    if not is_below(module, "wlvm.libvirt"):
        assert "libvirt" not in {name.split(".")[0] for name in imports(path)}
        assert not [name for name in top if name.startswith("wlvm.libvirt.")]
    elif module == "wlvm.libvirt":
        assert "libvirt" not in top


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_the_way_the_house_says(path: Path) -> None:
    module = dotted(path)
    for prefix, forbidden in FORBIDDEN.items():
        if is_below(module, prefix):
            wrong = {name for name in imports(path) for other in forbidden if is_below(name, other)}
            assert wrong == set(), f"{module} must not import {wrong}"


def test_relative_imports_are_seen_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule cannot be dodged by writing `from ..wlr import abi`."""
    module = tmp_path / "wlvm" / "qemu" / "sly.py"
    module.parent.mkdir(parents=True)
    module.write_text("from ..wlr import abi\nfrom . import dbus\ndef f():\n    import ctypes.util\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert set(imports(module)) == {"wlvm.wlr.abi", "wlvm.qemu.dbus", "ctypes.util"}
