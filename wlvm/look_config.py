"""The configuration's `[look]`: what wlvm draws itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from wlvm.color import Rgb
from wlvm.config_reader import Key, Table
from wlvm.desktop.style import Style

Color = Annotated[str, Meta(pattern=r"\A#[0-9A-Fa-f]{6}\Z")]

EXPECTED_COLOR = 'a colour "#rrggbb"'


class LookConfig(Table, frozen=True, kw_only=True):
    """What is drawn around views, and where there is none."""

    background: Annotated[Color, Key(EXPECTED_COLOR, "Of the outputs where no view and no wallpaper is.")] = (
        "#23272e"
    )
    border: Annotated[
        Annotated[int, Meta(ge=0, le=64)],
        Key(
            "a whole number from 0 to 64",
            "The width of the border around a view, in logical pixels. From 2 on it also shows which view has the keyboard.",
        ),
    ] = 3
    titles: Annotated[
        bool, Key("true or false", "Whether views have titles above them. Tabs have theirs always.")
    ] = True
    font_size: Annotated[
        Annotated[int, Meta(ge=6, le=72)],
        Key(
            "a whole number from 6 to 72",
            "The size of the text in titles, tabs and messages, in logical pixels.",
        ),
    ] = 13
    focus: Annotated[Color, Key(EXPECTED_COLOR, "Of the ring around the view that has the keyboard.")] = (
        "#ffffff"
    )

    @property
    def style(self) -> Style:
        """As the desktop has it."""
        return Style(
            border=self.border,
            titles=self.titles,
            font_size=self.font_size,
            focus=Rgb.parse(self.focus),
            background=Rgb.parse(self.background),
        )
