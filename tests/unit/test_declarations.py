"""What C has is declared in one place, and parsed before wlvm starts."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_module_is_made_of_the_header() -> None:
    generator = runpy.run_path(str(ROOT / "scripts" / "generate-declarations"))
    told = (ROOT / "wlvm" / "wlr" / "declarations.py").read_text()
    assert generator["generated"]() == told, "scripts/generate-declarations"
