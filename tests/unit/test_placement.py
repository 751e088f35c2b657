"""Where outputs are."""

from __future__ import annotations

from wlvm.desktop.placement import side_by_side


def test_outputs_stand_in_their_order() -> None:
    places = side_by_side({"HEADLESS-1": (None, (800, 600)), "HEADLESS-2": (None, (1024, 768))})
    assert places == {"HEADLESS-1": (0, 0), "HEADLESS-2": (800, 0)}


def test_outputs_that_nobody_placed_stand_right_of_those_that_somebody_did() -> None:
    size = (100, 50)
    places = side_by_side(
        {"a": (None, size), "b": ((-300, 40), size), "c": (None, size), "d": ((0, 90), size)}
    )
    assert places == {"a": (100, 40), "b": (-300, 40), "c": (200, 40), "d": (0, 90)}
