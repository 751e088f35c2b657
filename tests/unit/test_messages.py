"""QEMU's listener messages: what is believable becomes a value, everything else a FramebufferError, and no fd is lost."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jeepney.low_level import Endianness
from jeepney.low_level import parse_signature as jeepney_type

from tests.fake_qemu import X8R8G8B8
from tests.fds import open_fds
from wlvm.fd import OwnedFd
from wlvm.framebuffer import MAX_SIDE, XRGB8888, FramebufferError, Rect, fourcc
from wlvm.linux_dmabuf import MOD_INVALID, MOD_LINEAR
from wlvm.qemu import messages
from wlvm.qemu.dbus import Fields, Kind, Message

pytestmark = pytest.mark.usefixtures("no_fd_is_lost")

INTEL_TILED = 0x0100_0000_0000_0002


def message(signature: str, body: bytes, fds: list[int] | None = None) -> Message:
    fields = Fields(path="/org/qemu/Display1/Listener", member="Tested", signature=signature)
    return Message(
        Kind.CALL, 1, fields, memoryview(body).toreadonly(), True, [OwnedFd(fd) for fd in fds or []]
    )


def written(signature: str, *values: object, fds: list[int] | None = None) -> Message:
    """A message with these values; fds are given by index."""
    plain = signature.replace("h", "u")
    body = jeepney_type(list(f"({plain})")).serialise(tuple(values), 0, Endianness.little)
    return message(signature, body, fds)


def memory(size: int) -> int:
    fd = os.memfd_create("guest", os.MFD_CLOEXEC)
    os.ftruncate(fd, size)
    return fd


@pytest.fixture
def any_file_is_a_dmabuf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets memory stand for a dma-buf: few machines can make a real one."""
    monkeypatch.setattr("wlvm.linux_dmabuf.dmabuf_size", lambda fd: os.fstat(fd.fileno()).st_size)


# --- anything at all ---------------------------------------------------------------------------------------------------------

Decoder = Callable[[Message], object]
DECODERS: list[tuple[Decoder, str]] = [
    (messages.scanout, "uuuuay"),
    (messages.update, "iiiiuuay"),
    (messages.scanout_map, "huuuuu"),
    (messages.scanout_dmabuf, "huuuutb"),
    (messages.scanout_dmabuf2, "ahuuuuauauuuuutb"),
    (messages.damage, "iiii"),
    (messages.cursor, "iiiiay"),
    (messages.cursor_position, "iii"),
]


def decode_and_close(decode: Decoder, each: Message) -> None:
    try:
        value = decode(each)
        if isinstance(value, messages.ScanoutMap | messages.ScanoutDmabuf):
            value.close()
    except FramebufferError:
        pass
    finally:
        each.close()


@settings(deadline=None)
@given(st.sampled_from(DECODERS), st.binary(max_size=120), st.integers(0, 4))
def test_any_bytes_are_a_value_or_a_framebuffer_error(
    pair: tuple[Decoder, str], body: bytes, count: int
) -> None:
    before = open_fds()
    decode_and_close(pair[0], message(pair[1], body, [memory(4096) for _ in range(count)]))
    assert open_fds() == before


@settings(deadline=None)
@given(
    st.sampled_from(DECODERS),
    st.sampled_from([signature for _, signature in DECODERS]),
    st.binary(max_size=64),
)
def test_a_message_of_another_signature_is_refused(
    pair: tuple[Decoder, str], signature: str, body: bytes
) -> None:
    if signature != pair[1]:
        with pytest.raises(FramebufferError):
            pair[0](message(signature, body))


u32 = st.one_of(st.integers(0, 70), st.integers(0, (1 << 32) - 1))
formats = st.one_of(st.just(X8R8G8B8), st.sampled_from([0x20028888, 0x10020565]), u32)


@settings(deadline=None)
@given(u32, u32, u32, formats, st.one_of(st.integers(0, 20_000).map(bytes), st.binary(max_size=50)))
def test_an_accepted_scanout_says_what_was_sent(
    width: int, height: int, stride: int, pixman: int, data: bytes
) -> None:
    try:
        scanout = messages.scanout(written("uuuuay", width, height, stride, pixman, data))
    except FramebufferError:
        return
    assert (scanout.width, scanout.height, scanout.stride) == (width, height, stride)
    assert bytes(scanout.data) == data
    assert stride * (height - 1) + width * 2 <= len(data) <= stride * height


@settings(deadline=None)
@given(u32, u32, u32, u32, formats, st.integers(0, 1 << 20))
def test_an_accepted_map_lies_in_its_memory(
    offset: int, width: int, height: int, stride: int, pixman: int, size: int
) -> None:
    before = open_fds()
    each = written("huuuuu", 0, offset, width, height, stride, pixman, fds=[memory(size)])
    try:
        found = messages.scanout_map(each).framebuffer
    except FramebufferError:
        each.close()
    else:
        assert (found.offset, found.width, found.height, found.stride) == (offset, width, height, stride)
        assert offset + stride * (height - 1) + width * 2 <= size
        assert each.fds == []
        found.close()
    assert open_fds() == before


# --- bytes -------------------------------------------------------------------------------------------------------------------


def test_pixels_are_not_copied_and_cannot_be_written() -> None:
    each = written("uuuuay", 2, 2, 8, X8R8G8B8, bytes(range(16)))
    scanout = messages.scanout(each)
    assert scanout.data.obj is each.body.obj
    assert scanout.data.readonly
    assert scanout.fourcc == XRGB8888


def test_a_guests_alpha_is_ignored() -> None:
    assert messages.scanout(written("uuuuay", 1, 1, 4, 0x20028888, bytes(4))).fourcc == XRGB8888


@pytest.mark.parametrize(
    ("width", "height", "stride", "pixman", "size"),
    [
        (0, 1, 4, X8R8G8B8, 4),
        (2, 2, 8, X8R8G8B8, 15),
        (2, 2, 8, X8R8G8B8, 17),
        (2, 2, 4, X8R8G8B8, 8),
        (2, 2, 8, 0x12345678, 16),
        (MAX_SIDE + 1, 1, 4 * MAX_SIDE + 4, X8R8G8B8, 4 * MAX_SIDE + 4),
        (1 << 31, 1 << 31, 0, X8R8G8B8, 0),
    ],
)
def test_a_scanout_that_cannot_be_is_refused(
    width: int, height: int, stride: int, pixman: int, size: int
) -> None:
    with pytest.raises(FramebufferError):
        messages.scanout(written("uuuuay", width, height, stride, pixman, bytes(size)))


def test_an_array_longer_than_the_message_is_refused() -> None:
    body = struct.pack("<5I", 2, 2, 8, X8R8G8B8, 1 << 31) + bytes(16)
    with pytest.raises(FramebufferError):
        messages.scanout(message("uuuuay", body))


def test_an_update_may_pass_the_last_scanouts_edges() -> None:
    update = messages.update(written("iiiiuuay", 700, 0, 2, 1, 8, X8R8G8B8, bytes(8)))
    assert update.rect == Rect(700, 0, 2, 1)


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (MAX_SIDE, 0), (0, MAX_SIDE), ((1 << 31) - 1, 0)])
def test_an_update_in_no_framebuffer_is_refused(x: int, y: int) -> None:
    with pytest.raises(FramebufferError):
        messages.update(written("iiiiuuay", x, y, 1, 1, 4, X8R8G8B8, bytes(4)))


# --- shared memory and dma-bufs --------------------------------------------------------------------------------------------


def test_a_map_owns_its_fd_and_its_offset_need_not_be_aligned() -> None:
    each = written("huuuuu", 0, 12, 2, 2, 8, X8R8G8B8, fds=[memory(28)])
    scanout = messages.scanout_map(each)
    each.close()
    assert not scanout.framebuffer.fd.closed
    scanout.close()


def test_a_map_of_a_pipe_is_refused_and_the_fd_stays_the_messages() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    each = written("huuuuu", 0, 0, 2, 2, 8, X8R8G8B8, fds=[reading])
    with pytest.raises(FramebufferError):
        messages.scanout_map(each)
    assert not each.fds[0].closed
    each.close()


def test_fds_that_a_map_does_not_name_are_closed() -> None:
    before = open_fds()
    fds = [memory(16) for _ in range(3)]
    scanout = messages.scanout_map(written("huuuuu", 1, 0, 2, 2, 8, X8R8G8B8, fds=fds))
    assert open_fds() == before + 1
    scanout.close()


def test_memory_is_no_dmabuf() -> None:
    each = written("huuuutb", 0, 2, 2, 8, XRGB8888, 0, False, fds=[memory(4096)])
    with pytest.raises(FramebufferError, match="no dma-buf"):
        messages.scanout_dmabuf(each)
    each.close()


@pytest.mark.usefixtures("any_file_is_a_dmabuf")
class TestDmabufs:
    def test_y0_top_means_the_bottom_row_first(self) -> None:
        each = written("huuuutb", 0, 2, 2, 8, fourcc("AR24"), INTEL_TILED, True, fds=[memory(16)])
        scanout = messages.scanout_dmabuf(each)
        assert scanout.dmabuf.y_inverted
        assert scanout.dmabuf.fourcc == XRGB8888
        assert (scanout.width, scanout.height) == (2, 2)
        scanout.close()

    def test_the_visible_part_is_cropped_out_of_the_backing(self) -> None:
        each = self.version2(handles=[0], x=4, y=2, width=8, height=6, full_width=16, full_height=16)
        scanout = messages.scanout_dmabuf2(each)
        assert scanout.dmabuf.crop == Rect(4, 2, 8, 6)
        assert (scanout.dmabuf.width, scanout.width, scanout.height) == (16, 8, 6)
        scanout.close()

    def test_a_whole_backing_needs_no_crop(self) -> None:
        scanout = messages.scanout_dmabuf2(self.version2(handles=[0]))
        assert scanout.dmabuf.crop is None
        scanout.close()

    def test_planes_without_a_handle_lie_in_the_first_dmabuf(self) -> None:
        each = self.version2(handles=[0], offsets=[0, 512], strides=[64, 64], modifier=INTEL_TILED)
        scanout = messages.scanout_dmabuf2(each)
        first, second = scanout.dmabuf.planes
        assert first.fd is second.fd
        assert second.offset == 512
        scanout.close()

    def test_each_plane_may_have_its_own_dmabuf(self) -> None:
        fds = [memory(4096), memory(4096)]
        each = self.version2(handles=[0, 1], offsets=[0, 0], strides=[64, 64], modifier=INTEL_TILED, fds=fds)
        scanout = messages.scanout_dmabuf2(each)
        assert [plane.fd.fileno() for plane in scanout.dmabuf.planes] == fds
        scanout.close()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"count": 0},
            {"count": 5},
            {"count": 2},
            {"offsets": []},
            {"handles": []},
            {"handles": [0, 0]},
            {"handles": [1]},
            {"width": 17},
            {"x": 1},
            {"full_width": 0},
            {"strides": [0]},
            {"modifier": MOD_LINEAR, "strides": [4]},
            {"offsets": [4096]},
            {"code": fourcc("NV12")},
        ],
        ids=str,
    )
    def test_a_dmabuf_that_cannot_be_is_refused(self, wrong: dict[str, object]) -> None:
        each = self.version2(**{"handles": [0]} | wrong)
        with pytest.raises(FramebufferError):
            messages.scanout_dmabuf2(each)
        each.close()

    def test_an_invalid_modifier_means_linear_for_guest_memory_only(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_driver = messages.scanout_dmabuf2(self.version2(handles=[0], modifier=MOD_INVALID))
        assert not with_driver.dmabuf.linear
        with_driver.close()
        monkeypatch.setattr(messages, "_from_udmabuf", lambda fd: True)
        guest_memory = messages.scanout_dmabuf2(self.version2(handles=[0], modifier=MOD_INVALID))
        assert guest_memory.dmabuf.linear
        guest_memory.close()

    @staticmethod
    def version2(
        *,
        handles: object,
        x: object = 0,
        y: object = 0,
        width: object = 16,
        height: object = 16,
        offsets: object = (0,),
        strides: object = (64,),
        count: object = None,
        code: object = XRGB8888,
        full_width: object = 16,
        full_height: object = 16,
        modifier: object = MOD_LINEAR,
        fds: list[int] | None = None,
    ) -> Message:
        offsets, strides = list(offsets), list(strides)  # type: ignore[call-overload]
        count = len(offsets) if count is None else count
        values = (handles, x, y, width, height, offsets, strides, count, code, full_width, full_height)
        return written("ahuuuuauauuuuutb", *values, modifier, False, fds=fds or [memory(4096)])


# --- cursor and damage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hot", "clamped"),
    [((1, 1), (1, 1)), ((-1, -1), (0, 0)), ((9, 9), (3, 1)), ((-(1 << 31), (1 << 31) - 1), (0, 1))],
)
def test_a_hotspot_is_clamped_into_the_cursor(hot: tuple[int, int], clamped: tuple[int, int]) -> None:
    cursor = messages.cursor(written("iiiiay", 4, 2, *hot, bytes(32)))
    assert (cursor.hot_x, cursor.hot_y) == clamped
    assert cursor.pixels == bytes(32)


@pytest.mark.parametrize(
    ("width", "height", "size"), [(0, 1, 0), (-1, -1, 4), (513, 1, 2052), (2, 2, 15), (2, 2, 20)]
)
def test_a_cursor_that_cannot_be_is_refused(width: int, height: int, size: int) -> None:
    with pytest.raises(FramebufferError):
        messages.cursor(written("iiiiay", width, height, 0, 0, bytes(size)))


def test_a_cursor_position_may_be_negative_but_not_absurd() -> None:
    assert messages.cursor_position(written("iii", -5, 7, 1)) == messages.CursorPosition(-5, 7, True)
    far = messages.cursor_position(written("iii", -(1 << 31), (1 << 31) - 1, 0))
    assert (far.x, far.y, far.visible) == (-(1 << 15), 1 << 15, False)


def test_damage_is_told_as_it_came() -> None:
    assert messages.damage(written("iiii", -5, 0, 10, 1 << 30)) == Rect(-5, 0, 10, 1 << 30)
