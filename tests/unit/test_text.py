"""Text that wlvm draws: what is left of it, what fits, and in which order it is read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wlvm.color import Rgb
from wlvm.text import ELLIPSIS, MAX_LENGTH, REGULAR, Typeface, plain

SIZE = 16
WHITE = Rgb(255, 255, 255)


def drawn(text: str, face: Typeface = REGULAR) -> Image.Image:
    image = Image.new("RGB", (200, 24))
    face.draw(image, (2, 2), text, SIZE, WHITE)
    return image


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\r\nc\td", "a b c d"),
        ("  a \u00a0 b\u2028c ", "a b c"),
        ("\x1b[31mred\x07\x00", "[31mred"),
        ("exe.\u202etxt\u2066.\u200e\u061c", "exe.txt."),
        ("invisible\u200b\ufeff\u00ad\U000e0041", "invisible"),
        ("\ud800half", "half"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("caf\u00e9 \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd", "caf\u00e9 \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd"),
        ("z" + "\u0301" * 50 + "!", "z" + "\u0301" * 4 + "!"),
    ],
)  # fmt: skip
def test_a_line_of_somebody_unknown_keeps_its_letters_and_loses_what_acts(text: str, line: str) -> None:
    assert plain(text) == line


@given(st.text(st.characters(categories=("C", "Z", "M", "L"))))
def test_nothing_in_a_line_acts(text: str) -> None:
    line = plain(text)
    assert len(line) <= MAX_LENGTH
    assert all(unicodedata.category(c)[0] != "C" or c in "\u200c\u200d" for c in line)
    assert all(unicodedata.category(c) not in ("Zl", "Zp") for c in line)


def test_a_title_of_a_million_characters_is_cut() -> None:
    line = plain("x" * 1_000_000)
    assert len(line) == MAX_LENGTH
    assert line.endswith(ELLIPSIS)


def test_a_line_that_fits_is_left_whole() -> None:
    assert REGULAR.cut("hello", SIZE, REGULAR.width("hello", SIZE)) == "hello"


@given(st.text(st.characters(codec="latin-1", categories=("L", "Zs")), max_size=60), st.integers(0, 300))
def test_a_line_that_is_cut_fits(text: str, room: int) -> None:
    line = REGULAR.cut(text, SIZE, room)
    assert REGULAR.width(line, SIZE) <= room
    assert line == text or line == "" or text.startswith(line.removesuffix(ELLIPSIS))


def test_a_mark_stays_with_its_letter() -> None:
    text = "e\u0301" * 20
    for room in range(200):
        line = REGULAR.cut(text, SIZE, room)
        assert line in ("", text) or len(line) % 2 == 1, "pairs, and the ellipsis"


@given(st.text(st.characters(codec="latin-1", categories=("L", "Zs")), max_size=80), st.integers(20, 300))
def test_wrapped_lines_fit_and_lose_nothing(text: str, room: int) -> None:
    lines = REGULAR.wrapped(text, SIZE, room)
    assert all(REGULAR.width(line, SIZE) <= room or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_too_many_lines_end_in_an_ellipsis() -> None:
    lines = REGULAR.wrapped("one two three four five six", SIZE, 60, most=2)
    assert len(lines) == 2
    assert lines[1].endswith(ELLIPSIS)


def test_right_to_left_text_is_drawn_from_the_right() -> None:
    if not REGULAR.bidirectional:
        pytest.skip("Pillow finds no libfribidi: apt-get install libfribidi0")
    alef, bet = "\u05d0", "\u05d1"
    first, word = drawn(alef), drawn(alef + bet)
    width = round(REGULAR.width(bet, SIZE))
    moved = Image.new("RGB", first.size)
    moved.paste(first, (width, 0))
    box = (width + 3, 0, 200, 24)
    assert word.crop(box).tobytes() == moved.crop(box).tobytes()


def test_text_is_drawn_where_there_is_no_fontconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    face = Typeface("sans-serif")
    assert drawn("hello", face).getbbox() is not None
    assert face.cut("hello world", SIZE, 60).endswith(ELLIPSIS)


def test_each_line_has_the_same_height_whatever_is_written() -> None:
    height = REGULAR.line_height(SIZE)
    for text in ("aaa", "\u00c5gjpq|", "\u05e9\u05dc\u05d5\u05dd"):
        box = drawn(text).getbbox()
        assert box is not None
        assert box[1] >= 2
        assert box[3] <= 2 + height
