"""Input forwarding, against a guest that is played here: what it was told, in order, and what is down in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loops import ManualLoop
from wlvm.qemu.input import DEFAULT_INTERVAL_MS, InputForwarder
from wlvm.qemu.key_repeat import KeyRepeatTiming
from wlvm.qemu.motion import absolute_axis
from wlvm.qemu.qmp import Failure, QmpError, Reply, Success

KEY_A, KEY_S, KEY_LEFTSHIFT, KEY_MICMUTE = 30, 31, 42, 248
BTN_LEFT, BTN_RIGHT, BTN_TASK = 0x110, 0x111, 0x117
OnReply = Callable[[Reply], None]


class PlayedGuest:
    """QEMU's input-send-event and a guest behind it. Commands wait until `carry_out`, as they would in the socket."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[list[Any], Mapping[str, Any], OnReply | None]] = deque()
        self.received: list[str] = []
        self.down: set[str] = set()
        self.running = True
        self.kinds = {"key", "btn", "abs", "rel"}
        self.connected = True

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_reply: OnReply | None = None,
    ) -> None:
        assert command == "input-send-event"
        assert arguments is not None
        if not self.connected:
            raise QmpError("input-send-event: the QMP connection is closed")
        self.waiting.append((arguments["events"], arguments, on_reply))

    def carry_out(self, count: int = 1000) -> None:
        """Answer the next `count` commands, the way ui/input.c does."""
        while self.waiting and count:
            count -= 1
            events, _, on_reply = self.waiting.popleft()
            reply = self._carry_out(events)
            if on_reply is not None:
                on_reply(reply)

    def _carry_out(self, events: list[Any]) -> Reply:
        if not self.running:
            return Failure("GenericError", "VM not running")
        for event in events:
            if event["type"] not in self.kinds:
                return Failure("GenericError", f"Input handler not found for event type {event['type']}")
        for event in events:
            self._take(event["type"], event["data"])
        return Success({})

    def _take(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind in ("abs", "rel"):
            self.received.append(f"{kind} {data['axis']} {data['value']}")
            return
        name = data["button"] if kind == "btn" else data["key"]["data"]
        self.received.append(f"{'+' if data['down'] else '-'}{name}")
        if data["down"]:
            self.down.add(name)
        else:
            self.down.discard(name)


class Setup:
    def __init__(self, **options: Any) -> None:
        self.loop = ManualLoop()
        self.guest = PlayedGuest()
        self.input = InputForwarder(self.loop, self.guest.execute, **options)

    def sent(self) -> list[str]:
        """What the guest received since the last call, once QEMU has carried out everything."""
        self.guest.carry_out()
        received, self.guest.received = self.guest.received, []
        return received


@pytest.fixture
def setup() -> Setup:
    return Setup()


# Where things go.


@given(st.integers(1, 16384), st.data())
def test_every_pixel_of_every_width_is_hit(width: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, width - 1))
    value = absolute_axis(x, width)
    assert 0 <= value <= 0x7FFF
    assert value * width // 32768 == x


@pytest.mark.parametrize("width", [1, 2, 3, 640, 1366, 1919, 1920, 3840, 16383, 16384])
def test_every_column_of_common_widths_is_hit(width: int) -> None:
    assert [absolute_axis(x, width) * width // 32768 for x in range(width)] == list(range(width))


def test_a_point_outside_is_the_nearest_pixel(setup: Setup) -> None:
    setup.input.motion_absolute(-3.5, 900, 640, 480)
    assert setup.sent() == [f"abs x {absolute_axis(0, 640)}", f"abs y {absolute_axis(479, 480)}"]


def test_the_console_is_named_where_there_are_several() -> None:
    setup = Setup(device="video0", head=1)
    setup.input.key(KEY_A, True)
    _, arguments, _ = setup.guest.waiting[0]
    assert (arguments["device"], arguments["head"]) == ("video0", 1)


def test_keys_and_buttons_that_qemu_does_not_know_are_reported_once(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        setup.input.key(KEY_MICMUTE, True)
        setup.input.key(KEY_MICMUTE, False)
        setup.input.button(BTN_TASK, True)
    assert setup.sent() == []
    assert [record.getMessage() for record in caplog.records] == [
        "guest: key 248 is unknown to QEMU",
        "guest: button 0x117 is unknown to QEMU",
    ]


# Wheel.


def test_a_notch_is_a_press_and_a_release(setup: Setup) -> None:
    setup.input.wheel(vertical=120)
    setup.input.wheel(vertical=-240)
    setup.input.wheel(horizontal=120)
    setup.input.wheel(horizontal=-120)
    assert setup.sent() == [
        "+wheel-down", "-wheel-down",
        "+wheel-up", "-wheel-up", "+wheel-up", "-wheel-up",
        "+wheel-right", "-wheel-right",
        "+wheel-left", "-wheel-left",
    ]  # fmt: skip


def test_parts_of_notches_add_up_and_turning_back_forgets_them(setup: Setup) -> None:
    for _ in range(8):
        setup.input.wheel(vertical=30)
    assert setup.sent() == ["+wheel-down", "-wheel-down"] * 2
    setup.input.wheel(vertical=90)
    setup.input.wheel(vertical=-90)
    assert setup.sent() == []
    setup.input.wheel(vertical=-30)
    assert setup.sent() == ["+wheel-up", "-wheel-up"]


def test_a_long_turn_does_not_fill_a_virtio_queue(setup: Setup) -> None:
    setup.input.wheel(vertical=120 * 40)
    assert [len(events) for events, _, _ in setup.guest.waiting] == [32, 32, 16]
    assert setup.sent() == ["+wheel-down", "-wheel-down"] * 40


# Motion.


def test_motion_is_sent_at_once_then_joined_until_the_interval_and_the_reply(setup: Setup) -> None:
    setup.input.motion_relative(1, 0)
    for _ in range(10):
        setup.input.motion_relative(0.25, -1)
    assert len(setup.guest.waiting) == 1
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    assert len(setup.guest.waiting) == 1, "QEMU has not answered yet"
    assert setup.sent() == ["rel x 1", "rel x 2", "rel y -10"]
    setup.input.motion_relative(0.5, 0)
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    assert setup.sent() == ["rel x 1"], "half a pixel was left over"
    assert setup.input.stats.coalesced == 9


def test_only_the_newest_position_is_sent(setup: Setup) -> None:
    for x in range(100):
        setup.input.motion_absolute(x, 0, 640, 480)
    setup.guest.carry_out()
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    y = f"abs y {absolute_axis(0, 480)}"
    assert setup.sent() == [f"abs x {absolute_axis(0, 640)}", y, f"abs x {absolute_axis(99, 640)}", y]


def test_the_same_pixel_again_is_not_sent(setup: Setup) -> None:
    setup.input.motion_absolute(1.1, 1, 640, 480)
    setup.sent()
    setup.loop.advance(1000)
    setup.input.motion_absolute(1.9, 1, 640, 480)
    assert setup.sent() == []


def test_an_idle_pointer_costs_nothing(setup: Setup) -> None:
    setup.input.motion_relative(1, 1)
    setup.sent()
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    assert all(timer.due is None for timer in setup.loop.timers)


def test_a_button_takes_the_motion_before_it_along(setup: Setup) -> None:
    setup.input.motion_absolute(1, 0, 640, 480)
    setup.input.motion_absolute(2, 0, 640, 480)
    setup.input.button(BTN_LEFT, True)
    setup.input.motion_absolute(3, 0, 640, 480)
    setup.input.button(BTN_LEFT, False)
    x1, x2, x3 = (f"abs x {absolute_axis(x, 640)}" for x in (1, 2, 3))
    y = f"abs y {absolute_axis(0, 480)}"
    assert setup.sent() == [x1, y, x2, y, "+left", x3, y, "-left"]


def test_a_click_carries_its_position_in_one_list(setup: Setup) -> None:
    setup.input.motion_absolute(5, 5, 640, 480)
    setup.sent()
    setup.input.button(BTN_LEFT, True)
    assert len(setup.guest.waiting) == 1
    assert setup.sent() == [f"abs x {absolute_axis(5, 640)}", f"abs y {absolute_axis(5, 480)}", "+left"]


def test_a_guest_without_a_tablet_still_gets_its_keys_and_buttons(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.guest.kinds.discard("abs")
    for number in range(3):
        setup.input.motion_absolute(number, 0, 640, 480)
        setup.input.button(BTN_LEFT, True)
        setup.input.key(KEY_A, True)
        setup.input.key(KEY_A, False)
        setup.input.button(BTN_LEFT, False)
        assert setup.sent() == ["+left", "+a", "-a", "-left"]
    assert caplog.messages == ["guest: QEMU refused input: Input handler not found for event type abs"]


def test_a_tablet_that_is_unplugged_costs_no_click(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    setup.input.motion_absolute(1, 0, 640, 480)
    setup.sent()
    setup.guest.kinds.discard("abs")
    setup.input.motion_absolute(2, 0, 640, 480)
    setup.input.button(BTN_LEFT, True)
    assert setup.sent() == ["+left"]
    setup.input.button(BTN_LEFT, False)
    assert setup.sent() == ["-left"]
    caplog.clear()


class Sink:
    """The console's way for motion; floors as QEMU's D-Bus display does."""

    def __init__(self) -> None:
        self.received: list[str] = []

    def rel_motion(self, dx: int, dy: int) -> None:
        self.received.append(f"rel {dx} {dy}")

    def set_abs_position(self, x: int, y: int) -> None:
        self.received.append(f"pixel {x * 32767 // 1920 * 1920 // 32768} {y * 32767 // 1080 * 1080 // 32768}")


def test_motion_may_go_another_way_and_is_as_exact() -> None:
    sink = Sink()
    setup = Setup(sink=sink)
    for x in range(1919):
        setup.input.motion_absolute(x, x % 1079, 1920, 1080)
        setup.loop.advance(DEFAULT_INTERVAL_MS)
    assert setup.sent() == []
    assert sink.received == [f"pixel {x} {x % 1079}" for x in range(1919)]
    setup.input.motion_absolute(1919, 5, 1920, 1080)
    assert setup.sent()[0] == f"abs x {absolute_axis(1919, 1920)}"
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    sink.received.clear()
    setup.input.motion_relative(3, -2)
    assert sink.received == ["rel 3 -2"]


def test_the_motion_before_a_button_goes_its_way_even_with_another_for_motion() -> None:
    setup = Setup(sink=Sink())
    setup.input.motion_relative(1, 1)
    setup.input.motion_relative(7, 0)
    setup.input.button(BTN_LEFT, True)
    assert setup.sent() == ["rel x 7", "+left"]


# Every down comes up.


def test_losing_the_focus_lets_go_of_everything_last_first(setup: Setup) -> None:
    setup.input.key(KEY_LEFTSHIFT, True)
    setup.input.key(KEY_A, True)
    setup.input.button(BTN_RIGHT, True)
    setup.input.release_all()
    assert setup.sent() == ["+shift", "+a", "+right", "-right", "-a", "-shift"]
    setup.input.key(KEY_A, False)
    assert setup.sent() == []


def test_the_pointer_that_leaves_lets_go_of_its_buttons_only(setup: Setup) -> None:
    setup.input.key(KEY_A, True)
    setup.input.button(BTN_LEFT, True)
    setup.input.release_buttons()
    assert setup.sent() == ["+a", "+left", "-left"]


def test_what_is_told_twice_is_sent_once(setup: Setup) -> None:
    for down in (True, True, False, False):
        setup.input.key(KEY_A, down)
    assert setup.sent() == ["+a", "-a"]


def test_what_came_up_while_the_guest_was_stopped_comes_up_when_it_goes_on(setup: Setup) -> None:
    setup.input.key(KEY_A, True)
    setup.input.key(KEY_S, True)
    setup.sent()
    setup.guest.running = False
    setup.input.stopped()
    setup.input.key(KEY_A, False)
    setup.input.motion_relative(5, 5)
    assert setup.sent() == []
    setup.guest.running = True
    setup.input.resumed()
    assert setup.sent() == ["-a"]
    setup.input.key(KEY_S, False)
    assert setup.sent() == ["-s"]


def test_a_guest_that_stops_before_it_is_known_loses_no_release(setup: Setup) -> None:
    setup.input.key(KEY_A, True)
    setup.sent()
    setup.input.key(KEY_A, False)
    setup.guest.running = False
    assert setup.sent() == []
    setup.guest.running = True
    setup.input.resumed()
    assert setup.sent() == ["-a"]


def test_a_connection_that_is_gone_is_no_error_here(setup: Setup) -> None:
    setup.input.key(KEY_A, True)
    setup.guest.connected = False
    setup.input.motion_relative(2, 2)
    setup.input.wheel(vertical=120)
    setup.input.key(KEY_A, False)
    setup.input.close()


def test_a_closed_forwarder_leaves_no_timer(setup: Setup) -> None:
    setup.input.motion_relative(1, 1)
    setup.input.repeat = KeyRepeatTiming()
    setup.input.key(KEY_A, True)
    setup.input.close()
    assert setup.sent() == ["rel x 1", "rel y 1", "+a", "-a"]
    assert not setup.loop.timers


CODES = [KEY_A, KEY_S, KEY_LEFTSHIFT, BTN_LEFT, BTN_RIGHT]
NAMES = {KEY_A: "a", KEY_S: "s", KEY_LEFTSHIFT: "shift", BTN_LEFT: "left", BTN_RIGHT: "right"}
ACTIONS = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(CODES), st.booleans()),
    st.tuples(st.just("move"), st.integers(0, 639), st.integers(0, 479)),
    st.tuples(st.just("push"), st.integers(-9, 9), st.integers(-9, 9)),
    st.tuples(st.just("advance"), st.integers(1, 20)),
    st.tuples(st.just("answer"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["stop", "resume", "release", "unplug tablet"])),
)


def act(setup: Setup, action: tuple[Any, ...]) -> None:
    guest, forwarder = setup.guest, setup.input
    match action:
        case ("change", code, down) if code in (BTN_LEFT, BTN_RIGHT):
            forwarder.button(code, down)
        case ("change", code, down):
            forwarder.key(code, down)
        case ("move", x, y):
            forwarder.motion_absolute(x, y, 640, 480)
        case ("push", dx, dy):
            forwarder.motion_relative(dx, dy)
        case ("advance", milliseconds):
            setup.loop.advance(milliseconds)
        case ("answer", count):
            guest.carry_out(count)
        case ("stop",):
            # STOP comes after the replies to what was carried out before it; what is in the socket is refused after it.
            guest.running = False
            forwarder.stopped()
        case ("resume",):
            guest.carry_out()
            guest.running = True
            forwarder.resumed()
        case ("release",):
            forwarder.release_all()
        case ("unplug tablet",):
            guest.kinds.discard("abs")


@given(st.lists(ACTIONS, max_size=60))
def test_whatever_happens_nothing_stays_down(actions: list[tuple[Any, ...]]) -> None:
    setup = Setup()
    for action in actions:
        act(setup, action)
    act(setup, ("resume",))
    setup.input.release_all()
    setup.guest.carry_out()
    assert setup.guest.down == set()
    setup.input.close()
    assert not setup.loop.timers


@given(
    st.lists(ACTIONS.filter(lambda action: action[0] not in ("stop", "resume", "unplug tablet")), max_size=60)
)
def test_no_order_is_ever_changed(actions: list[tuple[Any, ...]]) -> None:
    """The last position before each key or button has arrived when it does, and no later one has."""
    setup = Setup()
    expected: list[tuple[str, tuple[int, int] | None]] = []
    held: set[int] = set()
    place: tuple[int, int] | None = None
    for action in actions:
        if action[0] == "push":
            continue
        act(setup, action)
        match action:
            case ("move", x, y):
                place = (absolute_axis(x, 640), absolute_axis(y, 480))
            case ("change", code, down) if down != (code in held):
                held ^= {code}
                expected.append((("+" if down else "-") + NAMES[code], place))
            case ("release",):
                held.clear()
                break
    received = setup.sent()
    at: list[int | None] = [None, None]
    seen = []
    for text in received:
        if text.startswith("abs"):
            _, axis, value = text.split()
            at["xy".index(axis)] = int(value)
        else:
            seen.append((text, None if at[0] is None else tuple(at)))
    assert seen[: len(expected)] == expected


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 20), st.booleans()), max_size=50))
def test_relative_motion_arrives_whole(pushes: list[tuple[int, int, bool]]) -> None:
    """Halves of pixels are sent, between clicks and at any pace; all of it arrives but for less than a pixel."""
    setup = Setup()
    for halves, milliseconds, click in pushes:
        setup.input.motion_relative(halves / 2, 0)
        if milliseconds:
            setup.loop.advance(milliseconds)
            setup.guest.carry_out()
        if click:
            setup.input.button(BTN_LEFT, True)
            setup.input.button(BTN_LEFT, False)
    setup.guest.carry_out()
    setup.loop.advance(DEFAULT_INTERVAL_MS)
    arrived = sum(int(text.split()[2]) for text in setup.sent() if text.startswith("rel x"))
    assert abs(arrived - sum(halves for halves, _, _ in pushes) / 2) < 1


# Key repeat.


def test_keys_repeat_only_where_the_guest_needs_it(setup: Setup) -> None:
    setup.input.key(KEY_A, True)
    setup.sent()
    setup.loop.advance(5000)
    assert setup.sent() == []


@pytest.fixture
def repeating(setup: Setup) -> Setup:
    setup.input.repeat = KeyRepeatTiming(delay_ms=600, interval_ms=40)
    setup.input.key(KEY_A, True)
    setup.sent()
    return setup


def repeats(setup: Setup, milliseconds: int) -> list[str]:
    """What a QEMU that answers at once gets in that time."""
    received = []
    for _ in range(milliseconds // 10):
        setup.loop.advance(10)
        received += setup.sent()
    return received


def test_a_held_key_repeats_after_the_delay_at_the_rate(repeating: Setup) -> None:
    assert repeats(repeating, 590) == []
    assert repeats(repeating, 10) == ["+a"]
    assert repeats(repeating, 1000) == ["+a"] * 25
    repeating.input.key(KEY_A, False)
    assert repeats(repeating, 1000) == ["-a"]


def test_another_key_stops_the_repeat_and_repeats_itself(repeating: Setup) -> None:
    repeating.input.key(KEY_S, True)
    assert repeats(repeating, 680) == ["+s", "+s", "+s", "+s"]
    repeating.input.key(KEY_A, False)
    assert repeats(repeating, 40) == ["-a", "+s"]
    repeating.input.key(KEY_LEFTSHIFT, True)
    assert repeats(repeating, 1000) == ["+shift"]


@pytest.mark.parametrize("how", ["release_all", "stopped", "close"])
def test_a_repeat_ends_with_the_focus_the_guest_and_the_connection(repeating: Setup, how: str) -> None:
    repeats(repeating, 640)
    getattr(repeating.input, how)()
    assert "+a" not in repeats(repeating, 2000)


def test_a_qemu_that_lags_gets_no_burst_of_repeats(repeating: Setup) -> None:
    repeats(repeating, 600)
    repeating.loop.advance(2000)
    assert repeating.sent() == ["+a"]


def test_a_repeat_that_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="both must be at least 1"):
        KeyRepeatTiming(delay_ms=600, interval_ms=0)
