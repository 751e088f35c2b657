"""What wlvm draws around and between views: measures and colours, the same for all of them."""

from __future__ import annotations

from msgspec import Struct

from wlvm.color import WHITE, Rgb

#: Of host programs' borders and titles. No guest may have a grey (`wlvm.color.Rgb.grey`).
HOST = Rgb(0x4A, 0x50, 0x5A)

BACKGROUND = Rgb(0x23, 0x27, 0x2E)


class Style(Struct, frozen=True):
    """Sizes are in logical pixels."""

    border: int = 3
    """How wide the border around a view is."""
    titles: bool = True
    """Whether views have a title above them."""
    font_size: int = 13
    focus: Rgb = WHITE
    """Of the ring that marks the view with the keyboard."""
    background: Rgb = BACKGROUND
    """What is seen where no view is."""

    @property
    def line(self) -> int:
        """The height of a title, or a strip of tabs: a line of text with a little air."""
        return round(self.font_size * 1.85)

    @property
    def title(self) -> int:
        """The height of a view's title; 0 without titles."""
        return self.line if self.titles else 0


class Look(Struct, frozen=True):
    """What is drawn around one view."""

    label: str = ""
    """What the person has called the guest; nothing for a host program."""
    title: str = ""
    """What the view calls itself: anything."""
    note: str = ""
    """What wlvm has to say of it, at the other end of the title."""
    color: Rgb = HOST
    focused: bool = False
