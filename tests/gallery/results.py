"""What became of each guest: kept between runs, and the table of docs/guests.md.

`python -m tests.gallery.results` writes that page from what the last runs of `make test-guests` have found.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guests.md"
_RESULTS = ROOT / ".cache" / "guests" / "results.json"

#: What the page says beside its table.
_TEXT = Path(__file__).with_name("page.md")
_TABLE = "<!-- table -->\n"


class Row(msgspec.Struct, frozen=True):
    """A guest on one QEMU, as the table has it. The field's names are the table's columns."""

    guest: str
    QEMU: str
    display: str
    path: str
    size: str
    picture: str
    keys: str
    pointer: str
    larger: str
    smaller: str


COLUMNS = Row.__struct_fields__


def _key(row: Row) -> tuple[str, str, str]:
    return row.guest, row.display, row.QEMU


def keep(row: Row) -> None:
    """Have this row in place of an older one of the same guest."""
    rows = {_key(old): old for old in kept()} | {_key(row): row}
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    _RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(list(rows.values()))))


def kept() -> list[Row]:
    return msgspec.json.decode(_RESULTS.read_bytes(), type=list[Row]) if _RESULTS.exists() else []


def page(rows: list[Row]) -> str:
    """The page, whose table has the guests in the order in which its text tells of them."""
    before, after = _TEXT.read_text().split(_TABLE)
    order = {row.guest: before.find(f"**{row.guest}**") for row in rows}
    for guest, place in order.items():
        if place < 0:
            raise KeyError(f"tests/gallery/page.md does not tell of {guest}")
    rows = sorted(
        rows, key=lambda row: (order[row.guest], row.display, [int(part) for part in row.QEMU.split(".")])
    )
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(msgspec.structs.astuple(row) for row in rows)]
    return before + "".join(f"| {' | '.join(line)} |\n" for line in lines) + after


def rows_of(text: str) -> list[Row]:
    """The rows of a page; AssertionError where it is none of `page`'s."""
    lines = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert lines[0] == list(COLUMNS)
    return [Row(*line) for line in lines[2:]]


if __name__ == "__main__":
    PAGE.write_text(page(kept()))
