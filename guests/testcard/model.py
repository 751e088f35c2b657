"""The picture of the test card, computed exactly as picture.c does.

Pixels are uint32 in the order 0x00RRGGBB, arrays are (height, width).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint32]

#: Left, top, width, height, in pixels of the picture.
Rect = tuple[int, int, int, int]

COUNTER_BITS = 16
COUNTER_X = 16
BLOCK_WIDTH = 16
BLOCK_HEIGHT = 8
POINTER_ARM = 12
GRID = 64
WHITE = 0xFFFFFF
BARS = (0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF, 0x000000)
PATCH_COLOURS = (0x103060, 0xFFC000)

#: Letters of five by seven pixels; a row is five bits, the left one highest.
FONT = {
    letter: bytes.fromhex(rows)
    for letter, rows in {
        "0": "0e11131519110e",
        "1": "040c040404040e",
        "2": "0e11010204081f",
        "3": "1f02040201110e",
        "4": "02060a121f0202",
        "5": "1f101e0101110e",
        "6": "0608101e11110e",
        "7": "1f010204080808",
        "8": "0e11110e11110e",
        "9": "0e11110f01020c",
        "A": "0e11111f111111",
        "C": "0e11101010110e",
        "D": "1e11111111111e",
        "E": "1f10101e10101f",
        "L": "1010101010101f",
        "M": "111b1515111111",
        "R": "1e11111e141211",
        "S": "0f10100e01011e",
        "T": "1f040404040404",
        "V": "11111111110a04",
        "W": "11111115151b11",
        "X": "11110a040a1111",
    }.items()
}


class NoCounterError(ValueError):
    """The pixels where the frame counter should be are neither black nor white: this is no test card."""


def counter_rect(width: int, height: int, *, bottom: bool) -> Rect:
    """Where the blocks of the frame counter are, in the first rows or in the last."""
    return COUNTER_X, height - 1 - BLOCK_HEIGHT if bottom else 1, COUNTER_BITS * BLOCK_WIDTH, BLOCK_HEIGHT


def moving_rect(width: int, height: int) -> Rect:
    """The square that is another in each frame."""
    side = min(256, width // 4 & ~7, height // 3 & ~7)
    return width - width // 16 - side, (height - side) // 2, side, side


def patch_rect(width: int, height: int) -> Rect:
    """The square that changes its colour at each press of the space bar."""
    half = moving_rect(width, height)[2] // 2
    return width // 16, (height - half) // 2, half, half


def pointer_rect(width: int, height: int, pointer: tuple[int, int]) -> Rect:
    """What the crosshair covers, cut to the screen."""
    left, top = max(pointer[0] - POINTER_ARM, 0), max(pointer[1] - POINTER_ARM, 0)
    right, bottom = min(pointer[0] + POINTER_ARM + 1, width), min(pointer[1] + POINTER_ARM + 1, height)
    return left, top, right - left, bottom - top


def _fill(pixels: Pixels, rect: Rect, colour: int) -> None:
    left, top, width, height = rect
    pixels[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = colour


def _gradient(width: int, height: int) -> Pixels:
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    dx, dy = x - width // 2, y - height // 2
    colour = (x * 256 // width) << 16 | (y * 256 // height) << 8 | (96 + ((x & 7) << 3 | (y & 7)))
    colour = np.where((dx % GRID == 0) | (dy % GRID == 0), (colour >> 1 & 0x7F7F7F) + 0x404040, colour)
    radius = height * 7 // 16
    distance = dx * dx + dy * dy
    colour[(distance >= (radius - 2) ** 2) & (distance < radius**2)] = WHITE
    pixels: Pixels = colour.astype(np.uint32)
    return pixels


def _write_text(pixels: Pixels, text: str, y: int, scale: int) -> None:
    x = pixels.shape[1] // 2 - len(text) * 3 * scale
    _fill(pixels, (x - 2 * scale, y - 2 * scale, (len(text) * 6 + 3) * scale, 11 * scale), 0)
    for place, letter in enumerate(text):
        for row, bits in enumerate(FONT.get(letter, b"")):
            for column in range(5):
                if bits >> (4 - column) & 1:
                    left = x + (place * 6 + column) * scale
                    _fill(pixels, (left, y + row * scale, scale, scale), WHITE)


def _bars_and_lines(pixels: Pixels) -> None:
    screen_height, screen_width = pixels.shape
    moving_x, top, side, _ = moving_rect(screen_width, screen_height)
    patch_x, _, patch_width, _ = patch_rect(screen_width, screen_height)
    gap, unit = screen_width // 32, side // 8
    left = patch_x + patch_width + gap
    width = (moving_x - gap - left) & ~15
    for i, colour in enumerate(BARS):
        _fill(pixels, (left + i * width // 8, top, width // 8, 5 * unit), colour)
    for i in range(16):
        _fill(pixels, (left + i * width // 16, top + 5 * unit, width // 16, unit), i * 0x111111)
    y, x = np.mgrid[0 : 2 * unit, 0:width]
    left_half = x < width // 2
    white = np.where(y < unit, np.where(left_half, x, x // 2), np.where(left_half, y, x + y)) & 1
    pixels[top + 6 * unit : top + 8 * unit, left : left + width] = white * WHITE


def _border(pixels: Pixels) -> None:
    pixels[0, :] = 0xFF0000
    pixels[-1, :] = 0x00FF00
    pixels[:, 0] = 0x0000FF
    pixels[:, -1] = 0xFFFF00
    pixels[0, 0] = 0xFFFFFF
    pixels[0, -1] = 0xFF00FF
    pixels[-1, 0] = 0x00FFFF
    pixels[-1, -1] = 0xFF8000


def _wave(angle: NDArray[np.int64]) -> NDArray[np.int64]:
    angle = angle & 511
    return np.where(angle < 256, angle, 511 - angle)


def _moving(side: int, frame: int) -> Pixels:
    v, u = np.mgrid[0:side, 0:side].astype(np.int64)
    red, green, blue = _wave(2 * u + 6 * frame), _wave(2 * v + 4 * frame), _wave(u + v - 8 * frame)
    return (red << 16 | green << 8 | blue).astype(np.uint32)


def _point(pixels: Pixels, pointer: tuple[int, int]) -> None:
    height, width = pixels.shape
    left, top, wide, high = pointer_rect(width, height, pointer)
    y, x = np.mgrid[top : top + high, left : left + wide]
    dx, dy = x - pointer[0], y - pointer[1]
    mark = pixels[top : top + high, left : left + wide]
    mark[(abs(dx) <= 1) | (abs(dy) <= 1)] = 0
    mark[(dx == 0) | (dy == 0)] = WHITE
    mark[(dx == 0) & (dy == 0)] = 0xFF0000


def picture(
    width: int, height: int, frame: int = 0, patch: int = 0, pointer: tuple[int, int] | None = None
) -> Pixels:
    """The whole picture, (height, width).

    `frame` counts from 0, `patch` is how often the patch has flipped, `pointer` the pixel under the crosshair.
    The size is at least 320x200 and at most 4096x4096.
    """
    pixels = _gradient(width, height)
    _bars_and_lines(pixels)
    moving_x, moving_y, side, _ = moving_rect(width, height)
    scale = max(1, side // 64)
    _write_text(pixels, "WLVM TEST CARD", moving_y - 16 * scale, scale)
    _write_text(pixels, f"{width}X{height}", moving_y + side + 9 * scale, scale)
    _border(pixels)
    _fill(pixels, patch_rect(width, height), PATCH_COLOURS[patch & 1])
    pixels[moving_y : moving_y + side, moving_x : moving_x + side] = _moving(side, frame)
    if pointer is not None:
        _point(pixels, pointer)
    code = (frame & 0xFFFF) ^ (frame & 0xFFFF) >> 1
    for bottom in (False, True):
        left, top, _, _ = counter_rect(width, height, bottom=bottom)
        for i in range(COUNTER_BITS):
            bit = code >> (COUNTER_BITS - 1 - i) & 1
            _fill(pixels, (left + i * BLOCK_WIDTH, top, BLOCK_WIDTH, BLOCK_HEIGHT), WHITE if bit else 0)
    return pixels


def _read_counter(pixels: Pixels, *, bottom: bool) -> int:
    height, width = pixels.shape
    left, top, wide, high = counter_rect(width, height, bottom=bottom)
    return counter_number(pixels[top + high // 2, left : left + wide])


def counter_number(row: Pixels) -> int:
    """The number that a row of pixels through a frame counter tells, of the counter's width; raises NoCounterError."""
    blocks = row[BLOCK_WIDTH // 2 :: BLOCK_WIDTH] & WHITE
    if not np.isin(blocks, (0, WHITE)).all():
        raise NoCounterError("neither black nor white where the frame counter should be")
    number = 0
    for block in blocks:
        number = number << 1 | (int(block != 0) ^ (number & 1))
    return number


def frame_number(pixels: Pixels) -> int:
    """The number of the frame modulo 65536, as the blocks in the first rows tell it; raises NoCounterError."""
    return _read_counter(pixels, bottom=False)


def torn(pixels: Pixels) -> bool:
    """Whether the first rows are of another frame than the last; raises NoCounterError."""
    return frame_number(pixels) != _read_counter(pixels, bottom=True)


def cursor_image() -> Pixels:
    """The hardware cursor of the `cursor` command, (64, 64) as 0xAARRGGBB, colours multiplied by alpha."""
    y, x = np.mgrid[0:64, 0:64].astype(np.uint32)
    alpha = np.where(x <= y, 255 - x * 3, 0)
    image: Pixels = alpha << 24 | (x * 4 * alpha // 255) << 16 | (y * 4 * alpha // 255) << 8 | alpha
    return image.astype(np.uint32)


#: The point of the cursor's image that is at the place it is put to, (x, y).
CURSOR_HOT_SPOT = (8, 4)
