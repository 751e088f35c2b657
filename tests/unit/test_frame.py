"""Frame: every format gives the colours that were put in."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wlvm.frame import Frame
from wlvm.framebuffer import (
    BYTES_PER_PIXEL,
    RGB565,
    XRGB8888,
    FramebufferError,
    Transform,
    fourcc,
    fourcc_name,
)

#: Red 0x11, green 0x22, blue 0x33 and junk 0xEE as bytes in memory, spelled from drm_fourcc.h: "[31:0] little endian".
IN_MEMORY = {
    "XR24": "332211ee", "AR24": "332211ee", "XB24": "112233ee", "AB24": "112233ee",
    "RX24": "ee332211", "RA24": "ee332211", "BX24": "ee112233", "BA24": "ee112233",
}  # fmt: skip

FORMATS = sorted(set(BYTES_PER_PIXEL) - {RGB565})


def test_every_format_that_guests_show_is_known_here() -> None:
    assert {fourcc(name) for name in IN_MEMORY} | {RGB565} == set(BYTES_PER_PIXEL)


@pytest.mark.parametrize("name", IN_MEMORY)
def test_colours_are_exact_and_alpha_is_ignored(name: str) -> None:
    frame = Frame(1, 1, fourcc(name), bytes.fromhex(IN_MEMORY[name]))
    assert frame.array.tolist() == [[0x112233]]
    assert frame.rgb().tolist() == [[[0x11, 0x22, 0x33]]]


@pytest.mark.parametrize(
    ("word", "colour"),
    [
        (0x0000, 0x000000),
        (0xFFFF, 0xFFFFFF),
        (0xF800, 0xFF0000),
        (0x07E0, 0x00FF00),
        (0x001F, 0x0000FF),
        (0x8410, 0x848284),
    ],
)
def test_16_bits_are_widened_so_that_white_stays_white(word: int, colour: int) -> None:
    assert Frame(1, 1, RGB565, word.to_bytes(2, "little")).array.tolist() == [[colour]]


@given(st.sampled_from(FORMATS), st.integers(1, 5), st.integers(1, 5), st.data())
def test_a_png_has_the_pixels_of_the_frame(format: int, width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(st.binary(min_size=4 * width * height, max_size=4 * width * height))
    frame = Frame(width, height, format, pixels)
    with Image.open(io.BytesIO(frame.png())) as image:
        assert (image.mode, image.size) == ("RGB", (width, height))
        assert np.array_equal(np.asarray(image), frame.rgb())


@given(st.sampled_from(sorted(BYTES_PER_PIXEL)), st.data())
def test_array_and_rgb_say_the_same(format: int, data: st.DataObject) -> None:
    size = 6 * BYTES_PER_PIXEL[format]
    frame = Frame(3, 2, format, data.draw(st.binary(min_size=size, max_size=size)))
    red, green, blue = np.moveaxis(frame.rgb().astype(np.uint32), 2, 0)
    assert np.array_equal(frame.array, red << 16 | green << 8 | blue)


def test_a_png_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Frame(2, 1, XRGB8888, bytes.fromhex("0000ff0000ff0000")).save_png(path)
    with Image.open(path) as image:
        assert list(image.tobytes()) == [255, 0, 0, 0, 255, 0]


def test_flipping_turns_the_rows_around() -> None:
    frame = Frame(1, 3, XRGB8888, b"aaaabbbbcccc")
    assert frame.flipped().pixels == b"ccccbbbbaaaa"
    assert frame.flipped().flipped() == frame


@pytest.mark.parametrize(
    ("transform", "seen"),
    [
        ("normal", ["abc", "def"]),
        ("90", ["da", "eb", "fc"]),
        ("180", ["fed", "cba"]),
        ("270", ["cf", "be", "ad"]),
        ("flipped", ["cba", "fed"]),
        ("flipped-90", ["ad", "be", "cf"]),
        ("flipped-180", ["def", "abc"]),
        ("flipped-270", ["fc", "eb", "da"]),
    ],
)
def test_a_turned_screen_is_seen_upright(transform: Transform, seen: list[str]) -> None:
    frame = Frame(3, 2, XRGB8888, b"".join(bytes([letter] * 4) for letter in b"abcdef"))
    upright = frame.upright(transform)
    assert (upright.width, upright.height) == (len(seen[0]), len(seen))
    assert bytes(upright.pixels)[::4].decode() == "".join(seen)


def test_what_lies_between_rows_is_dropped() -> None:
    memory = b"aaaabbbb....ccccdddd"
    frame = Frame.from_rows(2, 2, XRGB8888, 12, memory)
    assert frame.pixels == b"aaaabbbbccccdddd"
    with pytest.raises(FramebufferError, match="ends at byte"):
        Frame.from_rows(2, 3, XRGB8888, 12, memory)
    with pytest.raises(FramebufferError, match="stride"):
        Frame.from_rows(2, 2, XRGB8888, 4, memory)


@pytest.mark.parametrize("memory", [bytearray(16), memoryview(bytes(16)), np.zeros((2, 2), np.uint32)])
def test_any_contiguous_memory_will_do(memory: object) -> None:
    assert Frame(2, 2, XRGB8888, memory).array.shape == (2, 2)


def test_a_frame_that_cannot_be_is_refused() -> None:
    with pytest.raises(FramebufferError, match="16 bytes, not 15"):
        Frame(2, 2, XRGB8888, bytes(15))
    with pytest.raises(FramebufferError, match="each side"):
        Frame(0, 2, XRGB8888, b"")
    with pytest.raises(FramebufferError, match=fourcc_name(fourcc("NV12"))):
        Frame(2, 2, fourcc("NV12"), bytes(16))
