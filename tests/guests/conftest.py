"""A test card that the quick tests of input share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guests.testcard.launch import TestCard


@pytest.fixture(scope="module")
def shared_card(qemu: str) -> Iterator[TestCard]:
    """A std-vga card in a small mode; each test leaves it with nothing held and no line unread."""
    with TestCard(qemu, options="mode=640x480 damage=patch", display=("-display", "none")) as card:
        yield card
