"""What size a guest is asked for, and when: once for each new size of its place, and never because of what the guest does."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.loops import ManualLoop
from wlvm.desktop.place import Place, Stratum
from wlvm.framebuffer import Rect
from wlvm.guest_size import ASK_AGAIN, PATIENCE_MS, QUIET_MS, Following, GuestSize, Screen
from wlvm.pixel_grid import PixelGrid

SCREENS = {"one": Screen((1920, 1200), (480, 300)), "two": Screen((2560, 1440))}

Asked = tuple[int, int, int, int]


class Guest:
    """A console whose place and answers a test makes up."""

    def __init__(self, *, is_first: bool = True) -> None:
        self.loop = ManualLoop()
        self.asked: list[Asked] = []
        self.changes = 0
        self.size = GuestSize(self.loop, SCREENS.get, self._changed, now=self.loop.now, is_first=is_first)

    def _changed(self) -> None:
        self.changes += 1

    def ask(self, *, width_mm: int, height_mm: int, xoff: int, yoff: int, width: int, height: int) -> None:
        assert (xoff, yoff) == (0, 0)
        self.asked.append((width, height, width_mm, height_mm))

    def connected(self) -> Guest:
        self.size.connect(self.ask)
        return self

    def place(self, width: int, height: int, scale: float = 1.0, output: str = "one", x: int = 0) -> Guest:
        self.size.placed(place(width, height, output, x), PixelGrid((0, 0), scale))
        return self

    def wait(self, milliseconds: int) -> None:
        self.loop.advance(milliseconds)

    def settle(self) -> None:
        self.wait(QUIET_MS)


def place(width: int, height: int, output: str = "one", x: int = 0) -> Place:
    box = Rect(x, 0, width, height)
    return Place(output, box, None, box, True, Stratum.TILED)


def test_a_guest_is_asked_for_the_physical_pixels_of_its_place_and_their_millimetres() -> None:
    guest = Guest().connected().place(960, 600, scale=1.25)
    assert not guest.asked, "the place may be on its way somewhere else"
    guest.settle()
    assert guest.asked == [(1200, 750, 300, 188)]


def test_a_place_that_is_pulled_at_is_asked_for_when_it_rests() -> None:
    guest = Guest().connected()
    for width in range(400, 900):
        guest.place(width, 600).wait(16)
    guest.settle()
    assert guest.asked == [(899, 600, 225, 150)]


def test_a_place_that_moves_is_not_asked_for_again() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    for x in range(50):
        guest.place(800, 600, x=x)
        guest.settle()
    assert len(guest.asked) == 1


def test_an_output_of_another_scale_or_in_other_millimetres_is_a_new_question() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    guest.place(800, 600, scale=1.5)
    guest.settle()
    guest.place(1200, 900, output="two")
    guest.settle()
    assert guest.asked == [(800, 600, 200, 150), (1200, 900, 300, 225), (1200, 900, 0, 0)]


def test_an_output_that_goes_asks_for_nothing() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    guest.place(1, 1, output="gone")
    guest.settle()
    assert len(guest.asked) == 1


def test_a_place_too_small_for_any_mode_is_not_asked_for() -> None:
    guest = Guest().connected().place(319, 600)
    guest.settle()
    assert guest.asked == []
    assert guest.size.following is Following.OFF


def test_a_place_that_is_as_large_as_the_guest_makes_it_is_not_asked_for() -> None:
    guest = Guest().connected()
    guest.size.placed(replace(place(800, 600), own_size=True), PixelGrid())
    guest.settle()
    assert guest.asked == []
    guest.place(800, 600)
    guest.settle()
    assert len(guest.asked) == 1, "somebody has chosen its size"


def test_a_guest_that_follows_one_that_rounds_and_one_that_does_not() -> None:
    guest = Guest().connected().place(1001, 700)
    guest.size.shown((640, 480))
    assert (guest.size.following, guest.size.crops) == (Following.WAITING, True)
    guest.settle()
    guest.size.shown((1000, 696))
    assert (guest.size.following, guest.size.crops) == (Following.FOLLOWS, True)
    guest.size.shown((1008, 704))
    assert (guest.size.following, guest.size.crops) == (Following.FOLLOWS, True)
    guest.size.shown((640, 480))
    assert guest.size.following is Following.WAITING
    guest.wait(PATIENCE_MS)
    guest.place(900, 700)
    guest.settle()
    guest.wait(PATIENCE_MS)
    assert (guest.size.following, guest.size.crops) == (Following.IGNORED, False)
    guest.place(800, 700)
    assert (guest.size.following, guest.size.crops) == (Following.WAITING, False), "nor will it follow now"
    guest.settle()
    guest.size.shown((800, 700))
    assert (guest.size.following, guest.size.crops) == (Following.FOLLOWS, True)
    assert len(guest.asked) == 3


def test_a_device_that_has_no_size_to_choose_is_not_asked_twice() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    guest.size.refused("Unsupported")
    assert (guest.size.following, guest.size.crops) == (Following.REFUSED, False)
    guest.place(900, 600)
    guest.settle()
    assert len(guest.asked) == 1
    guest.size.disconnect()
    guest.size.connect(guest.ask)
    guest.settle()
    assert len(guest.asked) == 2, "another QEMU may be behind the connection"


def test_a_guest_that_is_to_keep_its_size_is_not_asked() -> None:
    guest = Guest()
    guest.size.configure(follows=False)
    guest.connected().place(800, 600).settle()
    assert (guest.asked, guest.size.following) == ([], Following.OFF)
    guest.size.configure(follows=True)
    guest.settle()
    assert len(guest.asked) == 1


def test_a_head_is_plugged_in_once_even_where_it_is_not_to_follow() -> None:
    guest = Guest(is_first=False)
    guest.size.configure(follows=False)
    guest.connected()
    guest.size.placed(replace(place(640, 480), own_size=True), PixelGrid())
    guest.settle()
    assert guest.asked == [(1920, 1200, 480, 300)], "the screen that it is on"
    guest.size.shown((1024, 768))
    guest.size.placed(replace(place(1024, 768), own_size=True), PixelGrid())
    guest.settle()
    guest.size.shown(None)
    guest.settle()
    assert len(guest.asked) == 1
    assert guest.size.following is not Following.FOLLOWS


def test_two_that_take_the_display_from_each_other_do_not_have_the_guest_change_each_time() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    for _ in range(60):
        guest.size.disconnect()
        guest.wait(500)
        guest.size.connect(guest.ask)
        guest.wait(500)
    assert len(guest.asked) <= 60 / ASK_AGAIN + 1
    guest.wait(round(ASK_AGAIN * 1000))
    asked = len(guest.asked)
    guest.wait(600_000)
    assert len(guest.asked) == asked, "the one that keeps it asks no more"


def test_a_machine_that_starts_anew_is_asked_at_once() -> None:
    guest = Guest().connected().place(800, 600)
    guest.settle()
    guest.size.disconnect()
    guest.size.forget()
    guest.connected().settle()
    assert len(guest.asked) == 2


# Whatever happens.

PLACES = st.tuples(
    st.sampled_from([(400, 300), (401, 300), (800, 600), (10, 10)]),
    st.sampled_from([1.0, 1.25, 2.0]),
    st.sampled_from(["one", "two", "gone"]),
)
SIZES = st.sampled_from([(1, 1), (400, 296), (800, 600), (16384, 16384), None])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), PLACES),
        st.tuples(st.just("shown"), SIZES),
        st.tuples(st.just("wait"), st.sampled_from([1, QUIET_MS, PATIENCE_MS])),
    ),
    max_size=40,
)


@given(STEPS, st.booleans())
def test_there_are_no_more_questions_than_new_sizes_of_the_place(
    steps: Sequence[tuple[str, object]], is_first: bool
) -> None:
    guest = Guest(is_first=is_first).connected()
    sizes: list[object] = []
    for kind, what in steps:
        if kind == "place":
            (width, height), scale, output = what  # type: ignore[misc]
            guest.place(width, height, scale, output)
            if not sizes or sizes[-1] != what:
                sizes.append(what)
        elif kind == "shown":
            before = len(guest.asked)
            for _ in range(20):  # it forces its own size again and again
                guest.size.shown(what)  # type: ignore[arg-type]
                guest.size.shown((1024, 768))
            assert len(guest.asked) == before
        else:
            guest.wait(what)  # type: ignore[arg-type]
    guest.wait(QUIET_MS)
    assert len(guest.asked) <= len(sizes)
    assert all(left != right for left, right in zip(guest.asked, guest.asked[1:], strict=False))
    assert all(width >= 320 and height >= 200 for width, height, _, _ in guest.asked)
    settled, changes = len(guest.asked), guest.changes
    guest.wait(10 * PATIENCE_MS)
    assert len(guest.asked) == settled, "it has come to rest"
    assert guest.changes <= changes + 1


@given(st.sampled_from([(400, 300), (801, 601)]), st.sampled_from([1.0, 1.25, 1.5, 2.0]), st.integers(-7, 7))
def test_a_guest_that_rounds_comes_to_rest(size: tuple[int, int], scale: float, rounding: int) -> None:
    guest = Guest().connected().place(*size, scale)
    for _ in range(5):
        guest.settle()
        width, height, _, _ = guest.asked[-1]
        guest.size.shown((width + rounding, height))
        guest.place(*size, scale)
    assert len(guest.asked) == 1
    assert guest.size.following is Following.FOLLOWS
