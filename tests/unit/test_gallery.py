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


def test_every_guest_has_run_on_both_qemus() -> None:
    rows = rows_of(PAGE.read_text())
    guests = {(row.guest, row.display) for row in rows}
    versions = {row.QEMU for row in rows}
    assert len(versions) == 2
    assert {(row.guest, row.display, row.QEMU) for row in rows} == {
        (*guest, version) for guest in guests for version in versions
    }
