"""[[output]]: which outputs there are, and how they are used."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from wlvm.config_reader import Key, Table
from wlvm.framebuffer import MAX_SIDE, TRANSFORMS, Transform

#: A place, in logical pixels.
Coordinate = Annotated[int, Meta(ge=-32768, le=32767)]
POSITION = "[x, y], whole numbers from -32768 to 32767"

#: A name that is shown as it is, in one line.
Line = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\Z", max_length=64)]

_TRANSFORM = f"one of {', '.join(TRANSFORMS)}"


class Mode(Struct, frozen=True):
    """An output's mode: physical pixels, and the refresh rate in millihertz, 0 for the backend's choice."""

    width: int
    height: int
    refresh: int = 0

    EXPECTED: ClassVar[str] = f'"WIDTHxHEIGHT" or "WIDTHxHEIGHT@HZ", each side 1 to {MAX_SIDE}, HZ 1 to 1000'

    @classmethod
    def parse(cls, text: str) -> Mode:
        """A mode as a person writes it, for example "1280x800@60" or "1920x1080@59.94". ValueError says what was expected."""
        match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})(?:@([0-9]{1,4}(?:\.[0-9]{1,3})?))?", text)
        if match is not None:
            width, height = int(match[1]), int(match[2])
            hertz = float(match[3]) if match[3] else 0
            in_range = (
                1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and (1 <= hertz <= 1000 or not match[3])
            )
            if in_range:
                return cls(width, height, round(hertz * 1000))
        raise ValueError(f"expected {cls.EXPECTED}")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f"@{self.refresh / 1000:g}" if self.refresh else "")


class OutputConfig(Table, frozen=True, kw_only=True):
    """One output."""

    name: Annotated[
        Line | None,
        Key(
            "a name of 1 to 64 printable characters",
            "Which output the table is for: a connector, such as `DP-1`, on DRM; `HEADLESS-1`, `WL-1` or `X11-1` on other backends. "
            "There, a table without a name is for the output of the table's number.",
        ),
    ] = None
    mode: Annotated[
        Mode | None,
        Key(
            Mode.EXPECTED,
            "Size in physical pixels and refresh rate in hertz. Without it, the output's preferred mode.",
        ),
    ] = None
    scale: Annotated[
        Annotated[float, Meta(ge=0.25, le=8)],
        Key("a number from 0.25 to 8", "Physical pixels per logical pixel."),
    ] = 1.0
    transform: Annotated[
        Transform,
        Key(
            _TRANSFORM,
            "How the picture is turned for a screen that stands on its side or upside down: so many degrees counter-clockwise, "
            "for `flipped` after mirroring left and right.",
        ),
    ] = "normal"
    position: Annotated[
        tuple[Coordinate, Coordinate] | None,
        Key(
            POSITION,
            "Where the output's top left corner is, in logical pixels. Without it, right of the others.",
        ),
    ] = None
    enabled: Annotated[
        bool,
        Key(
            "true or false",
            "Whether the output is used. One that is not stays dark, as if it were unplugged.",
        ),
    ] = True
