"""What QEMU says in words, made fit for a person's eyes: a log, a terminal, a card on the screen."""

from __future__ import annotations

from typing import Final

#: How much is kept of each text that QEMU says, in characters.
MAX_TEXT: Final = 200


def readable(text: str) -> str:
    """`text` as one line of at most MAX_TEXT characters.

    A guest's QEMU chooses it: unprinted characters would become commands to the terminal, and every character takes time to draw.
    """
    line = " ".join(text[: 2 * MAX_TEXT].split())
    return "".join(character if character.isprintable() else "?" for character in line)[:MAX_TEXT]
