"""Text for people's eyes: cleaned of what only pretends, cut to its room, and drawn with the system's fonts.

Pillow draws it (FreeType; raqm and HarfBuzz for text that runs right to left or combines, where libfribidi is installed). Sizes are in
the pixels of the image that is drawn into.
"""

from __future__ import annotations

import subprocess
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property, lru_cache

from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont, features

from wlvm.color import Rgb

#: What stands for the rest of a text that was cut.
ELLIPSIS = "\u2026"

#: A line that somebody else has written is looked at no further: shaping takes time.
MAX_LENGTH = 256

#: Marks on one character that are drawn; real scripts have fewer, and more would only paint over the lines above and below.
_MAX_MARKS = 4

#: Format characters that change how letters are joined, and nothing else: Persian and Indic scripts need them.
_JOINERS = "\u200c\u200d"

#: Seconds that fontconfig may take; it needs a hundredth of one.
_PATIENCE = 5

Font = ImageFont.FreeTypeFont


def plain(text: str) -> str:
    """One line of what somebody unknown has written, with nothing in it that acts: no control character, line break or change of direction.

    Right-to-left letters stay what they are. At most MAX_LENGTH characters.
    """
    kept: list[str] = []
    marks = 0
    for character in text[: 4 * MAX_LENGTH]:
        category = unicodedata.category(character)
        if character in "\t\n\r\v\f" or category[0] == "Z":
            character = " "
        elif category[0] == "C" and character not in _JOINERS:
            continue
        marks = marks + 1 if category[0] == "M" else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    line = " ".join("".join(kept).split())
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + ELLIPSIS


class Typeface:
    """The fonts for one way of writing. Each line is drawn with the first font that has its characters."""

    def __init__(self, pattern: str) -> None:
        """`pattern` is fontconfig's, as in "sans-serif:bold"."""
        self._pattern = pattern
        self._loaded: dict[tuple[int, int], Font] = {}

    def width(self, text: str, size: int) -> float:
        """How wide a line is."""
        return float(self._font_for(text, size).getlength(text))

    @property
    def bidirectional(self) -> bool:
        """Whether text that runs right to left is drawn so, and letters that join are joined: Pillow found libfribidi."""
        return features.check("raqm") is True and bool(self._files)

    def line_height(self, size: int) -> int:
        """The height of a line with all that may stick out of it, whatever is written there."""
        ascent, descent = self._font(0, size).getmetrics()
        return ascent + descent

    def cut(self, text: str, size: int, room: float) -> str:
        """The line, or as much of it as fits into `room`, with an ellipsis; nothing where not even that fits."""
        if self.width(text, size) <= room:
            return text
        most = bisect_right(
            range(len(text)), room, key=lambda end: self.width(text[:end].rstrip() + ELLIPSIS, size)
        )
        return "" if most == 0 else text[: _whole(text, most - 1)].rstrip() + ELLIPSIS

    def wrapped(self, text: str, size: int, room: float, most: int = 64) -> list[str]:
        """The text in at most so many lines no wider than `room`, broken between words where these allow it."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if self.width(longer, size) <= room:
                lines[-1] = longer
                continue
            if lines[-1]:
                lines.append("")
            *whole, last = self._broken(word, size, room)
            lines[-1:] = [*whole, last]
        if len(lines) > most:
            lines[most - 1 :] = [self.cut(" ".join(lines[most - 1 :]), size, room)]
        return lines

    def _broken(self, word: str, size: int, room: float) -> Iterator[str]:
        """A word in pieces that fit, one character each at least."""
        while self.width(word, size) > room and len(word) > 1:
            fits = bisect_right(range(1, len(word)), room, key=lambda end: self.width(word[:end], size))
            end = _whole(word, max(1, fits))
            yield word[:end]
            word = word[end:]
        yield word

    def draw(self, image: Image.Image, at: tuple[float, float], text: str, size: int, color: Rgb) -> None:
        """Draw a line whose top left corner is `at`; it is cut off at the image's edges."""
        ascent, _ = self._font(0, size).getmetrics()
        x, y = at
        ImageDraw.Draw(image).text((x, y + ascent), text, color, self._font_for(text, size), anchor="ls")

    # Which font.

    @cached_property
    def _files(self) -> list[_FontFile]:
        """The system's fonts, the best first; none where there is no fontconfig, or none of its fonts can be used."""
        return [file for file in _ask_fontconfig(self._pattern) if file.usable()]

    def _font_for(self, text: str, size: int) -> Font:
        fewest = (len(text) + 1, 0)
        for index, file in enumerate(self._files):
            fewest = min(fewest, (file.missing(text), index))
            if fewest[0] == 0:
                break
        return self._font(fewest[1], size)

    def _font(self, index: int, size: int) -> Font:
        size = max(1, size)
        if (index, size) not in self._loaded:
            self._loaded[index, size] = self._files[index].load(size) if self._files else _built_in(size)
        return self._loaded[index, size]


class _FontFile(Struct, frozen=True):
    path: str
    index: int
    #: First characters of ranges, and the last ones, in order.
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def load(self, size: int) -> Font:
        return ImageFont.truetype(self.path, size, self.index)

    def usable(self) -> bool:
        """Whether FreeType can draw with it in any size: a bitmap font has its own."""
        try:
            self.load(16)
        except OSError:
            return False
        return True

    def missing(self, text: str) -> int:
        """How many of the text's characters the font does not have."""
        return sum(not self._has(ord(character)) for character in text)

    def _has(self, code: int) -> bool:
        place = bisect_right(self.starts, code) - 1
        return place >= 0 and code <= self.ends[place]


def _ask_fontconfig(pattern: str) -> list[_FontFile]:
    command = ["fc-match", "--sort", "--format", "%{file}\t%{index}\t%{charset}\n", pattern]
    try:
        told = subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [_font_file(line) for line in told.stdout.decode(errors="surrogateescape").splitlines()]


def _font_file(line: str) -> _FontFile:
    path, index, charset = line.split("\t")
    ranges = [part.partition("-") for part in charset.split()]
    starts = tuple(int(first, 16) for first, _, _ in ranges)
    ends = tuple(int(last or first, 16) for first, _, last in ranges)
    # The upper half of fontconfig's index is the instance of a variable font.
    return _FontFile(path, int(index) & 0xFFFF, starts, ends)


@lru_cache(maxsize=32)
def _built_in(size: int) -> Font:
    """Pillow's own font, which has Latin letters."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels bring FreeType"
    return font


def _whole(text: str, end: int) -> int:
    """`end`, or the end before it that leaves no character without the marks that belong to it."""
    while 0 < end < len(text) and (unicodedata.category(text[end])[0] == "M" or text[end] in _JOINERS):
        end -= 1
    return end


REGULAR = Typeface("sans-serif")
BOLD = Typeface("sans-serif:bold")
