"""Documents in docs/ that are made of a template and of what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def fill(template: Path, texts: Mapping[str, str]) -> str:
    """The template, with the text of its name for each `{{name}}`. KeyError for a name that has none."""
    return _PLACE.sub(lambda place: texts[place[1]], template.read_text())


def write(files: Mapping[str, str]) -> None:
    """Each text to its file, named from docs/ on."""
    for name, text in files.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
