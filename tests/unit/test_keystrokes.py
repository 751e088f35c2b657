"""Text as keys, and keys typed no faster than a guest takes them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loops import SelectorLoop
from wlvm.keystrokes import KeyEvent, UntypableError, key_events
from wlvm.qemu.qmp import Failure, QmpError, Reply, Success
from wlvm.typist import Typist
from wlvm.wlr.characters import Characters
from wlvm.wlr.keymap import Keymap

from xkbcommon import xkb  # isort: skip

SHIFT, ALTGR, SPACE, KEY_A = 42, 100, 57, 30
ASCII = "".join(map(chr, range(0x20, 0x7F)))

#: Which dead keys (keysyms) a letter has been typed with, for a system that composes them as Unicode does.
ACCENTS = {
    0xFE50: "\u0300",
    0xFE51: "\u0301",
    0xFE52: "\u0302",
    0xFE53: "\u0303",
    0xFE57: "\u0308",
    0xFE5B: "\u0327",
}
SPACED = {0xFE50: "`", 0xFE51: "'", 0xFE52: "^", 0xFE53: "~", 0xFE57: '"', 0xFE5B: "¸"}


def characters(layout: str, variant: str = "") -> Characters:
    return Characters(Keymap(layout=layout, variant=variant))


def read(events: list[KeyEvent] | tuple[KeyEvent, ...], layout: str, variant: str = "") -> str:
    """What a system with this layout makes of key events."""
    keymap = xkb.Context().keymap_new_from_names(layout=layout, variant=variant or None)
    state = keymap.state_new()
    text, dead = "", 0
    for event in events:
        code = event.key + 8
        if event.down:
            symbol = state.key_get_one_sym(code)
            made = {0xFF0D: "\n", 0xFF09: "\t"}.get(symbol, state.key_get_string(code))
            if symbol in ACCENTS:
                dead = symbol
            elif made and dead:
                text += SPACED[dead] if made == " " else made + ACCENTS[dead]
                dead = 0
            else:
                text += made
        state.update_key(code, xkb.XKB_KEY_DOWN if event.down else xkb.XKB_KEY_UP)
    return unicodedata.normalize("NFC", text)


LAYOUTS = [
    ("us", "", ASCII),
    ("us", "dvorak", ASCII),
    ("us", "intl", ASCII + "éñçü"),
    ("gb", "", ASCII + "£"),
    ("de", "", ASCII + "äöüßÄÖÜ€@é"),
    ("de", "nodeadkeys", ASCII + "äöüß"),
    ("fr", "", ASCII + "éèàçêëîô€"),
    ("ch", "", ASCII + "äöüéè"),
    ("br", "", ASCII + "ãõçéâ"),
    ("jp", "", ASCII),
    ("es", "", ASCII + "ñáéü¿¡"),
    ("ru", "", "Съешь же ещё этих мягких французских булок, да выпей чаю. 0123456789"),
    ("kr", "", ASCII),
    ("pl", "", ASCII + "ąęłóśżźćń"),
]


@pytest.mark.parametrize(("layout", "variant", "text"), LAYOUTS)
def test_a_layouts_characters_are_read_as_they_were_meant(layout: str, variant: str, text: str) -> None:
    events, count = key_events(text + "\n\t" + text, characters(layout, variant).strokes)
    assert count == 2 * len(text) + 2
    assert read(tuple(events), layout, variant) == text + "\n\t" + text


@settings(deadline=None)
@given(st.text(alphabet=ASCII + "\n\täöüß€", max_size=60))
def test_any_text_is_typed_with_nothing_left_down(text: str) -> None:
    events, count = key_events(text, GERMAN.strokes)
    assert read(tuple(events), "de") == text
    down: set[int] = set()
    for event in events:
        (down.add if event.down else down.remove)(event.key)
    assert not down
    assert count == len(text)
    assert [event.characters for event in events] == sorted(event.characters for event in events)


GERMAN = characters("de")


def test_lines_end_with_one_return_whatever_made_them() -> None:
    events, count = key_events("a\r\nb\rc\n", characters("us").strokes)
    assert (read(tuple(events), "us"), count) == ("a\nb\nc\n", 6)


def test_a_letter_with_its_accent_beside_it_is_one() -> None:
    events, count = key_events("u\u0308", GERMAN.strokes)
    assert (read(tuple(events), "de"), count) == ("ü", 1)


def test_what_cannot_be_typed_is_named_and_nothing_is_typed() -> None:
    with pytest.raises(UntypableError, match="^ß, 字, U[+]200B, U[+]001B$"):
        key_events("aß字\u200b\x1bß", characters("us").strokes)
    with pytest.raises(UntypableError, match=" and 5 more$"):
        key_events("абвгдежзийклмно", characters("us").strokes)


def test_a_modifier_stays_down_for_as_long_as_it_is_needed() -> None:
    events, _ = key_events("ABc", characters("us").strokes)
    assert [event.key for event in events if event.key == SHIFT] == [SHIFT, SHIFT]


class Guest:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, bool]] = []
        self.replies: list[Callable[[Reply], None]] = []
        self.gone = False

    def send_key(self, code: int, down: bool, on_reply: Callable[[Reply], None]) -> None:
        if self.gone:
            raise QmpError("the connection is closed")
        self.keys.append((code, down))
        self.replies.append(on_reply)

    def answer(self, reply: Reply | None = None) -> None:
        self.replies.pop(0)(reply or Success({}))

    def answer_all(self) -> None:
        replies, self.replies = self.replies, []
        for on_reply in replies:
            on_reply(Success({}))


class Clock(SelectorLoop):
    time = 0.0

    def now(self) -> float:
        return self.time

    def pass_time(self, milliseconds: int) -> None:
        self.time += milliseconds / 1000
        self.run_timers()


class Desk:
    def __init__(self, text: str) -> None:
        self.loop = Clock()
        self.guest = Guest()
        self.ended: list[str] = []
        events, _ = key_events(text, characters("us").strokes)
        self.typist = Typist(self.loop, self.guest, events, 10, self.ended.append)
        self.loop.pass_time(1)


def test_a_stroke_waits_for_its_time_and_for_the_answers_to_the_last() -> None:
    desk = Desk("aab")
    assert desk.guest.keys == [(KEY_A, True), (KEY_A, False)]
    desk.loop.pass_time(50)
    desk.guest.answer()
    assert len(desk.guest.keys) == 2, "only one was answered"
    desk.guest.answer()
    assert len(desk.guest.keys) == 4
    desk.guest.answer_all()
    assert len(desk.guest.keys) == 4, "it is too early"
    desk.loop.pass_time(10)
    assert len(desk.guest.keys) == 6
    assert desk.typist.characters == 3


def test_no_key_but_a_modifier_is_ever_down_between_strokes() -> None:
    desk = Desk("aAB b")
    down: set[int] = set()
    while desk.guest.replies:
        for key, is_down in desk.guest.keys:
            (down.add if is_down else down.discard)(key)
        assert down <= {SHIFT}
        desk.guest.keys.clear()
        desk.guest.answer_all()
        desk.loop.pass_time(10)


def test_a_guest_on_a_busy_machine_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: Clock.time)
    monkeypatch.setattr(Clock, "pass_time", pass_all_time)
    desk = Desk("abc")
    Clock.time += 0.02
    desk.guest.answer_all()
    desk.loop.pass_time(10)
    assert len(desk.guest.keys) == 4, "nothing was known when it was sent"
    desk.guest.answer_all()
    desk.loop.pass_time(75)
    assert len(desk.guest.keys) == 4
    desk.loop.pass_time(10)
    assert len(desk.guest.keys) == 6


def pass_all_time(self: Clock, milliseconds: int) -> None:
    """The world's clock and the loop's are one."""
    Clock.time += milliseconds / 1000
    self.run_timers()


def finish(desk: Desk) -> None:
    while desk.guest.replies:
        desk.guest.answer_all()
        desk.loop.pass_time(10)


def test_it_ends_once_all_is_typed_and_leaves_no_timer() -> None:
    desk = Desk("ab")
    finish(desk)
    assert desk.ended == [""]
    assert not desk.loop.timers


@pytest.mark.parametrize("steps", range(4))
def test_a_text_that_is_stopped_leaves_nothing_down(steps: int) -> None:
    desk = Desk("AaB")
    for _ in range(steps):
        desk.guest.answer_all()
        desk.loop.pass_time(10)
    desk.typist.stop("a key was pressed")
    desk.typist.stop("once is enough")
    down = [key for key, is_down in desk.guest.keys if is_down]
    assert sorted(down) == sorted(key for key, is_down in desk.guest.keys if not is_down)
    assert desk.ended == ["a key was pressed"]
    sent = len(desk.guest.keys)
    finish(desk)
    assert len(desk.guest.keys) == sent
    assert not desk.loop.timers


def test_a_guest_that_is_paused_or_gone_ends_it() -> None:
    desk = Desk("ab")
    desk.guest.answer(Failure("GenericError", "VM not running"))
    assert desk.ended == ["VM not running"]
    desk = Desk("ab")
    desk.guest.gone = True
    desk.guest.answer_all()
    desk.loop.pass_time(10)
    assert desk.ended == ["the connection is closed"]
