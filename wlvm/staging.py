"""wlvm's own memory for pixels, for what cannot be shown where it lies: bytes from the display socket, shared memory that the other side may
truncate (`wlvm.shared_memory`), and what wlvm draws itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from wlvm.framebuffer import BYTES_PER_PIXEL, XRGB8888, Pixels, Rect
from wlvm.shared_memory import SharedFramebuffer


class StagingFramebuffer:
    """Rows of pixels in this process's memory (a `wlvm.wlr.buffer.BufferSource`), black when made."""

    def __init__(self, width: int, height: int, stride: int, fourcc: int) -> None:
        """`stride` in bytes, at least a row; `fourcc` a format of `wlvm.framebuffer`."""
        self.width = width
        self.height = height
        self.stride = stride
        self.fourcc = fourcc
        #: How many bytes of pixels have been copied into it.
        self.copied = 0
        self._rows: np.ndarray[Any, np.dtype[np.uint8]] = np.zeros((height, stride), np.uint8)

    @classmethod
    def of_image(cls, image: Image.Image) -> StagingFramebuffer:
        """A copy of a picture that was drawn here, in mode "RGB"."""
        stride = image.width * 4
        framebuffer = cls(image.width, image.height, stride, XRGB8888)
        framebuffer.write(Rect(0, 0, *image.size), image.convert("RGBX").tobytes("raw", "BGRX"), stride)
        return framebuffer

    def write(self, rect: Rect, data: bytes | memoryview, stride: int) -> None:
        """Put `rect` (inside the framebuffer): `data` holds its rows from the first byte on, `stride` bytes apart."""
        row = rect.width * BYTES_PER_PIXEL[self.fourcc]
        source = np.ndarray((rect.height, row), np.uint8, buffer=data, strides=(stride, 1))
        left = rect.x * BYTES_PER_PIXEL[self.fourcc]
        self._rows[rect.y : rect.y + rect.height, left : left + row] = source
        self.copied += rect.height * row

    def copy(self, rows: np.ndarray[Any, np.dtype[np.uint8]], rect: Rect) -> None:
        """Copy `rect` from rows of the same size and format."""
        x, y, width, height = rect
        bytes_per_pixel = BYTES_PER_PIXEL[self.fourcc]
        part = np.s_[y : y + height, x * bytes_per_pixel : (x + width) * bytes_per_pixel]
        self._rows[part] = rows[part]
        self.copied += height * width * bytes_per_pixel

    def read(self, shared: SharedFramebuffer, rect: Rect) -> None:
        """Copy `rect` from shared memory of the same size, stride and format. TruncatedError when it is no longer there."""
        shared.read(rect, self._rows)
        self.copied += rect.height * rect.width * BYTES_PER_PIXEL[self.fourcc]

    def fits(self, shared: SharedFramebuffer) -> bool:
        """Whether `read` can take this memory's rows."""
        return (self.width, self.height, self.stride, self.fourcc) == (
            shared.width, shared.height, shared.stride, shared.fourcc,
        )  # fmt: skip

    def dmabuf(self) -> None:
        return None

    @property
    def resident(self) -> Pixels:
        return Pixels(self._rows, self.fourcc, self.stride)

    def begin_access(self) -> Pixels:
        return self.resident

    def end_access(self) -> None:
        pass

    def close(self) -> None:
        pass
