"""Patterns of names, as the configuration has them."""

from __future__ import annotations

import re


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says, in which `*` stands for any characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
