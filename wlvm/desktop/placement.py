"""Where outputs are when nobody moves them: the configuration's places first, the others side by side."""

from __future__ import annotations

from collections.abc import Mapping


def side_by_side(
    outputs: Mapping[str, tuple[tuple[int, int] | None, tuple[int, int]]],
) -> dict[str, tuple[int, int]]:
    """The top left corner of each output, from the position somebody chose for it (None: nobody) and its logical size.

    The others follow in their order, right of what was chosen, with their tops in line.
    """
    chosen = [(at, size) for at, size in outputs.values() if at is not None]
    right = max((x + width for (x, _), (width, _) in chosen), default=0)
    top = min((y for (_, y), _ in chosen), default=0)
    places = {}
    for name, (at, (width, _)) in outputs.items():
        places[name] = at or (right, top)
        if at is None:
            right += width
    return places
