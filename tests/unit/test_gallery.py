"""The table of real guests: docs/guests.md is what its generator writes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.gallery.results import PAGE, page, rows_of

GALLERY = Path(__file__).parents[1] / "gallery"


def test_the_page_has_its_generators_shape() -> None:
    text = PAGE.read_text()
    assert page(rows_of(text)) == text, "make test-guests docs-guests"


def test_every_guest_of_the_gallery_is_in_the_table() -> None:
    told = re.findall(r"\*\*(.+)\*\*", (GALLERY / "page.md").read_text())
    rows = rows_of(PAGE.read_text())
    assert [row.guest for row in rows] == sorted((row.guest for row in rows), key=told.index)
    assert {row.guest for row in rows} == set(told)
