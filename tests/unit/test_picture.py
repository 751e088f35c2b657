"""What a console shows, made of what QEMU sent."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.loops import ManualLoop
from tests.renderers import pixman
from wlvm.fd import OwnedFd
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.picture import BytesPicture, PictureMaker, SharedPicture, UnshowableError
from wlvm.qemu.handover import ConsoleChanges
from wlvm.qemu.messages import ScanoutBytes, ScanoutMap, UpdateBytes
from wlvm.shared_memory import SharedFramebuffer, TruncatedError
from wlvm.wlr.buffer import Buffer

RANDOM = np.random.default_rng(7)
MAKER = PictureMaker(ManualLoop(), pixman())


def pixels(width: int, height: int) -> np.ndarray:
    return RANDOM.integers(0, 1 << 24, (height, width), np.uint32)


def scanout(image: np.ndarray) -> ScanoutBytes:
    height, width = image.shape
    return ScanoutBytes(width, height, width * 4, XRGB8888, memoryview(image.tobytes()))


def update(x: int, y: int, image: np.ndarray) -> UpdateBytes:
    height, width = image.shape
    return UpdateBytes(Rect(x, y, width, height), width * 4, XRGB8888, memoryview(image.tobytes()))


def shared(image: np.ndarray, padding: int = 8) -> tuple[OwnedFd, ScanoutMap]:
    """QEMU's end of a shared framebuffer, and ours."""
    height, width = image.shape
    rows = np.zeros((height, width + padding // 4), np.uint32)
    rows[:, :width] = image
    theirs = OwnedFd(os.memfd_create("qemu"))
    os.pwrite(theirs.fileno(), rows.tobytes(), 0)
    return theirs, ScanoutMap(
        SharedFramebuffer(theirs.dup(), width, height, width * 4 + padding, 0, XRGB8888)
    )


def shown(picture: BytesPicture | SharedPicture) -> np.ndarray:
    return picture.frame().array


def test_a_picture_of_bytes_is_what_was_sent() -> None:
    image = pixels(20, 10)
    picture = MAKER.make(scanout(image))
    assert isinstance(picture, BytesPicture)
    patch = pixels(4, 3)
    damage = picture.update(ConsoleChanges(updates=[update(5, 2, patch)], size=(20, 10)))
    image[2:5, 5:9] = patch
    assert (shown(picture) == image).all()
    assert list(damage) == [Rect(5, 2, 4, 3)]
    picture.close()


def test_an_update_past_the_edge_grows_the_picture() -> None:
    image, band = pixels(20, 10), pixels(30, 4)
    picture = BytesPicture(scanout(image))
    first = picture.buffer
    damage = picture.update(ConsoleChanges(updates=[update(0, 8, band)], size=(30, 12)))
    expected = np.zeros((12, 30), np.uint32)
    expected[:10, :20] = image
    expected[8:12] = band
    assert (shown(picture) == expected).all()
    assert list(damage) == [Rect(0, 0, 30, 12)]
    assert picture.buffer is not first
    assert first.destroyed
    picture.close()


def test_a_size_that_is_ahead_of_the_pixels_keeps_what_it_hides() -> None:
    image = pixels(20, 10)
    picture = BytesPicture(scanout(image))
    picture.update(ConsoleChanges(size=(10, 5)))
    assert (shown(picture) == image[:5, :10]).all()
    picture.update(ConsoleChanges(size=(20, 10)))
    assert (shown(picture) == image).all()
    picture.close()


def test_a_scanout_of_the_same_size_keeps_the_buffer() -> None:
    picture = BytesPicture(scanout(pixels(20, 10)))
    first, image = picture.buffer, pixels(20, 10)
    assert picture.show(scanout(image))
    assert picture.buffer is first
    assert (shown(picture) == image).all()
    assert not picture.show(scanout(pixels(20, 11)))
    picture.close()


def test_shared_memory_is_read_where_it_is_damaged() -> None:
    image = pixels(20, 10)
    theirs, message = shared(image)
    picture = MAKER.make(message)
    assert isinstance(picture, SharedPicture)
    assert (shown(picture) == image).all()
    patch = pixels(20, 2)
    os.pwrite(theirs.fileno(), patch[0].tobytes(), 3 * 88)
    assert list(picture.update(ConsoleChanges(damage=[Rect(0, 3, 20, 1)]))) == [Rect(0, 3, 20, 1)]
    image[3] = patch[0]
    assert (shown(picture) == image).all()
    picture.close()
    theirs.close()


def test_a_page_flip_to_other_memory_keeps_the_buffer_and_closes_the_old_memory() -> None:
    theirs, message = shared(pixels(20, 10))
    picture = SharedPicture(ManualLoop(), message, "")
    first, image = picture.buffer, pixels(20, 10)
    other, flip = shared(image)
    assert picture.show(flip)
    assert picture.buffer is first
    assert message.framebuffer.fd.closed
    assert (shown(picture) == image).all()
    picture.close()
    assert flip.framebuffer.fd.closed
    theirs.close()
    other.close()


def test_truncated_memory_leaves_the_last_picture_and_no_fd() -> None:
    image = pixels(20, 10)
    theirs, message = shared(image)
    picture = SharedPicture(ManualLoop(), message, "")
    os.ftruncate(theirs.fileno(), 0)
    with pytest.raises(TruncatedError):
        picture.update(ConsoleChanges(damage=[Rect(0, 0, 20, 10)]))
    assert (shown(picture) == image).all()
    picture.close()
    theirs.close()


def test_memory_that_is_gone_at_once_makes_no_picture_and_no_leak() -> None:
    theirs, message = shared(pixels(20, 10))
    os.ftruncate(theirs.fileno(), 0)
    count = Buffer.count()
    with pytest.raises(TruncatedError):
        MAKER.make(message)
    assert message.framebuffer.fd.closed
    assert Buffer.count() == count
    theirs.close()


def test_what_the_renderer_does_not_draw_makes_no_picture_and_no_leak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    textures, count = pixman(), Buffer.count()
    monkeypatch.setattr(textures, "can_draw", lambda buffer: False)
    maker = PictureMaker(ManualLoop(), textures)
    with pytest.raises(UnshowableError, match="does not draw XR24"):
        maker.make(scanout(pixels(20, 10)))
    theirs, message = shared(pixels(20, 10))
    with pytest.raises(UnshowableError, match="does not draw XR24"):
        maker.make(message)
    assert message.framebuffer.fd.closed
    assert Buffer.count() == count
    theirs.close()


def test_what_is_copied_is_counted_to_the_byte() -> None:
    image = pixels(20, 10)
    picture = MAKER.make(scanout(image))
    picture.update(ConsoleChanges(updates=[update(5, 2, pixels(4, 3))], size=(20, 10)))
    assert picture.copied == 4 * (20 * 10 + 4 * 3)
    picture.update(ConsoleChanges(updates=[update(0, 10, pixels(20, 1))], size=(20, 11)))
    assert picture.copied == 4 * (20 * 10 + 4 * 3 + 20 * 10 + 20 * 1)
    picture.close()
    theirs, message = shared(image)
    picture = MAKER.make(message)
    picture.update(ConsoleChanges(damage=[Rect(3, 3, 2, 2)]))
    assert picture.copied == 4 * (20 * 10 + 2 * 2)
    picture.close()
    theirs.close()


def test_memory_that_cannot_be_sealed_stays_shared_and_says_so() -> None:
    theirs, message = shared(pixels(20, 10))
    picture = MAKER.make(message)
    assert picture.path == "shared memory"
    assert "nor can it be made one: its owner has forbidden seals" in picture.fallback
    picture.close()
    theirs.close()
